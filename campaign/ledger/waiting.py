"""Waiting rows: which are due, what is known of a person at the moment of dialling, and holding a row."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from campaign.ledger import moves, schema
from campaign.models import (
    E164,
    HARMLESS_ATTEMPTS,
    OPEN_ATTEMPTS,
    AttemptState,
    Hold,
    RowStatus,
    ZoneSource,
    forms_of,
)


def tries_of(contact_id: ColumnElement[int]) -> ScalarSelect[int]:
    """The number of a contact's attempts that count, as part of a query."""
    table = schema.attempts.alias("tried")
    return (
        select(func.count())
        .select_from(table)
        .where(table.c.contact_id == contact_id, ~schema.is_one_of(table.c.state, HARMLESS_ATTEMPTS))
        .scalar_subquery()
    )


# Built once, as every dial runs them.
_CONTACTS = schema.contacts.c
AS_DUE = (
    _CONTACTS.id,
    _CONTACTS.row_number,
    _CONTACTS.to_number,
    _CONTACTS.variables,
    _CONTACTS.time_zones,
    _CONTACTS.zone_source,
    _CONTACTS.us_state,
    _CONTACTS.consent,
    _CONTACTS.list_not_before,
    _CONTACTS.list_valid_until,
    _CONTACTS.list_from_number,
    _CONTACTS.list_agent_id,
    tries_of(_CONTACTS.id).label("tries"),
)
"""What `DueContact.of` reads."""
_DUE = (
    select(*AS_DUE)
    .where(
        _CONTACTS.campaign_id == bindparam("campaign"),
        _CONTACTS.status == RowStatus.WAITING,
        (_CONTACTS.not_before.is_(None)) | (_CONTACTS.not_before <= bindparam("now")),
    )
    .order_by(_CONTACTS.position)
    .limit(bindparam("most"))
)
_NEXT_DUE = select(func.min(_CONTACTS.not_before)).where(
    _CONTACTS.campaign_id == bindparam("campaign"), _CONTACTS.status == RowStatus.WAITING
)
_ATTEMPTS = schema.attempts.c
_UNSETTLED = schema.is_one_of(_ATTEMPTS.state, [*OPEN_ATTEMPTS, AttemptState.NEEDS_REVIEW])
# One telephone, in either form of its number; most numbers have one form, which is given twice.
_FORMS: list[BindParameter[str]] = [bindparam("number"), bindparam("other_form")]
_TO_PERSON = _ATTEMPTS.to_number.in_(_FORMS)
_ELSEWHERE = and_(_TO_PERSON, _ATTEMPTS.campaign_id != bindparam("campaign"))
_OF_PERSON = select(
    select(schema.suppression.c.reason)
    .where(schema.suppression.c.to_number.in_(_FORMS))
    .limit(1)
    .scalar_subquery()
    .label("suppressed_because"),
    select(_ATTEMPTS.state).where(_ELSEWHERE, _UNSETTLED).limit(1).scalar_subquery().label("unsettled"),
    select(func.max(_ATTEMPTS.closed_at))
    .where(_ELSEWHERE, _ATTEMPTS.talked == 1)
    .scalar_subquery()
    .label("talked_at"),
).subquery("of_person")
_CALLS_OF_PERSON = (
    select(_ATTEMPTS.intent_at.label("called_at"))
    .where(
        _ELSEWHERE,
        _ATTEMPTS.intent_at >= bindparam("since"),
        ~schema.is_one_of(_ATTEMPTS.state, HARMLESS_ATTEMPTS),
    )
    .subquery("calls_of_person")
)
_STANDING = (
    select(_OF_PERSON, _CALLS_OF_PERSON.c.called_at)
    .select_from(_OF_PERSON.outerjoin(_CALLS_OF_PERSON, true()))
    .order_by(_CALLS_OF_PERSON.c.called_at)
)
"""What is known of a person, with each call from another campaign; one row where there was none."""
_CALLED_BY_ANY = (
    select(_ATTEMPTS.intent_at)
    .where(
        _TO_PERSON,
        _ATTEMPTS.intent_at >= bindparam("since"),
        ~schema.is_one_of(_ATTEMPTS.state, HARMLESS_ATTEMPTS),
    )
    .order_by(_ATTEMPTS.intent_at)
)
_HOLD = (
    update(schema.contacts)
    .where(_CONTACTS.id == bindparam("contact"), _CONTACTS.status == RowStatus.WAITING)
    .values(hold=Hold.GATE)
)
_NOTE_HOLD = insert(schema.events).from_select(
    ["at", "campaign_id", "contact_id", "event", "detail"],
    select(
        bindparam("at", type_=schema.events.c.at.type),
        _CONTACTS.campaign_id,
        _CONTACTS.id,
        literal("row.held"),
        bindparam("because", type_=schema.events.c.detail.type),
    ).where(
        _CONTACTS.id == bindparam("contact"),
        _CONTACTS.status == RowStatus.WAITING,
        _CONTACTS.reason != bindparam("because"),
    ),
)
"""Once for each reason of a run, which begins without any."""
_RELEASE = (
    update(schema.contacts)
    .where(
        _CONTACTS.campaign_id == bindparam("campaign"),
        _CONTACTS.status == RowStatus.WAITING,
        _CONTACTS.hold == Hold.GATE,
    )
    .values(reason="", not_before=None, hold=None)
)


