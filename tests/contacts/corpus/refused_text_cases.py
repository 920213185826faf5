"""Cases of text that is refused as a whole: each with the line that says where and what to do."""

import codecs
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from campaign.contacts.files import limits
from campaign.contacts.files.source import ReadOptions
from tests.contacts.corpus.cases import GOOD, OTHER, Case, Refused
from tests.contacts.corpus.hazards import Hazard

HEAD = f"phone,name\n{GOOD},Ann\n"
NAMED_COLUMNS = "the first line must name the columns"


def too_large(path: Path) -> None:
    """A file of a byte more than a gigabyte, most of it a hole."""
    path.write_text(HEAD)
    os.truncate(path, limits.FILE_BYTES + 1)


def broken_at_the_end(path: Path) -> None:
    """20 MB of good rows and a short one below them."""
    note = "x" * 380
    with path.open("w") as file:
        file.write("phone,note\n")
        file.writelines(f"+1202555{n % 10_000:04},{note}\n" for n in range(50_000))
        file.write(OTHER)


def cases() -> Iterator[Case]:
    """All cases of text that is refused."""
    for why, name, content, line in (*_ENCODINGS, *_DELIMITERS, *_QUOTES, *_HEADERS, *_WIDTHS, *_SIZES):
        yield Case(name, why, content, Refused(line))
    for character, words in _CHARACTERS:
        refused = Refused(f"line 3, column 1 \\('phone'\\): the {words} does not belong in a list; remove it")
        content = f"{HEAD}+1202{character}5550144,Bob\n"
        yield Case(
            f"a {words} in a number", Hazard.NUL if character == "\0" else Hazard.CONTROLS, content, refused
        )
    for why, name, content, options, line in _OPTIONS:
        yield Case(name, why, content, Refused(line), options=options)
    for name, content, contacts, line in _SETTINGS:
        yield Case(name, Hazard.COLUMNS, content, Refused(line), contacts=contacts)


Text = list[tuple[Hazard, str, str | bytes, str]]

_SAVE = r"save the list as CSV \(UTF-8\), or name its encoding, for example --encoding cp1252"
_BYTES = HEAD.encode()
_ENCODINGS: Text = [
    (Hazard.OTHER_ENCODING, "cp1252", _BYTES + f"{OTHER},Zoë\n".encode("cp1252"),
        f"line 3, character 16: byte 0xEB is not utf-8 text; {_SAVE}"),
    (Hazard.OTHER_ENCODING, "UTF-16 without a mark", HEAD.encode("utf-16-be"),
        r"this looks like UTF-16 text without a byte order mark; save it as CSV \(UTF-8\), or pass "
        r"--encoding .*"),
    (Hazard.OTHER_ENCODING, "UTF-32", HEAD.encode("utf-32"),
        r"this is UTF-32 text; save it as CSV \(UTF-8\)"),
    (Hazard.OTHER_ENCODING, "UTF-16 that ends within a character",
        codecs.BOM_UTF16_LE + HEAD.encode("utf-16-le") + b"+",
        r"line 3, character 1: byte 0x2B is not utf-16-le text; save the list as CSV \(UTF-8\), or "
        r"pass another .*"),
    (Hazard.ENCODING, "UTF-8 that ends within a character", _BYTES + b"\xc3",
        f"line 3, character 1: byte 0xC3 is not utf-8 text; {_SAVE}"),
    (Hazard.ENCODING, "a surrogate in UTF-8", _BYTES + b"+1,\xed\xa0\x80\n",
        f"line 3, character 4: byte 0xED is not utf-8 text; {_SAVE}"),
]  # fmt: skip

_EITHER = "a comma or a semicolon may separate the cells, and the first rows do not decide it; say which .*"
_DELIMITERS: Text = [
    (Hazard.DELIMITER, "two delimiters fit", "phone,a;b\n+12025550143,1;2\n", _EITHER),
    (Hazard.DELIMITER, "no delimiter fits", "phone,a;b\n+12025550143,1\n+12025550144;2\n", _EITHER),
    (Hazard.DELIMITER, "a sep= line without a character", f"sep=\n{HEAD}",
        "line 1: sep= must be followed by the one character between the cells"),
]  # fmt: skip

