"""JSON Lines: values are the text that stands in the file; what is no flat row is refused with its line."""

import codecs
from pathlib import Path

import pytest

from campaign.contacts.files import jsonl
from campaign.errors import UsageError
from tests.contacts.text_files.reading import problem as any_problem
from tests.contacts.text_files.reading import read


def problem(folder: Path, content: str | bytes) -> str:
    """What is said about JSON Lines that cannot be read."""
    return any_problem(folder, content, jsonl.records)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_records(tmp_path: Path, end: str) -> None:
    """The header has all keys by first appearance; rows are numbered by line, blank ones counted."""
    lines = [
        '{"phone": "+1", "name": "a"}',
        "",
        '{"id": "x", "phone": "+2"}',
        "  ",
        "{}",
        '{"name": "b"}',
        "",
    ]
    records, source = read(tmp_path, end.join(lines) + end, jsonl.records)
    assert records == [
        (0, ["phone", "name", "id"]),
        (1, ["+1", "a", ""]),
        (3, ["+2", "", "x"]),
        (5, ["", "", ""]),
        (6, ["", "b", ""]),
    ]
    assert source.notes == ["3 blank lines are skipped"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"+12025550123"', "+12025550123"),
        ('" 007 "', " 007 "),
        ('""', ""),
        ("14155551234", "14155551234"),
        ("14155551234.0", "14155551234.0"),
        ("1.41556E+10", "1.41556E+10"),
        ("1e400", "1e400"),
        ("-0", "-0"),
        ("1" * 5000, "1" * 5000),
        ("0.1000", "0.1000"),
        ("true", "TRUE"),
        ("false", "FALSE"),
        ("null", ""),
        ('"null"', "null"),
        (r'"a\nb\tc"', "a\nb\tc"),
        ('"\u2028"', "\u2028"),
        (r'"\ud83d\ude00"', "😀"),
        ('"Zoë"', "Zoë"),
    ],
)
def test_values(tmp_path: Path, value: str, text: str) -> None:
    """A string is itself, a number the text of the file, true and false as in a spreadsheet, null empty."""
    assert read(tmp_path, f'{{"a": {value}}}', jsonl.records)[0] == [(0, ["a"]), (1, [text])]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": {"b": "c"}}', ", key 'a': the value is an object; write plain values only"),
        ('{"a": []}', ", key 'a': the value is a list; write plain values only"),
        ('{"a": "1", "b": "2", "a": "1"}', ": the key 'a' is there twice; give each its own name"),
        (r'{"a": "1", "\u0061": "1"}', ": the key 'a' is there twice; give each its own name"),
        ('{"a": NaN}', ": NaN is no value; leave it out, or write null"),
        ('{"a": Infinity}', ": Infinity is no value; leave it out, or write null"),
        ('{"a": -Infinity}', ": -Infinity is no value; leave it out, or write null"),
        ('["a"]', ": not a JSON object; write each row as {...} on a line of its own"),
        ('"a"', ": not a JSON object; write each row as {...} on a line of its own"),
        ("1", ": not a JSON object; write each row as {...} on a line of its own"),
        ("null", ": not a JSON object; write each row as {...} on a line of its own"),
        ('{"a": "1"', ", character 10: broken JSON"),
        ("{'a': 1}", ", character 2: broken JSON"),
        ('{"a": 01}', ", character 8: broken JSON"),
        ('{"a": "1"} {"a": "2"}', ", character 12: broken JSON"),
        ('{"a": "b\tc"}', ", character 9: broken JSON"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", ": nested too deep; write plain values only"),
        (r'{"a": "x\ud800y"}', ", key 'a': the character U+D800 does not belong in a list; remove it"),
        (r'{"a": "\ude00\ud83d"}', ", key 'a': the character U+DE00 does not belong in a list; remove it"),
        (r'{"a": "\u0000"}', ", key 'a': the control character U+0000 does not belong in a list; remove it"),
        (r'{"a": "\u0085"}', ", key 'a': the control character U+0085 does not belong in a list; remove it"),
        ('{"a": "\x7f"}', ", key 'a': the control character U+007F does not belong in a list; remove it"),
        ('{"a": "\uffff"}', ", key 'a': the character U+FFFF does not belong in a list; remove it"),
        (
            r'{"\u0007": "1"}',
            r", key '\x07': the control character U+0007 does not belong in a list; remove it",
        ),
        ('{"a": "' + "x" * 200_001 + '"}', ", key 'a': longer than 200,000 characters; shorten it"),
        (
            '{"' + "k" * 200_001 + '": "1"}',
            f", key '{'k' * 40}…': longer than 200,000 characters; shorten it",
        ),
    ],
)
def test_unfit_lines(tmp_path: Path, line: str, said: str) -> None:
    """A line that is no flat object of plain values is refused with its number and key."""
    assert problem(tmp_path, f'{{"a": "1"}}\n\n{line}\n').startswith(f"line 3{said}")


def test_longest_cell(tmp_path: Path) -> None:
    """A value may have 200,000 characters."""
    assert len(read(tmp_path, '{"a": "' + "x" * 200_000 + '"}', jsonl.records)[0][1][1][0]) == 200_000


def test_object_over_several_lines(tmp_path: Path) -> None:
    """An object that is laid out over several lines is refused at the first."""
    assert problem(tmp_path, '{\n "a": 1\n}\n').startswith("line 1, character 2: broken JSON")


@pytest.mark.parametrize("content", ["\n\n", "{}\n{}\n", b"\xef\xbb\xbf"])
def test_no_keys(tmp_path: Path, content: str | bytes) -> None:
    """A list without any key is refused."""
    assert problem(tmp_path, content) == "no line holds an object with a key; the keys name the columns"


def test_too_many_keys(tmp_path: Path) -> None:
    """All objects together may have 500 keys, and not one more."""
    lines = [f'{{"k{number}": ""}}\n' for number in range(501)]
    assert len(read(tmp_path, "".join(lines[:500]), jsonl.records)[0][0][1]) == 500
    assert problem(tmp_path, "".join(lines)).startswith("line 501: more than 500 different keys up to here")


def test_long_line(tmp_path: Path) -> None:
    """A line of more than 1,000,000 characters is refused."""
    assert problem(tmp_path, '{"a": "1"}\n{"a": "' + "x" * 1_000_000).startswith("line 2 is longer than")


def test_too_many_lines(tmp_path: Path) -> None:
    """A list of more than 5,000,000 lines is refused."""
    assert problem(tmp_path, '{"a": "1"}' + "\n" * 5_000_001).startswith("more than 5,000,000 lines")


def test_encodings(tmp_path: Path) -> None:
    """Marked, UTF-8 and named encodings are read as in delimited text, and errors are the same."""
    line = '{"name": "Zoë"}\n'
    expected = [(0, ["name"]), (1, ["Zoë"])]
    for content in (line.encode(), codecs.BOM_UTF8 + line.encode(), line.encode("utf-16")):
        assert read(tmp_path, content, jsonl.records)[0] == expected
    assert read(tmp_path, line.encode("cp1252"), jsonl.records, encoding="cp1252")[0] == expected
    assert problem(tmp_path, line.encode("cp1252")).startswith("line 1, character 13: byte 0xEB is not utf-8")
    assert "--encoding" in any_problem(tmp_path, line, jsonl.records, UsageError, encoding="hex")
