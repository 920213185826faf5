"""A job: one list, one campaign file and one ledger, brought together for `plan`, `run` and `demo`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaign.calls.plan import Plan, make_plan
from campaign.calls.prospect import Prospect, look_ahead, means_of
from campaign.cli import leftovers
from campaign.cli.agent import AskedAccount, ask_account
from campaign.cli.known_ledger import is_there
from campaign.cli.options import AS_IT_IS, ListOptions
from campaign.contacts import report
from campaign.contacts.files.source import Feeding
from campaign.contacts.intake import take_in
from campaign.contacts.suppression import SuppressionLists
from campaign.doctor.row_agents import RowAgents, ask_row_agents
from campaign.errors import LedgerError, ListError, UsageError
from campaign.ledger import amend as amending
from campaign.ledger import campaigns, ending
from campaign.ledger import results as result_views
from campaign.ledger.amend import Amendment
from campaign.ledger.campaigns import CampaignRecord
from campaign.ledger.ending import Leftover
from campaign.ledger.ledger import Ledger
from campaign.models import Intake
from campaign.results import files
from campaign.rules.budget import call_length
from campaign.settings import (
    NO_DAYS_OFF,
    Calendar,
    CampaignSettings,
    DaysOff,
    Environment,
    ledger_url,
    load_campaign_file,
    refuse_expired,
    refuse_past_end,
)

SAME_NIGHT = timedelta(hours=20)
"""An unfinished campaign with a date in its name is continued for so long after its start."""


@dataclass(slots=True)
class Job:
    """Everything that a run needs to know before it calls anybody."""

    settings: CampaignSettings
    intake: Intake
    name_pattern: str
    name: str
    ledger: Ledger | None
    campaign: CampaignRecord | None
    lists: SuppressionLists
    days_off: DaysOff
    suppressed: Mapping[str, str] = field(default_factory=dict)
    spoken: Sequence[str] = ()
    """Variables that the campaign's agent says."""
    account: AskedAccount = field(default_factory=AskedAccount)
    """What OneInbox said of that agent and the account."""
    row_agents: RowAgents = field(default_factory=RowAgents)
    """What it said of agents that rows name."""
    calendar: Calendar = NO_DAYS_OFF
    notes: list[str] = field(default_factory=list)
    """What the operator should know before anybody is called."""

    @property
    def longest_call_s(self) -> float | None:
        """How long the agents let a call last, as far as that is known."""
        if not self.row_agents.longest_calls_s:
            return self.account.longest_call_s
        told = (self.account.longest_call_s, *self.row_agents.longest_calls_s)
        return max(call_length(each, self.settings) for each in told)


@contextmanager
def prepare(
    contact_list: Path,
    config: Path,
    *,
    name: str | None,
    ledger: str | None,
    create_ledger: bool,
    environment: Environment,
    options: ListOptions = AS_IT_IS,
    feeding: Feeding = nullcontext,
) -> Iterator[Job]:
    """Read and check everything; call nobody.

    Args:
        contact_list: The list; `-` is standard input.
        config: The campaign file.
        name: What `--name` says.
        ledger: What `--ledger` says.
        create_ledger: Whether one is made where there is none.
        environment: The account, and where the ledger is.
        options: How the list is read.
        feeding: Is entered while somebody feeds standard input.

    Raises:
        CampaignError: Something is missing or wrong; the text says what and where.
    """
    settings = load_campaign_file(config, name=name)
    environment.check_webhook(settings.call.webhook_url)
    now = datetime.now(UTC)
    refuse_expired(settings.hours, now)
    days_off = DaysOff(settings.hours, now)
    calendar = days_off.read()
    account = ask_account(settings, environment, with_usage=True)
    spoken = account.spoken
    intake = take_in(contact_list, settings, options=options.for_reading(feeding), spoken=spoken)
    row_agents = ask_row_agents(intake, settings, environment)
    lists = SuppressionLists(settings.suppression, default_region=settings.contacts.default_region)
    suppressed = lists.read(now)
    with ExitStack() as stack:
        opened = _open_ledger(ledger_url(ledger, environment), create=create_ledger)
        if opened is not None:
            stack.enter_context(opened)
        job = Job(
            settings=settings,
            intake=intake,
            name_pattern=settings.name,
            name=settings.name_on(datetime.now().astimezone().date()),
            ledger=opened,
            campaign=None,
            lists=lists,
            days_off=days_off,
            suppressed=suppressed,
            spoken=spoken,
            account=account,
            row_agents=row_agents,
            calendar=calendar,
            notes=[*intake.notes, *account.notes, *row_agents.notes, *_metadata_note(settings)],
        )
        locate(job)
        if job.campaign is None:
            refuse_past_end(settings, now)
        job.notes.extend(filter(None, [leftovers.note(job, _leftovers(job))]))
        if intake.unspoken:
            # A campaign that is under way still has calls to follow: its own gate keeps it from dialling.
            if not knows_list(job):
                raise ListError(intake.unspoken)
            job.notes.append(f"{intake.unspoken}; until then nobody is dialled")
        yield job


def read_again(job: Job) -> None:
    """Take the suppression lists and the days off as they are by now. Raises as `prepare` does."""
    job.suppressed = job.lists.read(datetime.now(UTC))
    job.calendar = job.days_off.read()


