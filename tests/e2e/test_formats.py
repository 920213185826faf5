"""Workbooks in and out, JSON lines, and a PostgreSQL ledger, through the installed command."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from campaign.models import RESULT_COLUMNS
from tests.e2e.machinery import lay_out, people, simulator

pytestmark = pytest.mark.e2e

SAMPLE = Path(__file__).parents[2] / "sample_data" / "contacts.xlsx"


def test_a_workbook_comes_back_as_a_workbook(tmp_path: Path, postgresql_location: str) -> None:
    """The .xlsx sample goes in, with a PostgreSQL ledger, and its rows come back with ours beside them."""
    shutil.copy(SAMPLE, tmp_path / "list.xlsx")
    with simulator(tmp_path, "--speed", "60") as oracle:
        laid_out = lay_out(tmp_path, oracle, people(1), impatient=True)
        laid_out.config.write_text(
            laid_out.config.read_text(encoding="utf-8").replace("countries: [US]", "countries: [US, GB]"),
            encoding="utf-8",
        )
        place = replace(laid_out, list_path=tmp_path / "list.xlsx")
        output = tmp_path / "results.xlsx"
        ended = place.run("--ledger", postgresql_location, "--output", str(output), "--allow-invalid")
        assert ended.returncode == 0, ended.stderr
        assert set(oracle.dials_by_number().values()) == {1}
        dialled = len(oracle.dials())
    given = [list(row) for row in openpyxl.load_workbook(SAMPLE).active.iter_rows(values_only=True)]
    found = [list(row) for row in openpyxl.load_workbook(output).active.iter_rows(values_only=True)]
    assert found[0] == [*given[0], *RESULT_COLUMNS]
    for before, after in zip(given[1:], found[1:], strict=True):
        assert [text(cell) for cell in after[: len(before)]] == [text(cell) for cell in before]
    statuses = [row[len(given[0])] for row in found[1:]]
    assert statuses.count("completed") + statuses.count("unreached") == dialled == 9
    assert (statuses.count("rejected"), statuses.count("duplicate")) == (2, 1)


def text(cell: object) -> str:
    return "" if cell is None else str(cell)


def test_json_lines_have_one_object_per_row(tmp_path: Path) -> None:
    """Each line is a row: the operator's columns and ours, empty cells as null."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(4), impatient=True)
        output = tmp_path / "results.jsonl"
        assert place.run("--output", str(output)).returncode == 0
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["phone"] for row in rows] == [person["phone"] for person in people(4)]
    assert all(set(row) == {"phone", "customer_name", "order_id", *RESULT_COLUMNS} for row in rows)
    assert {row["call_error"] for row in rows} == {None}


def test_a_result_can_be_fed_back(tmp_path: Path) -> None:
    """A result file is a list again: our columns are replaced, not doubled, and numbers are intact."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(3), impatient=True)
        assert place.run().returncode == 0
        first = place.results()
        fed_back = replace(place, list_path=tmp_path / "again.csv")
        shutil.copy(place.result_path, fed_back.list_path)
        assert fed_back.run().returncode == 0
        assert len(oracle.dials()) == 3
    assert place.results() == first
    assert list(first[0]) == ["phone", "customer_name", "order_id", *RESULT_COLUMNS]
