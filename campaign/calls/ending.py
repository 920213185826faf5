"""Endings without a call: rows whose time is over, and what last night's campaign has left."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from campaign.calls import breaker
from campaign.calls.run import Run
from campaign.calls.start import confirm_clock
from campaign.ledger import ending, waiting
from campaign.ledger.ending import Leftover
from campaign.ledger.ledger import Connection
from campaign.ledger.waiting import DueContact
from campaign.logs import get_logger
from campaign.models import ZoneSource
from campaign.rules.gate import Verdict
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.rules.time_limits import VALID_UNTIL

log = get_logger(__name__)

BATCH_ROWS = 1_000
WriteLeftover = Callable[[Leftover], Awaitable[str | None]]
"""Writes the result of an older campaign again. Returns where it is; None when it could not be written."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What became of an older campaign's leftovers."""

    name: str
    rows: int
    """Rows that became final."""
    written_to: str | None
    """Its result file, when it was written again."""


async def end_overdue(run: Run) -> None:
    """Rows that may never be dialled any more become final, due or not, so that the result is.

    Not by a clock that was set, during the run or before it: whose time is over is known when it is right.
    """
    await breaker.check_clock(run)
    all_are = run.settings.valid_until is not None or run.settings.valid_for is not None
    after = 0
    while run.breaker.trusts_clock and (
        rows := await run.fetch(
            ending.limited_rows, run.campaign_id, after=after, all_are=all_are, limit=BATCH_ROWS
        )
    ):
        after = rows[-1].contact_id
        # Beside the event loop, as the zones' rules are read from disk when first needed.
        over = await run.fetch(_over, run, rows)
        if over and await confirm_clock(run):
            await run.commit(_end_all, run, over)
    if run.next_due is not None:
        # Without the rows that have ended it may be later, and never earlier.
        next_due = await run.fetch(waiting.next_due, run.campaign_id)
        run.next_due = max(run.next_due, next_due or run.next_due)


def _over(_connection: Connection, run: Run, rows: Sequence[DueContact]) -> list[tuple[DueContact, Verdict]]:
    now = run.now()
    verdicts = [(row, VALID_UNTIL.ask(_as_person(run, row), run.settings, now)) for row in rows]
    return [(row, verdict) for row, verdict in verdicts if _is_final(verdict)]


def _is_final(verdict: Verdict) -> bool:
    return not verdict.may_dial and verdict.not_before is None


def _as_person(run: Run, contact: DueContact) -> Person:
    """As far as the gate of time limits looks."""
    is_certain = contact.zone_source is not ZoneSource.NUMBER
    return Person(
        to_number=contact.to_number,
        whereabouts=Whereabouts(contact.time_zones, is_certain=is_certain),
        suppressed_because=None,
        recent_calls=(),
        not_before=contact.not_before,
        valid_until=contact.valid_until,
        tried_times=contact.tries,
        campaign_started_at=run.started_at,
    )


def _end_all(connection: Connection, run: Run, over: Sequence[tuple[DueContact, Verdict]]) -> None:
    for contact, verdict in over:
        waiting.hold(
            connection,
            contact.contact_id,
            status=verdict.status,
            reason=verdict.reason,
            now=run.now(),
            not_before=None,
        )


class Leftovers:
    """What earlier days have left of campaigns with the same dated name; nobody of it is dialled any more."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._found: list[Leftover] | None = None
        self._closed: dict[int, int] = {}

    @property
    def campaign_ids(self) -> set[int]:
        """Of the campaigns that have left something."""
        return {leftover.campaign_id for leftover in self._found or ()}

    async def close(self) -> None:
        """Whoever still waits in them becomes final. Calls and doubts are the business of their own tasks."""
        run = self._run
        if self._found is None:
            self._found = await run.fetch(ending.leftovers, run.campaign_id)
        # By a clock that was set, it may be no other night at all.
        for leftover in self._found if run.breaker.trusts_clock else ():
            closed = 0
            while rows := await run.commit(
                ending.close_leftover,
                leftover,
                since=run.started_at or run.now(),
                most=BATCH_ROWS,
                now=run.now(),
            ):
                closed += rows
            self._closed[leftover.campaign_id] = self._closed.get(leftover.campaign_id, 0) + closed
            if closed:
                log.warning(
                    "campaign.followed", campaign=leftover.name, by=leftover.followed_by, expired=closed
                )

    async def report(self, write: WriteLeftover | None) -> list[Closed]:
        """Write their results again, and say what was closed."""
        return [
            Closed(
                leftover.name,
                self._closed.get(leftover.campaign_id, 0),
                await write(leftover) if write is not None else None,
            )
            for leftover in self._found or ()
        ]
