"""The check-up of a SQLite ledger whose last run was killed or could not write."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from campaign.errors import LedgerError, NotFinishedError
from campaign.ledger import trouble
from campaign.logs import get_logger

log = get_logger(__name__)

READER_PATIENCE_S = 120.0
_PAUSE_S = 5.0


def check_up(
    engine: Engine,
    path: Path,
    *,
    patience_s: float = READER_PATIENCE_S,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Write again what may never have reached the disk, and look at every page. The run lock is held.

    After a flush that failed, pages may stand in the kernel's memory as if they had been written, and the
    next flush says that all is well. Moving them from the log into the database makes new writes of them.
    It reads the whole file: 100,000 people take less than a second.

    Args:
        engine: Of the ledger.
        path: Of the ledger, for the operator.
        patience_s: How long to wait for other programs that read it, in seconds.
        pause: Waits for so many seconds.
        clock: Seconds that have passed.

    Raises:
        LedgerError: The ledger is damaged, or still cannot be written.
        NotFinishedError: Another program has not ended reading it.
    """
    try:
        # Not through a transaction of the engine: within one there is no checkpoint.
        with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            until = clock() + patience_s
            while _is_busy(cursor):
                if clock() >= until:
                    raise NotFinishedError(
                        f"ledger {path}: the last run was cut off, and it cannot be checked while another "
                        "program reads it; run again when that has ended"
                    )
                log.info("ledger.waits", reason="another program reads it")
                pause(_PAUSE_S)
            cursor.execute("PRAGMA integrity_check(1)")
            (found,) = cursor.fetchone() or ("nothing",)
    except (DBAPIError, engine.dialect.dbapi.Error) as error:  # type: ignore[union-attr]
        raise _refusal(path, trouble.in_words(error)) from error
    if found != "ok":
        raise _refusal(path, str(found).splitlines()[-1])


def _is_busy(cursor: DBAPICursor) -> bool:
    """Move the log into the database, unless another program reads that log."""
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    is_busy, *_ = cursor.fetchone() or (0,)
    return bool(is_busy)


def _refusal(path: Path, found: str) -> LedgerError:
    return LedgerError(
        f"ledger {path}: the last run was cut off, and the check after it failed ({found}); "
        "nobody was called. Mend the disk and run again, or put the newest whole copy back and run once with "
        "--accept-ledger"
    )
