"""Text of a list: its encoding is marked, UTF-8, or named by the operator, and never guessed.

Text comes as blocks of whole lines. A line ends at CR LF, LF or CR and nowhere else, and its end is kept:
other characters that look like line ends (U+2028) belong to a cell.
"""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass

from campaign.contacts.files import limits
from campaign.contacts.files.source import ReadOptions, Source
from campaign.errors import ListError, UsageError

_BLOCK_BYTES = 1 << 16
_SAMPLE_BYTES = 4096
_DOS_END = "\x1a"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # starts like the mark of UTF-16 LE, so it is looked for first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_NOT_OF_FILES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "charmap"})


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a list become text."""

    codec: str
    """A name that Python knows."""
    mark_bytes: int = 0
    """How many bytes the byte order mark at the start takes."""


def marked(head: bytes) -> Encoding | None:
    """The encoding that a byte order mark names, if there is one. Some programs write the mark twice."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, len(mark) * (1 + head.startswith(mark, len(mark))))
    return None


def unmarked_utf16(head: bytes) -> str | None:
    """The kind of UTF-16 that bytes without a mark look like: digits and commas are half NUL in it."""
    pairs = len(head) // 2
    for codec, zeros, others in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if zeros.count(0) > pairs // 4 and others.count(0) <= pairs // 16:
            return codec
    return None


def encoding_of(source: Source, options: ReadOptions) -> Encoding:
    """Decide how to decode a list: as the operator says, else by its mark, else as UTF-8.

    Raises:
        UsageError: Python knows no text encoding by the name that the operator gave.
        ListError: The mark is one of UTF-32 or contradicts the operator, or this looks like unmarked UTF-16.
    """
    named = _named_codec(options.encoding) if options.encoding is not None else None
    source.file.seek(0)
    head = source.file.read(_SAMPLE_BYTES)
    by_mark = marked(head)
    if by_mark is None:
        return _unmarked(source, head, named)
    if by_mark.codec.startswith("utf-32"):
        raise ListError(f"{source.name}: this is UTF-32 text; save it as CSV (UTF-8)")
    if named and not by_mark.codec.startswith(named):
        raise ListError(
            f"{source.name}: the byte order mark says {by_mark.codec}, but --encoding says "
            f"{options.encoding}; leave --encoding out"
        )
    return by_mark


def _named_codec(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
        "a".encode(codec)
    except (LookupError, ValueError) as error:
        raise _unknown(name) from error
    if codec in _NOT_OF_FILES:
        raise _unknown(name)
    return codec.removesuffix("-sig")


def _unknown(name: str) -> UsageError:
    return UsageError(
        f"--encoding {name!a}: no text encoding has this name; give one that Python knows, such as cp1252"
    )


def _unmarked(source: Source, head: bytes, named: str | None) -> Encoding:
    if named in ("utf-16", "utf-32"):
        raise ListError(
            f"{source.name}: there is no byte order mark, so say the order too: "
            f"--encoding {named}-le or {named}-be"
        )
    if named:
        return Encoding(named)
    codec = unmarked_utf16(head)
    if codec:
        raise ListError(
            f"{source.name}: this looks like UTF-16 text without a byte order mark; "
            f"save it as CSV (UTF-8), or pass --encoding {codec}"
        )
    return Encoding("utf-8")


def blocks(source: Source, encoding: Encoding) -> Iterator[str]:
    """Decode a list from its first byte, in blocks of whole lines. Only the very last line may lack its end.

    A DOS end-of-file character (U+001A) at the very end is dropped.

    Raises:
        ListError: Bytes that the encoding does not have, or a line that is too long; with line and column.
    """
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    source.file.seek(encoding.mark_bytes)
    line, rest, ended = 1, "", False
    while not ended:
        chunk = source.file.read(_BLOCK_BYTES)
        ended = not chunk
        try:
            text = rest + decoder.decode(chunk, ended)
        except UnicodeDecodeError as error:
            raise _undecodable(source, encoding, error, line, rest) from error
        if ended:
            cut = len(text) - text.endswith(_DOS_END)
        else:
            # A CR at the end is kept back: its LF may follow.
            cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        block, rest = text[:cut], text[cut:]
        if len(text) > limits.LINE_CHARACTERS:
            _check_length(source, text, line)
        if block:
            yield block
            line += breaks(block)


def lines(source: Source, encoding: Encoding) -> Iterator[str]:
    """Decode a list from its first byte, line by line, with the line ends. Errors are those of `blocks`."""
    for block in blocks(source, encoding):
        yield from lines_of(block)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, with their ends."""
    return io.StringIO(text, newline="")


def breaks(text: str) -> int:
    """How many line ends are in a text."""
    returns = text.count("\r")
    return text.count("\n") + (returns - text.count("\r\n") if returns else 0)


def _check_length(source: Source, text: str, line: int) -> None:
    for number, content in enumerate(lines_of(text), start=line):
        if len(content.rstrip("\r\n")) > limits.LINE_CHARACTERS:
            raise ListError(
                f"{source.name}: line {number} is longer than {limits.LINE_CHARACTERS:,} characters, "
                "so this is no contact list; end each row with a line end"
            )


def _undecodable(
    source: Source, encoding: Encoding, error: UnicodeDecodeError, line: int, rest: str
) -> ListError:
    before = rest + error.object[: error.start].decode(encoding.codec, "replace")
    column = len(before) - max(before.rfind("\n"), before.rfind("\r"))
    cure = (
        "name its encoding, for example --encoding cp1252"
        if encoding.codec == "utf-8"
        else "pass another --encoding"
    )
    return ListError(
        f"{source.name}: line {line + breaks(before)}, character {column}: "
        f"byte 0x{error.object[error.start]:02X} is not {encoding.codec} text; "
        f"save the list as CSV (UTF-8), or {cure}"
    )
