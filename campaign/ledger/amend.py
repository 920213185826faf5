"""Amendments: the list of a campaign that has begun is changed, and nobody is called again for that."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from campaign.ledger import moves, schema
from campaign.ledger.campaigns import NOBODY, row_values, was_attempted
from campaign.ledger.waiting import tries_of
from campaign.models import Contact, Intake, RejectedRow, RowStatus, known_form, person_of

NO_LONGER_IN_LIST = "no longer in the list"
CALLED_UNDER_KEY = "the same key as a person whom this campaign has dealt with under another number"
NO_GOOD_ROW = "no longer a good row in the list"
"""Followed by what is wrong with the row, in brackets."""
_STOPPED_BY_LISTS = (NO_LONGER_IN_LIST, CALLED_UNDER_KEY, NO_GOOD_ROW)
"""How reasons begin for which a later list may let a person wait again."""
_UNTOUCHED = (RowStatus.WAITING, RowStatus.STOPPED)
"""Rows whose person has not been dialled, as far as the status tells."""

_OF_THE_ROW = ("position", "row_number", "cells")
_OF_THE_CALL = ("list_not_before", "list_valid_until", "list_from_number", "list_agent_id")
_OF_THE_PERSON = (
    "variables",
    "time_zones",
    "zone_source",
    "us_state",
    "consent",
    "person_key",
    *_OF_THE_CALL,
)
_OF_WHO_STAYS = ("in_list", "to_number", *_OF_THE_ROW, *_OF_THE_PERSON)


@dataclass(frozen=True, slots=True)
class Amendment:
    """How a list differs from the one that the campaign knows."""

    added: int
    """People who are new, or back."""
    changed: int
    """People who stay, with other cells. Nobody of them is called again for that."""
    removed: int
    """People who are gone, or of whom the list has no good row any more. No run calls them."""

    @property
    def matters(self) -> bool:
        """Whether it changes anything for a person."""
        return bool(self.added or self.changed or self.removed)


def compare(connection: Connection, campaign_id: int, intake: Intake) -> Amendment:
    """Changes nothing: how this list differs from the one that the campaign knows."""
    known = _people(connection, campaign_id)
    listed = {number for number, person in known.items() if person.in_list}
    coming = {known_form(contact.to_number, known): contact for contact in intake.contacts}
    called_keys = _called_keys(known.values())
    return Amendment(
        added=sum(
            number not in listed and not _is_met(contact, known.get(number), called_keys)
            for number, contact in coming.items()
        ),
        changed=sum(
            number in listed and _differs(known[number], contact) for number, contact in coming.items()
        ),
        removed=sum(number not in coming for number in listed),
    )


def _called_keys(people: Iterable[Any]) -> frozenset[str]:
    """Keys of people who may have been called: another number does not make another person."""
    return frozenset(person.person_key for person in people if person.person_key and _was_called(person))


def _was_called(person: Any) -> bool:
    return person.status not in _UNTOUCHED or bool(person.tries)


def _is_met(contact: Contact, person: Any | None, called_keys: Collection[str]) -> bool:
    """Whether a good row is somebody who was called under another number; `person` has the row's own."""
    is_own = person is not None and _was_called(person)
    return contact.key in called_keys and not is_own


def _taken_from(
    known: dict[str, Any], row: Contact | RejectedRow, good_people: Collection[str]
) -> Any | None:
    """The known person whose place this row of the new list is, taken out of `known`; None for nobody.

    A row that is not called is the place of a person who is in the result anyhow, unless a good row is.
    """
    number = known_form(str(row.to_number), known)
    if isinstance(row, Contact):
        return known.pop(number, None)
    person = known.get(number)
    is_there = person_of(number) in good_people
    if person is None or is_there or not (_was_called(person) or person.was_attempted):
        return None
    return known.pop(number)


def _number_of(person: Any, row: Contact | RejectedRow) -> str:
    """As the latest list writes it, where it may yet be dialled; else as it has rung."""
    is_to_dial = isinstance(row, Contact) and person.status in _UNTOUCHED
    return str(row.to_number if is_to_dial else person.to_number)


def _differs(person: Any, contact: Contact) -> bool:
    now = (
        list(contact.row.cells),
        dict(contact.variables),
        list(contact.time_zones),
        contact.zone_source,
        contact.state or None,
        contact.consent or None,
        contact.not_before,
        contact.valid_until,
        contact.from_number,
        contact.agent_id,
    )
    return now != (
        person.cells,
        person.variables,
        person.time_zones,
        person.zone_source,
        person.us_state,
        person.consent,
        *(getattr(person, name) for name in _OF_THE_CALL),
    )


