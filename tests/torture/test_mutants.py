"""The hunt for mutants: a few of them in every run of the tests, and proof that a survivor is noticed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture import mutants
from tests.torture.mutants import Edit, Ending, Mutant, StaleMutantError
from tests.torture.tally import Effort

QUICK = ("synchronous = NORMAL", "of several zones only the first counts", "409 is taken for a refusal")


def test_every_mutant_still_applies(tmp_path: Path) -> None:
    """The text that a mutant replaces stands in its file exactly once, and the names are told apart."""
    known = mutants.all_mutants()
    for at, mutant in enumerate(known):
        for edit in mutant.edits:
            copied = tmp_path / str(at) / edit.file
            copied.parent.mkdir(parents=True, exist_ok=True)
            if not copied.exists():
                copied.write_bytes((mutants.ROOT / edit.file).read_bytes())
            edit.apply(tmp_path / str(at))
            compile(copied.read_bytes(), edit.file, "exec")
    assert len({mutant.name for mutant in known}) == len(known) >= 156


def test_every_named_test_exists(request: pytest.FixtureRequest) -> None:
    """The tests that are to catch the mutants can all be collected, and each is a test and no whole file."""
    names = {mutant.caught_by for mutant in mutants.all_mutants()}
    assert [name for name in sorted(names) if "::" not in name] == []
    # Where all tests are run, they are here already.
    missing = sorted(names - {item.nodeid for item in request.session.items})
    if not missing:
        return
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *missing],
        cwd=mutants.ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert collected.returncode == 0, collected.stdout[-2000:]


@pytest.mark.parametrize(
    ("failed", "test", "is_it"),
    [
        ("tests/test_a.py::test_a", "tests/test_a.py::test_a", True),
        ("tests/test_a.py::test_a - assert 1 == 2", "tests/test_a.py::test_a", True),
        ("tests/test_a.py::test_a[of two - 1]", "tests/test_a.py::test_a[of two - 1]", True),
        ("tests/test_a.py::test_a[1]", "tests/test_a.py::test_a", True),
        ("tests/test_a.py::test_a", "tests/test_a.py", True),
        ("tests/test_a.py - SyntaxError", "tests/test_a.py", True),
        ("tests/test_a.py::test_ab", "tests/test_a.py::test_a", False),
        ("tests/test_a.py::test_a[12]", "tests/test_a.py::test_a[1]", False),
        ("tests/test_a.pyx::test_a", "tests/test_a.py", False),
        ("tests/testXa.py::test_a", "tests/test_a.py::test_a", False),
    ],
)
def test_a_test_is_told_from_one_whose_name_begins_alike(failed: str, test: str, is_it: bool) -> None:
    """What failed in the sound build is looked up by whole names, so that no other test excuses a mutant."""
    said = f"..F\nFAILED tests/other.py::test_z\nFAILED {failed}\n1 failed, 2 passed"
    assert Ending(1, said).has_failed(test) is is_it


@pytest.mark.e2e
def test_a_sample_of_the_mutants_is_caught(tmp_path: Path) -> None:
    """Each of these broken builds fails its named test, and the sound build passes them all."""
    chosen = [mutant for mutant in mutants.all_mutants() if mutant.name in QUICK]
    tally = mutants.hunt(chosen, Effort(tmp_path))
    assert tally.is_clean, tally.failures
    assert tally.injected["mutants"] == len(QUICK)


@pytest.mark.e2e
def test_a_mutant_that_no_test_notices_is_reported(tmp_path: Path) -> None:
    """A change that breaks nothing counts as a mutant that was not caught."""
    harmless = Edit("campaign/rules/hours.py", "_WEEK_DAYS = 8", "_WEEK_DAYS = 9")
    survivor = Mutant("a longer horizon", "tests/rules/test_hours.py::test_no_zone", (harmless,))
    tally = mutants.hunt([survivor], Effort(tmp_path))
    assert not tally.is_clean
    assert "a longer horizon" in tally.failures[0]
    assert "1 passed" in tally.failures[0]


@pytest.mark.e2e
def test_a_build_that_cannot_be_imported_is_not_caught(tmp_path: Path) -> None:
    """A mutant that keeps its test from running proves nothing, and is reported."""
    broken = Edit("campaign/rules/hours.py", "_WEEK_DAYS = 8", "_WEEK_DAYS = ")
    tally = mutants.hunt(
        [Mutant("no Python", "tests/rules/test_hours.py::test_no_zone", (broken,))], Effort(tmp_path)
    )
    assert tally.wrong == 1


def test_a_stale_mutant_is_refused(tmp_path: Path) -> None:
    """A text that is not in its file, or in it twice, is an error and no mutant."""
    (tmp_path / "code.py").write_text("one\ntwo\ntwo\n", encoding="utf-8")
    for text in ("three", "two"):
        with pytest.raises(StaleMutantError, match=r"code\.py"):
            Edit("code.py", text, "").apply(tmp_path)


def test_an_edit_is_of_one_build_only(tmp_path: Path) -> None:
    """Builds share the files that are alike; what is changed in one of them stays as it was in the others."""
    for build in ("sound", "broken"):
        (tmp_path / build).mkdir()
    sound, broken = tmp_path / "sound" / "code.py", tmp_path / "broken" / "code.py"
    sound.write_text("one\n", encoding="utf-8")
    broken.hardlink_to(sound)
    Edit("code.py", "one", "two").apply(tmp_path / "broken")
    assert (sound.read_text(encoding="utf-8"), broken.read_text(encoding="utf-8")) == ("one\n", "two\n")


@pytest.mark.parametrize(
    ("ending", "is_told"),
    [
        (Ending(0, "3 passed in 1.00s"), True),
        (Ending(1, "1 failed, 2 passed in 1.00s"), True),
        (Ending(1, "Traceback\nOSError: no such folder"), False),
        (Ending(0, "3 passed in 1.00s", hung=True), False),
        (Ending(5, "no tests ran in 0.00s"), False),
    ],
)
def test_the_sound_build_has_to_be_tested_to_the_end(ending: Ending, is_told: bool) -> None:
    """Where its tests did not run, nothing would say which of them fail without a mutant, too."""
    assert ending.is_told is is_told
