"""Suppression files: every number is understood, or the file is refused with the line."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaign.contacts.suppression import SuppressionLists
from campaign.contacts.suppression_file import read_numbers
from campaign.errors import ConfigError, InputMissingError
from campaign.settings import SuppressionFile

ONE, TWO = "+15739693824", "+12025550100"


def numbers(folder: Path, content: str | bytes, region: str | None = None, **entry: object) -> frozenset[str]:
    """The numbers of a file with this content, read as the entry of a campaign file says."""
    path = folder / "dnc.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    listed = SuppressionFile.model_validate({"file": path, **entry})
    return read_numbers(listed, default_region=region)


@pytest.mark.parametrize(
    "content",
    [
        f"{ONE}\n{TWO}\n",
        f"{ONE}\r\n\r\n{TWO}",
        f"\ufeff{ONE}\n{TWO}\n",
        f"phone\n{ONE}\n{TWO}\n",
        f"Phone Number\n{ONE}\n{TWO}\n",
        f"name,Phone,why\nAnn,{ONE},x\nBob,{TWO},y\n",
        f"reason,to_number\nasked,{ONE}\nasked,{TWO}\n",
        f"Ref,Contact Phone No\n100234,{ONE}\n100235,{TWO}\n",
        f"id,landline\n1,{ONE}\n2,{TWO}\n",
        f"phone,phone_type\n{ONE},mobile\n{TWO},\n",
        f"phone,mobile\n{ONE},\n,{TWO}\n",
        f"Phone 1,Phone 2\n{ONE},{TWO}\n",
        f'"{ONE}"\n" +1 (202) 555-0100 "\n',
        f"{ONE}\n{TWO}\n{ONE}\n+1 573 969 3824\n",
        f",\n{ONE},\n,\n{TWO},\n",
    ],
)
def test_layouts(tmp_path: Path, content: str) -> None:
    """A number per line is read with or without a header, alone or in a CSV column."""
    assert numbers(tmp_path, content) == {ONE, TWO}


def test_national_numbers(tmp_path: Path) -> None:
    """National numbers are read in the default region."""
    assert numbers(tmp_path, "(573) 969-3824\n", "US") == {ONE}


def test_us_registry(tmp_path: Path) -> None:
    """The US registry's files have an area code and a number in each line, assigned or not."""
    assert numbers(tmp_path, "202,5550100\r\n573,9693824\r\n212,5550143\r\n") == {
        TWO,
        ONE,
        "+12125550143",
    }


@pytest.mark.parametrize(
    ("column", "content"),
    [
        ("whom", f"whom\n{ONE}\n{TWO}\n"),
        ("Whom", f"id,whom\n2025550101,{ONE}\n2025550102,{TWO}\n"),
        (["phone", "alt"], f"phone,alt,agent\n{ONE},{TWO},+12025550199\n"),
        (2, f"Ann,{ONE}\nBob,{TWO}\n"),
        ([1, 3], f"{ONE},Ann,\n,Bob,{TWO}\n"),
        (1, f"phone,mobile\n{ONE},\n{TWO},+12025550199\n"),
    ],
)
def test_a_named_column(tmp_path: Path, column: object, content: str) -> None:
    """The entry may say in which columns the numbers stand, by name or, without a header, by position."""
    assert numbers(tmp_path, content, "US", column=column) == {ONE, TWO}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"100234,{ONE}\n100235,{TWO}\n", "it has 2 columns, and its first line does not name"),
        (f"{ONE},Ann\n{TWO},Bob\n", "it has 2 columns, and its first line does not name"),
        (f"mobile,{ONE}\nmobile,{TWO}\n", "it has 2 columns, and its first line does not name"),
        (f"{ONE},{TWO}\n", "it has 2 columns, and its first line does not name"),
        (f"Ref,Contact\n100234,{ONE}\n", "it has 2 columns, and its first line does not name"),
        ("whom\n2025550100\n", "line 1: not a phone number"),
        (f"phone,alt\n{ONE},{TWO}\n", "line 2: a phone number stands in a column that is not read, 'alt'"),
    ],
)
def test_nobody_guesses_the_column(tmp_path: Path, content: str, words: str) -> None:
    """Read in the wrong column a list would protect nobody, so what does not name its columns is refused."""
    with pytest.raises(ConfigError) as caught:
        numbers(tmp_path, content, "US")
    assert f"dnc.csv: {words}" in str(caught.value).replace("dnc.csv, ", "dnc.csv: ")
    assert "column" in str(caught.value)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("fone", "its first line does not name the column 'fone'"),
        (["phone", "fone"], "its first line does not name the column 'fone'"),
        (3, "line 2: not a phone number"),
    ],
)
def test_a_named_column_that_is_not_there(tmp_path: Path, column: object, words: str) -> None:
    """A column that the list does not have refuses the list."""
    with pytest.raises(ConfigError, match=words):
        numbers(tmp_path, f"phone,name\n{ONE},Ann\n", column=column)


