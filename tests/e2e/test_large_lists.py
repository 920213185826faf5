"""How fast and how large: `campaign validate` as a real process. Run with -s to see the figures."""

import json
import random
import time
from pathlib import Path

import openpyxl
import phonenumbers
import pytest
import xlsxwriter

from tests.e2e.machinery import COMMAND, measured

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

AREA_CODES = ("202", "212", "303", "312", "404", "415", "423", "512", "602", "617", "713")
RATIO = 2.0
"""Reading and checking whole rows against phonenumbers' own parsing and validity alone, in the same run."""


def numbers(count: int) -> list[str]:
    """So many different numbers of the United States, in no order."""
    rng = random.Random(7)
    found: dict[str, None] = {}
    while len(found) < count:
        found[f"+1{rng.choice(AREA_CODES)}{rng.randint(3000000, 9999999)}"] = None
    return list(found)


def test_a_million_rows_in_little_memory_and_time(tmp_path: Path) -> None:
    """A CSV of a million clean numbers: under 400 MB, and twice the pace of phonenumbers by itself."""
    path = tmp_path / "list.csv"
    people = numbers(1_000_000)
    with path.open("w", encoding="utf-8") as file:
        file.write("phone,customer_name,order_id\n")
        file.writelines(f"{number},Some Person,A-{at}\n" for at, number in enumerate(people))
    sample = people[:20_000]
    started = time.process_time()
    assert sum(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in sample) > 10_000
    alone = len(sample) / (time.process_time() - started)

    ended = measured([*COMMAND, "validate", str(path), "--json"])

    found = json.loads(ended.stdout)
    assert found["rows"] == len(people)
    assert found["callable"] > 0.9 * len(people)
    pace = len(people) / ended.cpu_seconds
    print(  # noqa: T201 - the measured numbers
        f"1,000,000 rows of CSV: {pace:,.0f} rows/s of CPU time ({pace / alone:.1f} times phonenumbers' "
        f"own {alone:,.0f}/s), {ended.wall_seconds:.1f} s, peak {ended.peak_mb:.0f} MB"
    )
    assert ended.peak_mb < 400
    assert pace / alone > RATIO


def test_a_workbook_of_a_hundred_thousand_rows(tmp_path: Path) -> None:
    """An .xlsx of 100,000 rows is read and checked in under ten seconds.

    On a machine that is slow at the moment, with less than twice the time, and the work, that openpyxl takes
    to read it alone.
    """
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["phone", "customer_name", "city", "amount", "order_id"])
        for at, number in enumerate(numbers(100_000), start=1):
            sheet.write_row(at, 0, [number, "Some Person", "Springfield", 12.5, f"A-{at}"])

    ended = measured([*COMMAND, "validate", str(path), "--json"])

    assert json.loads(ended.stdout)["rows"] == 100_000
    print(  # noqa: T201 - the measured numbers
        f"100,000 rows of .xlsx: {ended.wall_seconds:.1f} s, {ended.cpu_seconds:.1f} s of CPU time, "
        f"peak {ended.peak_mb:.0f} MB"
    )
    if ended.wall_seconds >= 10:
        wall_seconds, cpu_seconds = effort_of_openpyxl(path)
        assert ended.wall_seconds < 2 * wall_seconds
        assert ended.cpu_seconds < 2 * cpu_seconds


def effort_of_openpyxl(path: Path) -> tuple[float, float]:
    """The time, and the CPU time, that it takes now to read every cell of a workbook and to check nothing."""
    started, cpu_started = time.perf_counter(), time.process_time()
    book = openpyxl.load_workbook(path, read_only=True)
    assert sum(1 for _ in book.active.iter_rows(values_only=True)) == 100_001
    book.close()
    return time.perf_counter() - started, time.process_time() - cpu_started
