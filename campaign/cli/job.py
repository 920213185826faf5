"""A job: one list, one campaign file and one ledger, brought together for `plan`, `run` and `demo`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from campaign.calls.plan import Plan, make_plan
from campaign.contacts import suppression
from campaign.contacts.intake import take_in
from campaign.errors import LedgerError, ListError, UsageError
from campaign.ledger import campaigns
from campaign.ledger import results as result_views
from campaign.ledger.campaigns import Amendment, CampaignRecord
from campaign.ledger.ledger import Ledger
from campaign.models import Intake
from campaign.results import files
from campaign.settings import CampaignSettings, Environment, ledger_url, load_campaign_file

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
    suppressed: dict[str, str] = field(default_factory=dict)


@contextmanager
def prepare(
    contact_list: Path,
    config: Path,
    *,
    name: str | None,
    ledger: str | None,
    create_ledger: bool,
    environment: Environment | None = None,
) -> Iterator[Job]:
    """Read and check everything; call nobody.

    Raises:
        CampaignError: Something is missing or wrong; the text says what and where.
    """
    settings = load_campaign_file(config, name=name)
    intake = take_in(contact_list, settings)
    suppressed = {
        str(number): f"on the suppression list {path.name}"
        for path in settings.suppression
        for number in suppression.read_numbers(path, default_region=settings.contacts.default_region)
    }
    with ExitStack() as stack:
        opened = _open_ledger(ledger_url(ledger, environment or Environment()), create=create_ledger)
        if opened is not None:
            stack.enter_context(opened)
        job = Job(
            settings=settings,
            intake=intake,
            name_pattern=settings.name,
            name=settings.name_on(datetime.now().astimezone().date()),
            ledger=opened,
            campaign=None,
            suppressed=suppressed,
        )
        locate(job)
        yield job


def _open_ledger(location: str, *, create: bool) -> Ledger | None:
    if not create and "://" not in location and not Path(location).expanduser().exists():
        return None
    return Ledger.open(location)


def locate(job: Job) -> None:
    """Find the campaign that a run would go on with. Under the run lock the answer stays true."""
    if job.ledger is None:
        return
    job.campaign = job.ledger.read(campaigns.find, job.name)
    if job.campaign is None and "{date}" in job.name_pattern:
        job.campaign = job.ledger.read(
            campaigns.find_unfinished,
            name_pattern=job.name_pattern,
            fingerprint=job.intake.fingerprint,
            since=datetime.now().astimezone() - SAME_NIGHT,
        )
    if job.campaign is not None:
        job.name = job.campaign.name


def amendment(job: Job) -> Amendment | None:
    """How the list differs from the one that the campaign knows; None when it does not."""
    if job.ledger is None or job.campaign is None:
        return None
    if job.campaign.list_fingerprint == job.intake.fingerprint:
        return None
    return job.ledger.read(campaigns.compare, job.campaign.id, job.intake)


def plan(job: Job, *, now: datetime) -> Plan:
    """What a run of this job would do."""
    return make_plan(
        job.intake,
        job.settings,
        ledger=job.ledger,
        campaign=job.campaign,
        amendment=amendment(job),
        suppressed=job.suppressed,
        now=now,
    )


def enrol(job: Job, *, amend: bool, now: datetime) -> int:
    """Put the list into the ledger, or find it there.

    Returns:
        The id of the campaign.

    Raises:
        ListError: No row can be called.
        UsageError: The campaign knows another list, and nobody said that it may be amended.
    """
    if job.ledger is None:
        raise LedgerError("a run needs a ledger")
    if job.campaign is None:
        if not job.intake.contacts:
            raise ListError(
                f"{job.intake.path}: no row can be called; `campaign validate {job.intake.path}` says why"
            )
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
        job.ledger.write(campaigns.amend, job.campaign.id, job.intake, now).result()
    return job.campaign.id


def write_results(ledger: Ledger, campaign_id: int, headers: tuple[str, ...], path: Path) -> int:
    """Write the result file of a campaign as the ledger has it now. Returns the number of rows."""
    return ledger.read(
        lambda connection: files.write(path, headers, result_views.result_rows(connection, campaign_id))
    )