def test_us_registry_with_a_header(tmp_path: Path) -> None:
    """A header above the area codes is one, and what is no registry line below it is refused."""
    assert numbers(tmp_path, "area,number\n202,5550100\n", "US") == {TWO}
    assert numbers(tmp_path, "Area Code,Phone\n202,5550100\n") == {TWO}
    with pytest.raises(ConfigError, match="line 3: not an area code and a number"):
        numbers(tmp_path, "area,number\n202,5550100\n20,5550101\n", "US")


@pytest.mark.parametrize(
    ("entry", "region"),
    [
        ("5550143", "US"),
        ("100234", "US"),
        ("+1202555014", None),
        ("+120255501433", None),
        ("+44207946", "US"),
    ],
)
def test_a_number_that_nobody_can_have(tmp_path: Path, entry: str, region: str | None) -> None:
    """A number with a digit lost, or without its area code, protects nobody and refuses the list."""
    with pytest.raises(ConfigError, match="line 2: not a phone number"):
        numbers(tmp_path, f"{ONE}\n{entry}\n", region)


@pytest.mark.parametrize(
    ("entry", "called"),
    [
        ("+5215512345678", "+525512345678"),
        ("+52 1 55 1234 5678", "+525512345678"),
        ("+5491143211234", "+541143211234"),
        ("+541143211234", "+5491143211234"),
    ],
)
def test_one_line_has_two_numbers(tmp_path: Path, entry: str, called: str) -> None:
    """Where a mobile phone is written with and without a mark of mobiles, either form protects the other."""
    (tmp_path / "dnc.csv").write_text(f"{entry}\n")
    listed = SuppressionLists([SuppressionFile(file=tmp_path / "dnc.csv")], default_region=None)
    assert called in listed.read(now())


@pytest.mark.parametrize("line", ["202,555010", "202,55501000", "2025550100", "202,5550100,x", "102,5550100"])
def test_a_broken_registry(tmp_path: Path, line: str) -> None:
    """A line that is cut off or of another kind refuses the file, and is named."""
    with pytest.raises(ConfigError, match=r"line 3: not an area code and a number, as the other lines"):
        numbers(tmp_path, f"202,5550100\n573,9693824\n{line}\n")


def test_unassigned_number(tmp_path: Path) -> None:
    """A number that is not assigned is kept all the same: it protects somebody some day."""
    assert numbers(tmp_path, "+15555550100\n") == {"+15555550100"}


@pytest.fixture
def lists(tmp_path: Path) -> SuppressionLists:
    """Two lists, of which the second may be a day old."""
    (tmp_path / "dnc.csv").write_text(f"{ONE}\n")
    (tmp_path / "fresh.csv").write_text(f"{TWO}\n")
    day_old = SuppressionFile(file=tmp_path / "fresh.csv", max_age=timedelta(days=1))
    return SuppressionLists([SuppressionFile(file=tmp_path / "dnc.csv"), day_old], default_region=None)


