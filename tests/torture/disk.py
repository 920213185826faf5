"""A disk that fails: full, over quota, read-only or broken, at each write and flush of ledger and results.

Where strace is installed it makes one system call of a real run fail, or from some commit on everything that
opens, writes, flushes or renames a file of the campaign, but for what a workbook is packed from. A limit on
file sizes does the same to whichever file meets it first. Dialling has to stop at once with one clear line,
and further runs on a sound disk, a few at most, have to finish.
"""

import os
import resource
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random

from tests.e2e.machinery import people
from tests.torture.accounts import Account, Accounts
from tests.torture.house import accounts
from tests.torture.judge import judge
from tests.torture.overlap import ENDED, Campaign, Life, end_of, lay_out
from tests.torture.read_back import as_csv, rows_of
from tests.torture.step import Place
from tests.torture.strikes import CALLS, ERRORS, Event, Fault, failed_commit, traced
from tests.torture.tally import Effort, Tally
from tests.torture.warm_pool import in_warmed_processes

FAULTS, STRIKING = 560, 500
"""So many of them have to strike. Some point beyond the last call of a run, as no two runs are alike."""
ONCE, FOR_GOOD = 60, 20
"""So many of each of strace's errors."""
LIMITS_EACH = 6
"""Each so many-th fault is a limit on file sizes."""
LASTING_SHARE = 0.3
"""So many of strace's faults last."""
COMMITS = range(20)
"""Of a run; after so many of them a lasting fault begins."""
FORMATS = (".csv", ".csv", ".xlsx", ".jsonl", ".parquet")
NO_OUTPUT, NO_LEDGER = 73, 74
MAX_LIVE = 2
ROWS = people(5)
SETTINGS = {"pace": {"calls_per_second": 50, "burst": 1, "max_live_calls": MAX_LIVE}}
has_strace = shutil.which("strace") is not None


@dataclass(frozen=True, slots=True)
class Case:
    """One fault, decided by the seed and the number."""

    seed: int
    number: int
    by_strace: bool
    fault: Fault | None = None
    """Chosen by the seed when there is none."""
    sabotage: Callable[[], object] | None = None
    """Spoils the program in the process of the run that meets the fault. For the test of this suite."""


def run(effort: Effort) -> Tally:
    """Strike at as many points as the effort allows."""
    total = Tally()
    cases = [
        Case(effort.seed, number, has_strace and number % LIMITS_EACH != 0)
        for number in range(effort.count(FAULTS))
    ]
    with accounts() as oracle:
        work = partial(attempt, effort.folder, oracle.port)
        for tally in in_warmed_processes(work, cases, effort, oracle, at_a_time=2 * effort.jobs):
            total.add(tally)
    if has_strace:
        kinds = {
            name: n for kind in ERRORS.values() for name, n in ((kind, ONCE), (f"{kind} for good", FOR_GOOD))
        }
        total.require({kind: int(number * effort.share) for kind, number in {"": STRIKING, **kinds}.items()})
    elif effort.share < 1:
        total.notes.append("without strace: limits on file sizes only")
    else:
        total.wrong += 1
        total.fail("disk: install strace; without it there are only limits on file sizes")
    return total


def attempt(folder: Path, port: int, case: Case) -> Tally:
    """One case from the fault to the judge."""
    rng, oracle, tally = Random(f"disk {case.seed} {case.number}"), Accounts(port), Tally()
    campaign = _campaign(folder, oracle, f"disk{case.number}", rng.choice(FORMATS))
    output, place, events = Path(campaign.options["output_file"]), campaign.place, list[Event]()
    if case.by_strace:
        fault = case.fault or _choose(folder, port, output.suffix, rng)
        told, kind = str(fault), fault.kind
        life, exit_code, events = traced(campaign, "struck", fault, case.sabotage)
        has_struck = any(event.has_struck for event in events)
    else:
        limit = rng.randrange(2_000, 250_000)
        told, kind = f"files of {limit} bytes at most", "limit on file sizes"
        exit_code = end_of(life := campaign.start("struck", before=partial(_limit, limit, case.sabotage)))
        is_reached = any(path.stat().st_size >= limit for path in place.folder.iterdir())
        has_struck = is_reached or exit_code in (NO_OUTPUT, NO_LEDGER)
    trouble = list[str]()
    # A call that failed elsewhere, such as a line to stderr, is not the product's affair.
    if has_struck or not any(event.struck for event in events):
        trouble += _misbehaved(place, output, life, exit_code, events, has_struck=has_struck)
    trouble += _resumed(campaign, life)
    dials, _ = oracle.close(place.folder.name)
    found = judge(dials, Path(place.ledger), [row["phone"] for row in ROWS], result=as_csv(output))
    name = f"disk, seed {case.seed}, case {case.number}, {told}, {output.suffix}"
    found.count_into(tally, review_bound=MAX_LIVE * (has_struck and exit_code == NO_LEDGER), case=name)
    if found.unfinished:
        trouble.append(f"{found.unfinished} rows never became final")
    tally.injected.update([kind] * has_struck)
    tally.wrong += len(trouble)
    for line in trouble:
        tally.fail(f"{name}: {line}")
    if not trouble and found.is_clean:
        shutil.rmtree(place.folder)
    return tally


