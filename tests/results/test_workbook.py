"""A workbook that the disk refuses leaves nothing behind that speaks up later."""

import gc
import zipfile
from pathlib import Path
from typing import IO, cast

from campaign.results.workbook import Target
from tests.results.test_files import small_disk


def test_an_archive_is_finished_whatever_the_disk_says(tmp_path: Path) -> None:
    """What does not fit is kept as the error, and the archive is closed as usual."""
    with (tmp_path / "results.xlsx").open("wb", buffering=0) as file, small_disk(100):
        target = Target(cast("IO[bytes]", file))
        with zipfile.ZipFile(cast("IO[bytes]", target), "w") as archive:
            archive.writestr("one.xml", "<one/>" * 100)
            archive.writestr("two.xml", "<two/>" * 100)
        assert target.error is not None
        gc.collect()


def test_an_archive_is_what_it_would_be_in_a_file(tmp_path: Path) -> None:
    """Nothing is changed where the disk takes all."""
    path = tmp_path / "results.xlsx"
    with path.open("wb") as file:
        target = Target(file)
        with zipfile.ZipFile(cast("IO[bytes]", target), "w") as archive:
            archive.writestr("one.xml", "<one/>" * 100)
            archive.writestr("two.xml", "<two/>" * 100)
    assert target.error is None
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["one.xml", "two.xml"]