@dataclass(frozen=True, slots=True)
class DueContact:
    """A waiting row whose time has come."""

    contact_id: int
    row_number: int
    to_number: E164
    variables: dict[str, str]
    time_zones: tuple[str, ...]
    zone_source: ZoneSource
    tries: int
    """Earlier tries that count."""
    not_before: datetime | None = None
    valid_until: datetime | None = None
    from_number: str | None = None
    agent_id: str | None = None
    state: str = ""
    consent: str = ""
    """From `not_before` on: what the list says of this person and of their call, as in `Contact`."""

    @classmethod
    def of(cls, row: Any) -> "DueContact":
        """From a row of a query that selects `AS_DUE`."""
        return cls(
            contact_id=row.id,
            row_number=row.row_number,
            to_number=E164(row.to_number),
            variables=row.variables,
            time_zones=tuple(row.time_zones),
            zone_source=ZoneSource(row.zone_source),
            tries=row.tries,
            not_before=row.list_not_before,
            valid_until=row.list_valid_until,
            from_number=row.list_from_number,
            agent_id=row.list_agent_id,
            state=row.us_state or "",
            consent=row.consent or "",
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger knows about a person at the moment of dialling."""

    suppressed_because: str | None
    recent_calls: tuple[datetime, ...]
    """Calls from other campaigns, the oldest first."""
    unsettled_elsewhere: AttemptState | None
    """How an attempt of another campaign stands whose fate is not known yet."""
    talked_at: datetime | None
    """When the person last talked with the agent of another campaign."""


def due(
    connection: Connection, campaign_id: int, now: datetime, *, skip: Collection[int], limit: int
) -> list[DueContact]:
    """In the list's order: waiting rows that may be dialled now, without those in `skip`."""
    rows = connection.execute(_DUE, {"campaign": campaign_id, "now": now, "most": limit + len(skip)})
    return [DueContact.of(row) for row in rows if row.id not in skip][:limit]


def next_due(connection: Connection, campaign_id: int) -> datetime | None:
    """The earliest time at which a waiting row may be dialled; None when no row has to wait for one."""
    earliest: datetime | None = connection.scalar(_NEXT_DUE, {"campaign": campaign_id})
    return earliest


def standing(connection: Connection, *, campaign_id: int, to_number: str, since: datetime) -> Standing:
    """As committed: whether the person is suppressed, and when other campaigns called since `since`."""
    rows = connection.execute(_STANDING, {**_given(to_number), "campaign": campaign_id, "since": since}).all()
    first = rows[0]
    return Standing(
        suppressed_because=first.suppressed_because,
        recent_calls=tuple(row.called_at for row in rows if row.called_at is not None),
        unsettled_elsewhere=AttemptState(first.unsettled) if first.unsettled else None,
        talked_at=first.talked_at,
    )


def _given(to_number: str) -> dict[str, str]:
    """The values of `_FORMS`."""
    return {"number": to_number, "other_form": forms_of(to_number)[-1]}


def counted_calls(to_number: str, since: datetime) -> Select[tuple[datetime]]:
    """A query: when any campaign called the person since `since`, the oldest first."""
    return _CALLED_BY_ANY.params(**_given(to_number), since=since)


def all_calls(connection: Connection, to_number: str, since: datetime) -> tuple[datetime, ...]:
    """As committed: when any campaign called the person since `since`, the oldest first."""
    return tuple(connection.scalars(_CALLED_BY_ANY, {**_given(to_number), "since": since}))


def unsettled_elsewhere(connection: Connection, *, campaign_id: int | None) -> dict[str, AttemptState]:
    """As committed: how another campaign's attempt stands whose fate is not known, by number in each form."""
    rows = connection.execute(
        select(_ATTEMPTS.to_number, _ATTEMPTS.state).where(
            _ATTEMPTS.campaign_id != (campaign_id or 0),
            _UNSETTLED,
        )
    )
    return {form: AttemptState(row.state) for row in rows for form in forms_of(row.to_number)}


def recent_calls(
    connection: Connection, *, campaign_id: int | None, since: datetime
) -> dict[str, list[datetime]]:
    """As committed: when campaigns other than this one called since `since`, by number in each form."""
    table = schema.attempts.c
    rows = connection.execute(
        select(table.to_number, table.intent_at)
        .where(
            table.intent_at >= since,
            ~schema.is_one_of(table.state, HARMLESS_ATTEMPTS),
            table.campaign_id != (campaign_id or 0),
        )
        .order_by(table.intent_at)
    )
    calls: dict[str, list[datetime]] = {}
    for to_number, intent_at in rows:
        for form in forms_of(to_number):
            calls.setdefault(form, []).append(intent_at)
    return calls


def conversations(connection: Connection, *, campaign_id: int | None) -> dict[str, datetime]:
    """As committed: when a person last talked with another campaign's agent, by number in each form."""
    table = schema.attempts.c
    rows = connection.execute(
        select(table.to_number, func.max(table.closed_at).label("at"))
        .where(table.talked == 1, table.closed_at.is_not(None), table.campaign_id != (campaign_id or 0))
        .group_by(table.to_number)
        .order_by(func.max(table.closed_at))
    )
    return {form: row.at for row in rows for form in forms_of(row.to_number)}


def hold(
    connection: Connection,
    contact_id: int,
    *,
    status: RowStatus,
    reason: str,
    now: datetime,
    not_before: datetime | None,
    is_told: bool = False,
) -> None:
    """A gate said no: the row waits until a time, or is final, with its reason, which is journalled.

    When it `is_told`, why the row waits is in the journal already.
    """
    if status is not RowStatus.WAITING:
        campaign_id = moves.move_row(connection, contact_id, to=status, now=now, reason=reason)
        moves.journal(
            connection, now, f"row.{status}", campaign_id=campaign_id, contact_id=contact_id, detail=reason
        )
        return
    if not is_told:
        connection.execute(_NOTE_HOLD, {"contact": contact_id, "because": reason, "at": now})
    connection.execute(
        _HOLD, {"contact": contact_id, "reason": reason, "not_before": not_before, "changed_at": now}
    )


def release_holds(connection: Connection, campaign_id: int) -> None:
    """Every run asks the gates anew: what an earlier one held back may be dialled as soon as they say yes."""
    connection.execute(_RELEASE, {"campaign": campaign_id})
