"""What a campaign's calls are made through: carriers whose credentials OneInbox keeps, and phone numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from campaign.models.words import E164

if TYPE_CHECKING:
    # Loading it takes half of the time of `campaign --help`, which needs these words as well.
    from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier's credential as OneInbox keeps it. What it holds is never told again."""

    id: str
    name: str | None = None
    provider: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewCarrier:
    """A carrier's credential that OneInbox is to keep."""

    name: str
    provider: str
    secret: "SecretStr"
    """Auth token or API key, from the carrier's console."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What else the carrier wants, like `account_sid`. Only the newest generation of the API documents it."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that is registered with OneInbox. What the reply does not say is None."""

    id: str
    number: str
    """A plus and digits, however OneInbox writes it; what is no number, as it came."""
    name: str | None = None
    provider: str | None = None
    agent_id: str | None = None
    status: str | None = None
    has_outbound_trunk: bool | None = None
    """Whether calls can go out; None where this generation of the API does not tell."""


@dataclass(frozen=True, slots=True)
class OfferedNumber:
    """A number that can be had from a carrier."""

    number: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Trunk:
    """A carrier's SIP trunk, and what opens it."""

    address: str
    user: str
    password: "SecretStr"


@dataclass(frozen=True, slots=True)
class NewNumber:
    """A number to be registered: by a carrier's credential (its id), or by a trunk."""

    number: E164
    by: str | Trunk
    provider: str
    agent_id: str
    """Answers calls to this number."""
    name: str | None = None
