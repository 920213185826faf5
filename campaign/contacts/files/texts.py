"""The texts in the XML of an .xlsx workbook: those its cells share, and whether a sheet has any."""

import re

from campaign.contacts.files import limits
from campaign.contacts.files.archive import Archive
from campaign.errors import ListError

_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_NAMES = ("c", "v", "f", "row", "t", "is", "rPh", "si", "sheetData", "mergeCell", "filterColumn", "col")
TAGS = {f"{namespace} {name}": name for namespace in _NAMESPACES for name in _NAMES}
"""The elements that hold cells, by their full name: one look-up instead of comparisons."""

WRITTEN_CHARACTERS = 7 * limits.CELL_CHARACTERS
"""Of a text as it stands in the file, where one character can take seven: `_x000D_`."""

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SURROGATES = range(0xD800, 0xE000)


class _Texts:
    """Takes the XML of the shared texts."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._runs: list[str] = []
        self._length = 0
        self._pieces: list[str] = []
        self._is_phonetic = False
        self.text = self._pieces.append

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = TAGS.get(name)
        if tag == "t":
            self._pieces.clear()
        elif tag == "si":
            self._runs, self._length = [], 0
        elif tag == "rPh":
            self._is_phonetic = True

    def end(self, name: str) -> None:
        tag = TAGS.get(name)
        if tag == "t":
            if not self._is_phonetic:
                self._take("".join(self._pieces))
        elif tag == "si":
            self.texts.append(decoded("".join(self._runs)))
        elif tag == "rPh":
            self._is_phonetic = False

    def _take(self, run: str) -> None:
        self._length += len(run)
        if self._length > WRITTEN_CHARACTERS:
            raise ListError(
                f"text {len(self.texts) + 1:,} of those that cells share holds more than "
                f"{limits.CELL_CHARACTERS:,} characters; shorten it"
            )
        if run:
            self._runs.append(run)


class _AnyCell:
    """Notices whether a sheet holds any cell with content."""

    def __init__(self) -> None:
        self.found = False
        self._in_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._in_value = TAGS.get(name) in ("v", "t", "f")
        self.found = self.found or TAGS.get(name) == "f"

    def end(self, name: str) -> None:
        self._in_value = False

    def text(self, data: str) -> None:
        self.found = self.found or self._in_value


def shared_texts(archive: Archive, part: str | None) -> list[str]:
    """The texts that the cells of a workbook share; none when it has no such part."""
    handler = _Texts()
    if part is not None:
        archive.parse(part, handler)
    return handler.texts


def holds_cells(archive: Archive, part: str) -> bool:
    """Whether any cell of a sheet has content."""
    handler = _AnyCell()
    return any(handler.found for _ in archive.walk(part, handler))


def decoded(text: str) -> str:
    """The text with the characters that its format writes as `_x000D_`."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code in _SURROGATES else chr(code)
