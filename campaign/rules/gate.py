"""A gate: one rule that must say yes at the moment of dialling, with its verdict and its input in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from campaign.models import RowStatus
from campaign.rules.person import Person
from campaign.settings import CampaignSettings


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says. A no is final (any status but `waiting`) or holds until a time."""

    may_dial: bool
    status: RowStatus = RowStatus.WAITING
    reason: str = ""
    not_before: datetime | None = None
    kind: str = ""
    """The reason without what is this person's own, to count by; empty where the reason has nothing."""
    gate: str = field(default="", compare=False)
    """The name of the gate that said no, where all were asked."""


YES = Verdict(may_dial=True)


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule. Both functions are pure: a person, the campaign file and the time go in."""

    name: str
    ask: Callable[[Person, CampaignSettings, datetime], Verdict]
    looks_at: Callable[[Person, CampaignSettings, datetime], str]
    """What it looks at for this person, in words, so that its verdict can be understood."""
