"""The judge: compares what the provider really did with what the ledger and the result file say.

It knows the ledger as a database file and never asks the program that is judged.
"""

import csv
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.torture.finding import Finding, RealDial, Truth

FINAL = frozenset(
    ("completed", "unreached", "rejected", "duplicate", "suppressed", "refused", "expired", "stopped")
)
CALLED = frozenset(("completed", "unreached"))
"""What a row can only be after a call."""
CALLED_LATER = frozenset(("waiting", "suppressed", "expired", "stopped"))
"""What a row can only be after a call when that call has reached nobody."""
UNREACHED = frozenset(("busy", "no_answer", "failed"))
"""Ends after which a person may be tried again."""
OPEN = frozenset(("dialing", "in_doubt", "needs_review"))
"""States of an attempt whose call the ledger need not know yet."""


def judge(
    dials: Sequence[RealDial],
    ledger: Path,
    numbers: Collection[str],
    *,
    result: Path | None = None,
    number_column: str = "phone",
    tries: int | Mapping[str, int] = 1,
    forbidden: Collection[str] = (),
    also: Collection[str] = (),
    decided: Collection[str] = (),
    campaign: str | None = None,
) -> Finding:
    """Look at a SQLite ledger (and result file) after the last life of a campaign.

    Args:
        dials: Every real dial of the provider, in order.
        ledger: The database file, which no process has open for writing.
        numbers: The people on the list, each once.
        result: A CSV result file to check as well.
        number_column: The list's column with the number.
        tries: As in `Truth`, like those that follow.
        forbidden: Numbers.
        also: Numbers.
        decided: Numbers.
        campaign: A name.
    """
    truth = Truth(
        dials=dials,
        numbers=numbers,
        tries=tries,
        forbidden=forbidden,
        also=also,
        decided=decided,
        campaign=campaign,
    )
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
            return weigh(database, truth, result=result, number_column=number_column)
    except sqlite3.DatabaseError:
        return Finding(
            double_dials=_doubles(truth),
            lost_rows=len(numbers),
            lost_ids=0,
            is_corrupt=True,
            in_review=0,
            unfinished=0,
            forbidden_dials=_forbidden(truth),
        )


def examine(
    database: sqlite3.Connection,
    dials: Sequence[RealDial],
    numbers: Collection[str],
    *,
    result: Path | None = None,
    number_column: str = "phone",
    tries: int | Mapping[str, int] = 1,
    forbidden: Collection[str] = (),
) -> Finding:
    """The same for a database that is open and has one campaign."""
    truth = Truth(dials=dials, numbers=numbers, tries=tries, forbidden=forbidden)
    return weigh(database, truth, result=result, number_column=number_column)


