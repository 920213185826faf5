"""Kills: SIGKILL at every line of the code that dials, remembers and asks, at its waits, and at any moment.

First the lives of every story are watched while the lines that they pass are counted. From that the kills
are chosen: each line at its first passing, with waits and moments on top. Mostly the lives after the killed
one are killed, too, at any passing. Then two bring the campaign to its end, and the judge looks.
"""

import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from math import ceil
from pathlib import Path
from random import Random

from tests.forks import loaded
from tests.postgresql import leave_server, start_server
from tests.torture import points
from tests.torture.accounts import Accounts
from tests.torture.case import COUNTED, Case, Findings, read_case
from tests.torture.house import accounts
from tests.torture.planner import AT_LINE, ON_TOP, Planner, Seen, kind_of
from tests.torture.points import LINE, Point
from tests.torture.step import Kill
from tests.torture.stories import STORIES, WHOLE_STORIES
from tests.torture.tally import Effort, Tally
from tests.torture.warmed import work

KILLS = 10_000
"""At lines; those at waits and moments come on top."""
AT_A_TIME = 4
"""Campaigns per processor: mostly they wait."""
WAITING = 1 / 8
"""What a second of a campaign costs beside the work that it is, as another could be in its place."""
WATCHES = 2
"""So often those stories are watched again that may pass lines which no life was seen to pass."""
ROUNDS = 8
"""A line is passed or not as threads happen to run, so what was missed is tried again."""
MISSED_IN = 3
"""From the second time on in so many stories."""


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
        told, tells = loaded().Pipe(duplex=False)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        order = (cases, tells, folder, self.jobs, self.accounts, self.postgresql, dict(os.environ))
        process = loaded().Process(target=work, args=order)
        process.start()
        tells.close()
        assert process.pid is not None
        try:
            with suppress(EOFError):
                while True:
                    findings: Findings = told.recv()
                    yield by_number.pop(findings.number), findings
        finally:
            # Its cases and their lives are in its group; when all is well it has ended with them.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.join()
            process.close()
            told.close()
        for case in by_number.values():
            yield case, Findings(case.number, trouble="nothing came of it")

    def case(
        self, story: str, *kills: Kill | None, strace: tuple[str, ...] = (), is_recorded: bool = False
    ) -> Case:
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
    server = start_server(folder / "postgresql")
    stack.callback(leave_server, server)
    uri: str = server.get_uri()
    return uri


def run(effort: Effort, *, stories: Sequence[str] = tuple(WHOLE_STORIES)) -> Tally:
    """All kills of these stories, and the share of the lines at which a process was killed."""
    tally, lines = Tally(), effort.count(KILLS)
    due = points.due_lines()
    wanted = Counter({AT_LINE: lines} | {kind: ceil(lines * share) for kind, share in ON_TOP.items()})
    with ExitStack() as stack:
        shop = workshop(stack, effort, stories)
        planner, struck = _watch(shop, stories, Random(effort.seed), tally, is_whole=effort.share >= 1)
        chosen = planner.cases(wanted)
        for at in range(ROUNDS):
            planner.rng.shuffle(chosen)
            for case, findings in shop.work([shop.case(story, *kills) for story, kills in chosen]):
                struck |= _count(case, findings, tally)
            # At full counts every line that is due has to be struck, however often that takes.
            missed = sorted((due & planner.points.keys()) - struck) if effort.share >= 1 else []
            chosen = planner.again(missed, stories=1 if at == 0 else MISSED_IN)
            # The later kills of a case count, too.
            chosen += planner.top_up(wanted - tally.injected, beside=chosen)
            if not chosen:
                break
    tally.require(wanted)
    tell_coverage(struck, tally, is_due=effort.share >= 1)
    return tally


def _watch(
    shop: Workshop, stories: Sequence[str], rng: Random, tally: Tally, *, is_whole: bool
) -> tuple[Planner, set[Point]]:
    """Watch the lives of every story: first without a kill, then those after its own life was killed.

    Every line that is due has to be seen when it is the whole suite: else those stories are watched once more
    that pass the lines beside it.

    Returns:
        The planner, and the lines at which a life was killed.
    """
    seen: list[Seen] = []
    struck: set[Point] = set()

    def watch(cases: Iterable[tuple[str, tuple[Kill, ...]]]) -> None:
        recorded = [shop.case(story, *kills, is_recorded=True) for story, kills in cases]
        for case, findings in shop.work(recorded):
            struck.update(_count(case, findings, tally))
            seen.extend(_seen(case, findings))

    watch((story, ()) for story in stories)
    watch((story, (kill,)) for story, kill in Planner(seen, rng).half_way())
    for _ in range(WATCHES if is_whole else 0):
        left = points.due_lines().difference(*(life.passed for life in seen))
        watch((story, ()) for story in _near(left, seen))
    return Planner(seen, rng), struck


def _near(left: set[Point], seen: Sequence[Seen]) -> set[str]:
    """The stories that pass the line before one of these, or else another one of its function."""
    functions = points.lines_of_functions()
    near: set[str] = set()
    for line in left:
        siblings = [each for each, function in functions.items() if function == functions[line]]
        siblings = [each for each in siblings if each.file == line.file and each != line]
        for sibling in sorted(siblings, key=lambda each: (each > line, abs(each.line - line.line))):
            if stories := {life.story for life in seen if sibling in life.passed}:
                near |= stories
                break
    return near


def _seen(case: Case, findings: Findings) -> Iterator[Seen]:
    """The lives of a case that were watched."""
    for at, (points_passed, seconds) in enumerate(zip(findings.passed, findings.seconds, strict=True)):
        if points_passed or at == 0:
            before = (*case.kills, None)[:at]
            passed = {Point(file, line, event): times for file, line, event, times in points_passed}
            cost_s = findings.processor_s + sum(findings.seconds) * WAITING
            yield Seen(case.story, before, passed, seconds, cost_s)


def _count(case: Case, findings: Findings, tally: Tally) -> set[Point]:
    """Add one case to the tally. Returns the lines at which it was really killed."""
    struck = set()
    for kill, has_struck in zip(case.kills, findings.struck, strict=False):
        if kill is None or not has_struck:
            continue
        tally.injected[kind_of(kill)] += 1
        if kill.point and kill.point.event == LINE:
            struck.add(kill.point)
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


def tell_coverage(struck: set[Point], tally: Tally, *, is_due: bool) -> None:
    """Note the share of the lines that were a kill point, and fail for each that was not when all are due."""
    lines, due = points.lines_of_functions(), points.due_lines()
    hit = len(due & struck)
    # Rounded down: 100% is all of them.
    tally.notes.append(f"{100 * hit // len(due)}% of {len(due):,} lines, {len(lines) - len(due)} excused")
    beside = points.lines_of_functions(points.KILLED_FOLDERS).keys() - lines.keys()
    tally.notes.append(f"{len(beside & struck):,} of {len(beside):,} lines beside them")
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
