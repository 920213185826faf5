"""One talk of a command with OneInbox about calls, and its errors with their cures."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from campaign.cli import output
from campaign.cli.setting_up import explained
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
    import anyio

    from campaign import logs
    from campaign.oneinbox.client import OneInbox
    from campaign.oneinbox.errors import ApiError
    from campaign.settings import Environment

    logs.configure(level=logging.WARNING)
    environment = Environment()
    url, key, proxy = environment.base_url(), environment.api_key(), environment.proxy()

    async def main() -> T:
        async with OneInbox(url, key, proxy=proxy) as api:
            return await verb(api)

    try:
        with output.busy(doing):
            return anyio.run(main)
    except ApiError as error:
        raise _told(error, doing, look) from error


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
