"""The agent and its account, asked before a list is checked. Nobody is called."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import anyio

from campaign.contacts.files.naming import cut
from campaign.errors import ApiUnavailableError, CampaignError
from campaign.models import Agent
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound
from campaign.oneinbox.usage import Usage
from campaign.rules.breaker import Breaker
from campaign.rules.breaker_events import ClocksApart
from campaign.rules.words import as_heard
from campaign.settings import CampaignSettings, Environment

PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class AskedAccount:
    """What OneInbox says before a campaign begins."""

    spoken: Sequence[str] = ()
    """The variables in the agent's first message."""
    longest_call_s: float | None = None
    """How long the agent lets a call last; None when that is not known."""
    records: bool | None = None
    """Whether the agent records its calls; None when that is not known."""
    usage: Usage | None = None
    """What the account has used of its day; None when that is not known, or was not asked."""
    clock_ahead_s: float | None = None
    """How far this machine's clock is ahead of OneInbox's; None when that is not known."""
    notes: tuple[str, ...] = ()
    """What the operator should know of what was not read."""


def spoken_variables(settings: CampaignSettings, environment: Environment) -> tuple[Sequence[str], str]:
    """The variables in the first message of a campaign's calls.

    Whoever cannot ask goes on with what `contacts.required` names, and says so. When the key or the agent is
    at fault, the first dial ends the run before anybody is called.

    Returns:
        The names, and a note for the operator when the message was not read, or not all of it.
    """
    asked = ask_account(settings, environment, with_usage=False)
    return asked.spoken, "; ".join(asked.notes)


def ask_account(settings: CampaignSettings, environment: Environment, *, with_usage: bool) -> AskedAccount:
    """What OneInbox says of the agent, and of the account's day. What cannot be asked is not known.

    Where the campaign file has a first message of its own, it is the one that is heard.
    """
    agent_id, own = settings.agent_id, settings.call.overrides.first_message
    try:
        agent, usage, clock_ahead_s = anyio.run(_ask, agent_id, environment, with_usage)
    except NotFound:
        why = f"OneInbox knows no agent {agent_id}"
    except KeyRefused:
        why = "OneInbox refused the API key"
    except ApiError:
        why = "OneInbox could not be asked"
    except CampaignError as error:
        why = str(error)
    else:
        heard = as_heard(agent, settings)
        told = AskedAccount(
            heard.placeholders,
            agent.max_duration_seconds,
            agent.enable_recording,
            clock_ahead_s=clock_ahead_s,
            notes=_unread(heard, own),
        )
        if isinstance(usage, ApiError):
            unread = f"how many calls the account may still make today is not known ({usage.what})"
            return replace(told, notes=(*told.notes, unread))
        return replace(told, usage=usage)
    if own is not None:
        heard = Agent(agent_id, first_message=own)
        return AskedAccount(
            heard.placeholders, notes=(f"the agent was not read ({why})", *_unread(heard, own))
        )
    note = f"the agent's first message was not read ({why}), so its variables are not checked"
    return AskedAccount(notes=(note,))


def refuse_wrong_clock(account: AskedAccount, settings: CampaignSettings) -> None:
    """Raise ApiUnavailableError when the clock is wrong by which a campaign would be named and begin."""
    opening = Breaker(settings.breaker).see(ClocksApart(account.clock_ahead_s or 0.0))
    if opening is not None:
        raise ApiUnavailableError(f"{opening.cause}; {opening.cure}")


def _unread(heard: Agent, own: str | None) -> tuple[str, ...]:
    """A note on what stands in braces and is no name."""
    odd = ", ".join(map(cut, heard.odd_placeholders))
    whose = "the agent's first message" if own is None else "call.overrides.first_message"
    return (f"{whose} has {odd}, which is not checked",) if odd else ()


async def _ask(
    agent_id: str, environment: Environment, with_usage: bool
) -> tuple[Agent, Usage | ApiError | None, float | None]:
    api = OneInbox(environment.base_url(), environment.api_key(), proxy=environment.proxy())
    async with api:
        with anyio.move_on_after(PATIENCE_S):
            agent = await api.get_agent(agent_id)
            usage = await _ask_usage(api) if with_usage else None
            return agent, usage, api.clock_ahead_s
    raise ApiError("no answer in time")


async def _ask_usage(api: OneInbox) -> Usage | ApiError:
    try:
        with anyio.fail_after(PATIENCE_S / 2):
            return await api.get_usage()
    except ApiError as error:
        return error
    except TimeoutError:
        return ApiError("no answer in time")