def _metadata_note(settings: CampaignSettings) -> Sequence[str]:
    names = ", ".join(settings.call.not_sent)
    return (f"call.metadata: {names} is not sent, as this program writes it itself",) if names else ()


def _leftovers(job: Job) -> Sequence[Leftover]:
    if job.ledger is None:
        return ()
    if job.campaign is not None:
        return job.ledger.read(ending.leftovers, job.campaign.id)
    return job.ledger.read(ending.leftovers_before, job.name_pattern, job.name, datetime.now(UTC))


def _open_ledger(location: str, *, create: bool) -> Ledger | None:
    return Ledger.open(location, create=create) if create or is_there(location) else None


def locate(job: Job) -> None:
    """Find the campaign that a run would go on with. Under the run lock the answer stays true.

    Raises:
        UsageError: The name is that of a single call.
    """
    if job.ledger is None:
        return
    job.campaign = job.ledger.read(campaigns.find, job.name)
    if job.campaign is not None and job.campaign.is_single_call:
        # Caps and `campaign call` would take what it dials for calls of that kind.
        raise UsageError(
            f"{job.name} is a single call, and no list goes on with it: choose another --name, or call the "
            "person with `campaign call`"
        )
    if job.campaign is None and "{date}" in job.name_pattern:
        job.campaign = job.ledger.read(
            campaigns.find_unfinished,
            name_pattern=job.name_pattern,
            content=job.intake.content,
            since=datetime.now().astimezone() - SAME_NIGHT,
        )
    if job.campaign is not None:
        job.name = job.campaign.name


def amendment(job: Job) -> Amendment | None:
    """How the list differs from the one that the campaign knows; None when it does not."""
    if job.ledger is None or job.campaign is None or knows_list(job):
        return None
    return job.ledger.read(amending.compare, job.campaign.id, job.intake)


def plan(job: Job, *, now: datetime) -> Plan:
    """What a run of this job would do."""
    return make_plan(
        job.intake,
        job.settings,
        ledger=job.ledger,
        campaign=job.campaign,
        amendment=amendment(job),
        suppressed=job.suppressed,
        spoken=job.spoken,
        spoken_by=job.row_agents.spoken,
        means=means_of(
            job.ledger,
            job.campaign,
            job.settings,
            longest_call_s=job.longest_call_s,
            usage=job.account.usage,
        ),
        calendar=job.calendar,
        now=now,
    )


def plan_costs(job: Job) -> Prospect:
    """What calling everybody on the list may cost, as if nobody had been called yet."""
    means = means_of(
        job.ledger,
        None,
        job.settings,
        longest_call_s=job.longest_call_s,
        usage=job.account.usage,
    )
    return look_ahead(job.intake.callable_rows, job.settings, means)


def knows_list(job: Job) -> bool:
    """Whether the campaign has this very list already, read in the same way."""
    return job.campaign is not None and job.campaign.list_fingerprint == job.intake.fingerprint


def refuse_broken_list(job: Job, *, allow_invalid: bool) -> None:
    """Raise ListError when nobody can be called, or so many rows are unusable that the list looks broken.

    A campaign that knows this list already was allowed to start with it, and goes on.
    """
    if knows_list(job):
        return
    if not job.intake.callable_rows:
        raise ListError(
            f"{job.intake.path}: no row can be called; `campaign validate {job.intake.path}` says why"
        )
    trouble = report.broken(job.intake, job.settings.contacts.max_invalid)
    if trouble is None or allow_invalid:
        return
    raise ListError(
        f"{job.intake.path}: {trouble}; mend the list (`campaign validate` says how), "
        "or go on once with `campaign run --allow-invalid`"
    )


def enrol(job: Job, *, amend: bool, now: datetime) -> int:
    """Put the list into the ledger, or find it there.

    Returns:
        The id of the campaign.

    Raises:
        UsageError: The campaign knows another list, and nobody said that it may be amended.
    """
    if job.ledger is None:
        raise LedgerError("a run needs a ledger")
    if job.campaign is None:
        return job.ledger.write(
            campaigns.start,
            name=job.name,
            name_pattern=job.name_pattern,
            agent_id=job.settings.agent_id,
            intake=job.intake,
            now=now,
        ).result()
    change = amendment(job)
    if change is not None:
        if change.matters and not amend:
            raise UsageError(
                f"campaign {job.name} was started with another list "
                f"({change.added} people added, {change.changed} changed, {change.removed} removed since); "
                "run with --amend to go on with this one, or with another --name for a new campaign"
            )
        job.ledger.write(amending.amend, job.campaign.id, job.intake, now).result()
    return job.campaign.id


def note_consent(job: Job, campaign_id: int, now: datetime) -> None:
    """Keep in the ledger by what everybody on the list has agreed to be called, where the file says it."""
    basis = job.settings.contacts.consent_basis
    if job.ledger is not None and basis is not None:
        job.ledger.write(campaigns.note_consent, campaign_id, basis, now).result()


def write_results(ledger: Ledger, campaign_id: int, headers: tuple[str, ...], path: Path) -> int:
    """Write the result file of a campaign as the ledger has it now. Returns the number of rows."""
    return ledger.read(
        lambda connection: files.write(path, headers, result_views.result_rows(connection, campaign_id))
    )
