"""What OneInbox says of an account, each question once and with its own end."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, TypeVar

import anyio
from pydantic import SecretStr

from campaign.models import Agent, Call, Carrier, PhoneNumber
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound, NotSent, OutcomeUnknown, Unsupported
from campaign.oneinbox.setup import SetUp
from campaign.oneinbox.usage import Usage

PATIENCE_S = 10.0
"""So long an answer is waited for; who looks at an account wants to know that it is slow."""

T = TypeVar("T")


class Place(Protocol):
    """Where an account is, and its key."""

    def base_url(self) -> str: ...
    def api_key(self) -> SecretStr: ...
    def proxy(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Account:
    """The answers. An error stands where there was none."""

    calls: tuple[Call, ...] | ApiError
    """The newest ones, of every agent."""
    usage: Usage | ApiError
    numbers: tuple[PhoneNumber, ...] | ApiError
    carriers: tuple[Carrier, ...] | ApiError
    agent: Agent | ApiError | None = None
    """None when it was not asked about."""
    clock_ahead_s: float | None = None
    """How far this machine's clock is ahead of OneInbox's; None when no reply had a date."""

    @property
    def trouble(self) -> ApiError | None:
        """Why nothing can be known of this account; None when its key is accepted and it answers."""
        # Without such a list the key was accepted all the same.
        is_answer = not isinstance(self.calls, ApiError) or isinstance(self.calls, NotFound | Unsupported)
        return None if is_answer or not isinstance(self.calls, ApiError) else self.calls


def ask(place: Place, agent_id: str | None, *, patience_s: float = PATIENCE_S) -> Account:
    """Ask everything. Raises ConfigError or KeyRefusedError when `place` is no usable one."""
    return anyio.run(_ask, place, agent_id, patience_s)


async def _ask(place: Place, agent_id: str | None, patience_s: float) -> Account:
    url, key, proxy = place.base_url(), place.api_key(), place.proxy()
    async with OneInbox(url, key, proxy=proxy) as api, SetUp(url, key, proxy=proxy) as setup:

        async def answer(verb: Callable[[], Awaitable[T]]) -> T | ApiError:
            try:
                with anyio.fail_after(patience_s):
                    return await verb()
            except ApiError as error:
                return error
            except TimeoutError:
                return ApiError(f"no answer within {patience_s:g} seconds")

        # The same question as before the first dial of a run: does OneInbox answer, and take the key?
        calls = await answer(lambda: _newest(api))
        if isinstance(calls, KeyRefused | NotSent | OutcomeUnknown) or type(calls) is ApiError:
            return Account(calls, calls, calls, calls, calls if agent_id else None, api.clock_ahead_s)
        agent = await answer(lambda: api.get_agent(agent_id)) if agent_id is not None else None
        return Account(
            calls=calls,
            usage=await answer(api.get_usage),
            numbers=await answer(setup.numbers),
            carriers=await answer(setup.carriers),
            agent=agent,
            clock_ahead_s=api.clock_ahead_s,
        )


async def _newest(api: OneInbox) -> tuple[Call, ...]:
    async with aclosing(api.recent_calls(None)) as pages:
        return (await anext(pages)).calls