def now() -> datetime:
    """The time, as files have it."""
    return datetime.now(UTC)


def test_lists_say_where_a_number_stands(lists: SuppressionLists) -> None:
    """Every number of every list, with the name of the first list that has it."""
    assert lists.read(now()) == {
        ONE: "on the suppression list dnc.csv",
        TWO: "on the suppression list fresh.csv",
    }


def test_what_was_added_is_found_and_what_was_taken_out_stays(
    lists: SuppressionLists, tmp_path: Path
) -> None:
    """A list that is looked at again may only forbid more: it may just be half written."""
    lists.read(now())
    (tmp_path / "dnc.csv").write_text("+12125550143\n")
    assert lists.read(now()).keys() == {ONE, TWO, "+12125550143"}


def test_two_entries_of_one_file(tmp_path: Path) -> None:
    """A file may be named twice, for two of its columns: both are read, also when it changes."""
    path = tmp_path / "dnc.csv"
    path.write_text(f"phone,backup\n{ONE},{TWO}\n")
    entries = [SuppressionFile(file=path, column=(name,)) for name in ("phone", "backup")]
    listed = SuppressionLists(entries, default_region=None)
    assert listed.read(now()).keys() == {ONE, TWO}
    path.write_text(f"phone,backup\n{ONE},{TWO}\n+12125550143,+12125550144\n")
    assert listed.read(now()).keys() == {ONE, TWO, "+12125550143", "+12125550144"}


def test_a_list_that_is_too_old_is_refused(lists: SuppressionLists, tmp_path: Path) -> None:
    """Also when it only grows too old while a run goes on."""
    lists.read(now())
    with pytest.raises(ConfigError, match=r"fresh\.csv: 2 days old, and max_age is 24 hours; fetch a new"):
        lists.read(now() + timedelta(days=2))
    os.utime(tmp_path / "fresh.csv", (0, 0))
    with pytest.raises(ConfigError, match=r"fresh\.csv: \d+ days old"):
        lists.read(now())


