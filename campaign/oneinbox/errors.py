"""The ends of an API request, sorted by what the caller does next.

ApiError
├── NotSent          no byte of the request left this machine: safe to try again
├── Throttled        429: not accepted; everybody waits
├── Refused          not accepted, and it is about this request only
│   └── CountryRefused   not accepted, and no other call to this country would be
├── Fatal            not accepted, and every other request would fare the same: stop
│   ├── KeyRefused       401, 403
│   ├── AccountRefused   402: no credit, frozen wallet
│   └── SetupRefused     agent, from number or carrier credentials
├── NotFound         a GET for something that is not there
├── Unsupported      this account's generation of the API has no such endpoint or parameter
└── OutcomeUnknown   the request may have been acted on: never send it again
"""

from enum import StrEnum

from campaign.errors import ApiUnavailableError, CampaignError, ConfigError, KeyRefusedError

KEY_CURE = "check ONEINBOX_API_KEY (an oi_sk_ key of this account that has not been revoked)"
REACH_CURE = "check ONEINBOX_BASE_URL and the network"


class ApiError(Exception):
    """A request to OneInbox did not give what was asked for. The text never holds a number or the key."""

    @property
    def what(self) -> str:
        """What happened without the words of the reply, which may name a person: fit for a terminal."""
        return str(self).partition(":")[0]

    @property
    def brief(self) -> str:
        """The same with the kind of error: fit for a log."""
        return f"{type(self).__name__}: {self.what}"


class NotSent(ApiError):
    """The request never left: refused port, unknown host, failed TLS handshake, refused proxy tunnel."""


class Throttled(ApiError):
    """OneInbox asks everybody to wait."""

    def __init__(self, message: str, *, retry_after_s: float | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """Seconds, clamped to 1 s .. 1 h; None when the reply does not say."""


class Refused(ApiError):
    """OneInbox did not accept this request; others may fare better."""

    def __init__(self, message: str, *, field: str = "to_number") -> None:
        super().__init__(message)
        self.field = field
        """What the reply complains of: the number, the variables, or both; empty when it does not say."""


class CountryRefused(Refused):
    """The carrier may not call this country."""


class Fatal(ApiError):
    """OneInbox did not accept this request, and would not accept any other."""

    def stop_reason(self) -> CampaignError:
        """The error that ends the run, with the cure."""
        return ApiUnavailableError(self.what)


class KeyRefused(Fatal):
    """The API key is wrong, revoked, or lacks a right."""

    def stop_reason(self) -> CampaignError:
        return KeyRefusedError(f"{self.what}; {KEY_CURE}")


class AccountRefused(Fatal):
    """The account cannot pay."""

    def stop_reason(self) -> CampaignError:
        return ApiUnavailableError(f"{self.what}; top up the OneInbox account, then run again")


class Part(StrEnum):
    """Of what all rows share, the part that a reply complains of."""

    AGENT = "agent"
    FROM_NUMBER = "from number"
    CARRIER = "carrier"
    CALL = "call section"
    """What the campaign file says of every call: webhook, metadata, overrides."""


class SetupRefused(Fatal):
    """What all rows share is wrong: the agent, the from number, the carrier credentials."""

    def __init__(self, message: str, *, about: Part | None = None) -> None:
        super().__init__(message)
        self.about = about
        """None when the reply does not say."""

    def stop_reason(self) -> CampaignError:
        return ConfigError(f"{self.what}; check agent_id and from_numbers in the campaign file")


class NotFound(ApiError):
    """There is nothing under this id."""


class Unsupported(ApiError):
    """The endpoint or its parameters do not exist here."""


class OutcomeUnknown(ApiError):
    """No usable answer. For a create-call request: the person may have been called."""
