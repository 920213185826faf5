"""The search finds every canary in every form and in every kind of file, and parts of a secret, too."""

import base64
import csv
import html
import io
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from tests.torture import canaries
from tests.torture.canaries import Canary
from tests.torture.secret_scenarios import KEY, ODD_KEY, PASSWORD, PEOPLE

SECRETS = (KEY, ODD_KEY, PASSWORD)
CANARIES = (*SECRETS, *PEOPLE[:3])
PAGE = 512
"""Of a database, in bytes."""
OTHER = Canary("another", "Wiedehopf Quistel & 'Sohn' \"1\"")


def in_terminal(text: str) -> str:
    """As Rich shows it in a table that is too narrow, in colours."""
    console = Console(file=io.StringIO(), width=18, force_terminal=True, color_system="truecolor")
    table = Table("what", Column("is", overflow="fold"))
    table.add_row("[red]key[/red]", Text(text, style="bold blue"))
    with console.capture() as captured:
        console.print(table)
    return captured.get()


FORMS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda text: f"<{text}>",
    "capitals": lambda text: text.upper(),
    "URL, all quoted": lambda text: f"?q={quote(text, safe='')}&r=1",
    "form": lambda text: urlencode({"q": text, "r": "1"}),
    "httpx path": lambda text: str(httpx.URL("http://host", path=f"/v1/{text}")),
    "httpx query": lambda text: str(httpx.URL("http://host", params={"q": text})),
    "httpx user": lambda text: repr(str(httpx.URL("http://host", username=text))),
    "base64": lambda text: base64.b64encode(f"Bearer {text}, and more".encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(f"{'-' * 41}{text}".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"user:{text}!".encode()).decode(),
    "hex": lambda text: f"0x{text.encode().hex()}ff",
    "capital hex": lambda text: text.encode().hex().upper(),
    "JSON": lambda text: json.dumps({"value": text}),
    "JSON of the web": lambda text: json.dumps(text).replace("/", "\\/").replace("&", "\\u0026"),
    "JSON in JSON": lambda text: json.dumps({"body": json.dumps({"value": text})}),
    "repr of JSON": lambda text: repr(json.dumps({"value": text})),
    "repr of bytes": lambda text: repr({"body": text.encode()}),
    "HTML": lambda text: f"<p>{html.escape(text)}</p>",
    "XML": lambda text: f"<t>{html.escape(text, quote=False)}</t>",
    "quoted cell": lambda text: '"' + text.replace('"', '""') + '"',
    "SQL": lambda text: "'" + text.replace("'", "''") + "'",
    "JSON in a cell": lambda text: '"' + json.dumps({"value": text}).replace('"', '""') + '"',
    "terminal": in_terminal,
    "terminal in a log": lambda text: json.dumps({"said": in_terminal(text)}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: str(canary.text))
def test_every_form_is_found(canary: Canary, form: str) -> None:
    """Whatever somebody has made of a text before it was written, the search knows it."""
    whole = replace(canary, is_secret=False)
    for before in ("", "a", "ab"):
        content = FORMS[form](before + canary.text).encode()
        assert canaries.found_in(content, [whole]) == [canary.label]
        assert canaries.found_in(content, [canary]) == [canary.label]
    other = FORMS[form](OTHER.text).encode()
    assert canaries.found_in(other, [canary, whole]) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: str(secret.text))
def test_a_part_of_a_secret_is_found(secret: Canary, form: str) -> None:
    """A dozen letters and digits of a key, with what stands between them, are as bad as the key."""
    at = [place for place, character in enumerate(secret.text) if character.isalnum()]
    for first, last in zip(at, at[canaries.PART - 1 :], strict=False):
        part = secret.text[first : last + 1]
        assert canaries.found_in(FORMS[form](part).encode(), [secret]) == [secret.label], part
        assert canaries.found_in(FORMS[form](part[:5]).encode(), [secret]) == [], part


