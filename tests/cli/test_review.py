"""`campaign review`, as the operator types it, on both databases."""

import re
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from typer.testing import CliRunner

from campaign.cli.app import app
from campaign.cli.reasons import login_name
from campaign.cli.review import check_request
from campaign.cli.views import ledger_flag
from campaign.errors import ExitCode, NotFinishedError, UsageError
from campaign.ledger import amend, attempts, doubles, moves
from campaign.ledger.ledger import Ledger
from campaign.ledger.review import Decision
from campaign.models import AttemptState, RowStatus
from tests import warm
from tests.calls.harness import FAST, Stage, numbers, simulated
from tests.cli.test_commands import call, call_json
from tests.ledger.case import ANNA, BEN, CARA, DORA, Case, do, people, start
from tests.support import NOON, make_settings


@pytest.fixture
def spring(ledger: Ledger, ledger_location: str, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Row 2 was lost, row 3 has a call without an end, row 4 waits; the ledger is where commands look."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", ledger_location)
    case = start(ledger, people(ANNA, BEN, CARA))
    lost, endless = case.intend(ANNA, token="t0k3n"), case.intend(BEN)
    case.doubt(lost, error="HTTP 502 \x1b]0;owned\x07")
    do(ledger, attempts.record_look, lost)
    case.give_up(lost, reason="not in OneInbox's list")
    case.place(endless, "call-7")
    case.give_up(endless, reason="no end of call call-7 was seen")
    return case


def doubted(case: Case, number: str) -> int:
    """An attempt whose reply was lost. Returns its id."""
    attempt = case.intend(number)
    case.doubt(attempt)
    return attempt


def advice(*arguments: object) -> str:
    """What a command says to people, on stdout and stderr."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.exception
    return result.stdout + result.stderr


def hold(case: Case, number: str) -> None:
    """A row that hangs on another campaign's call."""
    do(case.ledger, moves.move_row, case.contact_id(number), to=RowStatus.NEEDS_REVIEW, now=NOON)


def test_the_listing_says_what_is_known(spring: Case) -> None:
    """Row, number, why, when, from which number, token, error and call id, without terminal tricks."""
    code, said = call("review", "spring")
    assert code == 0
    for known in (
        "spring: 2 rows need review",
        f"row 2  {ANNA}",
        "not in OneInbox's list",
        "2026-06-03 17:00:00 UTC, attempt 1, from +12025550100, agent agt_test",
        "campaign_attempt=t0k3n",
        r"HTTP 502 \x1b]0;owned\x07",
        "once through OneInbox's list",
        f"row 3  {BEN}",
        "call-7, placed 2026-06-03 17:00:00 UTC, no end was seen",
    ):
        assert known in said
    assert CARA not in said


def test_the_listing_names_a_call_that_was_never_read(spring: Case) -> None:
    """OneInbox has made it although it had turned the request away, and nobody looks at it any more."""
    attempt = spring.intend(CARA)
    spring.not_called(attempt, state=AttemptState.TURNED_AWAY, error="HTTP 429")
    do(spring.ledger, doubles.record_doubles, attempt, ["call-9"], NOON)
    hold(spring, CARA)

    said = call("review", "spring")[1].split(f"row 4  {CARA}")[1]

    assert "HTTP 429" in said
    assert "call-9, placed 2026-06-03 17:00:00 UTC, no end was seen" in said
    assert "or wait" not in said.split("Look the calls up")[0]
    with pytest.raises(UsageError, match="row 4: OneInbox made call call-9"):
        call("review", "spring", "--mark-not-called", 4, "--reason", "no")


def test_the_listing_as_data(spring: Case) -> None:
    """A program reads the same."""
    listed = call_json("review", "spring")
    assert listed["campaign"] == "spring"
    lost, endless = listed["rows"]
    assert lost == {
        "row": 2,
        "to_number": ANNA,
        "is_in_list": True,
        "since": "2026-06-03T17:00:00+00:00",
        "reason": "not in OneInbox's list",
        "attempt": {
            "number": 1,
            "intent_at": "2026-06-03T17:00:00+00:00",
            "from_number": "+12025550100",
            "agent_id": "agt_test",
            "token": "t0k3n",
            "error": "HTTP 502 \x1b]0;owned\x07",
            "looks": 1,
            "is_over": False,
            "calls": [],
            "other_calls": [],
        },
        "elsewhere": [],
    }
    assert endless["attempt"]["calls"] == [
        {"call_id": "call-7", "placed_at": "2026-06-03T17:00:00+00:00", "ended_at": None}
    ]


