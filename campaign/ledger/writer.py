"""The writer: one thread that owns one connection and commits what is pending as one transaction.

Many dials share one flush to disk, and nobody is answered before that flush is done.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError

from campaign.errors import LedgerError

T = TypeVar("T")

MAX_BATCH = 200

# All other errors, a broken constraint for one, are the fault of the piece of work that raised them.
_DATABASE_TROUBLE = (InterfaceError, InternalError, OperationalError)


@dataclass(frozen=True, slots=True)
class _Work:
    do: Callable[[Connection], Any]
    answer: Future[Any]


class Writer:
    """Runs pieces of work in the order they came in; a piece that fails does not disturb its neighbours."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pending: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._broken: LedgerError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Durable when answered: the future has a result only after the commit has reached the disk.

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
        outcomes: list[tuple[_Work, Any, BaseException | None]] = []
        try:
            if self._broken is not None:
                raise self._broken
            with self._engine.begin() as connection:
                for work in batch:
                    try:
                        with connection.begin_nested():
                            result = work.do(connection)
                    except _DATABASE_TROUBLE:
                        raise
                    except Exception as error:
                        outcomes.append((work, None, error))
                    else:
                        outcomes.append((work, result, None))
        except BaseException as error:
            failure = error if isinstance(error, LedgerError) else _unwritable(error)
            self._broken = failure
            outcomes = [(work, None, failure) for work in batch]
        for work, result, problem in outcomes:
            if problem is None:
                work.answer.set_result(result)
            else:
                work.answer.set_exception(problem)


def _unwritable(error: BaseException) -> LedgerError:
    cause = getattr(error, "orig", None) or error
    text = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    kind = "database" if isinstance(error, SQLAlchemyError) else type(error).__name__
    return LedgerError(f"the ledger cannot be written ({kind}: {text}); nothing more is dialled")