@pytest.mark.parametrize("written", ["2125550140", "1-212-555-0140", "(212) 555 - 0140", "+1 212.555.0140"])
def test_a_number_is_found_as_people_write_it(written: str) -> None:
    """With or without plus, country code and punctuation it is the same number; another one is not."""
    number = Canary("number", "+12125550140")
    assert canaries.found_in(written.encode(), [number])
    assert not canaries.found_in(written.replace("4", "5").encode(), [number])


def write_xlsx(path: Path, text: str) -> None:
    """A workbook with the text in a cell."""
    book = openpyxl.Workbook()
    book.worksheets[0].append([text])
    book.save(path)
    book.close()


def write_parquet(path: Path, text: str) -> None:
    """A compressed table."""
    pyarrow.parquet.write_table(pa.table({"name": [text] * 100}), path, compression="zstd")


def write_csv(path: Path, text: str) -> None:
    """A list with the text in a cell, behind a comma."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerow(["1", f"so, {text}"])


def write_ledger(path: Path, text: str) -> None:
    """A database of small pages, with the text in a row of them."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA page_size = {PAGE}")
        database.execute("CREATE TABLE said (text TEXT)")
        database.execute("INSERT INTO said VALUES (?)", (f"{text} " * 100,))
        database.commit()


def write_blob(path: Path, text: str) -> None:
    """A database with the text as bytes, in one of several tables."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE empty (text TEXT)")
        database.execute("CREATE TABLE said (text BLOB)")
        database.execute("INSERT INTO said VALUES (?)", (b"-" * 4080 + text.encode(),))
        database.commit()


CONTAINERS = (write_xlsx, write_parquet, write_csv, write_ledger, write_blob)


@pytest.mark.parametrize("write", CONTAINERS, ids=lambda write: str(write.__name__))
@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: str(canary.text))
def test_packed_files_are_opened(tmp_path: Path, canary: Canary, write: Callable[[Path, str], None]) -> None:
    """What stands compressed, quoted or cut into pages is found as well, in every kind of file."""
    path = tmp_path / "file"
    write(path, canary.text)
    assert canaries.found_in_file(path, [OTHER, replace(canary, is_secret=False)]) == [canary.label]


def write_scattered(path: Path, text: str, *, before: int) -> int:
    """A database whose pages have been used before, so that one value lies in several places of the file.

    Returns:
        The page where a second table begins.
    """
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA page_size = {PAGE}")
        database.execute("CREATE TABLE gone (text TEXT)")
        database.execute("CREATE TABLE kept (text TEXT)")
        for table in ("gone", "kept") * 10:
            database.execute(f"INSERT INTO {table} VALUES (?)", ("." * 3 * PAGE,))  # noqa: S608 - one of the two
        database.execute("DELETE FROM gone")
        database.execute("CREATE TABLE said (text TEXT)")
        database.execute("INSERT INTO said VALUES (?)", (f"{'-' * before}{text}".ljust(4 * PAGE, "-"),))
        database.commit()
        (begins,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'kept'").fetchone()
    return int(begins)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_value_is_found_wherever_a_page_breaks_it(tmp_path: Path, damaged: bool) -> None:
    """Each value is read in one piece, so that no place in the file hides it; nor does a damaged table."""
    in_one_piece = 0
    for before in range(0, PAGE, 8):
        path = tmp_path / str(before)
        page = write_scattered(path, KEY.text, before=before)
        if damaged:
            content = path.read_bytes()
            path.write_bytes(content[: (page - 1) * PAGE] + bytes(PAGE) + content[page * PAGE :])
        in_one_piece += KEY.text.encode() in path.read_bytes()
        assert canaries.found_in_file(path, [replace(KEY, is_secret=False)]) == [KEY.label], before
    assert in_one_piece < PAGE // 8


def test_of_a_ruined_database_the_bytes_are_searched(tmp_path: Path) -> None:
    """Where no table can be read any more, the file is searched as it is."""
    path = tmp_path / "ledger.db"
    write_ledger(path, KEY.text)
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes(PAGE - 100) + content[PAGE:])
    assert canaries.found_in_file(path, [KEY, OTHER]) == [KEY.label]