def test_a_list_of_the_future_is_refused(lists: SuppressionLists, tmp_path: Path) -> None:
    """Its age cannot be told. A clock that differs by a few minutes is no future."""
    soon, later = (now() + timedelta(minutes=minutes) for minutes in (4, 90))
    os.utime(tmp_path / "fresh.csv", (soon.timestamp(), soon.timestamp()))
    assert TWO in lists.read(now())
    os.utime(tmp_path / "fresh.csv", (later.timestamp(), later.timestamp()))
    with pytest.raises(ConfigError, match=r"fresh\.csv: its time lies \d+ minutes ahead, so nobody can tell"):
        lists.read(now())


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text(""), lambda path: path.write_text("nobody\n+1\n")]
)
def test_a_list_that_goes_wrong_is_refused(
    lists: SuppressionLists, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    """A list that is gone or cannot be read any more protects nobody, and that is said."""
    lists.read(now())
    spoil(tmp_path / "dnc.csv")
    with pytest.raises((ConfigError, InputMissingError), match=r"dnc\.csv"):
        lists.read(now())


def test_a_list_that_is_not_there_is_to_be_made_or_put_back(lists: SuppressionLists, tmp_path: Path) -> None:
    """What one can do depends on whether it has been there before."""
    (tmp_path / "dnc.csv").rename(tmp_path / "aside.csv")
    with pytest.raises(InputMissingError, match=r"; create it, or take it out of the campaign file$"):
        lists.read(now())
    (tmp_path / "aside.csv").rename(tmp_path / "dnc.csv")
    lists.read(now())
    (tmp_path / "dnc.csv").unlink()
    with pytest.raises(InputMissingError, match=r"; put it back, or take it out of the campaign file$"):
        lists.read(now())


EMPTY = ["", "\n\n", "\ufeff", "phone\n", "phone,why\n,\n", "area,number\n"]


@pytest.mark.parametrize("content", EMPTY)
def test_an_empty_list_is_no_list(tmp_path: Path, content: str) -> None:
    """A download that has failed leaves an empty file, and nobody is called by it."""
    with pytest.raises(ConfigError, match=r"dnc\.csv: there is no number in it; fetch it anew"):
        numbers(tmp_path, content)


@pytest.mark.parametrize("content", EMPTY)
def test_a_list_that_may_be_empty(tmp_path: Path, content: str) -> None:
    """Where the campaign file says so, a list may have nobody yet."""
    assert numbers(tmp_path, content, may_be_empty=True) == frozenset()


@pytest.mark.parametrize("may_be_empty", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        "Service Unavailable\n",
        "Service Unavailable",
        "whom\n",
        "Phone service unavailable\n",
        "<html>\n<head><title>Mobile</title></head>\n",
        "<html><body>Service Unavailable</body></html>",
        "<!DOCTYPE html>\n",
        '{"error": "not found"}\n',
        "null\n",
        "reason,note\n",
    ],
)
def test_an_error_page_is_no_list(tmp_path: Path, content: str, may_be_empty: bool) -> None:
    """What a server says in place of a list does not pass as a header with nobody below it."""
    with pytest.raises(ConfigError, match=r"dnc\.csv"):
        numbers(tmp_path, content, may_be_empty=may_be_empty)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"{ONE}\nAnn Doe\n", 2),
        (f"phone\n{ONE}\n\nn/a\n", 4),
        (f"name,phone\nAnn,{ONE}\nBob\n", 3),
        (f"name,phone\nAnn,{ONE}\nBob,\n", 3),
        ("15739693824\n", 1),
        (f"{ONE}\n1.57397E+10\n", 2),
        (f"{ONE}\n{ONE};{TWO}\n", 2),
        (f"{ONE}\n{ONE} {TWO}\n", 2),
        (f'phone,why\n{ONE},"two\nlines"\nbad,x\n', 4),
    ],
)
def test_unreadable_entry(tmp_path: Path, content: str, line: int) -> None:
    """An entry that cannot be read refuses the file and names its line, not what it says."""
    with pytest.raises(ConfigError) as caught:
        numbers(tmp_path, content)
    assert f"dnc.csv, line {line}: not a phone number" in str(caught.value)
    assert "Ann" not in str(caught.value)


@pytest.mark.parametrize(
    "entry", ["15739693824.0", "5739693824.0", "+15739693824.0", "5.739693824e9", "1.57397E+10"]
)
def test_spoilt_by_a_spreadsheet(tmp_path: Path, entry: str) -> None:
    """A number that a spreadsheet turned into a float is refused: read as digits it is somebody else's."""
    with pytest.raises(ConfigError, match="line 1"):
        numbers(tmp_path, entry + "\n", "US")


def test_quote_never_closed(tmp_path: Path) -> None:
    """A quote that is never closed refuses the file: the lines that it swallows protect nobody."""
    with pytest.raises(ConfigError):
        numbers(tmp_path, f'phone,why\n{ONE},"asked\n{TWO},by mail\n')


@pytest.mark.parametrize(
    "content", [f"{ONE}\nJörg\n".encode("latin-1"), f"{ONE}\n".encode("utf-16"), b"PK\x03\x04\xff\xfe\x00"]
)
def test_not_text(tmp_path: Path, content: bytes) -> None:
    """A file that is not UTF-8 text is refused and named."""
    with pytest.raises(ConfigError, match=r"dnc\.csv: not CSV or text in UTF-8"):
        numbers(tmp_path, content)


def test_missing(tmp_path: Path) -> None:
    """A file that is not there is a missing input: nobody is called without it."""
    with pytest.raises(InputMissingError, match=r"suppression list .*dnc\.csv: No such file"):
        read_numbers(SuppressionFile(file=tmp_path / "dnc.csv"), default_region=None)


def test_folder(tmp_path: Path) -> None:
    """A folder is a missing input too."""
    with pytest.raises(InputMissingError, match="suppression list"):
        read_numbers(SuppressionFile(file=tmp_path), default_region=None)
