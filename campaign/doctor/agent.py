"""The agent: is there one, has the list what it says, and what it does with a call."""

from datetime import timedelta

from campaign.doctor.finding import Finding, note, ok, problem, unknown
from campaign.models import Agent, Intake
from campaign.oneinbox.errors import ApiError, NotFound
from campaign.rules.words import as_heard
from campaign.settings import CampaignSettings, describe_duration

AGENT, MESSAGE, RECORDING, VOICEMAIL, LONGEST = (
    "agent",
    "first message",
    "recording",
    "voicemail detection",
    "longest call",
)


def examine(agent: Agent | ApiError, settings: CampaignSettings, intake: Intake | None) -> list[Finding]:
    """Everything of the agent that a campaign depends on."""
    if isinstance(agent, NotFound):
        cause = f"OneInbox knows no agent {settings.agent_id}"
        gone = problem(AGENT, cause, "take agent_id from the OneInbox dashboard, Agents")
        return [gone, *_own_message(settings, intake)]
    if isinstance(agent, ApiError):
        return [unknown(AGENT, str(agent)), *_own_message(settings, intake)]
    return [
        ok(AGENT, agent.name or agent.id),
        *message(as_heard(agent, settings), settings, intake),
        _recording(agent),
        _voicemail(agent, settings),
        _longest(agent, settings),
    ]


def message(heard: Agent, settings: CampaignSettings, intake: Intake | None) -> list[Finding]:
    """Whether there is a value for everything that is said first."""
    found = []
    if heard.odd_placeholders:
        odd = ", ".join(heard.odd_placeholders)
        found.append(
            note(MESSAGE, f"it has {odd}, which is not checked", "write plain names: {{customer_name}}")
        )
    missing = [name for name in heard.placeholders if not settings.call.variables.get(name, "").strip()]
    named = settings.contacts.variables
    lacking = [name for name in missing if named is not None and name not in named]
    if intake is not None and intake.unspoken:
        cause, _, cure = intake.unspoken.partition("; ")
        return [*found, problem(MESSAGE, cause, cure or "add the column, or change what the agent says")]
    if intake is None and lacking:
        cause = f"it says {_listed(lacking)}, which neither contacts.variables nor call.variables has"
        return [*found, problem(MESSAGE, cause, "add it there, or change what the agent says")]
    if intake is None and missing:
        because = f"no list was named (--list); it says {_listed(missing)}"
        return [*found, unknown(MESSAGE, because)]
    says = _listed(heard.placeholders)
    return [*found, ok(MESSAGE, f"there is a value for {says}" if says else "it says no variables")]


def _own_message(settings: CampaignSettings, intake: Intake | None) -> list[Finding]:
    """What the campaign file says in the agent's place is known without it."""
    own = settings.call.overrides.first_message
    if own is None:
        return [unknown(MESSAGE, "the agent could not be read")]
    return message(Agent(settings.agent_id, first_message=own), settings, intake)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in names)


def _recording(agent: Agent) -> Finding:
    match agent.enable_recording:
        case None:
            return unknown(RECORDING, "this account's API does not tell")
        case True:
            return ok(RECORDING, "on; a link to one works for four hours")
        case False:
            return ok(RECORDING, "off: no call has a recording")


def _voicemail(agent: Agent, settings: CampaignSettings) -> Finding:
    match agent.voicemail_detection:
        case None:
            return unknown(VOICEMAIL, "this account's API does not tell")
        case False if settings.retry.voicemail:
            return note(
                VOICEMAIL,
                "off, so no call ends as voicemail, and the gaps of retry.voicemail are never used",
                "turn it on for the agent, or leave retry.voicemail out",
            )
        case False:
            return ok(VOICEMAIL, "off: who leaves it to a machine counts as answered")
        case True:
            return ok(VOICEMAIL, "on")


def _longest(agent: Agent, settings: CampaignSettings) -> Finding:
    if agent.max_duration_seconds is None:
        return unknown(LONGEST, "the agent does not tell how long its calls may last")
    longest, allowed = timedelta(seconds=agent.max_duration_seconds), settings.call.max_duration
    if longest > allowed:
        cause = f"the agent lets a call last {describe_duration(longest)}, and call.max_duration says "
        return problem(
            LONGEST,
            f"{cause}{describe_duration(allowed)}: longer ones would be left to a human",
            f"write call.max_duration: {describe_duration(longest)}, or shorten the agent's calls",
        )
    return ok(LONGEST, f"the agent ends calls after {describe_duration(longest)}")
