"""`campaign run --recordings` through the command, against the simulator in a process of its own."""

import json
import stat
from pathlib import Path

import pytest

from tests.e2e.machinery import lay_out, people, simulator

pytestmark = pytest.mark.e2e


def test_a_run_keeps_what_was_recorded(tmp_path: Path) -> None:
    """Every answered call has its file, the summary counts them, and the links stand in the result."""
    with simulator(tmp_path, "--speed", "100", "--answer", "1", "--recordings") as oracle:
        place = lay_out(tmp_path, oracle, people(12), impatient=True)
        folder = tmp_path / "recordings"
        ended = place.run("--recordings", str(folder))
        assert ended.returncode == 0, ended.stderr
        again = place.run("--recordings", str(folder))
    calls = {row["call_id"] for row in place.results()}
    files = {path.stem.partition("-")[2]: path for path in folder.iterdir()}
    assert set(files) == calls
    assert all(path.read_bytes().startswith(b"RIFF") for path in files.values())
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    assert json.loads(ended.stdout)["recordings"] == {"folder": str(folder), "saved": 12, "missing": 0}
    assert json.loads(again.stdout)["recordings"] == {"folder": str(folder), "saved": 0, "missing": 0}
    assert f"recordings: 12 in {folder}" in ended.stderr
    assert all("signature=" in row["call_recording_url"] for row in place.results())
    # A link is as good as the recording.
    assert "signature=" not in ended.stderr


def test_recordings_that_cannot_be_kept_call_nobody(tmp_path: Path) -> None:
    """A folder that others can look into, and a proxy: one line each, before anybody is called."""
    with simulator(tmp_path, "--recordings") as oracle:
        place = lay_out(tmp_path, oracle, people(2))
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(0o755)
        refused = place.run("--recordings", str(tmp_path / "open"))
        proxied = place.run("--recordings", str(tmp_path / "r"), ONEINBOX_PROXY="http://127.0.0.1:9")
        assert oracle.dials() == []
    assert (refused.returncode, proxied.returncode) == (73, 78)
    assert "chmod 700" in refused.stderr
    assert "ONEINBOX_PROXY" in proxied.stderr
