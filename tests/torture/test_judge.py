"""The judge finds each kind of damage in a small ledger, and nothing in a sound one."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.torture.finding import Finding, RealDial
from tests.torture.judge import judge
from tests.torture.tally import Tally

ANNA, BEN, CARA = (f"+1202555010{at}" for at in range(3))
STRANGER = "+12025550999"
HEADER = "phone,call_status,call_id\n"

Contact = tuple[int, str, str]
"""Campaign, number and status; contacts are numbered from 1."""
Attempt = tuple[int, str, str]
"""Contact, token and state."""
Call = tuple[str, str]
"""Id, and the token of its attempt."""

SOUND: tuple[Contact, ...] = ((1, ANNA, "completed"), (1, BEN, "unreached"), (1, CARA, "suppressed"))
ATTEMPTS: tuple[Attempt, ...] = ((1, "a", "ended"), (2, "b", "ended"))
CALLS: tuple[Call, ...] = (("call-a", "a"), ("call-b", "b"))
DIALS = (RealDial(ANNA, "call-a", "a", "answered"), RealDial(BEN, "call-b", "b", "busy"))
AGAIN = RealDial(BEN, "call-c", "c", "answered")
"""A second dial of Ben, whose first one was busy."""
TWICE: dict[str, Any] = {
    "attempts": (*ATTEMPTS, (2, "c", "ended")),
    "calls": (*CALLS, ("call-c", "c")),
    "contacts": ((1, ANNA, "completed"), (1, BEN, "completed"), (1, CARA, "suppressed")),
}


def weighed(
    folder: Path,
    *,
    dials: Sequence[RealDial] = DIALS,
    contacts: Sequence[Contact] = SOUND,
    attempts: Sequence[Attempt] = ATTEMPTS,
    calls: Sequence[Call] = CALLS,
    result: str | None = None,
    **known: Any,
) -> Finding:
    """What the judge says of a ledger with these rows; everybody is on the list."""
    path = folder / "ledger.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(
            "CREATE TABLE campaigns (id, name);"
            "CREATE TABLE contacts (id INTEGER PRIMARY KEY, campaign_id, to_number, status);"
            "CREATE TABLE attempts (id INTEGER PRIMARY KEY, contact_id, number, token, state, to_number);"
            "CREATE TABLE calls (call_id, attempt_id)"
        )
        database.executemany("INSERT INTO campaigns VALUES (?, ?)", [(1, "spring"), (2, "autumn")])
        database.executemany(
            "INSERT INTO contacts (campaign_id, to_number, status) VALUES (?, ?, ?)", contacts
        )
        database.executemany(
            "INSERT INTO attempts (contact_id, token, state, number, to_number) VALUES (?1, ?2, ?3,"
            " (SELECT count(*) FROM attempts WHERE contact_id = ?1),"
            " (SELECT to_number FROM contacts WHERE id = ?1))",
            attempts,
        )
        database.executemany("INSERT INTO calls VALUES (?, (SELECT id FROM attempts WHERE token = ?))", calls)
    if result is not None:
        (folder / "results.csv").write_text(HEADER + result, encoding="utf-8")
        known["result"] = folder / "results.csv"
    return judge(dials, path, [ANNA, BEN, CARA], **known)


def _differs(found: Finding, **expected: int) -> None:
    """Everything that is not expected is zero."""
    sound = Finding(0, 0, 0, is_corrupt=False, in_review=0, unfinished=0)
    assert {
        name: getattr(found, name)
        for name in Finding.__slots__
        if getattr(found, name) != getattr(sound, name)
    } == expected


SOUND_RESULT = f"{ANNA},completed,call-a\n{BEN},unreached,call-b\n{CARA},suppressed,\n"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param({}, id="each called once"),
        pytest.param({"result": SOUND_RESULT}, id="with its result"),
        pytest.param({**TWICE, "dials": (*DIALS, AGAIN), "tries": 2}, id="tried again after busy"),
        pytest.param(
            {
                **TWICE,
                "dials": (DIALS[0], RealDial(BEN, "call-b", "b"), AGAIN),
                "tries": {BEN: 2},
            },
            id="redialled by a human",
        ),
        pytest.param(
            {"contacts": ((1, ANNA, "completed"), (1, BEN, "suppressed"), (1, CARA, "suppressed"))},
            id="suppressed after a try that reached nobody",
        ),
        pytest.param(
            {"contacts": (*SOUND[:2], (1, CARA, "completed")), "decided": [CARA]},
            id="called, says a human",
        ),
        pytest.param(
            {"dials": (*DIALS, RealDial(STRANGER, "call-s", "s")), "also": [STRANGER],
             "contacts": (*SOUND, (2, STRANGER, "completed")),
             "attempts": (*ATTEMPTS, (4, "s", "ended")), "calls": (*CALLS, ("call-s", "s"))},
            id="another campaign's person",
        ),
        pytest.param(
            {"contacts": (*SOUND, (2, ANNA, "waiting")), "campaign": "spring"},
            id="waiting in another campaign",
        ),
    ],
)  # fmt: skip
def test_a_sound_campaign_is_clean(tmp_path: Path, case: dict[str, Any]) -> None:
    """What is in order is not blamed: else nobody would believe the judge."""
    found = weighed(tmp_path, **case)
    _differs(found)
    assert found.is_clean


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        pytest.param(
            {**TWICE, "dials": (*DIALS, AGAIN)}, {"double_dials": 1}, id="more dials than tries"
        ),
        pytest.param(
            {**TWICE, "dials": (DIALS[0], RealDial(BEN, "call-b", "b", "answered"), AGAIN), "tries": 3},
            {"double_dials": 1},
            id="again after an answer",
        ),
        pytest.param(
            {**TWICE, "dials": (DIALS[0], RealDial(BEN, "call-b", "b"), AGAIN), "tries": 3},
            {"double_dials": 1},
            id="again before its end is known",
        ),
        pytest.param(
            {**TWICE, "dials": (DIALS[0], RealDial(BEN, "call-b", "b"), AGAIN), "tries": {ANNA: 2}},
            {"double_dials": 1},
            id="somebody else is redialled",
        ),
        pytest.param(
            {"dials": (*DIALS, RealDial(BEN, "call-b", "b", "busy")), "tries": 3},
            {"double_dials": 1},
            id="one request twice",
        ),
        pytest.param({"forbidden": [ANNA]}, {"forbidden_dials": 1}, id="dialled and forbidden"),
        pytest.param(
            {"dials": (*DIALS, RealDial(STRANGER, "call-s", "s")),
             "contacts": (*SOUND, (2, STRANGER, "completed")),
             "attempts": (*ATTEMPTS, (4, "s", "ended")), "calls": (*CALLS, ("call-s", "s"))},
            {"forbidden_dials": 1},
            id="not on the list",
        ),
        pytest.param(
            {"contacts": SOUND[:2]}, {"lost_rows": 1}, id="no row"
        ),
        pytest.param(
            {"contacts": (*SOUND[:2], (2, CARA, "suppressed")), "campaign": "spring"},
            {"lost_rows": 1},
            id="a row in another campaign only",
        ),
        pytest.param({"result": ""}, {"lost_rows": 3}, id="an empty result"),
        pytest.param(
            {"result": SOUND_RESULT + f"{CARA},suppressed,\n"}, {"lost_rows": 1}, id="twice in the result"
        ),
        pytest.param(
            {"result": SOUND_RESULT.replace("unreached", "completed")},
            {"lost_rows": 1},
            id="another status in the result",
        ),
        pytest.param(
            {"result": SOUND_RESULT.replace("call-a", "call-b")},
            {"lost_ids": 1},
            id="somebody else's id in the result",
        ),
        pytest.param(
            {"result": SOUND_RESULT.replace("call-a", "")}, {"lost_ids": 1}, id="no id in the result"
        ),
        pytest.param({"calls": CALLS[:1]}, {"lost_ids": 1}, id="an unknown id"),
        pytest.param(
            {"calls": (("call-a", "b"), ("call-b", "a"))}, {"lost_ids": 2}, id="ids of each other"
        ),
        pytest.param(
            {**TWICE, "dials": (*DIALS, AGAIN), "tries": 2,
             "calls": (*CALLS[:1], ("call-b", "c"), ("call-c", "b"))},
            {"lost_ids": 2},
            id="ids of each other's attempts",
        ),
        pytest.param(
            {"dials": DIALS[:1]}, {"untrue": 1}, id="unreached and never dialled"
        ),
        pytest.param(
            {"dials": (), "attempts": (), "calls": ()}, {"untrue": 2}, id="nobody was dialled at all"
        ),
        pytest.param(
            {"contacts": ((1, ANNA, "suppressed"), *SOUND[1:])}, {"untrue": 1}, id="suppressed and answered"
        ),
        pytest.param(
            {"contacts": ((1, ANNA, "completed"), (1, BEN, "refused"), *SOUND[2:])},
            {"untrue": 1},
            id="refused and dialled",
        ),
        pytest.param(
            {"contacts": ((1, ANNA, "waiting"), *SOUND[1:])},
            {"untrue": 1, "unfinished": 1},
            id="waiting after an answer",
        ),
        pytest.param(
            {"attempts": ((1, "a", "not_sent"), ATTEMPTS[1])}, {"untrue": 1}, id="dialled and not sent"
        ),
        pytest.param(
            {"contacts": ((1, ANNA, "in_doubt"), *SOUND[1:]), "attempts": ((1, "a", "in_doubt"), ATTEMPTS[1]),
             "calls": CALLS[1:]},
            {"unfinished": 1},
            id="in doubt at the end",
        ),
        pytest.param(
            {"contacts": (*SOUND, (2, ANNA, "needs_review"), (2, BEN, "needs_review"))},
            {"in_review": 2},
            id="in review elsewhere",
        ),
    ],
)  # fmt: skip
def test_each_damage_is_found(tmp_path: Path, case: dict[str, Any], expected: dict[str, int]) -> None:
    """Every rule of the judge can fail, and says how often it was broken and nothing else."""
    _differs(weighed(tmp_path, **case), **expected)


def test_what_is_no_ledger_is_corrupt(tmp_path: Path) -> None:
    """A file that is no database has lost every row, and still tells who was dialled against the rules."""
    path = tmp_path / "ledger.db"
    path.write_text("this is a shopping list, and no database at all\n" * 50, encoding="utf-8")
    found = judge((*DIALS, AGAIN), path, [ANNA, BEN, CARA], forbidden=[ANNA])
    _differs(found, is_corrupt=True, lost_rows=3, double_dials=1, forbidden_dials=1)


def test_what_is_found_counts_into_a_tally() -> None:
    """Nothing of a finding is forgotten on its way to the table."""
    finding = Finding(1, 2, 3, is_corrupt=True, in_review=4, unfinished=0, forbidden_dials=5, untrue=6)
    tally = Tally()
    finding.count_into(tally, review_bound=4, case="a case")
    assert not finding.is_clean
    assert (tally.double_dials, tally.lost_rows, tally.lost_ids, tally.corrupt_ledgers) == (1, 2, 3, 1)
    assert (tally.forbidden_dials, tally.wrong, tally.in_review, tally.review_bound) == (5, 6, 4, 4)
