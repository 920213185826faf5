"""A bench: commands of the product in a folder of their own, watched from outside and searched afterwards."""

import os
import pty
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import canaries
from tests.torture.canaries import Canary
from tests.torture.tally import Tally

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "campaign")
LIMIT_S = 60.0
_POLL_S = 0.02
_OF_OTHERS = 0o077
_TABLE = r"(?:results|results-again|rejects|fixed)\.(?:csv|xlsx|jsonl|parquet)"
_MAY_HOLD_PEOPLE = re.compile(
    rf"work/(?:ledger\.db(?:-wal|-shm)?|dials\.jsonl|{_TABLE}|\.{_TABLE}\.\w+\.new)", re.ASCII
)
"""Where people belong, seen from the folder of the scenario. Tables are written aside first."""


@dataclass
class Bench:
    """One scenario's folder and environment, and what was found in it.

    The umask of the caller is as permissive as it can be.
    """

    name: str
    folder: Path
    base_url: str
    secrets: tuple[Canary, ...]
    """Belong in no file and no line at all; the first is the API key."""
    people: tuple[Canary, ...]
    tally: Tally = field(default_factory=Tally)
    commands: set[str] = field(default_factory=set)
    """The commands of the product that have run."""
    _inputs: dict[Path, os.stat_result] = field(default_factory=dict)
    """What the scenario itself has written, as it was left."""
    _children: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in ("work", "home", "tmp", "said"):
            (self.folder / name).mkdir(parents=True)
        self._folders = set(self.folder.iterdir())

    @property
    def work(self) -> Path:
        """Where the commands are started."""
        return self.folder / "work"

    @property
    def key(self) -> str:
        """The API key."""
        return self.secrets[0].text

    @property
    def said_so_far(self) -> bytes:
        """What the command that runs has written to stderr."""
        return (self.folder / "said" / "err").read_bytes()

    def put(self, name: str, content: str | bytes, *, mode: int = 0o644) -> Path:
        """Write a file that the commands read. It is searched only when one of them has changed it."""
        path = self.work / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        self._inputs[path] = path.stat()
        return path

    def run(
        self,
        *arguments: str,
        codes: tuple[int, ...] = (0,),
        program: tuple[str, ...] = COMMAND,
        environment: Mapping[str, str] | None = None,
        send: int = 0,
        when: Callable[[], bool] | None = None,
        answer: str | None = None,
        asked: bytes = b"",
        people_on_stdout: bool = False,
    ) -> str:
        """Run one command under watch; then search what it said, and every file that there is now.

        Args:
            arguments: After the name of the program.
            codes: The exit codes that are right.
            program: In place of the installed command.
            environment: Changes of the environment.
            send: A signal that is sent as soon as `when` holds. A command that ends before is a finding.
            when: The moment for it.
            answer: What is typed, on a terminal in place of a pipe.
            asked: What has to be shown there before; empty types it beforehand.
            people_on_stdout: Whether people are this command's data.

        Returns:
            All that it said.
        """
        what = f"campaign {' '.join(arguments)}"
        if program == COMMAND:
            self.commands.update(arguments[:1])
        out, err = self.folder / "said" / "out", self.folder / "said" / "err"
        terminal = None if answer is None else _Terminal(answer, asked)
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [*program, *arguments],
                cwd=self.work,
                env=self._environment(environment or {}),
                stdin=terminal.theirs if terminal else subprocess.DEVNULL,
                stdout=stdout,
                stderr=terminal.theirs if terminal else stderr,
                umask=0,
                # A hidden question goes to the terminal of the session, which may be the tester's own.
                start_new_session=terminal is not None,
            )
        ends_at = time.monotonic() + LIMIT_S
        while process.poll() is None:
            self._watch(process.pid, what)
            if terminal:
                terminal.read()
            if when is not None and when():
                process.send_signal(send)
                when = None
            if time.monotonic() > ends_at:
                process.kill()
                self.wrong(what, f"no end within {LIMIT_S:g} s")
            time.sleep(_POLL_S)
        if terminal:
            terminal.close()
            err.write_bytes(terminal.shown)
        if when is not None:
            self.wrong(what, "it ended before the moment of the signal")
        if process.returncode not in codes:
            self.wrong(what, f"exit {process.returncode}: {err.read_text(errors='replace')[-300:]}")
        self.tally.injected.update({"commands": 1, "child processes": len(self._children)})
        self._children.clear()
        self._search("stdout", out.read_bytes(), () if people_on_stdout else self.people, what)
        self._search("stderr", err.read_bytes(), self.people, what)
        self._search_files(what)
        return (out.read_bytes() + err.read_bytes()).decode(errors="replace")

    def _environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        own = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "TERM": "xterm",
            "ONEINBOX_BASE_URL": self.base_url,
            "ONEINBOX_API_KEY": self.key,
        }
        return {name: value for name, value in (own | dict(changes)).items() if value}

    def must_hold_people(self, *names: str) -> None:
        """These files are where people belong. If they are not there, the search has searched nothing."""
        for name in names:
            found = canaries.found_in_file(self.work / name, self.people)
            for canary in self.people:
                if canary.label not in found:
                    self.wrong(name, f"{canary.label} is not where it belongs")

    def _watch(self, pid: int, what: str) -> None:
        """Look at the command's processes, and at the modes of all files while it runs."""
        with suppress(OSError):
            own = Path(f"/proc/{pid}/cmdline").read_bytes()
            self._search("its command line", own, self.people, what)
            for child in _descendants(pid):
                with suppress(OSError):
                    line = Path(f"/proc/{child}/cmdline").read_bytes()
                    # One that was only just forked is still a copy of the command.
                    if line != own:
                        self._search("a child's command line", line, self.people, what)
                        environment = Path(f"/proc/{child}/environ").read_bytes()
                        self._search("a child's environment", environment, self.people, what)
                        self._children.add(child)
        self._check_modes(what)

    def _check_modes(self, what: str) -> None:
        for path in self.folder.rglob("*"):
            with suppress(OSError):
                mode = path.lstat().st_mode
                if not self._is_own(path) and not stat.S_ISLNK(mode) and mode & _OF_OTHERS:
                    self.wrong(what, f"{path.name} has mode {stat.S_IMODE(mode):o}")

    def _search_files(self, what: str) -> None:
        self._check_modes(what)
        for path in self.folder.rglob("*"):
            self._search("a file's name", path.name.encode(), self.people, what)
            if self._is_own(path) or not path.is_file():
                continue
            self.tally.injected["files searched"] += 1
            where = path.relative_to(self.folder).as_posix()
            people = () if _MAY_HOLD_PEOPLE.fullmatch(where) else self.people
            for label in canaries.found_in_file(path, (*self.secrets, *people)):
                self.wrong(what, f"{label} in {where}")

    def _is_own(self, path: Path) -> bool:
        """Whether the bench itself has made it, and the command has left it alone."""
        if path in self._folders or path.parent == self.folder / "said":
            return True
        left = self._inputs.get(path)
        return left is not None and _looks(left) == _looks(path.stat())

    def _search(self, where: str, content: bytes, people: tuple[Canary, ...], what: str) -> None:
        for label in canaries.found_in(content, (*self.secrets, *people)):
            self.wrong(what, f"{label} in {where}")

    def wrong(self, what: str, finding: str) -> None:
        """Count one finding, the same one once."""
        failure = f"{self.name}: {finding}; {what}"
        if failure not in self.tally.failures:
            self.tally.wrong += 1
            self.tally.fail(failure)


def _looks(status: os.stat_result) -> tuple[int, ...]:
    """What differs when a file was written, replaced or given another mode."""
    return status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns


def _descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _descendants(child)


class _Terminal:
    """A terminal on which an answer is typed when it is asked for, and which remembers what was shown."""

    def __init__(self, answer: str, asked: bytes) -> None:
        self._ours, self.theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self._answer, self._asked = answer.encode(), asked
        self.shown = b""
        self._type()

    def _type(self) -> None:
        if self._answer and self._asked in self.shown:
            os.write(self._ours, self._answer)
            self._answer = b""

    def read(self) -> None:
        """Take what is there, so that whoever writes need not wait."""
        with suppress(OSError):
            while block := os.read(self._ours, 1 << 16):
                self.shown += block
                self._type()

    def close(self) -> None:
        """Read the rest, and hang up."""
        self.read()
        os.close(self.theirs)
        os.close(self._ours)
