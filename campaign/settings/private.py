"""Secrets that come from outside: from a file that only its owner can use, or from the environment."""

import os
import re
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from campaign.errors import CampaignError, ConfigError, InputMissingError
from campaign.logs import hide

MOST_CHARACTERS = 4096
FEWEST_CHARACTERS = 6
"""A shorter one could not be kept out of what is printed."""

# As Linux has it (posix_acl_xattr.h): a version, then entries of a tag, rights, and the id of whose they are.
_ACCESS_LIST = "system.posix_acl_access"
_VERSION_2 = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _MASK = 1, 2, 16


def read_private(path: Path, what: str, refused: Callable[[str], CampaignError]) -> str:
    """The beginning of a text file that only its owner can use, or we alone beside them.

    Args:
        path: The file.
        what: What it is called in errors.
        refused: Makes the error that is raised when the file is missing, open to others, or no text.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if _is_open_to_others(file.fileno()):
                raise refused(f"{what} {path}: others can read it; run chmod 600 {path}")
            return file.read(MOST_CHARACTERS)
    except OSError as error:
        raise refused(f"{what} {path}: {error.strerror}; name a file that only you can read") from error
    except UnicodeDecodeError as error:
        raise refused(f"{what} {path}: this is not a text file; put the secret alone into it") from error


def _is_open_to_others(file: int) -> bool:
    """Whether anybody beside its owner and us can use a file that is open."""
    mode = os.fstat(file).st_mode
    if mode & stat.S_IRWXO:
        return True
    return bool(mode & stat.S_IRWXG) and not _is_shared_with_us_alone(file)


def _is_shared_with_us_alone(file: int) -> bool:
    """Whether the group bits are those of an access list that lets us use the file, and nobody else.

    So systemd hands what `LoadCredential=` names to the user of a unit.
    """
    if sys.platform != "linux":
        return False
    try:
        found = os.getxattr(file, _ACCESS_LIST)
    except OSError:
        return False
    version, entries = found[: len(_VERSION_2)], found[len(_VERSION_2) :]
    if version != _VERSION_2 or len(entries) % _ENTRY.size:
        return False
    granted = [(tag, whose) for tag, rights, whose in _ENTRY.iter_unpack(entries) if rights]
    us = (_USER, os.geteuid())
    return us in granted and all(tag in (_OWNER, _MASK) or (tag, whose) == us for tag, whose in granted)


def secret_from_file(path: Path) -> SecretStr:
    """The secret in a file. Raises InputMissingError when it is not there, ConfigError when it is none."""
    if not path.exists():
        raise InputMissingError(
            f"secret file {path}: No such file or directory; name a file that only you can read"
        )
    return checked_secret(read_private(path, "secret file", ConfigError), f"secret file {path}")


def secret_from_environment(name: str) -> SecretStr:
    """The secret in an environment variable. Raises ConfigError when there is none.

    What is no name may be the secret itself, so it is not repeated.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name not in os.environ:
        raise ConfigError(
            "--secret-env: there is no such environment variable; give the name of one, not the secret itself"
        )
    return checked_secret(os.environ[name], f"environment variable {name}")


def checked_secret(text: str, where: str) -> SecretStr:
    """The secret, which no log and no error repeats from now on. Raises ConfigError when it cannot be one."""
    secret = text.strip()
    if not secret:
        raise ConfigError(f"{where}: it is empty; put the secret into it")
    if not secret.isprintable():
        raise ConfigError(f"{where}: it has several lines or control characters; copy the secret again")
    if len(text) >= MOST_CHARACTERS:
        raise ConfigError(f"{where}: this is too long for a secret; copy nothing else")
    if len(secret) < FEWEST_CHARACTERS:
        raise ConfigError(f"{where}: this is too short for a secret; copy all of it")
    hide(secret)
    return SecretStr(secret)
