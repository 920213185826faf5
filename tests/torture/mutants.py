"""Mutants: deliberately broken builds of the product, each of which its named test has to catch.

They stand as data in `mutants/*.toml`: which text of which file becomes which other text, and the test that
must fail then. Every build is a folder with the whole project, so that nothing here ever runs half broken.
"""

import os
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from queue import SimpleQueue
from random import Random

from tests.postgresql import SHARED_FOLDER
from tests.torture.forked_pytest import ForkedPytest
from tests.torture.tally import Effort, Tally

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).with_suffix("")
COPIED = ("campaign", "tests", "configs", "docs", "sample_data", "pyproject.toml", "README.md")

NOT_FOR_BUILDS = ("PYTEST", "PYTHON", SHARED_FOLDER, "XDG_RUNTIME_DIR")
"""Beginnings of names in the environment: a build that is killed must not hold what the tests here use."""
TEST_LIMIT_S = 60
"""One test may take so long; one that hangs has failed."""
BUILD_LIMIT_S = 120
SOUND_LIMIT_S = 600
"""The same for the named tests that one process runs in the build that is not broken."""
AT_A_TIME = 2
"""Builds per processor: some of them hang until they are ended."""
WORTH_LOADING = 8
"""To have one more process load the libraries takes as long as so many tests."""
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
        # The old file may be a part of other builds, too.
        path.unlink()
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
    def is_told(self) -> bool:
        """Whether tests have run to their end, and each has passed or failed."""
        has_ended = self.exit_code in (0, _FAILED) and not self.hung
        return has_ended and bool(re.search(r"^\d+ (failed|passed)", self.last_line))

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
    tally, free = Tally(), SimpleQueue[ForkedPytest]()
    jobs = max(min(effort.jobs * AT_A_TIME, ceil(len(tests) / WORTH_LOADING)), 1)
    with ExitStack() as stack:
        for _ in range(jobs):
            free.put(stack.enter_context(ForkedPytest(_environment())))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))

        def try_sound(at: int) -> Ending:
            share = tests[at::jobs]
            return run_tests(free, sound, share, files=f"sound-{at}", limit_s=SOUND_LIMIT_S)

        def try_out(mutant: Mutant, at: int) -> Ending:
            build = effort.folder / f"mutant-{at}"
            # With what Python has compiled, so that only the changed files are compiled anew.
            shutil.copytree(sound, build, copy_function=os.link)
            try:
                for edit in mutant.edits:
                    edit.apply(build)
                # One test that fails is enough.
                return run_tests(
                    free, build, [mutant.caught_by, "-x"], files=f"files-{at}", limit_s=BUILD_LIMIT_S
                )
            finally:
                shutil.rmtree(build, ignore_errors=True)

        unbroken = list(pool.map(try_sound, range(jobs)))
        for ending in unbroken:
            if not ending.is_told:
                tally.wrong += 1
                tally.fail(f"mutants: the tests cannot be run: {ending.last_line}")
        if tally.wrong:
            return tally
        endings = pool.map(try_out, mutants, range(len(mutants)))
        for mutant, ending in zip(mutants, endings, strict=True):
            tally.injected += Counter(mutants=1)
            if any(whole.has_failed(mutant.caught_by) for whole in unbroken):
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


def run_tests(
    free: SimpleQueue[ForkedPytest], build: Path, tests: Iterable[str], *, files: str, limit_s: float
) -> Ending:
    """Run tests of a build, with that build as the product that they and their processes import.

    Args:
        free: The processes that fork pytest and have nothing to do; one of them is away meanwhile.
        build: The build's folder.
        tests: Their ids, and further options of pytest.
        files: What the folder beside the build is called for the files of the tests.
        limit_s: They may take so long.
    """
    own = build.with_name(files)
    arguments = [
        "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", f"--timeout={TEST_LIMIT_S}",
        f"--basetemp={own}", "-o", "addopts=--import-mode=importlib", *tests,
    ]  # fmt: skip
    process = free.get()
    try:
        ended = process.run(build, arguments, output=build.with_name(f"{files}.said"), limit_s=limit_s)
    finally:
        free.put(process)
        shutil.rmtree(own, ignore_errors=True)
    return Ending(ended.exit_code, ended.said, ended.has_hung)


def _environment() -> dict[str, str]:
    """That of the builds: without what this process was told about where to look or how to test."""
    return {key: value for key, value in os.environ.items() if not key.startswith(NOT_FOR_BUILDS)}
