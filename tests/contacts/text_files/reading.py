"""How these tests write a list to a file and read it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaign.contacts.files import delimited
from campaign.contacts.files.source import ReadOptions, Source, opened
from campaign.errors import CampaignError, ListError

Records = list[tuple[int, list[str]]]
Reader = Callable[[Source, ReadOptions], Iterator[tuple[int, list[str]]]]


def write(folder: Path, content: str | bytes) -> Path:
    """Write a list to a file, text as UTF-8."""
    path = folder / "list"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(
    folder: Path,
    content: str | bytes,
    reader: Reader = delimited.records,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> tuple[Records, Source]:
    """All records of a list with this content, and the source they came from."""
    with opened(write(folder, content)) as source:
        return list(reader(source, ReadOptions(encoding, delimiter))), source


def rows(
    folder: Path,
    content: str | bytes,
    reader: Reader = delimited.records,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Records:
    """All records of a list with this content."""
    return read(folder, content, reader, encoding, delimiter)[0]


def problem(
    folder: Path,
    content: str | bytes,
    reader: Reader = delimited.records,
    expected: type[CampaignError] = ListError,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> str:
    """What is said about a list that cannot be read, without the name of the file."""
    with pytest.raises(expected) as caught:
        rows(folder, content, reader, encoding, delimiter)
    text = str(caught.value)
    assert text.isprintable()
    if expected is ListError:
        assert text.startswith(f"{folder / 'list'}: ")
    return text.removeprefix(f"{folder / 'list'}: ")