def amend(connection: Connection, campaign_id: int, intake: Intake, now: datetime) -> Amendment:
    """Nobody who was dialled becomes diallable again: people keep their state, whatever the list now says.

    New people are added, people who wait and have no good row any more are stopped until they have one
    again, and every row takes the place that it has in the new list.
    """
    amendment = compare(connection, campaign_id, intake)
    table = schema.contacts
    old_headers = connection.execute(
        select(schema.campaigns.c.headers).where(schema.campaigns.c.id == campaign_id)
    ).scalar_one()
    # A person is told by the number, in whichever form; all else of the old list goes, as nothing ever
    # happened to it.
    connection.execute(
        delete(table).where(
            table.c.campaign_id == campaign_id,
            table.c.status.in_(NOBODY),
        )
    )
    # Out of the way of the new positions.
    connection.execute(
        update(table).where(table.c.campaign_id == campaign_id).values(position=-1 - table.c.position)
    )
    known = _people(connection, campaign_id)
    new_rows: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    called_keys = _called_keys(known.values())
    good_people = {person_of(contact.to_number) for contact in intake.contacts}
    for at, row in enumerate(intake.rows):
        person = _taken_from(known, row, good_people)
        values = row_values(campaign_id, at, row, now)
        is_met = isinstance(row, Contact) and _is_met(row, person, called_keys)
        if person is None:
            if is_met:
                values |= {"status": RowStatus.DUPLICATE, "reason": CALLED_UNDER_KEY}
            new_rows.append(values)
            continue
        if is_met:
            _stop(connection, person, CALLED_UNDER_KEY, now)
        elif isinstance(row, Contact):
            _let_wait_again(connection, person, now)
        else:
            _stop(connection, person, f"{NO_GOOD_ROW} ({values['reason']})", now)
        # A row that is not called has nothing to say to the agent: that stays as it was.
        said = values if isinstance(row, Contact) else person._mapping
        kept.append(
            {
                "contact": person.id,
                # As if they were gone, for a call that is under way: no further try follows it.
                # Only whoever has an attempt stays in the result like that.
                "new_in_list": int(isinstance(row, Contact) or not person.was_attempted),
                "new_to_number": _number_of(person, row),
                **{f"new_{field}": values[field] for field in _OF_THE_ROW},
                **{f"new_{field}": said[field] for field in _OF_THE_PERSON},
            }
        )
    for at, person in enumerate(known.values(), start=len(intake.rows)):
        _stop(connection, person, NO_LONGER_IN_LIST, now)
        # The row may still be in the result, so its cells take the columns of the new list.
        named = dict(zip(_each_once(old_headers), person.cells, strict=False))
        cells = [named.get(header, "") for header in _each_once(intake.headers)]
        connection.execute(
            update(table).where(table.c.id == person.id).values(position=at, in_list=0, cells=cells)
        )
    if kept:
        connection.execute(
            update(table)
            .where(table.c.id == bindparam("contact"))
            .values({field: bindparam(f"new_{field}") for field in _OF_WHO_STAYS}),
            kept,
        )
    if new_rows:
        connection.execute(insert(table), new_rows)
    connection.execute(
        update(schema.campaigns)
        .where(schema.campaigns.c.id == campaign_id)
        .values(
            list_path=intake.path,
            list_content=intake.content,
            list_fingerprint=intake.fingerprint,
            headers=list(intake.headers),
            finished_at=None,
        )
    )
    moves.journal(
        connection,
        now,
        "campaign.amended",
        campaign_id=campaign_id,
        detail=f"{amendment.added} added, {amendment.changed} changed, {amendment.removed} removed",
    )
    return amendment


def _is_stopped_by_list(person: Any) -> bool:
    return bool(person.status == RowStatus.STOPPED and person.reason.startswith(_STOPPED_BY_LISTS))


def _stop(connection: Connection, person: Any, reason: str, now: datetime) -> None:
    """Whoever waits is not called until a list lets them wait again; the latest list gives the reason."""
    if person.status == RowStatus.WAITING:
        moves.move_row(
            connection,
            person.id,
            to=RowStatus.STOPPED,
            now=now,
            reason=reason,
            not_before=person.not_before,
            hold=person.hold,
        )
    elif _is_stopped_by_list(person):
        connection.execute(
            update(schema.contacts).where(schema.contacts.c.id == person.id).values(reason=reason)
        )


def _let_wait_again(connection: Connection, person: Any, now: datetime) -> None:
    """Whom an earlier list has stopped waits as before, for a retry until its time."""
    if _is_stopped_by_list(person):
        moves.move_row(
            connection,
            person.id,
            to=RowStatus.WAITING,
            now=now,
            not_before=person.not_before,
            hold=person.hold,
        )


def _each_once(headers: Sequence[str]) -> list[tuple[str, int]]:
    """Headers told apart by how often they came before, as columns without a name are alike."""
    return [(header, headers[:at].count(header)) for at, header in enumerate(headers)]


def _people(connection: Connection, campaign_id: int) -> dict[str, Any]:
    table = schema.contacts.c
    rows = connection.execute(
        select(
            schema.contacts,
            tries_of(table.id).label("tries"),
            was_attempted().label("was_attempted"),
        ).where(
            table.campaign_id == campaign_id,
            table.status.not_in(NOBODY),
        )
    )
    return {row.to_number: row for row in rows}