def test_the_listing_leads_to_the_other_campaign(spring: Case) -> None:
    """A row that hangs on another campaign's call says where to decide first, and when that is done."""
    winter = start(spring.ledger, people(BEN, ANNA), name="winter")
    hold(winter, ANNA)
    assert f"row 3  {ANNA}" in call("review", "winter")[1]
    assert "row 2 of spring: campaign review spring" in call("review", "winter")[1]
    assert call_json("review", "winter")["rows"][0]["elsewhere"] == [{"campaign": "spring", "row": 2}]

    call("review", "spring", "--mark-called", 2, "--reason", "heard her")

    assert "that call is decided" in call("review", "winter")[1]


@pytest.mark.parametrize(
    ("decision", "status", "left"),
    [("--mark-called", "completed", 1), ("--mark-not-called", "waiting", 1), ("--redial", "waiting", 1)],
)
def test_a_decision_is_told_and_stands(spring: Case, decision: str, status: str, left: int) -> None:
    """The named row moves, the other one stays in review, and the document says who decided and why."""
    told = call_json("review", "spring", decision, 2, "--reason", "asked her")

    assert (told["decision"], told["by"], told["left"]) == (decision[2:], login_name(), left)
    assert [(row["row"], row["status"]) for row in told["rows"]] == [(2, status)]
    assert told["rows"][0]["reason"].endswith(": asked her")
    assert (spring.statuses()[ANNA], spring.statuses()[BEN]) == (status, RowStatus.NEEDS_REVIEW)


def test_what_comes_next_is_said(spring: Case) -> None:
    """For people: what the rows are now, and how it comes into the result file; nothing is left to dial."""
    said = advice("review", "spring", "--mark-called", 2, 3, "--reason", "x")
    assert "rows 2, 3: completed" in said
    assert "campaign results spring --output FILE" in said
    assert "campaign run" not in said
    assert "still" not in said


@pytest.mark.parametrize("decision", ["--mark-not-called", "--redial"])
def test_who_dials_a_row_that_waits_is_said(spring: Case, decision: str) -> None:
    """Only a run with this name and this list, and the line for it is there to copy."""
    said = advice("review", "spring", decision, 2, "--reason", "x")
    assert "row 2: waits, and a run of this campaign dials it" in said
    assert "`campaign run list.csv --config FILE --name spring` with the list as it was" in said
    assert "next run" not in said + advice("review", "spring")


def test_a_call_that_may_still_be_on_is_told_before_the_next(spring: Case) -> None:
    """A redial beside a call whose end was not seen warns in the line of its row, and in the document."""
    said = advice("review", "spring", "--redial", 2, 3, "--reason", "x")
    warned = [line for line in said.splitlines() if "may still be on" in line]
    assert len(warned) == 1
    assert warned[0].startswith("row 3: waits")
    assert warned[0].endswith("the earlier call may still be on: call-7")


def test_a_program_is_told_which_calls_may_still_be_on(spring: Case) -> None:
    """The document of a decision has the calls whose end was not seen, row by row."""
    told = call_json("review", "spring", "--redial", "--all", "--reason", "x")["rows"]
    assert [(row["row"], row["open_calls"]) for row in told] == [(2, []), (3, ["call-7"])]


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        ("--mark-called", "completed"),
        ("--mark-not-called", "stopped"),
        ("--redial", "stopped"),
    ],
)
def test_a_row_of_somebody_who_left_is_told_as_such(spring: Case, decision: str, outcome: str) -> None:
    """The present list may have the number for another person: the confirmation says who was meant."""
    do(spring.ledger, amend.amend, spring.id, people(DORA, BEN, CARA), NOON)

    said = advice("review", "spring", decision, 2, "--reason", "x")

    assert f"row 2 (no longer in the list): {outcome}" in said
    assert spring.statuses()[DORA] == RowStatus.WAITING


def test_a_program_is_told_who_left_the_list(spring: Case) -> None:
    """The document of a decision says of each row whether it is in the list."""
    do(spring.ledger, amend.amend, spring.id, people(DORA, BEN, CARA), NOON)
    told = call_json("review", "spring", "--redial", "--all", "--reason", "x")["rows"]
    assert {row["row"]: row["is_in_list"] for row in told} == {2: False, 3: True}


