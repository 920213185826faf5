"""Canaries: made-up secrets and people, and the search for them in whatever form something wrote them.

Of a text only its letters and digits are compared, in lower case. So whatever an escape, a quotation, a
colour, a narrow window or a table puts between them hides nothing.
"""

import base64
import html
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pyarrow.parquet

PART = 12
"""So many characters of a secret in a row are as bad as all of it."""

_BETWEEN_DIGITS = r"[\s().\-/]{0,3}"
_FEWEST_DIGITS = 10
_COLOUR = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
_CODE = re.compile(rb"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_BLANK = re.compile(rb"\\+[nrt]")
_LOWER = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")
_OTHERS = bytes(byte for byte in range(256) if not chr(byte).isascii() or not chr(byte).isalnum())


@dataclass(frozen=True)
class Canary:
    """One text that must not be found where it does not belong."""

    label: str
    text: str = field(repr=False)
    is_secret: bool = False
    """Whether a part of it must not be found either."""

    @cached_property
    def forms(self) -> frozenset[bytes]:
        """Letters and digits of the text or of its parts: as it is, in base64 at any place, in hex."""
        whole = self.text.encode()
        parts = [whole]
        if self.is_secret and len(whole) > PART:
            parts = [whole[at : at + PART] for at in range(len(whole) - PART + 1)]
        encoded = {form for part in parts for form in (part.hex().encode(), *_in_base64(part))}
        # Punctuation is not compared, so the parts are cut from what is.
        plain = _bare(whole)
        if self.is_secret and len(plain) > PART:
            encoded |= {plain[at : at + PART] for at in range(len(plain) - PART + 1)}
        else:
            encoded.add(plain)
        return frozenset(map(_bare, encoded))

    @cached_property
    def digits(self) -> re.Pattern[bytes] | None:
        """A phone number without its plus and country code, with whatever people put between digits."""
        if not re.fullmatch(r"\+1\d{10}", self.text):
            return None
        return re.compile(_BETWEEN_DIGITS.join(self.text[-_FEWEST_DIGITS:]).encode())


def found_in(content: bytes, canaries: Sequence[Canary]) -> list[str]:
    """The labels of the canaries that are somewhere in the content, in any form."""
    return _found([content], canaries)


def found_in_file(path: Path, canaries: Sequence[Canary]) -> list[str]:
    """The same for a file, packed as it may be: archives, Parquet files and databases are opened as well."""
    return _found(list(_layers(path)), canaries)


def _found(layers: Sequence[bytes], canaries: Sequence[Canary]) -> list[str]:
    texts = [text for layer in layers for text in dict.fromkeys((layer, _plain(layer)))]
    bare = [_bare(text) for text in texts]
    return [
        canary.label
        for canary in canaries
        if any(form in text for form in canary.forms for text in bare)
        or (canary.digits is not None and any(canary.digits.search(text) for text in texts))
    ]


def _plain(content: bytes) -> bytes:
    """What a reader of the content makes of it, whichever of URL, XML, JSON, Python or a terminal that is."""
    content = _CODE.sub(
        lambda code: chr(int(code[1] or code[2], 16)).encode("utf-8", "replace"), unquote_to_bytes(content)
    )
    content = html.unescape(content.decode("latin-1")).encode("utf-8", "replace")
    return _BLANK.sub(b"", _COLOUR.sub(b"", content))


def _bare(content: bytes) -> bytes:
    """Only letters and digits, in lower case."""
    return content.translate(_LOWER, _OTHERS)


def _in_base64(data: bytes) -> Iterator[bytes]:
    """What base64 of any longer text has of it, whichever of the three places of a group it starts at."""
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * before + data).rstrip(b"=")
        yield encoded[unsure : len(encoded) - ((before + len(data)) % 3 != 0)]


def _layers(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif content.startswith(b"PAR1"):
        rows = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
        yield json.dumps(rows, default=str, ensure_ascii=False).encode()
    elif content.startswith(b"SQLite format 3\0"):
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        # Of a damaged database that which can be read.
        with closing(database), suppress(sqlite3.DatabaseError):
            yield from _tables(database)


def _tables(database: sqlite3.Connection) -> Iterator[bytes]:
    """Every value of every table. A long one lies in several pages of the file; here it is in one piece."""
    database.text_factory = bytes
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for name in (name.decode() for (name,) in names):
        cells: list[bytes] = []
        with suppress(sqlite3.DatabaseError):
            for row in database.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - a table of this very file
                cells += (cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
        yield b"\n".join(cells)
