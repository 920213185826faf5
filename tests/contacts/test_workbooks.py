"""Workbooks: a cell that holds a number has its digits, and a broken workbook is refused in words."""

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from campaign.contacts import files
from campaign.errors import ListError


def workbook(folder: Path, *rows: list[Any]) -> Path:
    """A workbook with these rows in its first sheet, and another list in its second."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    book.create_sheet("other").append(["another", "list"])
    path = folder / "list.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (15739693824, "15739693824"),
        (15739693824.0, "15739693824"),
        (123456789012345, "123456789012345"),
        (0, "0"),
        (-5, "-5"),
        (1.5, "1.5"),
        ("+15739693824", "+15739693824"),
        ("007", "007"),
        ("NA", "NA"),
        ("1.0", "1.0"),
        (None, ""),
        (True, "True"),
        (datetime(2026, 1, 2, 9, 30), "2026-01-02 09:30:00"),  # noqa: DTZ001 - workbooks have no zones
    ],
)
def test_cells(tmp_path: Path, value: Any, text: str) -> None:
    """A cell becomes its text; a whole number has all its digits and never a decimal point."""
    content = files.read(workbook(tmp_path, ["phone", "value"], ["+1", value], ["+2", "x"]))
    assert content.rows[0].cells == ("+1", text)
    assert content.rows[1].cells == ("+2", "x")


def test_numbers_in_a_mixed_column(tmp_path: Path) -> None:
    """An empty cell in a column of numbers does not turn its neighbours into floats."""
    content = files.read(workbook(tmp_path, ["phone", "n"], [15739693824, 1], [None, 2], [12025550100, None]))
    assert [row.cells for row in content.rows] == [("15739693824", "1"), ("", "2"), ("12025550100", "")]


def test_rows_keep_their_numbers(tmp_path: Path) -> None:
    """A row has the number that the spreadsheet shows, blank rows counted; only the first sheet is read."""
    content = files.read(workbook(tmp_path, ["phone", "name"], [], ["+1", "a"], [None, " "], ["+2", "b"]))
    assert content.headers == ("phone", "name")
    assert [(row.number, row.cells) for row in content.rows] == [(3, ("+1", "a")), (5, ("+2", "b"))]


def test_suffix_does_not_matter(tmp_path: Path) -> None:
    """A workbook is known by its content, whatever its name says."""
    path = workbook(tmp_path, ["phone"], ["+1"]).rename(tmp_path / "list.csv")
    assert files.read(path).rows[0].cells == ("+1",)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "the file is empty"),
        ([["phone", "name"]], "there is a header, but no row below it"),
        ([["phone", "Phone"], ["+1", "+2"]], "two columns are named 'Phone'"),
        ([[None, "  "], ["+1", "+2"]], "the first line must name the columns, but it is blank"),
    ],
)
def test_unusable(tmp_path: Path, rows: list[list[Any]], words: str) -> None:
    """A workbook without a proper header and a row is refused, as a CSV list would be."""
    path = workbook(tmp_path, *rows)
    with pytest.raises(ListError) as caught:
        files.read(path)
    assert words in str(caught.value)


def drop_sheet(path: Path) -> None:
    """Leave the first sheet out of the archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, content)


def damage_sheet(path: Path) -> None:
    """Overwrite bytes in the middle of the first sheet."""
    content = bytearray(path.read_bytes())
    at = content.find(b"xl/worksheets/sheet1.xml") + 40
    content[at : at + 60] = b"\xaa" * 60
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Keep the first half of the file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def other_archive(path: Path) -> None:
    """Put an archive in its place that is no workbook."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


@pytest.mark.parametrize("harm", [drop_sheet, damage_sheet, cut, other_archive])
def test_corrupt(tmp_path: Path, harm: Any) -> None:
    """A workbook that is broken anywhere is refused in one line that names it and the cure."""
    path = workbook(tmp_path, ["phone", "name"], *[[f"+{n}", "a"] for n in range(200)])
    harm(path)
    with pytest.raises(ListError) as caught:
        files.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "save it" in str(caught.value)
    assert "\n" not in str(caught.value)
