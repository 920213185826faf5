"""A case: one campaign of a story from its first life to the judge, killed on its way."""

import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from campaign.errors import ExitCode
from tests.torture import actions, lives
from tests.torture.accounts import Accounts
from tests.torture.door import door
from tests.torture.finding import Finding
from tests.torture.judge import judge
from tests.torture.lives import Ended
from tests.torture.points import Point
from tests.torture.step import RESTS, Kill, Place, Step
from tests.torture.stories import STORIES
from tests.torture.story import PEOPLE, Story

_JUDGED = {
    "campaigns": ("id", "name"),
    "contacts": ("id", "campaign_id", "to_number", "status"),
    "attempts": ("id", "contact_id", "number", "token", "state", "to_number"),
    "calls": ("call_id", "attempt_id"),
    "suppression": ("to_number", "reason"),
}
"""What the judge looks at of a ledger: its tables with their columns."""
_SAYS_IT_IS_OVER = frozenset({0, 80})


@dataclass(frozen=True, slots=True)
class Case:
    """One campaign of a story, and where it is killed."""

    number: int
    story: str
    kills: tuple[Kill | None, ...] = ()
    """Of the story's own life, and of those after it; None for a life that is not killed."""
    strace: tuple[str, ...] = ()
    """Options of strace, when the story's own life is to run under it."""
    is_recorded: bool = False
    """Whether the points that its lives pass are wanted: of each that is not killed, but for the last."""


COUNTED = ("double_dials", "forbidden_dials", "lost_rows", "lost_ids", "corrupt_ledgers")
"""What a case adds to the tally, and should be zero."""


@dataclass(slots=True)
class Findings:
    """What came of a case."""

    number: int
    struck: list[bool] = field(default_factory=list)
    """For each life from the story's own on, whether SIGKILL ended it."""
    double_dials: int = 0
    forbidden_dials: int = 0
    lost_rows: int = 0
    lost_ids: int = 0
    corrupt_ledgers: int = 0
    in_review: int = 0
    review_bound: int = 0
    exit_codes: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """How long each life lasted, from the story's own life on."""
    processor_s: float = 0.0
    """So much work were all lives."""
    passed: list[list[tuple[str, int, str, int]]] = field(default_factory=list)
    """For each life from the story's own on, the points that it passed; none for those not recorded."""
    trouble: str = ""
    """What is wrong, in a line; empty when nothing is."""


def run_case(case: Case, folder: Path, accounts: Accounts, postgresql: str) -> Findings:
    """All lives of one campaign, and the judge's look at the end."""
    story, findings = STORIES[case.story], Findings(case.number)
    account = f"case{case.number}"
    accounts.open(account, story.account)
    _make_it_noon()
    with ExitStack() as stack:
        ledger = str(folder / "ledger.db")
        if story.on_postgresql:
            ledger = stack.enter_context(_database(postgresql, account))
        campaign = _Campaign(story, Place(folder, accounts.url(account), ledger), accounts, account, findings)
        for at, step in enumerate(story.before):
            ended = campaign.live(step, f"before{at}")
            if ended.exit_code not in step.ends:
                findings.trouble = f"life {at} ended with {ended.exit_code}, and the story is another"
        campaign.be_killed(case)
        accounts.mend(account)
        actions.mend(campaign.place)
        campaign.resume(case)
        ambiguous = accounts.ask(account).ambiguous
        dials, by_provider = accounts.close(account)
        seen = Path(ledger)
        if story.on_postgresql:
            seen = folder / "seen.db"
            _copy_for_judge(ledger, seen)
    found = judge(
        dials,
        seen,
        _people(story),
        result=campaign.place.result,
        tries=story.tries,
        forbidden={*story.forbidden, *_suppressed(seen)},
        also=story.listed - story.forbidden,
        decided=story.decided,
        campaign=story.name,
    )
    findings.double_dials = max(found.double_dials - by_provider, 0)
    findings.forbidden_dials += found.forbidden_dials
    findings.lost_rows, findings.lost_ids = found.lost_rows, found.lost_ids
    findings.corrupt_ledgers, findings.in_review = int(found.is_corrupt), found.in_review
    bound = campaign.crashes * story.most_live + ambiguous + story.ambiguous
    findings.review_bound = min(bound, story.most_rows)
    findings.trouble = findings.trouble or _trouble(findings, story, found)
    return findings


