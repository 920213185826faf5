"""An opening of the breaker: which sign has stopped dialling, for whom, who closes it, and the cure."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Rule(StrEnum):
    """Which sign opens the breaker."""

    KEY = "key refused"
    CREDIT = "no credit"
    SETUP = "set-up refused"
    COUNTRY = "country refused"
    REFUSALS = "rows refused"
    LOST = "requests lost"
    UNANSWERED = "no answers"
    FAILED = "calls failed"
    FIRST_CALLS = "first calls failed"
    OPT_OUTS = "opt-outs"
    DUPLICATE = "provider duplicate"
    CLOCK = "clock jumped"
    WRONG_CLOCK = "clock is wrong"


BY_HAND = frozenset(
    (Rule.KEY, Rule.CREDIT, Rule.SETUP, Rule.COUNTRY, Rule.REFUSALS, Rule.DUPLICATE, Rule.CLOCK)
)
"""A human has to mend something: until then no run of the campaign dials."""
OF_ACCOUNT = frozenset((Rule.KEY, Rule.CREDIT, Rule.DUPLICATE, Rule.CLOCK))
"""What is wrong is wrong for every campaign of the ledger: it has one account, and runs on one machine."""
ONE_CALL_FIRST = frozenset((Rule.FAILED, Rule.FIRST_CALLS, Rule.OPT_OUTS))
"""What calls have shown, one call more can show to be over: the next run begins with it."""


class Scope(StrEnum):
    """Whom an open breaker keeps from being dialled."""

    CAMPAIGN = "campaign"
    FROM_NUMBER = "from_number"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Opening:
    """That dialling has been stopped: why, for whom, and what to do."""

    rule: Rule
    cause: str
    cure: str
    scope: Scope = Scope.CAMPAIGN
    subject: str = ""
    """The from number or the country, where the scope is one."""
    evidence: Mapping[str, int] = field(default_factory=dict)
    """What was counted."""

    @property
    def needs_reset(self) -> bool:
        """Whether a human has to close it."""
        return self.rule in BY_HAND

    @property
    def is_of_account(self) -> bool:
        """Whether it holds every campaign of the ledger."""
        return self.rule in OF_ACCOUNT

    @property
    def passes(self) -> bool:
        """Whether the run itself closes it, when OneInbox answers a GET again."""
        return self.rule is Rule.UNANSWERED

    def covers(self, from_number: str, country: str) -> bool:
        """Whether a call from this number to this country may not start."""
        match self.scope:
            case Scope.CAMPAIGN:
                return True
            case Scope.FROM_NUMBER:
                return self.subject == from_number
            case Scope.COUNTRY:
                return self.subject == country


def closing_command(name: str, *, ledger_flag: str = "") -> str:
    """What a human types who has mended what an opening of this campaign tells.

    Args:
        name: The campaign whose run it stopped.
        ledger_flag: What the command needs to open the same ledger: an option after a blank.
    """
    return f"`campaign resume {shlex.quote(name)} --reason TEXT{ledger_flag}`"