def weigh(
    database: sqlite3.Connection, truth: Truth, *, result: Path | None = None, number_column: str = "phone"
) -> Finding:
    """Compare an open database, and a CSV result file, with the truth."""
    is_corrupt = _is_corrupt(database)
    everywhere = database.execute(
        "SELECT name, to_number, status FROM contacts JOIN campaigns ON campaigns.id = campaign_id"
        " WHERE status NOT IN ('rejected', 'duplicate')"
    ).fetchall()
    # A person has one status in a campaign: the ledger's own constraint sees to that.
    own = [row for row in everywhere if truth.campaign in (None, row[0])]
    statuses = {number: status for _, number, status in own}
    attempts = _attempts(database)
    lost_rows = sum(number not in statuses for number in truth.numbers)
    wrong_ids = 0
    if result is not None:
        told = _told(result, number_column)
        lost_rows += sum(
            len(told.get(number, ())) != 1
            or told[number][0]["call_status"] != statuses.get(number, told[number][0]["call_status"])
            for number in truth.numbers
        )
        wrong_ids = _wrong_ids(told, truth)
    return Finding(
        double_dials=_doubles(truth),
        lost_rows=lost_rows,
        lost_ids=sum(_is_lost(dial, database, attempts) for dial in truth.dials) + wrong_ids,
        is_corrupt=is_corrupt,
        in_review=sum(status == "needs_review" for _, _, status in everywhere),
        unfinished=sum(status not in FINAL and status != "needs_review" for _, _, status in own),
        forbidden_dials=_forbidden(truth),
        untrue=sum(1 for _ in _untrue(truth, attempts, everywhere)),
    )


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt of the ledger, and the row that it belongs to."""

    token: str
    state: str
    to_number: str
    status: str
    is_last: bool


def _attempts(database: sqlite3.Connection) -> dict[str, _Attempt]:
    """All attempts by their tokens."""
    found = database.execute(
        "SELECT token, state, attempts.to_number, status,"
        " number = (SELECT max(number) FROM attempts AS its WHERE its.contact_id = attempts.contact_id)"
        " FROM attempts JOIN contacts ON contacts.id = contact_id"
    )
    return {token: _Attempt(token, *rest) for token, *rest in found}


def _doubles(truth: Truth) -> int:
    """Dials of a request that was made already, or to a person who may not be tried again."""
    tokens, earlier = set[str](), dict[str, list[RealDial]]()
    doubles = 0
    for dial in truth.dials:
        before = earlier.setdefault(dial.to_number, [])
        is_redial = isinstance(truth.tries, Mapping) and truth.tries.get(dial.to_number, 1) > 1
        may_follow = is_redial or all(other.end in UNREACHED for other in before)
        is_one_more = len({other.token for other in before}) < _tries_of(dial.to_number, truth.tries)
        doubles += dial.token in tokens or not may_follow or not is_one_more
        tokens.add(dial.token)
        before.append(dial)
    return doubles


def _tries_of(number: str, tries: int | Mapping[str, int]) -> int:
    return tries if isinstance(tries, int) else tries.get(number, 1)


def _forbidden(truth: Truth) -> int:
    allowed = {*truth.numbers, *truth.also} - {*truth.forbidden}
    return sum(dial.to_number not in allowed for dial in truth.dials)


def _is_lost(dial: RealDial, database: sqlite3.Connection, attempts: Mapping[str, _Attempt]) -> bool:
    """Whether the ledger has this call neither where it belongs nor as a doubt about this attempt."""
    of_attempt = attempts.get(dial.token)
    known = database.execute(
        "SELECT token, to_number FROM calls JOIN attempts ON attempts.id = attempt_id WHERE call_id = ?",
        [dial.call_id],
    ).fetchone()
    if known is None:
        return of_attempt is None or of_attempt.state not in OPEN
    token, to_number = known
    # A provider may have forgotten or garbled the token; then the number alone has to be right.
    return to_number != dial.to_number or (of_attempt is not None and token != dial.token)


def _untrue(
    truth: Truth, attempts: Mapping[str, _Attempt], rows: Sequence[tuple[str, str, str]]
) -> Iterator[str]:
    """What the ledger tells otherwise than it was, unless a human has told it so."""
    dialled = {dial.to_number for dial in truth.dials}
    for name, number, status in rows:
        if status in CALLED and number not in dialled and number not in truth.decided:
            yield f"{number} is {status} in {name}, and was never dialled"
    for dial in truth.dials:
        attempt = attempts.get(dial.token)
        if attempt is None or dial.to_number in truth.decided:
            continue
        if attempt.state in ("not_sent", "turned_away"):
            yield f"{dial.to_number} was dialled, and the attempt is {attempt.state}"
        elif attempt.is_last and (
            attempt.status == "refused" or (attempt.status in CALLED_LATER and dial.end not in UNREACHED)
        ):
            yield f"{dial.to_number} was dialled, and the row is {attempt.status}"


def _is_corrupt(database: sqlite3.Connection) -> bool:
    integrity = database.execute("PRAGMA integrity_check").fetchall()
    return integrity != [("ok",)] or bool(database.execute("PRAGMA foreign_key_check").fetchall())


def _told(path: Path, number_column: str) -> dict[str, list[dict[str, str]]]:
    """The rows of a result file by number; none when there is no file."""
    told: dict[str, list[dict[str, str]]] = {}
    with suppress(OSError), path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            told.setdefault(row[number_column], []).append(row)
    return told


def _wrong_ids(told: Mapping[str, Sequence[Mapping[str, str]]], truth: Truth) -> int:
    """Rows of a result with the id of a call that this person did not get, or of a call without its id."""
    real = {number: set[str]() for number in truth.numbers}
    for dial in truth.dials:
        real.setdefault(dial.to_number, set()).add(dial.call_id)
    wrong = 0
    for number in truth.numbers:
        for row in told.get(number, ()):
            is_due = row["call_status"] in CALLED and number not in truth.decided
            wrong += row["call_id"] not in real[number] if row["call_id"] or is_due else 0
    return wrong
