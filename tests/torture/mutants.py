"""Mutants: deliberately broken builds of the product, each of which its named test has to catch.

They stand as data in `mutants/*.toml`: which text of which file becomes which other text, and the test that
must fail then. Every build is a copy of the whole project, so that nothing here ever runs half broken.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.postgresql import SHARED_FOLDER
from tests.torture.tally import Effort, Tally

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).with_suffix("")
COPIED = ("campaign", "tests", "configs", "sample_data", "pyproject.toml", "README.md")

NOT_FOR_BUILDS = ("PYTEST", "PYTHON", SHARED_FOLDER, "XDG_RUNTIME_DIR")
"""Beginnings of names in the environment: a build that is killed must not hold what the tests here use."""
TEST_LIMIT_S = 60
"""One test may take so long; one that hangs has failed."""
BUILD_LIMIT_S = 120
SOUND_LIMIT_S = 600
"""The named tests of all mutants, in the build that is not broken."""
_FAILED = 1
"""Exit code of pytest when tests have failed, and neither their collection nor pytest itself."""


class StaleMutantError(Exception):
    """The text that a mutant replaces does not stand in its file exactly once: the data has to follow."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one file."""

    file: str
    text: str
    replacement: str

    def apply(self, build: Path) -> None:
        """Change the file below `build`. Raises StaleMutantError."""
        path = build / self.file
        content = path.read_text(encoding="utf-8")
        if content.count(self.text) != 1:
            raise StaleMutantError(f"{self.file} has {content.count(self.text)} times: {self.text.strip()}")
        path.write_text(content.replace(self.text, self.replacement), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken build."""

    name: str
    caught_by: str
    """The id of the test that must fail; without a case in brackets, any of its cases."""
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the tests of a build ended."""

    exit_code: int
    said: str
    hung: bool = False

    @property
    def is_caught(self) -> bool:
        """Whether a test has failed. An error on the way to the test proves nothing."""
        return self.exit_code == _FAILED and bool(re.search(r"^\d+ failed", self.last_line))

    @property
    def last_line(self) -> str:
        """The summary of pytest."""
        return "no end within the time limit" if self.hung else (self.said.strip().splitlines() or [""])[-1]

    def has_failed(self, test: str) -> bool:
        """Whether a test, one of its cases, or one of a file of tests, was among those that failed."""
        named = rf"^(?:FAILED|ERROR) {re.escape(test)}(?:$| - |\[|::)"
        return re.search(named, self.said, re.MULTILINE) is not None


def all_mutants() -> tuple[Mutant, ...]:
    """Every mutant of the data, in its order."""
    return tuple(
        Mutant(entry["name"], entry["caught_by"], tuple(Edit(**edit) for edit in entry["edit"]))
        for path in sorted(DATA.glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    )


def run(effort: Effort) -> Tally:
    """The suite: every mutant, or as many as the effort asks for."""
    mutants = all_mutants()
    chosen = Random(effort.seed).sample(mutants, effort.count(len(mutants)))
    return hunt(chosen, effort)


def hunt(mutants: Sequence[Mutant], effort: Effort) -> Tally:
    """Build each of these mutants and run the test that has to fail; without the mutant it must pass."""
    sound = effort.folder / "sound"
    copy_project(ROOT, sound)
    tests = sorted({mutant.caught_by for mutant in mutants})
    unbroken = run_tests(sound, tests, limit_s=SOUND_LIMIT_S)
    tally = Tally()
    if unbroken.exit_code not in (0, _FAILED):
        tally.wrong += 1
        tally.fail(f"mutants: the tests cannot be run: {unbroken.last_line}")
        return tally

    def try_out(mutant: Mutant, at: int) -> Ending:
        build = effort.folder / f"mutant-{at}"
        # With what Python has compiled, so that only the changed files are compiled anew.
        shutil.copytree(sound, build)
        try:
            for edit in mutant.edits:
                edit.apply(build)
            return run_tests(build, [mutant.caught_by], limit_s=BUILD_LIMIT_S)
        finally:
            shutil.rmtree(build)

    with ThreadPoolExecutor(effort.jobs) as pool:
        endings = pool.map(try_out, mutants, range(len(mutants)))
        for mutant, ending in zip(mutants, endings, strict=True):
            tally.injected += Counter(mutants=1)
            if unbroken.has_failed(mutant.caught_by):
                tally.wrong += 1
                tally.fail(f"mutant {mutant.name!r}: without it, too, {mutant.caught_by} fails")
            elif not ending.is_caught:
                tally.wrong += 1
                tally.fail(f"mutant {mutant.name!r} was not caught: {ending.last_line}, {mutant.caught_by}")
    caught = len(mutants) - tally.wrong
    tally.notes.append(f"{caught} of {len(mutants)} caught by {len(tests)} tests")
    return tally


def copy_project(source: Path, build: Path) -> None:
    """Copy all that the tests need, without what Python has compiled from it."""
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, build / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            build.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, build / name)


def run_tests(build: Path, tests: Iterable[str], *, limit_s: float) -> Ending:
    """Run tests of a build, with that build as the product that they and their processes import."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider",
            f"--timeout={TEST_LIMIT_S}", f"--basetemp={build}-files", "-o", "addopts=--import-mode=importlib",
            *tests,
        ],
        cwd=build,
        # What this process was told about where to look or how to test is not for the build.
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith(NOT_FOR_BUILDS)},
            "PYTHONPATH": str(build),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        return Ending(process.returncode, said, hung=True)
    finally:
        shutil.rmtree(f"{build}-files", ignore_errors=True)
    return Ending(process.returncode, said)
