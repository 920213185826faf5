"""Endings without a call: waiting rows whose time may be over, and campaigns that another has followed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, exists, func, or_, select, update

from campaign.ledger import moves, schema
from campaign.ledger.waiting import AS_DUE, DueContact, tries_of
from campaign.models import RowStatus

DATE = "{date}"
"""Stands in the name of a campaign for the day of its first start."""

_CONTACTS = schema.contacts.c
_WAITING = (
    select(*AS_DUE)
    .where(
        _CONTACTS.campaign_id == bindparam("campaign"),
        _CONTACTS.status == RowStatus.WAITING,
        _CONTACTS.id > bindparam("after"),
    )
    .order_by(_CONTACTS.id)
    .limit(bindparam("most"))
)
_OWN = select(schema.campaigns).where(schema.campaigns.c.id == bindparam("campaign"))
_LIMITED_BY_LIST = _WAITING.where(_CONTACTS.list_valid_until.is_not(None))
_CAMPAIGNS, _LATER = schema.campaigns.c, schema.campaigns.alias("later").c
# Older versions have kept a path twice: there the newer campaign is taken for the one that has written last.
_IS_OVERWRITTEN = exists().where(_LATER.output_path == _CAMPAIGNS.output_path, _LATER.id > _CAMPAIGNS.id)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A campaign of an earlier day whose result is to be written again.

    Mostly it is unfinished, and made from the same name with a date in it.
    """

    campaign_id: int
    name: str
    followed_by: str
    headers: tuple[str, ...]
    output_path: str | None
    """Where its latest run has written the result; None when unknown, or when another has written there."""
    waiting: int
    """Rows of it that still wait."""


def limited_rows(
    connection: Connection, campaign_id: int, *, after: int, all_are: bool, limit: int
) -> list[DueContact]:
    """As committed, by id: waiting rows whose time may be over, due or not.

    Args:
        after: The id behind which to look.
        all_are: Whether the campaign as a whole has an end, beside those that rows have of their own.
    """
    query = _WAITING if all_are else _LIMITED_BY_LIST
    rows = connection.execute(query, {"campaign": campaign_id, "after": after, "most": limit})
    return [DueContact.of(row) for row in rows]


def leftovers(connection: Connection, campaign_id: int) -> list[Leftover]:
    """Complete, the oldest first: what earlier days have left of campaigns with the same dated name.

    None for a campaign without a date in its name. A later day's campaign is no leftover of an earlier one.
    """
    own = connection.execute(_OWN, {"campaign": campaign_id}).one()
    return _leftovers(connection, own.name_pattern, own.started_at, own.name)


def leftovers_before(connection: Connection, name_pattern: str, name: str, now: datetime) -> list[Leftover]:
    """The same for a campaign of this name that would start now."""
    return _leftovers(connection, name_pattern, now, name)


def _leftovers(connection: Connection, pattern: str, started_at: datetime, name: str) -> list[Leftover]:
    if DATE not in pattern:
        return []
    waiting = (
        select(func.count())
        .select_from(schema.contacts)
        .where(_CONTACTS.campaign_id == _CAMPAIGNS.id, _CONTACTS.status == RowStatus.WAITING)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            _CAMPAIGNS.id,
            _CAMPAIGNS.name,
            _CAMPAIGNS.headers,
            _CAMPAIGNS.output_path,
            waiting.label("waiting"),
            _IS_OVERWRITTEN.label("is_overwritten"),
        )
        .where(
            _CAMPAIGNS.name_pattern == pattern,
            _CAMPAIGNS.finished_at.is_(None),
            _CAMPAIGNS.started_at < started_at,
            _CAMPAIGNS.name != name,
        )
        .order_by(_CAMPAIGNS.started_at)
    )
    return [
        Leftover(
            campaign_id=row.id,
            name=row.name,
            followed_by=name,
            headers=tuple(row.headers),
            output_path=None if row.is_overwritten else row.output_path,
            waiting=row.waiting,
        )
        for row in rows
    ]


def written_before(connection: Connection, campaign_ids: Collection[int]) -> list[Leftover]:
    """Complete: these campaigns, as far as it is known where their results were written."""
    rows = connection.execute(
        select(schema.campaigns)
        .where(_CAMPAIGNS.id.in_(campaign_ids), _CAMPAIGNS.output_path.is_not(None), ~_IS_OVERWRITTEN)
        .order_by(_CAMPAIGNS.id)
    )
    return [Leftover(row.id, row.name, "", tuple(row.headers), row.output_path, waiting=0) for row in rows]


def close_leftover(
    connection: Connection, leftover: Leftover, *, since: datetime, most: int, now: datetime
) -> int:
    """Whoever still waits in it is not called any more; rows with a call under way stay as they are.

    A row that a human has let wait again since the newer campaign began is left to them.

    Args:
        leftover: The older campaign.
        since: When the newer campaign was started.
        most: So many rows at a time.
        now: For the journal.

    Returns:
        How many rows became final.
    """
    events = schema.events.c
    is_wanted = exists().where(
        events.contact_id == _CONTACTS.id, events.event.like("review.%"), events.at >= since
    )
    rows = connection.execute(
        select(_CONTACTS.id, tries_of(_CONTACTS.id).label("tries"))
        .where(
            _CONTACTS.campaign_id == leftover.campaign_id, _CONTACTS.status == RowStatus.WAITING, ~is_wanted
        )
        .order_by(_CONTACTS.id)
        .limit(most)
    ).all()
    followed = f"campaign {leftover.name} was followed by {leftover.followed_by}"
    for row in rows:
        status = RowStatus.UNREACHED if row.tries else RowStatus.EXPIRED
        reason = f"tried, and not again: {followed}" if row.tries else f"not attempted: {followed}"
        moves.move_row(connection, row.id, to=status, now=now, reason=reason)
        moves.journal(
            connection,
            now,
            f"row.{status}",
            campaign_id=leftover.campaign_id,
            contact_id=row.id,
            detail=reason,
        )
    return len(rows)


def remember_output(connection: Connection, campaign_id: int, path: str) -> None:
    """Where a run writes the result, for later runs that add to it: there is no other campaign's any more."""
    connection.execute(
        update(schema.campaigns)
        .where(or_(_CAMPAIGNS.id == campaign_id, _CAMPAIGNS.output_path == path))
        .values(output_path=case((_CAMPAIGNS.id == campaign_id, path)))
    )