_WHERE = r"line 3, column 2 \('name'\): "
_QUOTES: Text = [
    (Hazard.OPEN_QUOTE, "a quote that is never closed", f'{HEAD}{OTHER},"Bob\n+14155551234,Cy\n',
        f"{_WHERE}a quote opens this cell and is never closed; close it, or remove it"),
    (Hazard.OPEN_QUOTE, "a quote that a later one seems to close", f'{HEAD}{OTHER},"Bob\n+14155551234,"Cy\n',
        f"{_WHERE}text after a closing quote; write quotes .* twice .*"),
    (Hazard.OPEN_QUOTE, "a quote that swallows 300,000 characters",
        f'{HEAD}{OTHER},"Bob\n' + "+1,x\n" * 60_000,
        f"{_WHERE}this cell is longer than 200,000 characters; close its quote, or shorten it"),
    (Hazard.QUOTES, "a quote that closes early", f'{HEAD}{OTHER},"5" pipe"\n',
        f"{_WHERE}text after a closing quote; write quotes .* twice .*"),
    (Hazard.QUOTES, "an open quote in the header", 'phone,"name\n+12025550143,Ann\n',
        "line 1, column 2: a quote opens this cell and is never closed; close it, or remove it"),
]  # fmt: skip

_HEADERS: Text = [
    (Hazard.HEADER, "no byte", "", f"the file is empty; {NAMED_COLUMNS}"),
    (Hazard.HEADER, "only blank lines", "\n \n\n", f"there are only blank lines; {NAMED_COLUMNS}"),
    (Hazard.MARK, "only a mark", codecs.BOM_UTF8, f"there are only blank lines; {NAMED_COLUMNS}"),
    (Hazard.HEADER, "a blank header", ",,\n+1,a,b\n", f"{NAMED_COLUMNS}, but it is blank"),
    (Hazard.HEADER, "a header only", "phone,name\n",
        "there is a header, but no row below it; add the people to call"),
    (Hazard.HEADER, "a header and blank rows", "phone,name\n,\n , \n\n",
        "there is a header, but no row below it; add the people to call"),
    (Hazard.HEADER, "data in the first line", f"{GOOD},Ann\n{OTHER},Bob\n",
        r"the first line holds data \(A looks like a phone number\); put a line above it that names "
        r"the columns"),
    (Hazard.SAME_HEADER, "two columns of one name", f"phone,name,phone\n{GOOD},a,{OTHER}\n",
        "columns A and C are both named 'phone'; give each its own name"),
    (Hazard.HEADER, "two columns but for capitals", f"phone,Phone \n{GOOD},{OTHER}\n",
        r"columns A and B are both named 'Phone' or alike \('phone'\); give each its own name"),
    (Hazard.HEADER, "two columns but for full-width letters", f"phone,ｐｈｏｎｅ\n{GOOD},{OTHER}\n",
        r"columns A and B are both named 'ｐｈｏｎｅ' or alike \('phone'\); give each its own name"),
    (Hazard.HEADER, "two columns but for an invisible mark", f"phone,pho\u200bne\n{GOOD},{OTHER}\n",
        r"columns A and B are both named .* or alike \('phone'\); give each its own name"),
    (Hazard.HEADER, "a cell in a column without a name", f"phone,,name\n{GOOD},,a\n{OTHER},x,b\n",
        "column B has no name, but row 3 has a cell in it; name the column in the first line"),
    (Hazard.COLUMNS, "no phone column", "who,what\na,b\n",
        "no phone column among who, what; name it with contacts.to_number in the campaign file, or "
        "call it phone"),
    (Hazard.COLUMNS, "a phone column by its cells", f"who,reach\nAnn,{GOOD}\n",
        "no phone column among who, reach; 'reach' looks like it: set contacts.to_number to 'reach' .*"),
    (Hazard.COLUMNS, "a phone column misspelt", "who,phnoe\nAnn,\n",
        "no phone column among who, phnoe; did you mean 'phnoe'\\? Set contacts.to_number .*"),
]  # fmt: skip

_WIDTHS: Text = [
    (Hazard.WIDTH, "a short row", f"{HEAD}{OTHER}\n",
        r"line 3 has 1 cell, but the header has 2 \(after column 1 \('phone'\)\); a cell or a "
        r"separator is missing"),
    (Hazard.WIDTH, "a long row", f"{HEAD}{OTHER},Doe, Ann\n",
        r"line 3 has 3 cells, but the header has 2 \(.*\); put cells that contain a comma in quotes"),
    (Hazard.TRAILING_COMMAS, "a comma at the end of every row", f"phone,name\n{GOOD},a,\n{OTHER},b,\n",
        r"line 2 has 3 cells, .*; remove the separators at its end, or name these columns in the header"),
    (Hazard.WIDTH, "a short row below a cell of three lines", f'phone,name\n{GOOD},"a\n\nb"\n{OTHER}\n',
        "line 5 has 1 cell, but the header has 2 .*; a cell or a separator is missing"),
]  # fmt: skip