@dataclass(slots=True)
class _Campaign:
    """The lives of one campaign, and what they have left behind."""

    story: Story
    place: Place
    accounts: Accounts
    account: str
    findings: Findings
    crashes: int = 0

    def live(self, step: Step, name: str, *, place: Place | None = None, **how: Any) -> Ended:
        """One life. Nobody may be dialled by a command that only looks, or out of hours."""
        may_dial = self.story.may_dial(step)
        before = 0 if may_dial else len(self.accounts.ask(self.account).dials)
        story = self.story
        ended = lives.live(place or self.place, step, story.rows, story.settings, name=name, **how)
        if not may_dial:
            self.findings.forbidden_dials += len(self.accounts.ask(self.account).dials) - before
        self.findings.exit_codes.append(ended.exit_code)
        self.findings.processor_s += ended.processor_s
        # Where the story takes its ledger from it, a life can note no more how its requests end.
        has_no_ledger = step is story.step and ended.exit_code == story.meets == ExitCode.LEDGER
        self.crashes += ended.has_crashed or has_no_ledger
        return ended

    def be_killed(self, case: Case) -> None:
        """The story's own life."""
        story, place = self.story, self.place
        kill = case.kills[0] if case.kills else None
        with ExitStack() as stack:
            if story.doors:
                port = stack.enter_context(door(self.accounts.port, story.doors))
                place = replace(place, base_url=place.base_url.replace(str(self.accounts.port), str(port)))
            if story.trouble is not None:
                stack.enter_context(story.trouble(place))
            ended = self._watched(
                story.step, "killed", kill, is_recorded=case.is_recorded, place=place, strace=case.strace
            )
        is_itself = ended.exit_code in {*RESTS, story.meets} or story.may_fail or case.kills or case.strace
        if not is_itself:
            self.findings.trouble = f"its own life ended with {ended.exit_code}, and the story is another"

    def resume(self, case: Case) -> None:
        """The lives after it: those that are killed as well, and two that are not."""
        for at, kill in enumerate((*case.kills[1:], None)):
            self._watched(self.story.resume, f"after{at}", kill, is_recorded=case.is_recorded)
        self._watched(self.story.resume, "last", None)

    def _watched(
        self, step: Step, name: str, kill: Kill | None, *, is_recorded: bool = False, **how: Any
    ) -> Ended:
        """One life from the story's own on, of which is kept what came of it."""
        passed = self.place.folder / f"{name}.passed" if is_recorded and not kill else None
        ended = self.live(step, name, kill=kill, passed=passed, **how)
        self.findings.struck.append(ended.was_killed)
        self.findings.seconds.append(ended.seconds)
        self.findings.passed.append(json.loads(passed.read_bytes()) if passed and passed.exists() else [])
        return ended


def _make_it_noon() -> None:
    """For this process and its children it is about noon, so that the day ends in none of them."""
    os.environ["TZ"] = f"NOON{datetime.now(UTC).hour - 12:+d}"
    time.tzset()


def _people(story: Story) -> list[str]:
    """Who is to be in the result exactly once: not a number that is none, nor one that stands twice."""
    listed = Counter(row["phone"] for row in story.rows)
    return [
        number
        for number, times in listed.items()
        if times == 1 and number not in story.nobody and len(number) == len(PEOPLE[0]["phone"])
    ]


def _suppressed(ledger: Path) -> list[str]:
    """Whom the ledger itself forbids to call from the beginning: not those who have asked in a call."""
    query = "SELECT to_number FROM suppression WHERE reason NOT LIKE 'asked in call %'"
    with (
        suppress(sqlite3.DatabaseError),
        closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database,
    ):
        return [number for (number,) in database.execute(query)]
    return []


def _trouble(findings: Findings, story: Story, found: Finding) -> str:
    codes = findings.exit_codes
    if lives.HUNG in codes:
        return "a life did not end"
    if codes[-1] not in story.ends:
        return f"the last life ended with {codes[-1]}"
    if 70 in codes and not story.may_fail:
        return "a life ended with a fault in the program"
    if codes[-1] in _SAYS_IT_IS_OVER and found.unfinished:
        return f"the last life ended with {codes[-1]}, and {found.unfinished} rows are not finished"
    if findings.in_review > findings.review_bound:
        return f"{findings.in_review} rows are left to a human, {findings.review_bound} may be"
    counts = {name: getattr(findings, name) for name in COUNTED if getattr(findings, name)}
    if found.untrue:
        counts["untrue"] = found.untrue
    return ", ".join(f"{name}: {number}" for name, number in counts.items())


@contextmanager
def _database(server_uri: str, name: str) -> Iterator[str]:
    """A database of the case's own."""
    with psycopg.connect(server_uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield urlsplit(server_uri)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _copy_for_judge(uri: str, path: Path) -> None:
    """What the judge looks at, as a SQLite file."""
    with psycopg.connect(uri) as source, closing(sqlite3.connect(path)) as target, target:
        for table, columns in _JUDGED.items():
            names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
            target.execute(f"CREATE TABLE {table} ({names})")
            rows = source.execute(f"SELECT {names} FROM {table}".encode()).fetchall()  # noqa: S608 - our names
            target.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our names


def read_case(data: Mapping[str, Any]) -> Case:
    """A case as it was written."""
    kills = tuple(
        kill and Kill(kill["point"] and Point(*kill["point"]), kill["nth"], kill["after_s"])
        for kill in data["kills"]
    )
    return Case(data["number"], data["story"], kills, tuple(data["strace"]), data["is_recorded"])
