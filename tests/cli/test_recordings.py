"""What `campaign run --recordings` says to people and programs."""

from pathlib import Path

import pytest

from campaign.calls.recordings import Kept
from campaign.cli import recordings
from campaign.errors import ConfigError
from campaign.settings import Environment


def test_the_summary_says_what_is_missing_and_what_to_do() -> None:
    """Nothing missing, nothing to say about it."""
    assert recordings.told(Kept(1200, 0), Path("r")) == "recordings: 1,200 in r"
    assert recordings.told(Kept(3, 2), Path("r")) == (
        "recordings: 3 in r, 2 missing: the next run with --recordings tries again"
    )


def test_a_program_is_told_the_same() -> None:
    """Null where recordings were not asked for."""
    assert recordings.as_data(Kept(3, 2), Path("r")) == {"folder": "r", "saved": 3, "missing": 2}
    assert recordings.as_data(None, None) is None


def test_no_recordings_through_a_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is told before anybody is called, with what can be done instead."""
    monkeypatch.setenv("ONEINBOX_PROXY", "http://proxy.example:3128")
    with pytest.raises(ConfigError, match=r"behind ONEINBOX_PROXY .*; run without it, and fetch"):
        recordings.open_shelf(tmp_path / "r", Environment())
    assert not (tmp_path / "r").exists()


def test_an_agent_that_does_not_record_is_named() -> None:
    """Before anybody is called; what is not known is not said."""
    assert "enable_recording" in (recordings.note(agent_records=False) or "")
    assert recordings.note(agent_records=True) is None
    assert recordings.note(agent_records=None) is None
