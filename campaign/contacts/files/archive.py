"""The zip archive of a workbook, inspected before anything in it is trusted, and its parts of XML."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Protocol
from xml.parsers import expat

from campaign.contacts.files.bounds import Bounds, megabytes
from campaign.contacts.files.naming import quoted
from campaign.errors import ListError

BLOCK = 1 << 18
_TAG_BYTES = 1_000_000
"""Of one tag with its attributes. The parser holds it whole, and looks at it anew with every block."""
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, NotImplementedError
)  # fmt: skip
"""What the libraries raise for an archive that is broken or of an unusual kind."""
DAMAGED = "the workbook is damaged; open it in a spreadsheet program and save it again as .xlsx or CSV"
OLD_OR_LOCKED = "an old .xls workbook, or one with a password; save it as .xlsx without a password"

_COMPOUND_FILE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = 1
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_LOCAL_SIGNATURE = b"PK\x03\x04"


class Handler(Protocol):
    """What takes the events of one XML part. Names are `namespace name`, or `name` without a namespace."""

    def start(self, name: str, attributes: dict[str, str], /) -> None:
        """An element begins."""

    def end(self, name: str, /) -> None:
        """An element ends."""

    def text(self, data: str, /) -> None:
        """Character data, in pieces."""


class Archive:
    """A workbook's parts by name, all of them within the bounds."""

    def __init__(self, file: IO[bytes], bounds: Bounds) -> None:
        """Inspect the archive. Every part is inflated once, since the sizes in the directory may lie.

        Raises:
            ListError: It is no zip file, is damaged or locked, or unpacks to more than the bounds allow.
        """
        self._file = file
        self._bounds = bounds
        try:
            self._zip = zipfile.ZipFile(file)
        except (*_UNREADABLE, ValueError) as error:
            file.seek(0)
            locked = file.read(len(_COMPOUND_FILE)) == _COMPOUND_FILE
            raise ListError(OLD_OR_LOCKED if locked else DAMAGED) from error
        self._inspect(self._zip.infolist())
        self._parts = {_folded(part.filename): part for part in self._zip.infolist()}
        self.names = frozenset(self._parts)
        """The names of all parts, in lower case and with slashes."""

    def holds(self, name: str) -> bool:
        """Whether there is such a part; neither letter case nor the kind of slash makes another."""
        return _folded(name) in self._parts

    def read(self, name: str, limit: int = 1_000) -> bytes:
        """The first bytes of a part; none when there is no such part.

        Raises:
            ListError: It is damaged.
        """
        if not self.holds(name):
            return b""
        try:
            with self._zip.open(self._parts[_folded(name)]) as stream:
                return stream.read(limit)
        except _UNREADABLE as error:
            raise ListError(f"{DAMAGED} ({quoted(name)})") from error

    def walk(self, name: str, handler: Handler) -> Iterator[None]:
        """Parse a part of XML block by block. Stops where the caller stops.

        Raises:
            ListError: There is no such part, it is not XML, it declares entities, or a tag is endless.
        """
        if not self.holds(name):
            raise ListError(f"{DAMAGED} (it lacks {quoted(name)})")
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            with self._zip.open(self._parts[_folded(name)]) as stream:
                fed = 0
                while block := stream.read(BLOCK):
                    parser.Parse(block, False)
                    fed += len(block)
                    if fed - parser.CurrentByteIndex > _TAG_BYTES:
                        raise ListError(f"{DAMAGED} ({quoted(name)} holds a tag without an end)")
                    yield
                parser.Parse(b"", True)
                yield
        except expat.ExpatError as error:
            if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
                raise MemoryError from error
            raise ListError(f"{DAMAGED} ({quoted(name)}, line {error.lineno})") from error
        except _UNREADABLE as error:
            raise ListError(f"{DAMAGED} ({quoted(name)})") from error

    def parse(self, name: str, handler: Handler) -> None:
        """Parse a whole part of XML; errors as for `walk`."""
        for _ in self.walk(name, handler):
            pass

    def _inspect(self, parts: list[zipfile.ZipInfo]) -> None:
        bounds = self._bounds
        if len(parts) > bounds.parts:
            raise ListError(
                f"it holds {len(parts):,} parts, more than {bounds.parts:,}; save the list as CSV instead"
            )
        total, seen = 0, set()
        for part in parts:
            if part.flag_bits & _ENCRYPTED:
                raise ListError("protected with a password; remove the password and save it again")
            folded = _folded(part.filename)
            if folded in seen:
                raise ListError(f"the part {quoted(part.filename)} occurs twice; {DAMAGED}")
            seen.add(folded)
            total += self._unpacked_size(part)
            if total > bounds.unpacked_bytes:
                raise ListError(
                    f"unpacked it is larger than {megabytes(bounds.unpacked_bytes)}; "
                    "save the list as CSV instead"
                )

    def _unpacked_size(self, part: zipfile.ZipInfo) -> int:
        """The bytes that a part really inflates to."""
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ListError(f"the part {quoted(part.filename)} is packed in an unusual way; {DAMAGED}")
        size = 0
        try:
            for length in self._inflated_lengths(part):
                size += length
                self._check_size(part, size)
        except _UNREADABLE as error:
            raise ListError(f"{DAMAGED} ({quoted(part.filename)})") from error
        if size != part.file_size:
            raise ListError(
                f"the part {quoted(part.filename)} has another size than the archive says; {DAMAGED}"
            )
        return size

    def _check_size(self, part: zipfile.ZipInfo, size: int) -> None:
        bounds = self._bounds
        if size > bounds.part_bytes:
            raise ListError(
                f"its part {quoted(part.filename)} unpacks to more than {megabytes(bounds.part_bytes)}; "
                "save the list as CSV instead"
            )
        if size > bounds.ratio_from and size > bounds.ratio * part.compress_size:
            raise ListError(
                f"its part {quoted(part.filename)} unpacks to more than {bounds.ratio} times its size, "
                "as no contact list does; save the list as CSV instead"
            )

    def _inflated_lengths(self, part: zipfile.ZipInfo) -> Iterator[int]:
        self._file.seek(part.header_offset)
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(self._file.read(_LOCAL_HEADER.size))
        if signature != _LOCAL_SIGNATURE:
            raise EOFError
        self._file.seek(name_length + extra_length, 1)
        left = part.compress_size
        if part.compress_type == zipfile.ZIP_STORED:
            yield left
            return
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        while left and not inflate.eof:
            block = self._file.read(min(BLOCK, left))
            if not block:
                raise EOFError
            left -= len(block)
            while block and not inflate.eof:
                yield len(inflate.decompress(block, BLOCK))
                block = inflate.unconsumed_tail
        while not left and not inflate.eof:
            # The last of the input can have been taken while the output was still held back.
            rest = inflate.decompress(b"", BLOCK)
            if not rest:
                raise EOFError
            yield len(rest)
        if left:
            raise EOFError


def _folded(name: str) -> str:
    return name.replace("\\", "/").casefold()


def _refuse_doctype(*_: object) -> None:
    raise ListError("it declares XML entities, as no spreadsheet program does; save the list as CSV instead")
