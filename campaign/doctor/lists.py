"""What stands beside the campaign file: contact list, suppression lists, days off, profile, webhook."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaign.contacts import phone, report
from campaign.contacts.files.source import ReadOptions
from campaign.contacts.intake import take_in
from campaign.contacts.suppression import SuppressionLists, in_words
from campaign.doctor.finding import Finding, note, of_error, ok, problem
from campaign.errors import CampaignError
from campaign.hook.command import refuse_missing
from campaign.models import Intake
from campaign.settings import CampaignSettings, Environment, make_calendar

LIST, SUPPRESSION, PROFILE, DAYS_OFF = "contact list", "suppression", "profile", "days off"
WEBHOOK, HOOK = "webhook", "hook"
SOON = timedelta(days=30)
NEARLY = 0.8
"""Of its allowed age, after which a list is told to be old."""


def read_list(
    path: Path, settings: CampaignSettings, spoken: Sequence[str], options: ReadOptions
) -> tuple[Intake | None, list[Finding]]:
    """The list as a run would read it, and what is wrong with it as a whole."""
    look = f"`campaign validate {path} --config FILE` says which and why"
    try:
        intake = take_in(path, settings, spoken=spoken, options=options)
    except CampaignError as error:
        return None, [of_error(LIST, error)]
    people, rows = intake.callable_rows, len(intake.rows)
    if not people:
        return intake, [problem(LIST, f"none of its {rows:,} rows can be called", look)]
    if trouble := report.broken(intake, settings.contacts.max_invalid):
        return intake, [problem(LIST, trouble, look)]
    if people < rows:
        return intake, [note(LIST, f"{people:,} people can be called, {rows - people:,} rows cannot", look)]
    return intake, [ok(LIST, f"all of its {rows:,} rows can be called")]


def countries_of(intake: Intake) -> set[str]:
    """Where the people of the list are, by their numbers."""
    return {country for contact in intake.contacts if (country := phone.country_of(contact.to_number))}


def suppression(settings: CampaignSettings, now: datetime) -> list[Finding]:
    """Each list of the campaign file: there, readable, and young enough."""
    if not settings.suppression:
        return [ok(SUPPRESSION, "no list is named; what `campaign suppress` knows counts all the same")]
    return [_one_list(settings, at, now) for at in range(len(settings.suppression))]


def _one_list(settings: CampaignSettings, at: int, now: datetime) -> Finding:
    entry = settings.suppression[at]
    lists = SuppressionLists([entry], default_region=settings.contacts.default_region)
    try:
        numbers = lists.read(now)
        age = now - datetime.fromtimestamp(entry.file.stat().st_mtime, UTC)
    except CampaignError as error:
        return of_error(SUPPRESSION, error)
    except OSError as error:
        return problem(SUPPRESSION, f"{entry.file}: {error.strerror}", "put it back")
    told = f"{entry.file.name} has {len(numbers):,} numbers and is {in_words(max(age, timedelta()))} old"
    if entry.max_age is not None and age > NEARLY * entry.max_age:
        left = f"{told}; nobody is called by it when it is {in_words(entry.max_age)} old"
        return note(SUPPRESSION, left, "fetch a new one in time")
    return ok(SUPPRESSION, told)


def profile(settings: CampaignSettings, now: datetime) -> Finding:
    """Whether the rules of the country still count."""
    hours = settings.hours
    if hours.rules is None:
        return ok(PROFILE, "none: calling hours are those of the campaign file alone")
    if trouble := hours.why_expired(now):
        cause, _, cure = trouble.partition("; ")
        return problem(PROFILE, cause, cure)
    left = hours.rules.expires_on - now.date()
    if timedelta() <= left < SOON:
        told = f"{hours.profile} expires on {hours.rules.expires_on}, and nobody is called from then on"
        return note(PROFILE, told, "have its rules checked, then write the date as hours.profile_confirmed")
    return ok(PROFILE, f"{hours.profile}, reviewed on {hours.rules.reviewed_on}")


def days_off(settings: CampaignSettings, now: datetime) -> Finding:
    """Whether holidays and blackout dates are known."""
    try:
        make_calendar(settings.hours, now)
    except CampaignError as error:
        return of_error(DAYS_OFF, error)
    named = ", ".join(settings.hours.all_holidays) or "no holidays"
    blackout = f", {settings.hours.blackout.name}" if settings.hours.blackout is not None else ""
    return ok(DAYS_OFF, f"{named}{blackout}")


def hook(settings: CampaignSettings) -> list[Finding]:
    """Whether what is asked before each call is there, as far as that can be seen without asking it."""
    if settings.hook is None:
        return []
    try:
        refuse_missing(settings.hook)
    except CampaignError as error:
        return [of_error(HOOK, error)]
    return [ok(HOOK, f"{settings.hook.name}; without its yes nobody is called")]


def webhook(settings: CampaignSettings, environment: Environment) -> list[Finding]:
    """Whether events may go where the campaign file sends them."""
    url = settings.call.webhook_url
    if url is None:
        return []
    try:
        environment.check_webhook(url)
    except CampaignError as error:
        return [of_error(WEBHOOK, error)]
    # What comes after the host may hold a secret.
    return [ok(WEBHOOK, "events go to " + "/".join(url.split("/")[:3]))]
