"""A secret that OneInbox tells once: its file is there before it is asked for, and gone when none came."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaign.errors import OutputError, UsageError


@dataclass(slots=True)
class Place:
    """A new, empty file that only its owner can use."""

    path: Path
    descriptor: int
    has_secret: bool = False

    def keep(self, secret: str) -> None:
        """Durable when it returns. Raises OutputError, which says that the secret is lost."""
        try:
            with os.fdopen(os.dup(self.descriptor), "w", encoding="utf-8") as file:
                file.write(secret + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(
                f"--keep-secret {self.path}: {error.strerror}; the webhook is registered and its secret is "
                "lost: remove it and add it again"
            ) from error
        self.has_secret = True


@contextmanager
def reserved(path: Path | None) -> Iterator[Place | None]:
    """The file that `--keep-secret` names, for the length of the block; None when it names none.

    It stays only with a secret in it.

    Raises:
        UsageError: There is such a file.
        OutputError: It cannot be made.
    """
    if path is None:
        yield None
        return
    place = Place(path, _made(path))
    try:
        yield place
    finally:
        os.close(place.descriptor)
        if not place.has_secret:
            path.unlink(missing_ok=True)


def _made(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UsageError(f"--keep-secret {path}: there is such a file; name a new one") from error
    except OSError as error:
        raise OutputError(
            f"--keep-secret {path}: {error.strerror}; nothing was registered, name another file"
        ) from error
