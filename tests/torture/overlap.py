"""Runs that overlap: 2 to 8 of one ledger start within two seconds, and some are killed.

Nobody may be called twice, whoever wins; who loses says who holds the ledger. Afterwards a copy of the ledger
and a backup of it are run as well, and have to be refused.
"""

import os
import re
import shutil
import signal
import sqlite3
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from campaign.errors import ExitCode
from tests.e2e.machinery import people
from tests.torture.accounts import Account, Accounts
from tests.torture.child import be
from tests.torture.house import accounts
from tests.torture.judge import judge
from tests.torture.lives import HUNG, LIMIT_S
from tests.torture.step import Place, Step
from tests.torture.tally import Effort, Tally
from tests.torture.warm_pool import in_warmed_processes

STARTS = 1_000
WITHIN_S = 2.0
PER_CASE = range(2, 9)
MEETING, DYING, RESTORED = 0.5, 0.05, 0.9
"""So many of the starts have to meet another, and to be killed, and of the cases to have a backup."""
MAX_LIVE = 4
SETTINGS = {"pace": {"calls_per_second": 5, "burst": 1, "max_live_calls": MAX_LIVE}}
SPEED = 60.0
"""Of the simulated people: a call lasts most of a second, so that a run is killed with calls on the line."""
ENDED, KEPT_OUT, REFUSED, KILLED = (0, 80), 75, 74, -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Life:
    """One `campaign run` in a process of its own, forked from this warmed one."""

    name: str
    pid: int
    log: Path

    @property
    def said(self) -> str:
        """All that it has written so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    @property
    def lines(self) -> list[str]:
        """What it said to the operator at its end."""
        return [line for line in self.said.splitlines() if line.startswith("campaign: ")]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A list and a campaign file in their place, which any number of lives may run."""

    place: Place
    rows: Sequence[dict[str, str]]
    listed: Path
    config: Path
    options: Mapping[str, Any]
    """Of `campaign run`."""

    def start(self, name: str, *, before: Callable[[], object] | None = None) -> Life:
        """Fork, and be a run; `before` is called in the new process first."""
        log = self.place.folder / f"{name}.log"
        pid = os.fork()
        if pid == 0:
            try:
                if before is not None:
                    before()
                be(self.place, Step(options=self.options), self.listed, self.config, None, None, log)
            except BaseException:
                log.write_text(traceback.format_exc(), encoding="utf-8")
            finally:
                # Else a second copy of the parent would go on from here.
                os._exit(ExitCode.BUG)
        return Life(name, pid, log)

    def resume(self) -> tuple[int, Life]:
        """Run as cron would until it has ended, four times at most. The last exit code, and who had it."""
        for again in range(4):
            life = self.start(f"resumed{again}")
            exit_code = end_of(life)
            if exit_code in ENDED:
                break
        return exit_code, life

    def with_ledger(self, path: Path) -> "Campaign":
        """The same with another ledger."""
        return replace(self, place=replace(self.place, ledger=str(path)))


def lay_out(
    place: Place, rows: Sequence[dict[str, str]], settings: Mapping[str, Any], **options: Any
) -> Campaign:
    """Write the list and the campaign file, once for all lives."""
    return Campaign(place, rows, *place.lay_out(Step(), rows, settings), options)