@pytest.mark.parametrize(
    "rest", [(), ("--redial", 2, "--reason", "x"), ("--mark-called", 2, "--reason", "x")]
)
def test_every_command_that_is_advised_names_the_ledger(
    ledger: Ledger, ledger_location: str, monkeypatch: pytest.MonkeyPatch, rest: tuple[object, ...]
) -> None:
    """With `--ledger` on the command line no copied line opens another one; from the environment it may."""
    spring, winter = (start(ledger, people(ANNA, BEN), name=name) for name in ("spring", "winter"))
    spring.give_up(doubted(spring, ANNA))
    winter.give_up(doubted(winter, BEN))
    hold(spring, BEN)
    flag = f"--ledger {shlex.quote(ledger_location)}" if "://" not in ledger_location else "--ledger URL"

    said = advice("review", "spring", *rest, "--ledger", ledger_location)

    commands = re.findall(r"campaign (?:run|review|results) .*?(?=`|  |$)", said, re.MULTILINE)
    assert commands
    assert [command for command in commands if flag not in command] == []

    monkeypatch.setenv("CAMPAIGN_LEDGER", ledger_location)
    assert "--ledger" not in advice("review", "spring")


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (None, ""),
        ("", ""),
        ("ledger.db", " --ledger ledger.db"),
        ("~/my calls/l.db", " --ledger '~/my calls/l.db'"),
        ("sqlite:///calls.db", " --ledger sqlite:///calls.db"),
        ("postgresql://dana@db.example/calls", " --ledger postgresql://dana@db.example/calls"),
        ("postgresql://dana:s3cret@db.example/calls", " --ledger URL"),
        ("postgresql://db.example/calls?password=s3cret", " --ledger URL"),
        ("postgresql://db.example/calls?sslkey=a&sslpassword=s3cret", " --ledger URL"),
    ],
)
def test_a_ledger_is_named_without_its_password(location: str | None, said: str) -> None:
    """A path and a plain URL are quoted for the shell; a URL that may hold a secret is a word."""
    assert ledger_flag(location) == said


def test_an_unknown_campaign_is_looked_up_in_the_same_ledger(ledger: Ledger, sqlite_location: str) -> None:
    """The command that the error advises opens the ledger that was asked."""
    with (
        Ledger.open(sqlite_location),
        pytest.raises(UsageError, match=r"`campaign status --ledger \S+ledger\.db`"),
    ):
        call("review", "spring", "--ledger", sqlite_location)


@pytest.mark.e2e
@pytest.mark.parametrize("command", [("review", "spring"), ("status",)])
def test_a_listing_that_nobody_takes_is_an_error(tmp_path: Path, command: tuple[str, ...]) -> None:
    """On a full disk under stdout a listing ends with 73 and one line."""
    location = str(tmp_path / "ledger.db")
    with Ledger.open(location) as ledger:
        spring = start(ledger, people(ANNA))
        spring.give_up(doubted(spring, ANNA))
    ended = warm.run(*command, "--ledger", location, stdout="/dev/full")
    assert (ended.returncode, ended.stderr) == (
        ExitCode.NO_OUTPUT,
        "campaign: standard output cannot be written: No space left on device\n",
    )


def test_all_and_then_nothing(spring: Case) -> None:
    """`--all` takes every row that is left; done again it changes nothing and is no error."""
    assert call_json("review", "spring", "--redial", "--all", "--reason", "down")["left"] == 0
    assert call_json("review", "spring", "--redial", "--all", "--reason", "down")["rows"] == []
    assert call_json("review", "spring")["rows"] == []
    assert spring.due() == [ANNA, BEN, CARA]


def test_a_row_that_is_not_in_review_changes_nothing(spring: Case) -> None:
    """One line names the row and where it stands; the others are as before."""
    with pytest.raises(UsageError, match=r"row 4 \(waiting\); nothing was changed"):
        call("review", "spring", "--redial", 2, 4, "--reason", "x")
    assert spring.statuses()[ANNA] == RowStatus.NEEDS_REVIEW


