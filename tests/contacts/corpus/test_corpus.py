"""The corpus, in process: every file comes to what its case says, and every hazard has its files."""

import re
from collections import Counter
from pathlib import Path

import pytest

from campaign.errors import ListError
from tests.contacts.corpus.cases import Case, Readable, Refused, verdicts
from tests.contacts.corpus.collection import CASES, READABLE, REFUSED
from tests.contacts.corpus.hazards import Hazard


def test_the_corpus_is_large_and_covers_every_hazard() -> None:
    """There are 150 files and more, half of them malformed; each has its own name, each hazard a file."""
    assert len(CASES) >= 150
    assert len(REFUSED) >= 75
    assert [name for name, times in Counter(case.name for case in CASES).items() if times > 1] == []
    assert set(Hazard) - {case.why for case in CASES} == set()


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.name)
def test_readable(tmp_path: Path, case: Case) -> None:
    """Every row has the number or the problem that it should have, and its cells are as in the file."""
    assert isinstance(case.expected, Readable)
    intake = case.take_in(case.write(tmp_path))
    assert verdicts(intake) == case.expected.verdicts
    cells = {row.row.number: row.row.cells for row in intake.rows}
    assert {number: cells[number] for number in case.expected.cells} == case.expected.cells
    assert intake.notes == case.expected.notes
    assert intake.delimiter == case.expected.delimiter
    if case.expected.repairs is not None:
        assert intake.repairs == case.expected.repairs


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(tmp_path: Path, case: Case) -> None:
    """A file that cannot be used is refused with the one line that its case says."""
    assert isinstance(case.expected, Refused)
    path = case.write(tmp_path)
    with pytest.raises(ListError) as caught:
        case.take_in(path)
    line = str(caught.value).removeprefix(f"{path}: ")
    assert line.isprintable()
    assert re.fullmatch(case.expected.line, line), line
