"""One talk of a command with OneInbox about calls, and its errors with their cures."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from campaign.cli.setting_up import converse, explained
from campaign.errors import ApiUnavailableError, CampaignError, UsageError

if TYPE_CHECKING:
    from campaign.oneinbox.client import OneInbox
    from campaign.oneinbox.errors import ApiError

T = TypeVar("T")


def talk(doing: str, verb: Callable[["OneInbox"], Awaitable[T]], *, look: str = "") -> T:
    """Ask OneInbox something, or have it do one thing that may be repeated.

    Args:
        doing: What, for errors and for who waits: `looking at the call`.
        verb: The requests.
        look: The command that shows whether it was done; empty for what changes nothing.

    Raises:
        CampaignError: It was not done, or nobody knows; the text says what to do, the class the exit code.
    """
    from campaign.oneinbox.client import OneInbox

    return converse(OneInbox, doing, verb, partial(_told, doing=doing, look=look))


def _told(error: "ApiError", doing: str, look: str) -> CampaignError:
    from campaign.oneinbox import errors

    match error:
        case errors.NotFound():
            return UsageError(
                f"{doing}: {error}; `campaign calls list` shows the latest calls with their ids"
            )
        case errors.Unsupported():
            return ApiUnavailableError(f"{doing}: {error}; this account's API does not know such a request")
        case errors.Refused():
            return UsageError(f"{doing}: {error}; `campaign calls outcomes` shows the labels that there are")
        case _:
            return explained(error, doing, look=look)
