"""Kills: SIGKILL at every line of the code that dials, remembers and asks, at its waits, and at any moment.

First every story is lived once while the lines that it passes are counted. From that the kills are chosen:
each line at its first, its last and some other passing, with waits and moments on top. After each kill two
lives bring the campaign to its end, and the judge looks.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from math import ceil
from pathlib import Path
from random import Random

from tests.postgresql import start_server
from tests.torture import points
from tests.torture.accounts import Accounts, accounts
from tests.torture.case import COUNTED, Case, Findings, read_case
from tests.torture.points import LINE, Point
from tests.torture.step import Kill
from tests.torture.stories import STORIES, WHOLE_STORIES
from tests.torture.tally import Effort, Tally

KILLS = 10_000
"""At lines; those at waits and moments come on top."""
AT_LINE, AT_WAIT, AT_MOMENT = "kills at a line", "kills at a wait", "kills at a moment"
ON_TOP: Mapping[str, float] = {AT_WAIT: 0.12, AT_MOMENT: 0.08}
"""So many more for each kill at a line."""
SPARE = 1.2
"""So many kills are tried for each that is still missing, and two more."""
UNTRACED = 0.6
"""A life that nobody watches lasts such a share of one whose lines are counted."""
TWICE = 0.3
"""Share of the cases in which the life after the killed one is killed, too."""
AT_A_TIME = 4
"""Campaigns per processor: mostly they wait."""
ROUNDS = 8
"""A line is passed or not as threads happen to run, so what was missed is tried again."""

Passed = Mapping[Point, Mapping[str, int]]
"""For each point, the stories that pass it, and how often."""


@dataclass(slots=True)
class Workshop:
    """Where cases are worked on: the accounts, a PostgreSQL server, and warmed processes."""

    folder: Path
    accounts: Accounts
    postgresql: str
    jobs: int
    numbers: Iterator[int] = field(default_factory=count)

    def work(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Findings]]:
        """Every case with what came of it, in the order in which they end."""
        by_number = {case.number: case for case in cases}
        with tempfile.TemporaryFile("w+") as orders:
            orders.writelines(json.dumps(asdict(case)) + "\n" for case in cases)
            orders.seek(0)
            folder = tempfile.mkdtemp(dir=self.folder)
            process = subprocess.Popen(
                [
                    sys.executable, "-m", "tests.torture.warmed",
                    folder, str(self.jobs), str(self.accounts.port), self.postgresql,
                ],
                stdin=orders,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                findings = Findings(**json.loads(line))
                yield by_number.pop(findings.number), findings
        finally:
            # Its cases and their lives are in its group; when all is well it has ended with them.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        for case in by_number.values():
            yield case, Findings(case.number, trouble="nothing came of it")

    def case(self, story: str, *kills: Kill, strace: tuple[str, ...] = (), is_recorded: bool = False) -> Case:
        """A new case."""
        return Case(next(self.numbers), story, kills, strace, is_recorded)


def workshop(stack: ExitStack, effort: Effort, stories: Iterable[str]) -> Workshop:
    """Set up; everything ends with the stack."""
    postgresql = ""
    if any(STORIES[name].on_postgresql for name in stories):
        postgresql = _postgresql(stack, effort.folder)
    return Workshop(
        effort.folder, stack.enter_context(accounts()), postgresql, jobs=max(effort.jobs * AT_A_TIME, 2)
    )


def _postgresql(stack: ExitStack, folder: Path) -> str:
    os.environ.setdefault("XDG_RUNTIME_DIR", stack.enter_context(tempfile.TemporaryDirectory()))
    server = start_server(folder / "postgresql")
    stack.callback(server.cleanup)
    uri: str = server.get_uri()
    return uri


@dataclass(slots=True)
class Planner:
    """Chooses kills from what the stories were seen to pass."""

    passed: Passed
    seconds: Mapping[str, float]
    """How long each story's own life lasts when nobody watches it."""
    rng: Random

    def at(self, point: Point, *, last: bool = False, first: bool = False) -> tuple[str, Kill]:
        """A kill at some passing of this point, in a story that passes it; quick stories are preferred."""
        stories = self.passed[point]
        name = self._quick(stories)
        often = stories[name]
        nth = 1 if first else often if last else self.rng.randint(1, often)
        return name, Kill(point, nth)

    def at_a_moment(self) -> tuple[str, Kill]:
        """A kill at any time of a life."""
        name = self._quick(self.seconds)
        return name, Kill(after_s=self.rng.uniform(0.01, self.seconds[name]))

    def kills(self, wanted: Mapping[str, int]) -> list[tuple[str, Kill]]:
        """So many kills of each kind; at lines each line at least once if they suffice."""
        lines = sorted(point for point in self.passed if point.event == LINE)
        waits = sorted(point for point in self.passed if point.event != LINE)
        self.rng.shuffle(lines)
        chosen = [self.at(self.rng.choice(waits)) for _ in range(wanted[AT_WAIT])]
        chosen += [self.at_a_moment() for _ in range(wanted[AT_MOMENT])]
        left = wanted[AT_LINE]
        at_lines = [self.at(line, first=True) for line in lines[:left]]
        at_lines += [self.at(line, last=True) for line in lines[: left - len(at_lines)]]
        at_lines += [self.at(self.rng.choice(lines)) for _ in range(left - len(at_lines))]
        return chosen + at_lines

    def second(self, story: str) -> tuple[Kill, ...]:
        """Sometimes the life after it is killed as well: at a line that the story passes, or at a moment."""
        if self.rng.random() > TWICE:
            return ()
        passed = sorted(point for point in self.passed if story in self.passed[point])
        if passed and self.rng.random() < 1 / 2:
            return (Kill(self.rng.choice(passed)),)
        return (Kill(after_s=self.rng.uniform(0.01, self.seconds[story])),)

    def _quick(self, stories: Iterable[str]) -> str:
        # They were lived in any order; the seed alone is to decide.
        names = sorted(stories)
        return self.rng.choices(names, [1 / (0.2 + self.seconds[name]) for name in names])[0]


