"""What a row says of its own call: its time limits, its from number, and the agent that calls."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from campaign.contacts import problems
from campaign.contacts.problems import Problem
from campaign.settings import Moment, end_of, parse_moment, start_of

_REMEMBERED = 10_000
"""Lists repeat few times over and over."""
_AGENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
"""UUIDs and ids like `agt_abc123`; no documentation says what else there may be."""


@dataclass(frozen=True, slots=True)
class OwnColumns:
    """Where a row says it, as positions; None where the list has no such column."""

    not_before: int | None = None
    valid_until: int | None = None
    from_number: int | None = None
    agent_id: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the list says nothing of the kind."""
        return self == OwnColumns()


@dataclass(frozen=True, slots=True)
class Own:
    """What one row says."""

    not_before: datetime | None = None
    valid_until: datetime | None = None
    from_number: str | None = None
    agent_id: str | None = None


NOTHING = Own()


def read(cells: Sequence[str], where: OwnColumns, zones: tuple[str, ...]) -> Own:
    """What a row without a fault says, in the zones in which its person may be."""
    if where.is_empty:
        return NOTHING
    return Own(
        _start(_text(cells, where.not_before), zones),
        _end(_text(cells, where.valid_until), zones),
        _text(cells, where.from_number) or None,
        _text(cells, where.agent_id) or None,
    )


def objections(
    cells: Sequence[str], where: OwnColumns, zones: tuple[str, ...], pool: Collection[str] | None
) -> Iterator[tuple[Problem, int]]:
    """What is wrong with a row, each with the position of the column; nothing is guessed.

    Args:
        cells: All cells of the row.
        where: Positions among them.
        zones: Where the person may be.
        pool: The from numbers; None where nobody knows them.
    """
    unread = False
    for position in (where.not_before, where.valid_until):
        text = _text(cells, position)
        if position is not None and text and _moment(text) is None:
            unread = True
            yield problems.BAD_MOMENT, position
    from_number = _text(cells, where.from_number)
    if where.from_number is not None and from_number and pool is not None and from_number not in pool:
        yield problems.NOT_IN_POOL, where.from_number
    agent_id = _text(cells, where.agent_id)
    if where.agent_id is not None and agent_id and not _AGENT_ID.fullmatch(agent_id):
        yield problems.BAD_AGENT, where.agent_id
    if unread or where.valid_until is None:
        return
    start, end = _start(_text(cells, where.not_before), zones), _end(_text(cells, where.valid_until), zones)
    if start is not None and end is not None and start >= end:
        yield problems.NO_TIME_LEFT, where.valid_until


def is_moment(cell: str) -> bool:
    """Whether a cell is empty, or a date or time that can be read in one way."""
    text = cell.strip()
    return not text or _moment(text) is not None


def _text(cells: Sequence[str], position: int | None) -> str:
    return cells[position].strip() if position is not None else ""


@lru_cache(_REMEMBERED)
def _moment(text: str) -> Moment | None:
    try:
        return parse_moment(text)
    except ValueError:
        return None


@lru_cache(_REMEMBERED)
def _start(text: str, zones: tuple[str, ...]) -> datetime | None:
    moment = _moment(text) if text else None
    return start_of(moment, zones) if moment is not None else None


@lru_cache(_REMEMBERED)
def _end(text: str, zones: tuple[str, ...]) -> datetime | None:
    moment = _moment(text) if text else None
    return end_of(moment, zones) if moment is not None else None
