"""The rows whose fate only a human can find out, and all that is known of each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, and_, or_, select

from campaign.ledger import campaigns, schema
from campaign.ledger.suppression import BATCH
from campaign.models import AttemptState, RowStatus, forms_of


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call that the provider is known to have made of an attempt whose fate is unknown."""

    call_id: str
    placed_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnknownAttempt:
    """The attempt whose fate is unknown, with all it takes to look it up at the provider."""

    id: int
    number: int
    intent_at: datetime
    from_number: str
    agent_id: str
    token: str
    error: str
    """What was seen of the request; empty when its reply came."""
    looks: int
    """Looks through the provider's list that did not find it."""
    calls: tuple[PlacedCall, ...]
    """The calls that are known, the oldest first; none when the reply was lost."""
    is_over: bool = False
    """Whether no run follows it any more: its call was found, and how that ended was never read."""
    other_calls: tuple[PlacedCall, ...] = ()
    """Of other attempts at the same person that are over like that."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A row of another campaign, of the same person, that is in review itself."""

    campaign: str
    row_number: int


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A row that needs review."""

    contact_id: int
    row_number: int
    to_number: str
    is_in_list: bool
    """False for a person who was called and has left the list since. No run dials such a row."""
    since: datetime
    reason: str
    attempt: UnknownAttempt | None
    """None when the row only hangs on a call of another campaign, or nothing of it is unknown any more."""
    elsewhere: tuple[Elsewhere, ...]
    """Where to decide first."""

    @property
    def calls(self) -> tuple[PlacedCall, ...]:
        """The calls that are known."""
        return (*self.attempt.other_calls, *self.attempt.calls) if self.attempt else ()

    @property
    def open_calls(self) -> tuple[str, ...]:
        """Ids of calls whose end was not seen: the person may still be on the line."""
        return tuple(call.call_id for call in self.calls if call.ended_at is None)


def rows_in_review(connection: Connection, campaign_id: int) -> list[ReviewRow]:
    """Complete, in the list's order: the rows of the campaign that a human has to decide about."""
    attempts = _unknown_attempts(connection, campaign_id)
    table = schema.contacts.c
    rows = connection.execute(
        select(schema.contacts)
        .where(
            table.campaign_id == campaign_id,
            table.status == RowStatus.NEEDS_REVIEW,
            campaigns.in_result(),
        )
        .order_by(table.position)
    ).all()
    elsewhere = _elsewhere(connection, campaign_id, [row.to_number for row in rows])
    return [
        ReviewRow(
            contact_id=row.id,
            row_number=row.row_number,
            to_number=row.to_number,
            is_in_list=bool(row.in_list),
            since=row.changed_at,
            reason=row.reason,
            attempt=attempts.get(row.id),
            elsewhere=tuple(elsewhere.get(row.to_number, ())),
        )
        for row in rows
    ]


def _unknown_attempts(connection: Connection, campaign_id: int) -> Mapping[int, UnknownAttempt]:
    """The attempts of a campaign that are in review, or else over and never read, by contact."""
    attempts, calls = schema.attempts, schema.calls
    was_never_read = and_(attempts.c.state == AttemptState.ENDED, attempts.c.disposition.is_(None))
    is_unknown = and_(
        attempts.c.campaign_id == campaign_id,
        or_(attempts.c.state == AttemptState.NEEDS_REVIEW, was_never_read),
    )
    placed: defaultdict[int, list[PlacedCall]] = defaultdict(list)
    for call in connection.execute(select(calls).join(attempts).where(is_unknown).order_by(calls.c.id)):
        placed[call.attempt_id].append(PlacedCall(call.call_id, call.placed_at, call.ended_at))
    # The one in review comes last of its contact, and else the latest.
    unknown = sorted(
        connection.execute(select(attempts).where(is_unknown)),
        key=lambda row: (row.contact_id, row.state == AttemptState.NEEDS_REVIEW, row.id),
    )
    of_contact = {contact: list(rows) for contact, rows in groupby(unknown, key=lambda row: row.contact_id)}
    return {
        row.contact_id: UnknownAttempt(
            id=row.id,
            number=row.number,
            intent_at=row.intent_at,
            from_number=row.from_number,
            agent_id=row.agent_id,
            token=row.token,
            error=row.error,
            looks=row.looks,
            calls=tuple(placed[row.id]),
            is_over=row.state == AttemptState.ENDED,
            other_calls=tuple(call for other in others for call in placed[other.id]),
        )
        for *others, row in of_contact.values()
    }


def _elsewhere(
    connection: Connection, campaign_id: int, numbers: Sequence[str]
) -> Mapping[str, list[Elsewhere]]:
    """For each of these people, by number in each form: rows of other campaigns whose call is in review."""
    other, there = schema.attempts, schema.contacts
    query = (
        select(other.c.to_number, schema.campaigns.c.name, there.c.row_number)
        .join(there, there.c.id == other.c.contact_id)
        .join(schema.campaigns, schema.campaigns.c.id == other.c.campaign_id)
        .where(other.c.campaign_id != campaign_id, other.c.state == AttemptState.NEEDS_REVIEW)
        .order_by(other.c.id)
    )
    found: defaultdict[str, list[Elsewhere]] = defaultdict(list)
    for at in range(0, len(numbers), BATCH):
        forms = {form for number in numbers[at : at + BATCH] for form in forms_of(number)}
        for to_number, name, row_number in connection.execute(query.where(other.c.to_number.in_(forms))):
            for form in forms_of(to_number):
                found[form].append(Elsewhere(name, row_number))
    return found