_SIZES: list[tuple[Hazard, str, Any, str]] = [
    (Hazard.LONG_FIELD, "a field of 200,001 characters", f"{HEAD}{OTHER},{'x' * 200_001}\n",
        f"{_WHERE}this cell is longer than 200,000 characters; shorten it"),
    (Hazard.LONG_FIELD, "a line of more than a million characters", f"{HEAD}{OTHER},{'x,' * 600_000}\n",
        "line 3 is longer than 1,000,000 characters, so this is no contact list; end each row with "
        "a line end"),
    (Hazard.WIDTH, "501 columns", "phone" + ",x" * 500 + "\n",
        "line 1 names 501 columns; at most 500 can be read"),
    (Hazard.ROW_LIMIT, "65,536 rows", f"phone\n{GOOD}" + "\n" * 65_534 + f"{OTHER}\n",
        "it has exactly 65,536 rows, .* its end was probably cut off; export it again in parts, or, .*"),
    (Hazard.ROW_LIMIT, "1,048,576 rows", f"phone\n{GOOD}" + "\n" * 1_048_574 + f"{OTHER}\n",
        "it has exactly 1,048,576 rows, .* its end was probably cut off; export it again in parts, or, .*"),
    (Hazard.LARGE_TEXT, "more than 5,000,000 rows", f"phone\n{GOOD}" + "\n" * 5_000_001 + OTHER,
        "more than 5,000,000 rows; split the list into several files"),
    (Hazard.LARGE_TEXT, "a byte more than a gigabyte", too_large,
        "larger than 1,000 MB; split the list into several files"),
    (Hazard.WHOLE, "a short row below 50,000 good ones", broken_at_the_end,
        "line 50002 has 1 cell, but the header has 2 .*; a cell or a separator is missing"),
]  # fmt: skip

_CHARACTERS = (
    ("\0", r"control character U\+0000"),
    ("\x07", r"control character U\+0007"),
    ("\x1b", r"control character U\+001B"),
    ("\x85", r"control character U\+0085"),
    ("\ufffe", r"character U\+FFFE"),
)

_OPTIONS: list[tuple[Hazard, str, str | bytes, ReadOptions, str]] = [
    (Hazard.ENCODING, "a mark that contradicts --encoding", codecs.BOM_UTF8 + _BYTES, ReadOptions("cp1252"),
        "the byte order mark says utf-8, but --encoding says cp1252; leave --encoding out"),
    (Hazard.ENCODING, "UTF-16 named without its order", HEAD.encode("utf-16-le"), ReadOptions("utf-16"),
        "there is no byte order mark, so say the order too: --encoding utf-16-le or utf-16-be"),
    (Hazard.ENCODING, "another encoding than the one named", _BYTES + "é".encode(), ReadOptions("ascii"),
        r"line 3, character 1: byte 0xC3 is not ascii text; save the list as CSV \(UTF-8\), or pass "
        r"another .*"),
    (Hazard.DELIMITER, "a sep= line that contradicts --delimiter", f"sep=,\n{HEAD}",
        ReadOptions(delimiter=";"),
        "line 1 says that a comma separates the cells, but --delimiter says a semicolon; leave .*"),
    (Hazard.DELIMITER, "another delimiter than the one named", HEAD, ReadOptions(delimiter=";"),
        "no phone column among phone,name; .*"),
]  # fmt: skip

_SETTINGS: list[tuple[str, str, dict[str, Any], str]] = [
    ("a phone column that is not there", HEAD, {"to_number": "fone"},
        "contacts.to_number: the list has no column 'fone'; did you mean 'phone'\\?"),
    ("a time zone column that is not there", HEAD, {"timezone": "zone"},
        "contacts.timezone: the list has no column 'zone'; did you mean 'phone'\\?"),
    ("a key column that is not there", HEAD, {"key": "nam"},
        "contacts.key: the list has no column 'nam'; did you mean 'name'\\?"),
    ("a variable's column that is not there", HEAD, {"variables": {"who": "names"}},
        "contacts.variables: the list has no column 'names'; did you mean 'name'\\?"),
    ("a required variable without a column", HEAD, {"required": ["order"]},
        "contacts\\.required has {{order}}, but the list has no such column; add the column, or give .*"),
    ("a required variable that is left out", HEAD, {"required": ["name"], "variables": []},
        "contacts\\.required has {{name}}, but the column 'name' is not sent: .*"),
]  # fmt: skip
