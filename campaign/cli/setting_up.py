"""What the commands share that set an account up: a talk with OneInbox, and its errors with their cures."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import typer

from campaign.cli import output
from campaign.errors import ApiUnavailableError, CampaignError, ConfigError, UsageError

if TYPE_CHECKING:
    from campaign.oneinbox.client import OneInbox
    from campaign.oneinbox.errors import ApiError
    from campaign.oneinbox.setup import SetUp

T = TypeVar("T")
C = TypeVar("C", "SetUp", "OneInbox")


def talk(doing: str, verb: Callable[["SetUp"], Awaitable[T]], *, look: str = "") -> T:
    """Do one thing with the account.

    Args:
        doing: What, for errors and for who waits: `storing the carrier`.
        verb: The requests.
        look: The command that shows whether it was done when nobody knows; empty for what changes nothing.

    Raises:
        CampaignError: It was not done, or nobody knows; the text says what to do, the class the exit code.
    """
    from campaign.oneinbox.setup import SetUp

    return converse(SetUp, doing, verb, partial(explained, doing=doing, look=look))


def converse(
    client: type[C],
    doing: str,
    verb: Callable[[C], Awaitable[T]],
    explain: "Callable[[ApiError], CampaignError]",
) -> T:
    """One talk with OneInbox through a client that is opened for it.

    Args:
        client: Its kind.
        doing: What, for who waits.
        verb: The requests.
        explain: What the operator is told of an error.

    Raises:
        CampaignError: As `explain` says, or the environment names no account.
    """
    import anyio

    from campaign import logs
    from campaign.oneinbox.errors import ApiError
    from campaign.settings import Environment

    logs.configure(level=logging.WARNING)
    environment = Environment()
    url, key, proxy = environment.base_url(), environment.api_key(), environment.proxy()

    async def main() -> T:
        async with client(url, key, proxy=proxy) as account:
            return await verb(account)

    try:
        with output.busy(doing):
            return anyio.run(main)
    except ApiError as error:
        raise explain(error) from error


def explained(error: "ApiError", doing: str, *, look: str = "") -> CampaignError:
    """What the operator is told. The words of the reply are in it, without numbers and secrets.

    Args:
        error: How a request ended.
        doing: What was done.
        look: The command that shows whether it was done; empty for what changes nothing.
    """
    from campaign.oneinbox import errors

    told = f"{doing}: {error}"
    match error:
        case errors.SetupRefused():
            return ConfigError(
                f"{told}; the carrier is not satisfied: remove it and add it again with the right secret, "
                "or register by its SIP trunk with the right address, user and password"
            )
        case errors.Fatal():
            return error.stop_reason()
        case errors.Refused():
            return UsageError(f"{told}; nothing was changed, say it differently")
        case errors.NotFound():
            return UsageError(f"{told}; look up the id with the list command, or the agent in the dashboard")
        case errors.Unsupported():
            return ApiUnavailableError(told)
        case errors.NotSent() | errors.Throttled():
            return ApiUnavailableError(f"{told}; nothing was changed, try again later")
        case _ if look:
            return ApiUnavailableError(
                f"{told}; it may have been done all the same: look with `{look}` before you try again"
            )
        case _:
            return ApiUnavailableError(f"{told}; try again later")


def confirm(question: str, *, yes: bool) -> None:
    """Return when the operator agrees. Raises UsageError when nobody can be asked, Exit on a no."""
    if yes:
        return
    if not output.is_terminal():
        raise UsageError("there is no terminal to ask on; add --yes")
    try:
        is_agreed = typer.confirm(question, err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None
    if not is_agreed:
        output.say("Nothing was changed.")
        raise typer.Exit(0)
