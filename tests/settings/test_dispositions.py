"""The table of dispositions in a campaign file: as a list, as a file of its own, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.models import Disposition
from campaign.settings.dispositions import DispositionLine, kept_lines, pattern_of, read_lines_kept
from tests.settings.test_campaign_file import BASE, load, problem


def test_lines_and_a_file_of_lines_are_the_same(tmp_path: Path) -> None:
    """A campaign file has the lines, or names a file beside it that has them."""
    lines = (
        '- {end_reason: "Machine*", is: voicemail}\n- {status: gone, max_seconds: 3, is: failed, retry: no}\n'
    )
    (tmp_path / "ends.yaml").write_text(lines)
    told = load(tmp_path, BASE + "dispositions: ends.yaml\n").dispositions
    assert told == load(tmp_path, BASE + "dispositions:\n" + lines).dispositions
    assert [(line.disposition, line.retry) for line in told] == [
        (Disposition.VOICEMAIL, True),
        (Disposition.FAILED, False),
    ]
    assert told[0].end_reason == "machine*"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("[{status: gone}]", "dispositions.0.is is missing"),
        (
            "[{status: gone, is: machine}]",
            "dispositions.0.is: this is no disposition; write answered, v",
        ),
        ("[{status: gone, is: anwered}]", "did you mean answered?"),
        ("[{status: gone, is: unknown}]", "dispositions.0.is: unknown is what no line fits"),
        ("[{stat: gone, is: busy}]", "unknown key dispositions.0.stat; did you mean status?"),
        ("[{is: busy}]", "dispositions.0: a line without a condition would fit every call"),
        ('[{status: "*", is: busy}]', "dispositions.0.status: this fits every call"),
        ('[{status: "", is: busy}]', "dispositions.0.status: this fits every call"),
        ("[{status: yes, is: busy}]", "dispositions.0.status: write a text, in quotes"),
        ("[{min_seconds: 9, max_seconds: 3, is: busy}]", "dispositions.0: this can never fit a call"),
        ("[{min_seconds: -1, is: busy}]", "dispositions.0.min_seconds: "),
        ("[{min_seconds: .nan, is: busy}]", "dispositions.0.min_seconds: "),
        ('[{end_reason: "*sip*", is: busy}, {end_reason: "sip_4?", is: failed}]', "line 2 can never count"),
        ("[{status: a, is: busy}, {status: A, outcome: b, is: failed}]", "line 1 fits all its calls"),
        ("{status: gone}", "dispositions: "),
        ("[gone]", "dispositions.0: "),
        ("nowhere.yaml", "nowhere.yaml: No such file"),
    ],
)
def test_nonsense(tmp_path: Path, lines: str, words: str) -> None:
    """A line that means nothing, everything, or never anything is refused with its place, in one line."""
    assert words in problem(tmp_path, BASE + f"dispositions: {lines}\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "line 1: not valid YAML"), ("status: x", "expected a list of lines"), ("\xff", "not valid YAML")],
)
def test_a_file_without_lines(tmp_path: Path, content: str, words: str) -> None:
    """What is no list of lines is refused with the name of that file."""
    (tmp_path / "ends.yaml").write_bytes(content.encode("latin-1"))
    text = problem(tmp_path, BASE + "dispositions: ends.yaml\n")
    assert text.startswith(f"dispositions: {tmp_path / 'ends.yaml'}")
    assert words in text


@pytest.mark.parametrize(
    ("wider", "narrower", "is_covered"),
    [
        ({"status": "a*"}, {"status": "ab"}, True),
        ({"status": "a?"}, {"status": "a*"}, False),
        ({"status": "a*"}, {"status": "a?*"}, True),
        ({"status": "ab"}, {"status": "a*"}, False),
        ({"status": "ab"}, {"outcome": "ab"}, False),
        ({"max_seconds": 5}, {"max_seconds": 5, "status": "a"}, True),
        ({"max_seconds": 5}, {"status": "a"}, False),
        ({"min_seconds": 2, "max_seconds": 5}, {"min_seconds": 3, "max_seconds": 4}, True),
        ({"min_seconds": 2}, {"max_seconds": 4}, False),
        ({"min_seconds": 0}, {"max_seconds": 4}, True),
        ({"has_person": True}, {"has_person": False}, False),
        ({"has_person": True}, {"has_person": True, "status": "a"}, True),
    ],
)
def test_covering(wider: dict[str, Any], narrower: dict[str, Any], is_covered: bool) -> None:
    """A line covers another one when every call of that other one fits it, too."""
    first, second = (DispositionLine.model_validate({**line, "is": "busy"}) for line in (wider, narrower))
    assert first.covers(second) is is_covered


@given(
    wider=st.text("ab*?", min_size=1, max_size=4).filter(lambda glob: glob.strip("*")),
    narrower=st.text("ab*?", min_size=1, max_size=4).filter(lambda glob: glob.strip("*")),
    word=st.text("abc", max_size=5),
)
def test_covering_is_never_claimed_wrongly(wider: str, narrower: str, word: str) -> None:
    """No line is refused that a call could reach."""
    first, second = (
        DispositionLine.model_validate({"status": glob, "is": "busy"}) for glob in (wider, narrower)
    )
    if first.covers(second) and pattern_of(narrower).fullmatch(word):
        assert pattern_of(wider).fullmatch(word)


def test_lines_that_are_kept_are_read_as_they_were(tmp_path: Path) -> None:
    """What a campaign has in its ledger is what its file says, whichever run reads it."""
    lines = load(
        tmp_path,
        BASE
        + "dispositions:\n"
        + '- {end_reason: "Machine*", has_person: no, is: voicemail, source: a test}\n'
        + "- {status: gone, outcome: lost, min_seconds: 1.5, max_seconds: 3, is: failed, retry: no}\n",
    ).dispositions
    assert read_lines_kept(json.loads(json.dumps(kept_lines(lines)))) == lines


@pytest.mark.parametrize("kept", [None, [], [{"status": "gone", "weather": "fine", "is": "failed"}]])
def test_lines_that_nobody_can_read_are_left_out(kept: Any) -> None:
    """Older versions have kept none, and another one may know conditions that this one does not."""
    assert read_lines_kept(kept) == ()
    good = {"status": "gone", "is": "failed"}
    assert [line.disposition for line in read_lines_kept([*(kept or ()), good])] == [Disposition.FAILED]
