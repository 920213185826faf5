"""Addresses: what holds for every URL that an operator writes. In the clear nothing leaves this machine."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine."""

_NAMES = {"@": "user, password or @", "#": "#", "{": "braces", "?": "query"}


def checked_url(value: object, *, like: str, without: Collection[str] = "@#") -> str:
    """The same URL, when it is https, or http on this machine.

    Args:
        value: What was written.
        like: What it should look like.
        without: Characters that may not stand in it, of `@#{?`.

    Raises:
        ValueError: It is none, with what would be right. Nothing of it is repeated, as it may hold a secret.
    """
    wrong = f"not a URL; write it like {like}"
    # urlsplit drops white space and empty parts without a word.
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]+", value) or "\\" in value:
        raise ValueError(wrong)
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(wrong) from None
    if not host:
        raise ValueError(wrong)
    if found := [_NAMES[character] for character in without if character in value]:
        raise ValueError(f"it may have no {' and no '.join(found)}; write it like {like}")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        raise ValueError(f"must be https (plain http only on this machine); write it like {like}")
    return value
