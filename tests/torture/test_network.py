"""A sample of the harmed connections, and clients that are found out."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from campaign.errors import ExitCode
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import NotFound, NotSent, OutcomeUnknown, Unsupported
from tests.e2e.machinery import KEY, simulator
from tests.torture import network, network_runs
from tests.torture.finding import RealDial
from tests.torture.network import CHANGED, PLACED, Dialled, End
from tests.torture.proxy import Mode, Proxy, Side, Strike
from tests.torture.tally import Effort, Tally
from tests.torture.wrong_clients import Deaf, Hasty, Stubborn, Timid, Unable

pytestmark = pytest.mark.e2e

DOUBT = OutcomeUnknown("no complete reply")
CUT = Strike(Mode.CUT, Side.REPLY, 900)
CHANGED_REPLY = Strike(Mode.GARBLE, Side.REPLY, 200, verb="POST")
CHANGED_REQUEST = Strike(Mode.GARBLE, Side.REQUEST, 200, verb="POST")
DIAL = RealDial("+12025550111", "call_1", "token")


def harmed(tally: Tally, what: str) -> int:
    """How many dials, GETs or runs met their fault."""
    return sum(number for kind, number in tally.injected.items() if kind.startswith(what))


def test_a_sample(tmp_path: Path) -> None:
    """Wherever the line breaks, nobody who was called counts as not called, and no call is lost."""
    tally = network.run(Effort(tmp_path, share=0.02, seed=2))

    assert tally.is_clean, tally.failures
    assert harmed(tally, "dials") >= 60
    assert harmed(tally, "GETs") >= 5
    assert harmed(tally, "runs") >= 3
    assert {kind.split()[1] for kind in tally.injected} == {"cut", "reset", "stalled", "garbled"}
    assert all(tally.injected.values())


@pytest.mark.parametrize("client", [Hasty, Stubborn])
def test_a_client_that_guesses_is_found_out(tmp_path: Path, client: type[OneInbox]) -> None:
    """The suite can fail: a client that guesses after a lost reply is caught with its first dials."""
    assert network.run(Effort(tmp_path, share=0.005), client).double_dials


@pytest.mark.parametrize("client", [Hasty, Stubborn])
def test_a_run_that_guesses_is_found_out(tmp_path: Path, client: type[OneInbox]) -> None:
    """The suite can fail: a campaign whose client guesses calls somebody twice, and the judge sees it."""
    lost_reply = Strike(Mode.CUT, Side.REPLY, at=10, verb="POST", nth=1)
    with simulator(tmp_path, "--speed", "500") as oracle:
        tally = network_runs.harmed_campaign(0, lost_reply, tmp_path / "run", oracle, client)

    assert tally.injected["runs cut"] == 1
    assert tally.double_dials == 1


def test_a_key_that_the_line_has_changed_holds_the_campaign_until_somebody_looks(tmp_path: Path) -> None:
    """It looks like a refused key: the breaker opens, and when it is closed the campaign comes to its end."""
    with simulator(tmp_path, "--speed", "500") as oracle:
        passed = anyio.run(network._measure, oracle)
        in_the_key = passed[Side.REQUEST].index(KEY.encode()) + len(KEY) // 2
        strike = Strike(Mode.GARBLE, Side.REQUEST, in_the_key, bit=1, verb="POST", nth=1)
        tally = network_runs.harmed_campaign(0, strike, tmp_path / "run", oracle, OneInbox)
    assert tally.injected["runs garbled"] == 1
    assert tally.failures == []
    assert tally.is_clean


def test_a_client_that_knows_nothing_is_found_out(tmp_path: Path) -> None:
    """Safety is not bought with doubts: a client that never learns an id is not clean."""
    assert network.run(Effort(tmp_path, share=0.005), Timid).wrong


@pytest.mark.parametrize(
    ("strike", "has_struck", "is_answered", "end", "calls", "what"),
    [
        (CUT, True, True, "call_1", ["call_1"], PLACED),
        (CUT, True, False, DOUBT, ["call_1"], "left in doubt"),
        (CUT, True, False, NotSent("no"), [], "known as not placed"),
        (CHANGED_REPLY, True, False, "call_0", ["call_1"], CHANGED),
    ],
)
def test_a_dial_that_ended_rightly(
    strike: Strike, has_struck: bool, is_answered: bool, end: End, calls: list[str], what: str
) -> None:
    """What the client knows of a harmed dial is counted for what it is, and nothing is wrong with it."""
    tally = Tally()

    assert network.judge_dial(Dialled(strike, has_struck, is_answered, end), calls, tally) == what
    assert tally.is_clean


@pytest.mark.parametrize(
    ("strike", "has_struck", "is_answered", "end", "calls", "count"),
    [
        (CUT, True, True, DOUBT, ["call_1"], "wrong"),
        (CUT, False, True, DOUBT, ["call_1"], "wrong"),
        (CUT, False, True, NotSent("no"), [], "wrong"),
        (CUT, True, False, TimeoutError(), [], "wrong"),
        (CUT, True, False, NotSent("no"), ["call_1"], "double_dials"),
        (CUT, True, False, "call_1", ["call_1", "call_2"], "double_dials"),
        (CUT, True, False, "call_0", ["call_1"], "lost_ids"),
        (CHANGED_REPLY, True, False, "call_2", ["call_1"], "lost_ids"),
        (CHANGED_REPLY, True, False, "call_", ["call_1"], "lost_ids"),
        (CHANGED_REPLY, False, True, "call_0", ["call_1"], "lost_ids"),
    ],
)
def test_a_dial_that_ended_wrongly(
    strike: Strike, has_struck: bool, is_answered: bool, end: End, calls: list[str], count: str
) -> None:
    """A doubt without need, a lost or foreign id and a dial too many are each found out."""
    tally = Tally()

    network.judge_dial(Dialled(strike, has_struck, is_answered, end), calls, tally)

    assert getattr(tally, count) == 1
    assert tally.failures


@pytest.mark.parametrize(
    ("mode", "answer", "may"),
    [
        (Mode.CUT, DOUBT, True),
        (Mode.STALL, NotSent("no"), True),
        (Mode.CUT, NotFound("no"), False),
        (Mode.RESET, Unsupported("no"), False),
        (Mode.CUT, "another answer", False),
        (Mode.GARBLE, NotFound("no"), True),
        (Mode.GARBLE, "another answer", True),
        (Mode.GARBLE, TimeoutError(), False),
    ],
)
def test_how_a_struck_get_may_end(mode: Mode, answer: object, may: bool) -> None:
    """That there is no call or list is never concluded from a line that broke."""
    assert network.may_answer(mode, answer) is may


@pytest.mark.parametrize("client", [Deaf, Unable])
def test_a_client_that_takes_silence_for_an_answer_is_found_out(
    tmp_path: Path, client: type[OneInbox]
) -> None:
    """The suite can fail: a client that takes a broken line for "there is no such call" is not clean."""
    assert network.run(Effort(tmp_path, share=0.02), client).wrong


@pytest.mark.parametrize(
    ("code", "in_review", "is_right"),
    [
        (ExitCode.OK, 0, True),
        (ExitCode.NEEDS_REVIEW, 1, True),
        (ExitCode.OK, 1, False),
        (ExitCode.NEEDS_REVIEW, 0, False),
        (ExitCode.API_UNAVAILABLE, 0, False),
        (ExitCode.API_UNAVAILABLE, 1, False),
    ],
)
def test_the_last_exit_code(code: ExitCode, in_review: int, is_right: bool) -> None:
    """A campaign is done in the end, and says that rows are left to a human exactly when they are."""
    assert network_runs.ends_rightly(code, in_review) is is_right


@pytest.mark.parametrize(
    ("strike", "dial", "told", "as_judged"),
    [
        (CHANGED_REPLY, DIAL, "call_0", replace(DIAL, call_id="call_0")),
        (CHANGED_REPLY, DIAL, "call_2", DIAL),
        (CHANGED_REQUEST, replace(DIAL, to_number="+12025550110"), "call_1", DIAL),
        (CHANGED_REQUEST, DIAL, "call_0", DIAL),
        (CUT, DIAL, "call_0", DIAL),
    ],
)
def test_only_the_changed_bit_is_undone(
    strike: Strike, dial: RealDial, told: str, as_judged: RealDial
) -> None:
    """The judge overlooks what the line itself has changed, and no other difference."""
    assert network_runs.undone(strike, [dial], [DIAL.to_number], {DIAL.to_number: told}) == [as_judged]


@pytest.mark.parametrize(
    ("reply", "is_whole"),
    [
        (b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\nbody", True),
        (b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\nbod", False),
        (b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n", False),
        (b"HTTP/1.1 201 Created\r\n\r\nbody", False),
        (b"", False),
    ],
)
def test_whether_a_reply_is_whole(reply: bytes, is_whole: bool) -> None:
    """A reply has passed when as many bytes as it has announced have passed."""
    assert Proxy("", passed={Side.REPLY: reply}).has_whole_reply is is_whole
