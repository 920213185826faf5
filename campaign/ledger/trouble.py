"""What a database error means, in words for the operator."""

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


def is_of_database(error: BaseException) -> bool:
    """Whether the database has failed, and not just the piece of work that raised this."""
    return isinstance(error, DBAPIError) and not isinstance(
        error, DataError | IntegrityError | ProgrammingError
    )


def in_words(error: BaseException) -> str:
    """One line: the trouble with the disk where it is known, else what the database says."""
    name = ""
    cause = getattr(error, "orig", None) or error
    earlier: BaseException | None = error
    while earlier is not None:
        # The first error of the chain says most: the clean-up after it may have failed as well.
        if hasattr(earlier, "sqlite_errorname"):
            cause, name = earlier, earlier.sqlite_errorname
        earlier = earlier.__context__
    while name not in _WORDS and "_" in name:
        name = name.rpartition("_")[0]
    return _WORDS.get(name) or next(iter(str(cause).splitlines()), "") or type(cause).__name__
