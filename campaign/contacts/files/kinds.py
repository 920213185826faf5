"""The kind of a list file, by its content. Its name says nothing: many files are renamed, not converted."""

import re
import struct
import zipfile
import zlib
from typing import IO

from campaign.contacts.files import limits
from campaign.contacts.files.decoding import marked, unmarked_utf16
from campaign.contacts.files.source import Source
from campaign.errors import ListError

_HEAD_BYTES = 4096
_BLOCK_BYTES = 1 << 20
_DIRECTORY_BYTES = 1 << 20
"""The directory of a workbook takes a few kilobytes."""
_MIMETYPE_BYTES = 100
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PARQUET = b"PAR1"
_SAVE = "save the list as .xlsx or CSV (UTF-8)"
_UNPACK = "unpack it and pass the list that is in it"

_FOREIGN = (
    (b"%PDF-", f"a PDF document; {_SAVE} where it was made"),
    (b"\x1f\x8b", f"a gzip file; {_UNPACK}"),
    (b"BZh91AY&SY", f"a bzip2 file; {_UNPACK}"),
    (b"\xfd7zXZ\0", f"an xz file; {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"a zstd file; {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive; {_UNPACK}"),
    (b"{\\rtf", f"an RTF document; {_SAVE}"),
    (b"\x89PNG\r\n", f"a PNG image; {_SAVE}"),
    (b"\xff\xd8\xff", f"a JPEG image; {_SAVE}"),
    (b"GIF89a", f"a GIF image; {_SAVE}"),
    (b"SQLite format 3\0", "an SQLite database; export the table as CSV (UTF-8)"),
    (b"PARE\x15", "an encrypted Parquet file; save it without encryption"),
)
_PARTS = (
    ("xl/vbaproject.bin", "a workbook with macros (.xlsm); save it as .xlsx"),
    ("xl/workbook.bin", "a binary workbook (.xlsb); save it as .xlsx"),
    ("encrypted-package", "a document with a password; save it without a password"),
    ("word/", f"a text document (.docx); {_SAVE}"),
    ("ppt/", f"a presentation (.pptx); {_SAVE}"),
    ("index/document.iwa", "an Apple Numbers or Pages document; export it as .xlsx or CSV (UTF-8)"),
)
_MARKUP = re.compile(r"<(\?xml|!--|!doctype|(html|head|body|table|meta|workbook)\b|[a-z][^<>]*>\s*<)", re.I)
_JSON_ARRAY = re.compile(r'\[\s*([\[{"\]\d-]|\Z)')
_JSON_OBJECT = re.compile(r"\{(?!\{)")
_STRAY_CONTROLS = 8
"""So many control characters may be in text, where its reader finds them; when it is also one in eight of all
characters, this is no text."""
_CONTROL = re.compile("[\0-\x08\x0e-\x1f]")


def kind_of(source: Source) -> str:
    """Say what a list is: `xlsx`, `ods`, `parquet`, `jsonl` or `csv`. Its file is left at the first byte.

    Text that cannot be decoded or read may still be `csv`: the reader says what is wrong with it.

    Raises:
        ListError: It is anything else, or a workbook or Parquet file that is too large.
    """
    source.file.seek(0)
    try:
        kind = _kind(source, source.file.read(_HEAD_BYTES))
    finally:
        source.file.seek(0)
    if kind in ("xlsx", "ods", "parquet") and source.size > limits.BINARY_BYTES:
        raise ListError(
            f"{source.name}: larger than {limits.BINARY_BYTES // 1_000_000} MB; save the list as CSV (UTF-8)"
        )
    return kind


def _kind(source: Source, head: bytes) -> str:
    for start, what in _FOREIGN:
        if head.startswith(start):
            raise _refused(source, what)
    if head.startswith(_COMPOUND_FILE):
        raise _refused(source, _compound(source))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(source)
    if head.startswith(_PARQUET):
        source.file.seek(-len(_PARQUET), 2)
        if source.size > 2 * len(_PARQUET) and source.file.read() == _PARQUET:
            return "parquet"
        if _CONTROL.search(head.decode("latin-1")):
            raise _refused(source, "a Parquet file that lacks its end; copy it again")
    return _text_kind(source, head)


def _refused(source: Source, what: str) -> ListError:
    return ListError(f"{source.name}: this is {what}")


def _compound(source: Source) -> str:
    """What is in the container that old Office files and encrypted new ones have in common."""
    source.file.seek(0)
    before = b""
    while block := source.file.read(_BLOCK_BYTES):
        if _ENCRYPTED in before + block:
            return "a workbook with a password; remove the password and save it as .xlsx"
        before = block[-len(_ENCRYPTED) :]
    return f"an old Office file, such as .xls; {_SAVE}"


class _Directory:
    """A zip file that gives no more at once than the directory of a workbook takes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _DIRECTORY_BYTES:
            raise zipfile.BadZipFile
        return self._file.read(size if size >= 0 else _DIRECTORY_BYTES)


def _zipped(source: Source) -> str:
    try:
        with zipfile.ZipFile(_Directory(source.file)) as archive:
            names = {name.replace("\\", "/").casefold() for name in archive.namelist()}
            mimetype = _mimetype(archive) if "mimetype" in names else b""
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        ValueError,
        OSError,
        EOFError,
        RuntimeError,
        KeyError,
    ):
        what = "a damaged zip file or workbook; open it in a spreadsheet program and save it as .xlsx"
        raise _refused(source, what) from None
    for part, what in _PARTS:
        if any(name.startswith(part) for name in names):
            raise _refused(source, what)
    if "xl/workbook.xml" in names:
        return "xlsx"
    if mimetype == _ODS:
        return "ods"
    if mimetype:
        raise _refused(source, f"a document that is no spreadsheet; {_SAVE}")
    raise _refused(source, f"a zip archive; {_UNPACK}")


def _mimetype(archive: zipfile.ZipFile) -> bytes:
    entry = archive.getinfo("mimetype")
    if entry.file_size > _MIMETYPE_BYTES or entry.compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        return b""
    with archive.open(entry) as content:
        return content.read(_MIMETYPE_BYTES)


def _text_kind(source: Source, head: bytes) -> str:
    mark = marked(head)
    codec = mark.codec if mark else unmarked_utf16(head) or "utf-8"
    text = head[mark.mark_bytes if mark else 0 :].decode(codec, "ignore").lstrip()
    if _MARKUP.match(text):
        raise _refused(
            source, "HTML or XML; open it in a spreadsheet program and save it as .xlsx or CSV (UTF-8)"
        )
    if _JSON_ARRAY.match(text):
        raise _refused(source, "a JSON array; write one object per line, without brackets around them")
    if _JSON_OBJECT.match(text):
        return "jsonl"
    if len(_CONTROL.findall(text)) > max(_STRAY_CONTROLS, len(text) // 8):
        raise _refused(source, f"neither text nor a workbook that can be read; {_SAVE}")
    return "csv"
