"""A walk through the XML of an OpenDocument file, past all that is no cell of a sheet."""

from campaign.contacts.files.archive import DAMAGED
from campaign.contacts.files.naming import quoted
from campaign.errors import ListError

_ROOT = "urn:oasis:names:tc:opendocument:xmlns:"
_PREFIXES = {
    f"{_ROOT}{name}:1.0": name for name in ("table", "text", "office", "style", "drawing", "manifest")
}
_SKIPPED = frozenset(
    {"office:annotation", "table:tracked-changes", "table:shapes", "table:dde-links", "text:ruby-text"}
)


class Walker:
    """A handler that calls elements by short names, and skips what is no cell of a sheet."""

    def __init__(self) -> None:
        """Start above the first element."""
        self._names: dict[str, str] = {}
        self._skipped = 0
        self._tables = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        tag = self._tag(name)
        if self._skipped or tag in _SKIPPED or tag.startswith("drawing:"):
            self._skipped += 1
            return
        if tag == "table:table":
            self._tables += 1
        if self._tables > 1:
            self._skipped += 1
            self._tables -= 1
            return
        self.begin(tag, attributes)

    def end(self, name: str) -> None:
        """An element ends."""
        if self._skipped:
            self._skipped -= 1
            return
        tag = self._tag(name)
        if tag == "table:table":
            self._tables -= 1
        self.finish(tag)

    def text(self, data: str) -> None:
        """Character data."""
        if not self._skipped:
            self.take(data)

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """An element that is not skipped begins."""

    def finish(self, tag: str) -> None:
        """An element that is not skipped ends."""

    def take(self, data: str) -> None:
        """Character data that is not skipped."""

    def _tag(self, name: str) -> str:
        tag = self._names.get(name)
        if tag is None:
            namespace, _, local = name.rpartition(" ")
            tag = self._names[name] = f"{_PREFIXES.get(namespace, '')}:{local}"
        return tag


def attribute(attributes: dict[str, str], prefix: str, name: str) -> str:
    """An attribute by the prefix that its namespace usually has; empty when it is not there."""
    return attributes.get(f"{_ROOT}{prefix}:1.0 {name}", "")


def repeated(attributes: dict[str, str], name: str) -> int:
    """How many times a row or cell stands beside itself, by the attribute that says so."""
    return max(1, counted(attribute(attributes, "table", name) or "1"))


def counted(text: str) -> int:
    """A count in the file.

    Raises:
        ListError: It is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 15):
        raise ListError(f"{DAMAGED} (it counts {quoted(text)})")
    return int(text)
