"""The gate of the agent's words: nobody hears `{{name}}` read aloud."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from campaign.models import Agent
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings

UNSAID_WAIT = timedelta(days=1)
"""Longer than a run waits; each run asks anew, as the agent or the list may be mended until then."""


def as_heard(agent: Agent, settings: CampaignSettings) -> Agent:
    """The agent with the first message that people hear: that of the campaign file, where it has one."""
    own = settings.call.overrides.first_message
    return agent if own is None else replace(agent, first_message=own)


def unsaid(spoken: Sequence[str], values: Mapping[str, str]) -> str | None:
    """The first variable that the agent says and for which a request would have no value."""
    return next((name for name in spoken if not values.get(name, "").strip()), None)


def _ask(person: Person, _settings: CampaignSettings, now: datetime) -> Verdict:
    if person.unsaid is None:
        return YES
    return Verdict(
        may_dial=False,
        reason=f"no value for {person.unsaid}, which the agent says",
        not_before=now + UNSAID_WAIT,
    )


def _looks_at(person: Person, _settings: CampaignSettings, _now: datetime) -> str:
    if person.unsaid is None:
        return "there is a value for everything that the agent is known to say"
    return f"there is no value for {person.unsaid}"


AGENTS_WORDS = Gate("the agent's words", _ask, _looks_at)
