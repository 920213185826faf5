"""One person for one call: a number as somebody types it, checked as a cell of a list is, with its values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from campaign.contacts import phone, problems, values
from campaign.contacts.files.source import ReadOptions
from campaign.contacts.intake import allowed_countries, refuse_unfit, take_in
from campaign.contacts.phone import BadNumber, NumberRules
from campaign.contacts.rows import zones_of
from campaign.errors import UsageError
from campaign.models import Contact, Intake, RejectedRow, Row, RowStatus, person_of
from campaign.settings import CampaignSettings

PATH = "campaign call"
"""Stands where other campaigns have the name of their list."""


class OneRow(tuple[Contact]):
    """A list of one."""

    __slots__ = ()

    def rejected(self) -> Iterator[RejectedRow]:
        """None."""
        return iter(())

    @property
    def statuses(self) -> Mapping[RowStatus, int]:
        """It waits."""
        return {RowStatus.WAITING: 1}

    @property
    def consents(self) -> Mapping[str, int]:
        """What is said about the consent of this person."""
        return {self[0].consent: 1} if self[0].consent else {}


def row_of(path: Path, number: int, settings: CampaignSettings, options: ReadOptions) -> Contact:
    """One row of a list, as the operator's spreadsheet numbers it.

    Raises:
        UsageError: The list has no such row, or it cannot be called.
        InputMissingError, ListError, ConfigError: As for every list.
    """
    for row in take_in(path, settings, options=options).rows:
        if row.row.number != number:
            continue
        if isinstance(row, RejectedRow):
            raise UsageError(f"--row {number}: {row.reason}; take another row, or mend this one")
        return row
    raise UsageError(
        f"--row {number}: {path} has no such row; rows are numbered as your spreadsheet shows them"
    )


def person(
    text: str,
    settings: CampaignSettings,
    *,
    like: Contact | None,
    given: Mapping[str, str],
    spoken: Sequence[str],
    consent: str,
) -> Contact:
    """Whom to call, with what the agent may say.

    Args:
        text: The number.
        settings: Says which numbers may be called, and what must have a value.
        like: The row whose values are used; where it has a form of this very number, its zone, state, times
            and consent count as well. Those of somebody else say nothing about this person.
        given: Values that come before those of the row.
        spoken: Variables that the agent says.
        consent: By what this person has agreed to the call; empty leaves it to the row.

    The agent is that of `settings`, whatever the row says.

    Raises:
        UsageError: The number may not be called, a value cannot be spoken, or one is missing.
        ConfigError: The campaign file allows no country, or a value of it cannot be spoken.
    """
    refuse_unfit(settings)
    contacts = settings.contacts
    rules = NumberRules(allowed_countries(settings), contacts.default_region, frozenset(contacts.block_types))
    read = phone.read(text, rules)
    if isinstance(read, BadNumber):
        raise UsageError(f"NUMBER: {read.problem.reason}; {read.problem.cure}")
    for name, value in given.items():
        if problem := values.objections([value], name=name, required=False).get(0):
            raise UsageError(f"--var {name}: {problem.reason}; {problem.cure}")
    variables = {**(like.variables if like is not None else {}), **given}
    _refuse_missing(settings.call.variables_for(variables), (*contacts.required, *spoken))
    headers = ("phone", *variables)
    if like is not None and person_of(like.to_number) == person_of(read.number):
        return replace(
            like,
            row=Row(like.row.number, (str(read.number), *variables.values())),
            to_number=read.number,
            variables=variables,
            consent=consent or like.consent,
            agent_id=None,
        )
    zones, source = zones_of("", read.time_zones, contacts.default_timezone)
    if not zones:
        raise UsageError(f"NUMBER: {problems.NO_ZONE.reason}; {problems.NO_ZONE.cure}")
    cells = (str(read.number), *variables.values())
    assert len(cells) == len(headers)  # noqa: S101 - one for each
    blank = like if like is not None else Contact(Row(1, ()), read.number, {}, ())
    return replace(
        blank,
        row=Row(blank.row.number, cells),
        to_number=read.number,
        variables=variables,
        time_zones=zones,
        zone_source=source,
        key="",
        agent_id=None,
        not_before=None,
        valid_until=None,
        state="",
        consent=consent,
    )


def list_of(contact: Contact) -> Intake:
    """The contact list that has this person alone."""
    headers = ("phone", *contact.variables)
    mark = sha256("\0".join((*headers, *contact.row.cells)).encode()).hexdigest()
    return Intake(
        path=PATH,
        headers=headers,
        phone_column=headers[0],
        rows=OneRow((contact,)),
        content=mark,
        fingerprint=mark,
    )


def _refuse_missing(said: Mapping[str, str], wanted: Sequence[str]) -> None:
    missing = [name for name in dict.fromkeys(wanted) if not said.get(name, "").strip()]
    if missing:
        raise UsageError(
            f"there is no value for {', '.join(missing)}, which the agent says or the campaign file wants; "
            f"give --var '{missing[0]}=...', or a row that has it with --list and --row"
        )
