"""The installed command and the simulator as real processes, and lists to feed them."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import warm
from tests.warm import PATIENCE_S as PATIENCE_S

COMMAND = (sys.executable, "-m", "campaign")
KEY = "oi_sk_simulator"

# Under nohup a hang-up is ignored, and what is started from here would inherit that.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

CONFIG = """
name: {name}
agent_id: agt_test
from_numbers: ["+12025550100"]
contacts: {{countries: [US]}}
pace: {{calls_per_second: {rate}, burst: {burst}, max_live_calls: {live}, stages: []}}
hours: {{days: {{mon-sun: "00:00-24:00"}}}}
"""


@dataclass(frozen=True)
class Oracle:
    """The simulator in a process of its own: it knows who was really called."""

    base_url: str
    dial_log: Path

    def dials(self) -> list[dict[str, Any]]:
        """Every real dial, in order."""
        if not self.dial_log.exists():
            return []
        lines = self.dial_log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def dials_by_number(self) -> Counter[str]:
        """How often each number was really called."""
        return Counter(dial["to_number"] for dial in self.dials())

    def call(self, call_id: str) -> dict[str, Any]:
        """A call as the provider has it."""
        request = urllib.request.Request(  # noqa: S310 - a loopback address
            f"{self.base_url}/v1/calls/{call_id}", headers={"Authorization": f"Bearer {KEY}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:  # noqa: S310
            answer: dict[str, Any] = json.load(reply)
        return answer


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[Oracle]:
    """`campaign simulate` on a free port, for as long as the block lasts."""
    dial_log = folder / "dials.jsonl"
    said = folder / "simulator.log"
    process = warm.start("simulate", "--port", "0", "--dial-log", dial_log, *options, stderr=said)
    try:
        wait_until(lambda: "Ctrl-C" in _read(said) or process.exitcode is not None)
        url = re.search(r"http://[\d.:]+", _read(said))
        assert url is not None, f"the simulator did not start: {_read(said)}"
        yield Oracle(url[0], dial_log)
    finally:
        process.kill()
        process.join()
        process.close()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


@dataclass(frozen=True)
class Workplace:
    """A folder with a list, a campaign file and a ledger, and an account to call through."""

    folder: Path
    oracle: Oracle
    list_path: Path
    config: Path
    impatient: bool = False
    """Whether the run waits shorter than the product does (see `impatient.py`)."""

    @property
    def result_path(self) -> Path:
        return self.folder / "results.csv"

    def command(self, *extra: str) -> list[str]:
        """The command line of the run."""
        program = (sys.executable, "-m", "tests.e2e.impatient") if self.impatient else COMMAND
        return [*program, *self.arguments(*extra)]

    def arguments(self, *extra: str) -> list[str]:
        """The same without the program."""
        return [
            "run", str(self.list_path), "--config", str(self.config), "--yes", "--json",
            "--output", str(self.result_path), "--ledger", str(self.folder / "ledger.db"), *extra,
        ]  # fmt: skip

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "ONEINBOX_BASE_URL": self.oracle.base_url,
            "ONEINBOX_API_KEY": KEY,
            **changes,
        }

    def run(self, *extra: str, **changes: str) -> warm.Ended:
        """Run to the end."""
        environment = self.environment(**changes)
        return warm.run(*self.arguments(*extra), environment=environment, is_impatient=self.impatient)

    def start(self, *extra: str) -> subprocess.Popen[str]:
        """Start, and leave the end to the test."""
        return subprocess.Popen(
            self.command(*extra),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_when(self, condition: Callable[[], bool]) -> bool:
        """Start, and kill when the condition holds. Forked (see `warm`), it dies as any other process does.

        Returns:
            Whether it was killed; False when it was over before.
        """
        process = warm.start(
            *self.arguments(),
            stderr=self.folder / "killed.log",
            environment=self.environment(),
            is_impatient=self.impatient,
        )
        try:
            wait_until(lambda: condition() or process.exitcode is not None)
        finally:
            process.kill()
            process.join()
            was_killed = process.exitcode == -signal.SIGKILL
            process.close()
        return was_killed

    def results(self) -> list[dict[str, str]]:
        """The rows of the result file."""
        with self.result_path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def lay_out(
    folder: Path,
    oracle: Oracle,
    rows: Sequence[Mapping[str, str]],
    *,
    name: str = "spring",
    rate: float = 100,
    burst: int = 5,
    live: int = 50,
    extra: str = "",
    impatient: bool = False,
) -> Workplace:
    """Write the list and the campaign file."""
    list_path, config = folder / "list.csv", folder / "campaign.yaml"
    with list_path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    config.write_text(CONFIG.format(name=name, rate=rate, burst=burst, live=live) + extra, encoding="utf-8")
    return Workplace(folder, oracle, list_path, config, impatient)


def people(number: int) -> list[dict[str, str]]:
    """So many people with fictional numbers of their own."""
    areas = ("202", "212", "312", "415", "617")
    return [
        {
            "phone": f"+1{areas[at // 100]}55501{at % 100:02d}",
            "customer_name": f"Person {at}",
            "order_id": f"{at:05d}",
        }
        for at in range(number)
    ]


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Return as soon as the condition holds, or the process has ended; fail when neither comes."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        if process is not None and process.poll() is not None:
            return
        assert time.monotonic() < give_up_at, "the awaited moment did not come"
        time.sleep(0.005)


@dataclass(frozen=True)
class Measured:
    """How a command ended, and what it took."""

    stdout: str
    stderr: str
    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    """Of the command itself; its children count for themselves."""


_MEASURE = """
import json, os, subprocess, sys, time
started = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
took = time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss
print(json.dumps((os.waitstatus_to_exitcode(status), *took)), file=open(os.environ["MEASURED"], "w"))
"""
"""A small process starts the command, as the kernel counts the size of whoever starts one to its peak."""


def measured(command: Sequence[str]) -> Measured:
    """Run a command to its end and ask the kernel what it took."""
    with tempfile.NamedTemporaryFile("r") as figures:
        ended = subprocess.run(
            [sys.executable, "-S", "-c", _MEASURE, *command],
            env={**os.environ, "MEASURED": figures.name},
            capture_output=True,
            text=True,
            check=True,
        )
        exit_code, wall_seconds, cpu_seconds, peak_kb = json.load(figures)
    return Measured(
        stdout=ended.stdout,
        stderr=ended.stderr,
        exit_code=exit_code,
        wall_seconds=wall_seconds,
        cpu_seconds=cpu_seconds,
        peak_mb=peak_kb / 1024,
    )