def test_nobody_decides_during_a_run(spring: Case, ledger_location: str) -> None:
    """While a run has the ledger a decision is refused with the holder; the listing is not."""
    with Ledger.open(ledger_location) as run, run.run_lock("campaign nightly"):
        with pytest.raises(NotFinishedError, match=r"in use by .*process"):
            call("review", "spring", "--redial", 2, "--reason", "x")
        assert len(call_json("review", "spring")["rows"]) == 2
    assert spring.statuses()[ANNA] == RowStatus.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("decisions", "rows", "every", "reason", "said"),
    [
        ([], [2], False, None, "say what is true"),
        ([], [], True, None, "say what is true"),
        ([], [], False, "why", "say what is true"),
        ([Decision.CALLED, Decision.REDIAL], [2], False, "x", "one decision at a time"),
        ([Decision.CALLED], [], False, "x", "name the rows"),
        ([Decision.CALLED], [2], True, "x", "name the rows"),
        ([Decision.CALLED], [2], False, None, "say why"),
        ([Decision.CALLED], [2], False, "  ", "say why"),
        ([Decision.CALLED], [2], False, "x" * 501, "501 characters"),
        ([Decision.CALLED], [2], False, "a\nb", "one plain line"),
        ([Decision.CALLED], [2], False, "a\x1bb", "one plain line"),
        ([Decision.CALLED], [2], False, "a\u2028b", "one plain line"),
        ([Decision.CALLED], [2], False, "a\udcffb", "one plain line"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    decisions: Sequence[Decision], rows: list[int], every: bool, reason: str | None, said: str
) -> None:
    """One decision, rows or all, and a reason of one line: else one line says what is missing."""
    with pytest.raises(UsageError, match=said):
        check_request(decisions, rows, every=every, reason=reason)


def test_a_reason_may_have_any_script() -> None:
    """Text of 500 characters in any language is kept, blanks at the ends are not."""
    text = "Ω漢\u200c😀a" * 100
    assert check_request([Decision.REDIAL], [2], every=False, reason=f" {text} ") == (Decision.REDIAL, text)


@pytest.mark.parametrize("row", ["0", "x", "2,3", str(2**31), "9" * 30])
def test_a_row_is_a_number_of_the_spreadsheet(spring: Case, row: str) -> None:
    """Anything else is a usage error, not a fault."""
    code, _ = call("review", "spring", "--redial", row, "--reason", "x")
    assert code == 2
    assert spring.statuses()[ANNA] == RowStatus.NEEDS_REVIEW


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "decision", "dials", "exit_code"),
    [
        ("drop#1", "--mark-not-called", 1, ExitCode.OK),
        ("lose_reply#1", "--mark-called", 1, ExitCode.OK),
        ("lose_reply#1", "--redial", 2, ExitCode.OK),
        ("lose_reply#1", None, 1, ExitCode.NEEDS_REVIEW),
    ],
)
async def test_the_next_run_does_as_decided(
    ledger: Ledger,
    ledger_location: str,
    tmp_path: Path,
    fault: str,
    decision: str | None,
    dials: int,
    exit_code: ExitCode,
) -> None:
    """Marked as called or undecided: never dialled. Not called: dialled once. Redial: exactly once more."""
    stage = Stage(ledger, tmp_path, simulated(fault, lag_s=60.0))
    stage.settings = make_settings(pace=FAST, retry={"max_attempts": 1})
    await stage.enrol(*numbers(3))
    assert (await stage.run()).exit_code is ExitCode.NEEDS_REVIEW
    (unknown,) = [row for row in await stage.rows() if row.status is RowStatus.NEEDS_REVIEW]
    if decision is not None:
        await typed(ledger_location, "spring", decision, unknown.row_number)

    for _ in range(2):
        assert (await stage.run()).exit_code is exit_code

    assert stage.dialled() == {number: dials if number == unknown.to_number else 1 for number in numbers(3)}


@pytest.mark.anyio
async def test_a_held_row_is_dialled_when_all_is_decided(
    ledger: Ledger, ledger_location: str, tmp_path: Path
) -> None:
    """Put back too early it needs review again; after the decision there it is dialled once."""
    stage = Stage(ledger, tmp_path, simulated("drop#1"))
    await stage.enrol(numbers(1)[0], name="first")
    await stage.run()
    await stage.enrol(numbers(1)[0], name="second")
    for _ in range(2):
        assert (await stage.run()).exit_code is ExitCode.NEEDS_REVIEW
        await typed(ledger_location, "second", "--mark-not-called", "--all")
    assert stage.dialled() == {}

    await typed(ledger_location, "first", "--mark-not-called", "--all")

    assert (await stage.run()).exit_code is ExitCode.OK
    assert stage.dialled() == {numbers(1)[0]: 1}


async def typed(location: str, name: str, *arguments: object) -> Any:
    """Type the command beside the event loop."""
    review = partial(call_json, "review", name, *arguments, "--reason", "asked her", "--ledger", location)
    return await anyio.to_thread.run_sync(review)