def run(effort: Effort, *, stories: Sequence[str] = tuple(WHOLE_STORIES)) -> Tally:
    """All kills of these stories, and the share of the lines at which a process was killed."""
    tally, lines = Tally(), effort.count(KILLS)
    wanted = Counter({AT_LINE: lines} | {kind: ceil(lines * share) for kind, share in ON_TOP.items()})
    with ExitStack() as stack:
        shop = workshop(stack, effort, stories)
        planner = _watch(shop, stories, Random(effort.seed), tally)
        struck: set[Point] = set()
        chosen = planner.kills(wanted)
        for _ in range(ROUNDS):
            planner.rng.shuffle(chosen)
            cases = [shop.case(story, kill, *planner.second(story)) for story, kill in chosen]
            for case, findings in shop.work(cases):
                struck |= _count(case, findings, tally)
            # At full counts every line has to be struck, however often that takes.
            missed = [point for point in planner.passed if point.event == LINE and point not in struck]
            chosen = [planner.at(point, first=True) for point in missed] if effort.share >= 1 else []
            # The second kill of a case counts, too.
            short = {kind: number - tally.injected[kind] for kind, number in wanted.items()}
            spare = {kind: round(number * SPARE) + 2 for kind, number in short.items() if number > 0}
            chosen += planner.kills(Counter(spare))
            if not chosen:
                break
    tell_shortage(wanted, tally)
    tell_coverage(struck, tally, is_due=effort.share >= 1)
    return tally


def _watch(shop: Workshop, stories: Sequence[str], rng: Random, tally: Tally) -> Planner:
    """Live every story once without a kill, and remember what it passes."""
    passed: dict[Point, dict[str, int]] = {}
    seconds: dict[str, float] = {}
    for case, findings in shop.work([shop.case(story, is_recorded=True) for story in stories]):
        _count(case, findings, tally)
        seconds[case.story] = findings.seconds * UNTRACED
        for file, line, event, times in findings.passed:
            passed.setdefault(Point(file, line, event), {})[case.story] = times
    return Planner(passed, seconds, rng)


def _count(case: Case, findings: Findings, tally: Tally) -> set[Point]:
    """Add one case to the tally. Returns the lines at which it was really killed."""
    struck = set()
    for kill, has_struck in zip(case.kills, findings.struck, strict=False):
        if not has_struck:
            continue
        if kill.point is None:
            tally.injected[AT_MOMENT] += 1
        elif kill.point.event == LINE:
            tally.injected[AT_LINE] += 1
            struck.add(kill.point)
        else:
            tally.injected[AT_WAIT] += 1
    judged(case, findings, tally)
    return struck


def judged(case: Case, findings: Findings, tally: Tally) -> None:
    """Add to a tally what was found, and how to repeat the case if that is not as it should be."""
    for name in (*COUNTED, "in_review", "review_bound"):
        setattr(tally, name, getattr(tally, name) + getattr(findings, name))
    if findings.trouble:
        tally.wrong += 1
        order = json.dumps(asdict(case))
        tally.fail(
            f"{case.story}: {findings.trouble}, lives ended {findings.exit_codes}; "
            f"repeat: python -m tests.torture.kills '{order}'"
        )


def tell_shortage(wanted: Mapping[str, int], tally: Tally) -> None:
    """Fail for each kind of which fewer were struck than the table is to say."""
    for kind, number in wanted.items():
        if tally.injected[kind] < number:
            tally.wrong += 1
            tally.fail(f"only {tally.injected[kind]} of {number} {kind}")


def tell_coverage(struck: set[Point], tally: Tally, *, is_due: bool) -> None:
    """Note the share of the lines that were a kill point, and fail for each that was not when all are due."""
    lines = points.lines_of_functions()
    excused = {point for point, name in lines.items() if points.is_excused(point, name)}
    due = lines.keys() - excused
    hit = len(due & struck)
    # Rounded down: 100% is all of them.
    tally.notes.append(f"{100 * hit // len(due)}% of {len(due):,} lines, {len(excused)} excused")
    for point in sorted(due - struck) if is_due else ():
        tally.wrong += 1
        tally.fail(f"no story was killed at {point.place}, in {lines[point]}")


def main() -> None:
    """Repeat one case as a failure tells it, and keep its folder to look at."""
    case = read_case(json.loads(sys.argv[1]))
    folder = Path(tempfile.mkdtemp(prefix="kill-"))
    with ExitStack() as stack:
        shop = workshop(stack, Effort(folder, jobs=1), [case.story])
        for _, findings in shop.work([case]):
            sys.stdout.write(f"{folder}\n{json.dumps(asdict(findings), indent=1)}\n")


if __name__ == "__main__":
    main()
