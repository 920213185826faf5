"""The agents that rows name in place of the campaign's: asked about once, before anybody is called."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from campaign.contacts.files.naming import cut, quoted
from campaign.doctor.finding import Finding, Verdict, note, ok, problem
from campaign.errors import CampaignError
from campaign.models import Agent, Contact, Intake
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound
from campaign.rules.words import as_heard, unsaid
from campaign.settings import CampaignSettings, Environment

ROW_AGENTS = "agents of rows"
PATIENCE_S = 15.0
MOST_AGENTS = 100
"""About more of them nobody is asked; their calls are made all the same."""
AT_A_TIME = 5

Told = Agent | ApiError | CampaignError
"""An agent, or why it is not known."""


@dataclass(frozen=True, slots=True)
class RowAgents:
    """What OneInbox says of them."""

    spoken: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The variables in the first message of each, where it was read."""
    longest_calls_s: Sequence[float | None] = ()
    """How long each of them lets a call last; None where that is not known."""
    findings: tuple[Finding, ...] = ()
    """What the operator should know: agents that do not exist, and rows without a value that is said."""
    number: int = 0
    """How many agents the rows name beside the campaign's."""

    @property
    def notes(self) -> tuple[str, ...]:
        """The findings as lines."""
        return tuple("; ".join(filter(None, (each.seen, each.cure))) for each in self.findings)


@dataclass(slots=True)
class _Rows:
    """Rows of one kind, for people."""

    number: int = 0
    first: int = 0

    def add(self, contact: Contact) -> None:
        self.number += 1
        self.first = self.first or contact.row.number

    def __str__(self) -> str:
        if self.number == 1:
            return f"row {self.first}"
        return f"{self.number:,} rows (row {self.first} first)"


def examine(intake: Intake, settings: CampaignSettings, environment: Environment | None) -> list[Finding]:
    """What there is to say of the agents that rows name; nothing where they name none.

    Args:
        intake: The list.
        settings: By which it is called.
        environment: Where they are asked about; None when OneInbox cannot be asked.
    """
    told = ask_row_agents(intake, settings, environment)
    if told.findings or not told.number:
        return list(told.findings)
    agents = "1 agent" if told.number == 1 else f"{told.number:,} agents"
    return [ok(ROW_AGENTS, f"rows name {agents}, and have a value for everything that is said")]


def ask_row_agents(intake: Intake, settings: CampaignSettings, environment: Environment | None) -> RowAgents:
    """Ask about each agent that a good row names. What cannot be asked is not known, and is told so.

    Without an `environment` OneInbox cannot be asked.
    """
    if settings.contacts.agent_id is None:
        return RowAgents()
    rows: dict[str, _Rows] = {}
    for contact in _with_own(intake, settings):
        rows.setdefault(contact.agent_id or "", _Rows()).add(contact)
    asked = list(rows)[:MOST_AGENTS]
    told = ask_agents(asked, environment) if environment else dict.fromkeys(asked, ApiError("not asked"))
    known = {agent_id: agent for agent_id, agent in told.items() if isinstance(agent, Agent)}
    # With a first message of the campaign file nobody needs to be asked what is heard.
    is_known = settings.call.overrides.first_message is not None
    heard = {agent_id: Agent(agent_id) for agent_id in rows if is_known} | known
    spoken = {agent_id: as_heard(agent, settings).placeholders for agent_id, agent in heard.items()}
    return RowAgents(
        spoken,
        [known[agent_id].max_duration_seconds if agent_id in known else None for agent_id in rows],
        (
            *_trouble(told, rows, settings.contacts.agent_id),
            *_nothing_to_say(intake, settings, spoken, rows),
        ),
        len(rows),
    )


def _with_own(intake: Intake, settings: CampaignSettings) -> Iterator[Contact]:
    return (each for each in intake.contacts if each.agent_id not in (None, settings.agent_id))


def _trouble(told: Mapping[str, Told], rows: Mapping[str, _Rows], column: str) -> Iterator[Finding]:
    """Agents that do not exist, and those of which nothing is known."""
    unread: list[Told] = []
    for agent_id, agent in told.items():
        if isinstance(agent, NotFound):
            cause = f"OneInbox knows no agent {cut(agent_id)}, named in {rows[agent_id]}"
            comes = "it refuses such calls, and after a few in a row dialling stops"
            yield problem(ROW_AGENTS, f"{cause}: {comes}", f"mend the column {quoted(column)}")
        elif not isinstance(agent, Agent):
            unread.append(agent)
    if unread:
        yield Finding(
            ROW_AGENTS,
            Verdict.UNKNOWN,
            f"what {len(unread):,} of {len(rows):,} agents of the list's rows say was not read "
            f"({_why(unread[0])}), so their variables are not checked",
        )
    if len(rows) > len(told):
        some = f"the list's rows name {len(rows):,} agents; {len(told):,} of them were asked about"
        yield Finding(ROW_AGENTS, Verdict.UNKNOWN, some)


def _why(trouble: Told) -> str:
    if isinstance(trouble, KeyRefused):
        return "OneInbox refused the API key"
    return str(trouble) if isinstance(trouble, CampaignError) else "OneInbox could not be asked"


def _nothing_to_say(
    intake: Intake,
    settings: CampaignSettings,
    spoken: Mapping[str, Sequence[str]],
    rows: Mapping[str, _Rows],
) -> Iterator[Finding]:
    """Rows that have no value for something that their own agent says: a problem where no row of it has."""
    silent: dict[tuple[str, str], _Rows] = {}
    for contact in _with_own(intake, settings) if any(spoken.values()) else ():
        agent_id = contact.agent_id or ""
        missing = unsaid(spoken.get(agent_id, ()), settings.call.variables_for(contact.variables))
        if missing is not None:
            silent.setdefault((agent_id, missing), _Rows()).add(contact)
    for (agent_id, name), without in silent.items():
        seen = f"no value for {cut(name)}, which agent {cut(agent_id)} says, in {without}"
        tell = problem if without.number == rows[agent_id].number else note
        yield tell(
            ROW_AGENTS, f"{seen}: not dialled until then", "fill it in, or change what that agent says"
        )


def ask_agents(agent_ids: Sequence[str], environment: Environment) -> Mapping[str, Told]:
    """Each of these agents as it is set up now, or why that is not known."""
    if not agent_ids:
        return {}
    try:
        return anyio.run(_ask_each, agent_ids, environment)
    except CampaignError as error:
        return dict.fromkeys(agent_ids, error)


async def _ask_each(agent_ids: Sequence[str], environment: Environment) -> Mapping[str, Told]:
    told: dict[str, Told] = {agent_id: ApiError("no answer in time") for agent_id in agent_ids}
    limiter = anyio.CapacityLimiter(AT_A_TIME)
    api = OneInbox(environment.base_url(), environment.api_key(), proxy=environment.proxy())

    async def ask(agent_id: str) -> None:
        async with limiter:
            try:
                told[agent_id] = await api.get_agent(agent_id)
            except ApiError as error:
                told[agent_id] = error

    async with api:
        with anyio.move_on_after(PATIENCE_S):
            async with anyio.create_task_group() as asking:
                for agent_id in agent_ids:
                    asking.start_soon(ask, agent_id)
    return told
