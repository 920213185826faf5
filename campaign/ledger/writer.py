"""The writer: one thread that owns one connection and commits what is pending as one transaction.

Many dials share one flush to disk, and nobody is answered before that flush is done.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from campaign.errors import LedgerError
from campaign.ledger import trouble
from campaign.ledger.generation import Generation, Mark

T = TypeVar("T")

MAX_BATCH = 200
MOST_TRIES = 5
"""A batch that the database undoes because of what others did at the same moment is tried so often."""


@dataclass(frozen=True, slots=True)
class _Work:
    do: Callable[[Connection], Any]
    answer: Future[Any]


class _Outcome(NamedTuple):
    work: _Work
    result: Any = None
    problem: BaseException | None = None


class Writer:
    """Runs pieces of work in the order they came in; a piece that fails does not disturb its neighbours."""

    def __init__(self, engine: Engine, generation: Generation | None = None) -> None:
        """Start the thread.

        Args:
            engine: The database. The writer takes one connection at a time.
            generation: Counts the commits, where the ledger is a file that may be copied.
        """
        self._engine = engine
        self._generation = generation
        self._pending: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._broken: LedgerError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    @property
    def has_failed(self) -> bool:
        """Whether a commit has failed, so that nothing is written any more."""
        return self._broken is not None

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Durable when answered: the future has a result only after the commit has reached the disk.

        The work may be done several times, of which the last is kept: after a deadlock it is done anew.
        After a failed commit the ledger is suspect, and every later piece of work fails too.
        """
        answer: Future[T] = Future()
        # A caller that stops waiting must not take its work back: what happened has to reach the disk.
        answer.set_running_or_notify_cancel()
        if self._closed:
            answer.set_exception(LedgerError("the ledger is closed"))
            return answer
        self._pending.put(_Work(work, answer))
        return answer

    def close(self) -> None:
        """Finish what was submitted, then end the thread."""
        self._closed = True
        self._pending.put(None)
        self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            batch: list[_Work] = []
            entry = self._pending.get()
            while entry is not None:
                batch.append(entry)
                if len(batch) == MAX_BATCH or self._pending.empty():
                    break
                entry = self._pending.get()
            last = entry is None
            if batch:
                self._commit(batch)

    def _commit(self, batch: list[_Work]) -> None:
        try:
            if self._broken is not None:
                raise self._broken
            outcomes, mark = self._transact(batch)
        except BaseException as error:
            failure = error if isinstance(error, LedgerError) else self._unwritable(trouble.in_words(error))
            self._broken = failure
            outcomes = [_Outcome(work, problem=failure) for work in batch]
        else:
            self._record(mark)
        for work, result, problem in outcomes:
            if problem is None:
                work.answer.set_result(result)
            else:
                work.answer.set_exception(problem)

    def _transact(self, batch: list[_Work]) -> tuple[list[_Outcome], Mark | None]:
        """Do the work of a batch in one transaction, and commit that. Raises when nothing of it is kept."""
        tries = 0
        while True:
            tries += 1
            try:
                return self._try(batch)
            except Exception as error:
                if tries == MOST_TRIES or not trouble.is_deadlock(error):
                    raise

    def _try(self, batch: list[_Work]) -> tuple[list[_Outcome], Mark | None]:
        mark: Mark | None = None
        with self._engine.connect() as connection, connection.begin() as transaction:
            if self._generation is not None:
                mark = self._generation.advance(connection)
            is_alone = len(batch) == 1
            fence = nullcontext if is_alone else connection.begin_nested
            outcomes = [_attempt(work, connection, fence()) for work in batch]
            has_failed_alone = is_alone and outcomes[0].problem is not None
            if not (transaction.is_valid and (has_failed_alone or _is_kept(connection))):
                raise self._unwritable("the database has given up what was to be written")
            if has_failed_alone:
                # It is undone with its transaction.
                transaction.rollback()
                # The witness never hears of a commit that was none: it would be ahead.
                mark = None
        return outcomes, mark

    def _record(self, mark: Mark | None) -> None:
        """Tell the witness. If that fails, this batch is on disk all the same; the next one is not tried."""
        if self._generation is None or mark is None:
            return
        try:
            self._generation.record(mark)
        except LedgerError as error:
            self._broken = error

    def _unwritable(self, why: str) -> LedgerError:
        cure = (
            ", and the ledger is suspect: mend the disk and run again, which checks the ledger first"
            if self._generation is not None
            else ": run again when the database works"
        )
        return LedgerError(f"the ledger cannot be written ({why}); nothing more is dialled{cure}")


def _attempt(work: _Work, connection: Connection, fence: AbstractContextManager[object]) -> _Outcome:
    """What comes of one piece of work, or the error that is its own fault. Database trouble is raised.

    Args:
        work: The piece.
        connection: In a transaction.
        fence: Undoes what the piece has done when it fails; where there is none, the caller has to.
    """
    try:
        with fence:
            return _Outcome(work, work.do(connection))
    except Exception as error:
        if trouble.is_of_database(error):
            raise
        return _Outcome(work, problem=error)


def _is_kept(connection: Connection) -> bool:
    """Whether the database will keep what was done in the transaction that it has.

    It may have given it up by itself, after an error of which the work has made nothing. To commit it then
    raises nothing, and keeps nothing.
    """
    driver: Any = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return driver.in_transaction
    # After an error PostgreSQL keeps nothing. It is idle where the work has run no statement.
    return driver.info.transaction_status.name in ("INTRANS", "IDLE")