def end_of(life: Life, limit_s: float = LIMIT_S) -> int:
    """Wait for a life, and end it when it takes too long. Its exit code, negative for a signal, or HUNG."""
    give_up_at = time.monotonic() + limit_s
    while time.monotonic() < give_up_at:
        pid, status = os.waitpid(life.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(life.pid, signal.SIGKILL)
    os.waitpid(life.pid, 0)
    return HUNG


def run(effort: Effort) -> Tally:
    """Start runs until the count is reached; each case has an account and a folder of its own."""
    total = Tally()
    cases = list(cases_of(effort.seed, effort.count(STARTS, at_least=2)))
    with accounts() as oracle:
        # A case mostly waits, so there are more of them than processors.
        work = partial(attempt, effort.folder, oracle.port)
        for tally in in_warmed_processes(work, cases, effort, oracle, at_a_time=4 * effort.jobs):
            total.add(tally)
    starts = sum(case.starts for case in cases)
    wanted = {"starts known to have met another": MEETING * starts, "starts killed": DYING * starts}
    wanted["restored ledgers"] = RESTORED * len(cases)
    total.require({kind: int(number) for kind, number in wanted.items()})
    return total


@dataclass(frozen=True, slots=True)
class Case:
    """So many starts of one campaign, decided by the seed and the number."""

    seed: int
    number: int
    starts: int
    sabotage: Callable[[], object] | None = None
    """Spoils the program in each of the processes that overlap. For the test of this suite."""
    limit_s: float = LIMIT_S
    """How long each of them may take."""


def cases_of(seed: int, starts: int) -> Iterator[Case]:
    """So many starts, at least two, as cases of two or more."""
    rng, number = Random(f"overlap {seed}"), 0
    while starts > 0:
        some = min(rng.choice(PER_CASE), starts)
        if starts - some == 1:
            # Nobody overlaps with a case of one.
            some += 1 if some == PER_CASE.start else -1
        yield Case(seed, number, some)
        starts, number = starts - some, number + 1


def attempt(folder: Path, port: int, case: Case) -> Tally:
    """One case from its first start to the judge."""
    rng, oracle, tally = Random(f"{case.seed} {case.number}"), Accounts(port), Tally()
    account, own = f"overlap{case.number}", folder / str(case.number)
    own.mkdir()
    oracle.open(account, Account(speed=SPEED))
    place, rows = Place(own, oracle.url(account), str(own / "ledger.db")), people(rng.randint(6, 12))
    campaign = lay_out(place, rows, SETTINGS)
    trouble = [*_overlap(campaign, case, rng, tally)]
    exit_code, last = campaign.resume()
    if exit_code not in ENDED:
        trouble.append(f"{last.name} ended with {exit_code}: {last.lines}")
    trouble += [*_relatives(campaign, tally)]
    dials, _ = oracle.close(account)
    found = judge(dials, Path(place.ledger), {row["phone"] for row in rows}, result=place.result)
    case_name = f"overlap, seed {case.seed}, case {case.number}"
    found.count_into(tally, review_bound=MAX_LIVE * tally.injected["starts killed"], case=case_name)
    if found.unfinished:
        trouble.append(f"{found.unfinished} rows never became final")
    tally.wrong += len(trouble)
    for line in trouble:
        tally.fail(f"{case_name}: {line}")
    if not tally.failures and found.is_clean:
        shutil.rmtree(own)
    return tally


def _overlap(campaign: Campaign, case: Case, rng: Random, tally: Tally) -> Iterator[str]:
    """Start the runs and kill some of them; say what went otherwise than it should."""
    begun, running, killed = time.monotonic(), list[Life](), set[int]()
    backup_at = rng.randrange(case.starts // 2, case.starts)
    plan = sorted(rng.uniform(0.0, WITHIN_S) for _ in range(case.starts))
    for at, offset in enumerate(plan):
        time.sleep(max(begun + offset - time.monotonic(), 0.0))
        running.append(campaign.start(f"start{at}", before=case.sabotage))
        if at == backup_at:
            _back_up(Path(campaign.place.ledger))
        if rng.random() < 0.25:
            victim = rng.choice(running)
            time.sleep(rng.uniform(0.0, 0.3))
            killed.add(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)
    pids, met = {life.pid for life in running}, set[int]()
    for life in running:
        exit_code = end_of(life, case.limit_s)
        # Where the machine is slow, nothing was written yet when the first backup was made.
        if not _counts_calls(Path(campaign.place.ledger).with_name("backup.db")):
            _back_up(Path(campaign.place.ledger))
        tally.injected["overlapping starts"] += 1
        tally.injected["starts killed"] += exit_code == KILLED
        holder = _holder(life) if exit_code == KEPT_OUT else 0
        if holder in pids - {life.pid}:
            tally.injected["starts kept out"] += 1
            met |= {life.pid, holder}
        elif exit_code not in ENDED and not (exit_code == KILLED and life.pid in killed):
            yield f"{life.name} ended with {exit_code}: {life.lines}"
        if "Traceback" in life.said:
            yield f"{life.name} wrote a traceback"
    # A killed run that met another may have had no time to say so.
    tally.injected["starts known to have met another"] += len(met)


def _holder(life: Life) -> int:
    """The process that a run which was kept out names in its one line as the holder, or 0."""
    held_by = [re.search(r"the ledger is in use by .*process (\d+)", line) for line in life.lines]
    return int(held_by[0][1]) if len(held_by) == 1 and held_by[0] else 0


def _back_up(ledger: Path) -> None:
    """A sound copy of the ledger as it is at this moment, if there is one yet."""
    try:
        with (
            closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5)) as source,
            closing(sqlite3.connect(ledger.with_name("backup.db"))) as target,
        ):
            source.backup(target)
    except sqlite3.OperationalError:
        ledger.with_name("backup.db").unlink(missing_ok=True)


def _relatives(campaign: Campaign, tally: Tally) -> Iterator[str]:
    """Run a copy of the ledger and the backup in its place, and put the ledger back."""
    ledger = Path(campaign.place.ledger)
    backup, kept = ledger.with_name("backup.db"), ledger.with_name("kept.db")
    copied = campaign.with_ledger(Path(shutil.copyfile(ledger, ledger.with_name("copy.db"))))
    yield from _refused(copied, "copied", tally)
    if _counts_calls(backup):
        ledger.rename(kept)
        backup.rename(ledger)
        yield from _refused(campaign, "restored", tally)
        for left in ("", "-wal", "-shm"):
            Path(f"{ledger}{left}").unlink(missing_ok=True)
        kept.rename(ledger)
    exit_code = end_of(again := campaign.start("again"))
    if exit_code not in ENDED:
        yield f"with the newest ledger back the run ended with {exit_code}: {again.lines}"


def _counts_calls(backup: Path) -> bool:
    """Whether a run had begun to write when the backup was made; before that it is a new ledger."""
    try:
        with closing(sqlite3.connect(f"file:{backup}?mode=ro", uri=True)) as database:
            return bool(database.execute("SELECT generation FROM identity WHERE generation > 0").fetchone())
    except sqlite3.OperationalError:
        return False


def _refused(campaign: Campaign, kind: str, tally: Tally) -> Iterator[str]:
    exit_code = end_of(life := campaign.start(kind))
    tally.injected[f"{kind} ledgers"] += 1
    if exit_code != REFUSED or len(life.lines) != 1 or "--accept-ledger" not in life.lines[0]:
        yield f"a {kind} ledger was not refused: {exit_code}: {life.lines}"
