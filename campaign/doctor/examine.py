"""The whole examination: every check once, in the order in which a campaign needs what it looks at."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from campaign.contacts import phone
from campaign.contacts.files.source import ReadOptions
from campaign.doctor import account as accounts
from campaign.doctor import agent, history, key, ledger, lists, machine, numbers, quota, row_agents
from campaign.doctor.account import Account
from campaign.doctor.finding import Finding, of_error, ok, unknown
from campaign.errors import CampaignError
from campaign.models import Agent, Intake
from campaign.oneinbox.errors import ApiError
from campaign.rules.words import as_heard
from campaign.settings import CampaignSettings, Environment, load_campaign_file

FILE = "campaign file"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be examined."""

    environment: Environment
    ledger: str
    """Where it is."""
    ledger_flag: str = ""
    """What a command that is advised needs to open it: an option after a blank."""
    config: Path | None = None
    contact_list: Path | None = None
    options: ReadOptions = field(default_factory=ReadOptions)


def examine(subject: Subject, now: datetime) -> list[Finding]:
    """Check everything that can be checked. Nothing is changed, and nobody is called."""
    settings, found = _file(subject.config)
    name = settings.name_on(now.astimezone().date()) if settings is not None else None
    environment = subject.environment
    trouble = key.shape(environment)
    account = accounts.ask(environment, settings.agent_id if settings else None) if not trouble else None
    found += trouble if account is None else key.accepted(environment, account)
    intake: Intake | None = None
    if settings is not None and subject.contact_list is not None:
        spoken = _heard(settings, account).placeholders
        intake, told = lists.read_list(subject.contact_list, settings, spoken, subject.options)
        found += told
    found += _account(account, settings, intake)
    if settings is not None and intake is not None:
        can_be_asked = account is not None and account.trouble is None
        found += row_agents.examine(intake, settings, environment if can_be_asked else None)
    if settings is not None and name is not None:
        found += lists.suppression(settings, now)
        found += [lists.profile(settings, now), lists.days_off(settings, now)]
        found += [*lists.webhook(settings, environment), *lists.hook(settings)]
        found.append(machine.output(settings, name))
    found += [machine.clock(account.clock_ahead_s if account else None), machine.time_zones(now.year)]
    return found + ledger.examine(subject.ledger, name, ledger_flag=subject.ledger_flag)


def _file(path: Path | None) -> tuple[CampaignSettings | None, list[Finding]]:
    if path is None:
        return None, [unknown(FILE, "none was named (--config); the account and this machine are looked at")]
    try:
        return load_campaign_file(path), [ok(FILE, str(path))]
    except CampaignError as error:
        return None, [of_error(FILE, error)]


def _heard(settings: CampaignSettings, account: Account | None) -> Agent:
    """The agent as people hear it: with the first message of the campaign file, where it has one."""
    read = account.agent if account is not None and isinstance(account.agent, Agent) else None
    return as_heard(read or Agent(settings.agent_id), settings)


def _account(
    account: Account | None, settings: CampaignSettings | None, intake: Intake | None
) -> list[Finding]:
    """What OneInbox has; nothing where it cannot be asked, as that is told of the key."""
    away = ApiError("OneInbox cannot be asked")
    if account is None or account.trouble is not None:
        account = Account(away, away, away, away, away, None)
    wanted = settings.from_numbers if settings is not None else None
    listed = account.numbers if not isinstance(account.numbers, ApiError) else ()
    ours = {*(number.number for number in listed), *(wanted or ())}
    calls = account.calls if not isinstance(account.calls, ApiError) else ()
    past = history.read(calls, settings, ours)
    found: list[Finding] = []
    if settings is not None:
        found += agent.examine(account.agent or away, settings, intake)
    found += numbers.examine(account.numbers, wanted, past)
    found.append(numbers.carriers(account.carriers, works=history.works(past)))
    if intake is not None and wanted is not None:
        found.append(history.countries(lists.countries_of(intake), phone.regions_of(wanted), past))
    found += history.examine(account.calls, past)
    return [*found, quota.examine(account.usage, settings, intake.callable_rows if intake else None)]
