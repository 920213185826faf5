"""What a database error means, in words for the operator."""

from collections.abc import Mapping

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

_WORDS = {
    "SQLITE_BUSY": "another program has held it for too long",
    "SQLITE_CANTOPEN": "it or a file beside it cannot be opened",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_FULL": "disk full",
    "SQLITE_IOERR": "disk I/O error",
    "SQLITE_IOERR_FSYNC": "disk I/O error: a flush failed",
    "SQLITE_IOERR_WRITE": "disk I/O error: a write failed, perhaps over a quota or a limit on file sizes",
    "SQLITE_NOTADB": "the file is not a database",
    "SQLITE_READONLY": "it is read-only",
}

_CURES = {
    "SQLITE_BUSY": "look again when that program has ended",
    "SQLITE_CORRUPT": "put back its newest backup, and run with --accept-ledger once",
    "SQLITE_FULL": "make room on its disk",
    "SQLITE_IOERR": "mend its disk",
    "SQLITE_NOTADB": "name the ledger itself, with --ledger or CAMPAIGN_LEDGER",
}


def is_of_database(error: BaseException) -> bool:
    """Whether the database has failed, and not just the piece of work that raised this."""
    return isinstance(error, DBAPIError) and not isinstance(
        error, DataError | IntegrityError | ProgrammingError
    )


def is_deadlock(error: BaseException) -> bool:
    """Whether PostgreSQL has undone a transaction because it and another one waited for each other.

    Source: its manual, appendix A: error code 40P01.
    """
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "40P01"


def in_words(error: BaseException) -> str:
    """One line: the trouble with the disk where it is known, else what the database says."""
    cause, name = _named(error, _WORDS)
    return _WORDS.get(name) or next(iter(str(cause).splitlines()), "") or type(cause).__name__


def cure(error: BaseException, *, is_file: bool) -> str:
    """What to do when a ledger cannot be looked at, be it a file or a database server."""
    _, name = _named(error, _CURES)
    if name in _CURES:
        return _CURES[name]
    return "let this user read and write it" if is_file else "see that the server runs and takes this user"


def with_cure(error: BaseException, *, is_file: bool) -> str:
    """What has gone wrong, and what to do."""
    return f"{in_words(error)}; {cure(error, is_file=is_file)}"


def _named(error: BaseException, known: Mapping[str, str]) -> tuple[BaseException, str]:
    """What has gone wrong, and its name in SQLite as far as these names are known."""
    name = ""
    cause = getattr(error, "orig", None) or error
    earlier: BaseException | None = error
    while earlier is not None:
        # The first error of the chain says most: the clean-up after it may have failed as well.
        if hasattr(earlier, "sqlite_errorname"):
            cause, name = earlier, earlier.sqlite_errorname
        earlier = earlier.__context__
    while name not in known and "_" in name:
        name = name.rpartition("_")[0]
    return cause, name
