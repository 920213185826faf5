"""A sample of the power cuts, and the proof that the suite would find what it looks for."""

from pathlib import Path
from random import Random

import pytest

from tests.torture import powercuts
from tests.torture.power.disk import Created, Disk, DiskNote, Flushed, FolderFlushed, Written
from tests.torture.power.recording import Scenario
from tests.torture.tally import Effort

SAMPLE = 60
IN_PLACE = (Created("ledger.db", 1), Written(1, 0, b"old " * 1024), Flushed(1, 2), FolderFlushed(2))


def disk_after(*notes: DiskNote) -> Disk:
    """A disk to which this has happened."""
    disk = Disk()
    for at, note in enumerate(notes):
        disk.take(at, note)
    return disk


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_nothing_answered_is_lost_in_a_power_cut(tmp_path: Path) -> None:
    """A ledger that a power cut leaves at any moment knows all that was answered, and dials nobody twice."""
    tally = powercuts.run(Effort(tmp_path, share=SAMPLE / powercuts.FULL))
    assert tally.is_clean, tally
    assert tally.injected["power cuts"] == SAMPLE


@pytest.mark.e2e
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(
            Scenario(people=24, pragmas=("synchronous = NORMAL",), is_cut=False), id="commits are not flushed"
        ),
        pytest.param(
            Scenario(people=24, is_hasty=True), id="requests leave before their intents are on disk"
        ),
    ],
)
def test_a_broken_program_is_found_out(tmp_path: Path, broken: Scenario) -> None:
    """A program that would call people again after a power cut does not pass."""
    tally = powercuts.cut(Effort(tmp_path), [broken], images=30)
    assert tally.double_dials > 0, tally
    assert tally.lost_ids > 0


def test_what_was_flushed_outlives_the_power() -> None:
    """After a flush of the file and of its folder every image has the content."""
    disk = disk_after(*IN_PLACE)
    assert {disk.cut(Random(seed)).files["ledger.db"] for seed in range(50)} == {b"old " * 1024}


def test_what_was_not_flushed_is_there_or_lost_or_torn() -> None:
    """Of a write after the flush there are images with all, with nothing and with some sectors of it."""
    disk = disk_after(*IN_PLACE, Written(1, 0, b"new " * 1024))
    shares = {disk.cut(Random(seed)).files["ledger.db"].count(b"new ") for seed in range(200)}
    assert {0, 1024} < shares
    assert all(share % 128 == 0 for share in shares), "a sector is whole"


def test_a_write_during_a_flush_is_not_covered_by_it() -> None:
    """What was written after the flush began may be lost although the flush was answered."""
    late = (Created("ledger.db", 1), FolderFlushed(1), Written(1, 0, b"new"), Flushed(1, began=2))
    contents = {disk_after(*late).cut(Random(seed)).files["ledger.db"] for seed in range(200)}
    assert {b"", b"new"} <= contents


def test_a_file_without_a_flushed_name_may_be_gone() -> None:
    """A flush of the file alone does not make its name stay."""
    names = {tuple(disk_after(*IN_PLACE[:3]).cut(Random(seed)).files) for seed in range(50)}
    assert names == {(), ("ledger.db",)}