def _campaign(folder: Path, oracle: Accounts, name: str, suffix: str) -> Campaign:
    own = folder / name
    own.mkdir()
    oracle.open(name, Account(speed=200))
    place = Place(own, oracle.url(name), str(own / "ledger.db"))
    return lay_out(place, ROWS, SETTINGS, output_file=own / f"results{suffix}")


def _choose(folder: Path, port: int, suffix: str, rng: Random) -> Fault:
    """One call that fails, or everything from some commit on, as on a full disk."""
    error = rng.choice(sorted(ERRORS))
    if rng.random() < LASTING_SHARE:
        return Fault(error, when=rng.choice(COMMITS))
    points = _points(folder, port, suffix)
    call = rng.choice(sorted(points))
    return Fault(error, call, rng.choice(points[call]))


@cache
def _points(folder: Path, port: int, suffix: str) -> dict[str, list[int]]:
    """For each kind of call, the numbers within their threads of those that concern our files."""
    oracle, name = Accounts(port), f"counted{os.getpid()}{suffix[1:]}"
    _, _, events = traced(_campaign(folder, oracle, name, suffix), "counted", None)
    oracle.close(name)
    seen: dict[tuple[str, str], int] = {}
    points: dict[str, set[int]] = {}
    for event in events:
        number = seen[event.thread, event.call] = seen.get((event.thread, event.call), 0) + 1
        if event.call in CALLS and (event.on_ledger or event.on_results):
            points.setdefault(event.call, set()).add(number)
    return {call: sorted(numbers) for call, numbers in points.items()}


def _limit(size: int, sabotage: Callable[[], object] | None) -> None:
    """From now on no file of this process grows beyond so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    if sabotage is not None:
        sabotage()


def _misbehaved(
    place: Place, output: Path, life: Life, exit_code: int, events: Sequence[Event], *, has_struck: bool
) -> Iterator[str]:
    """What a run did wrong, whether or not it has met its fault."""
    allowed = {*ENDED}
    if has_struck and (not events or any(event.struck and event.on_ledger for event in events)):
        allowed.add(NO_LEDGER)
    if has_struck and (not events or any(event.struck and event.on_results for event in events)):
        allowed.add(NO_OUTPUT)
    if exit_code not in allowed:
        yield f"exit code {exit_code}, allowed are {sorted(allowed)}: {life.lines}"
    if "Traceback" in life.said:
        yield f"a traceback: {life.said.splitlines()[-1]}"
    if exit_code in ENDED:
        if judge([], Path(place.ledger), [row["phone"] for row in ROWS]).unfinished:
            yield "it says that it has finished, and has not"
    elif len(life.lines) != 1 and not any(event.struck and event.on_stderr for event in events):
        yield f"not one line for the operator: {life.lines}"
    yield from _misreported(place, output, exit_code)
    if (commit := failed_commit(events)) is None:
        return
    if exit_code != NO_LEDGER:
        yield f"a commit failed, and the exit code is {exit_code}"
    # What fails in the main thread, before there is a writer, has not been answered to anybody.
    is_first = not any(event.has_struck for event in events[:commit])
    if (
        is_first
        and events[commit].thread != str(life.pid)
        and not any("suspect" in line for line in life.lines)
    ):
        yield f"a commit failed, and the ledger is not called suspect: {life.lines}"
    later = sum(event.is_dial for event in events[commit:])
    if later > MAX_LIVE:
        yield f"{later} dials after a commit had failed"


def _misreported(place: Place, output: Path, exit_code: int) -> Iterator[str]:
    """What is wrong with the result: who has finished leaves the last one, others a whole one or none."""
    if not output.exists():
        if exit_code in ENDED:
            yield "it has finished without a result file"
        return
    try:
        told = Counter((row["phone"], row["call_status"]) for row in rows_of(output))
    except Exception as error:
        yield f"the result file cannot be read: {error!r}"
        return
    if sorted(number for number, _ in told.elements()) != sorted(row["phone"] for row in ROWS):
        yield f"the result file does not have everybody once: {told}"
    elif exit_code in ENDED:
        with closing(sqlite3.connect(f"file:{place.ledger}?mode=ro", uri=True)) as database:
            known = Counter(database.execute("SELECT to_number, status FROM contacts"))
        if told != known:
            yield f"the result file says {told}, and the ledger {known}"


def _resumed(campaign: Campaign, struck: Life) -> Iterator[str]:
    """Run on a sound disk until it has ended, and once more; a suspect ledger has to be checked first."""
    exit_code, last = campaign.resume()
    if exit_code not in ENDED:
        yield f"{last.name} ended with {exit_code}: {last.lines}"
    first = (campaign.place.folder / "resumed0.log").read_text(encoding="utf-8")
    if any("suspect" in line for line in struck.lines) and "ledger.checked" not in first:
        yield "the ledger is suspect, and was not checked"
    exit_code = end_of(once_more := campaign.start("once more"))
    if exit_code not in ENDED:
        yield f"the run after that ended with {exit_code}: {once_more.lines}"
