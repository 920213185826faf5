"""Statements of a rehearsal, straight on the driver and the usual way."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Table, bindparam, insert, select, text
from sqlalchemy.exc import StatementError

from campaign.ledger import attempts, calls, campaigns, results, schema, waiting
from campaign.ledger.scratch import ScratchLedger
from campaign.models import Call, Disposition, RowStatus, TranscriptStatus
from tests.ledger.case import ANNA, BEN, CARA, people
from tests.support import NOON, nothing_left

AGAIN = 3
"""From its second run on a statement goes straight to the driver."""


class Usual(ScratchLedger):
    """A scratch ledger on which every statement takes the usual way."""

    def __init__(self) -> None:
        super().__init__()
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")


@pytest.fixture
def direct() -> Iterator[ScratchLedger]:
    """A scratch ledger."""
    with ScratchLedger() as ledger:
        yield ledger


def live_through(ledger: ScratchLedger) -> list[Any]:
    """A campaign in which one person after the other is called. Returns all that was read meanwhile."""
    start = partial(
        campaigns.start,
        name="spring",
        name_pattern="spring",
        agent_id="agt",
        intake=people(ANNA, BEN, CARA),
        now=NOON,
    )
    [campaign_id] = ledger.transact([start])
    seen: list[Any] = []
    for at, number in enumerate((ANNA, BEN, CARA)):
        due = ledger.read(waiting.due, campaign_id, NOON, skip=(), limit=9)
        [(attempt_id, _)] = outcome = ledger.transact(
            [
                partial(
                    attempts.record_intent,
                    contact_id=due[0].contact_id,
                    token=f"t{at}",
                    to_number=number,
                    from_number=CARA,
                    agent_id="agt",
                    now=NOON,
                )
            ]
        )
        call = Call(f"c{at}", "completed", has_ended=True, ended_at=NOON, messages=({"role": "user"},))
        outcome += ledger.transact(
            [
                partial(attempts.record_placed, attempt_id=attempt_id, call_ids=[call.id], now=NOON),
                partial(calls.record_ended, call=call, now=NOON),
                partial(
                    calls.record_settled,
                    call=call,
                    disposition=Disposition.ANSWERED,
                    transcript_status=TranscriptStatus.COMPLETE,
                    status=RowStatus.COMPLETED,
                    reason="",
                    not_before=None,
                    with_others=nothing_left,
                    now=NOON,
                    opt_out="said: stop" if at else "",
                ),
            ]
        )
        standing = ledger.read(waiting.standing, campaign_id=7, to_number=number, since=NOON)
        seen += [due, outcome, standing, ledger.read(calls.stored, call.id)]
        seen += [ledger.read(results.standing, campaign_id), ledger.read(attempts.doubts)]
        seen += [ledger.read(calls.known_ids, ["c0", "c1"])]
    ledger.transact([partial(campaigns.finish_settled, now=NOON)])
    return seen


def content(ledger: ScratchLedger) -> dict[str, list[Any]]:
    """Every row of every table, but for the migrations, which have their own time."""

    def rows(connection: Connection, table: Table) -> list[Any]:
        return list(connection.execute(table.select()).all())

    tables = [
        table for table in schema.metadata.sorted_tables if table.name not in ("migrations", "identity")
    ]
    return {table.name: ledger.read(rows, table) for table in tables}


def test_what_comes_of_statements_is_the_same(direct: ScratchLedger) -> None:
    """A campaign reads and leaves the same, whichever way its statements take."""
    with Usual() as usual:
        assert live_through(direct) == live_through(usual)
        left = content(direct)
        assert left == content(usual)
        assert len(left["calls"]) == 3


def test_a_piece_of_work_that_fails_leaves_its_neighbours_alone(direct: ScratchLedger) -> None:
    """What it has written is taken back, and the others stay."""
    write = insert(schema.suppression)

    def suppress(connection: Connection, number: str, *, fails: bool) -> None:
        connection.execute(write, {"to_number": number, "reason": "", "added_at": NOON})
        if fails:
            raise ValueError(number)

    for _ in range(AGAIN):
        outcomes = direct.transact(
            [
                partial(suppress, number="+1", fails=False),
                partial(suppress, number="+2", fails=True),
                partial(suppress, number="+3", fails=False),
            ]
        )
        assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
        assert [row[0] for row in content(direct)["suppression"]] == ["+1", "+3"]
        direct.transact([lambda connection: connection.execute(schema.suppression.delete())])


def test_a_value_that_is_missing_is_an_error_each_time(direct: ScratchLedger) -> None:
    """Nothing is taken for NULL because it was forgotten."""
    query = select(schema.contacts.c.id).where(schema.contacts.c.to_number == bindparam("number"))
    for _ in range(AGAIN):
        with pytest.raises(StatementError, match="number"):
            direct.read(lambda connection: connection.execute(query))


def test_what_is_no_query_takes_the_usual_way(direct: ScratchLedger) -> None:
    """Text and schema changes can be run as often as anything else."""
    query = text("SELECT count(*) FROM contacts")
    for _ in range(AGAIN):
        assert direct.read(lambda connection: connection.scalar(query)) == 0
