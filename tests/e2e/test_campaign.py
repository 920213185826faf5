"""The main job through the installed command, against the simulator in a process of its own."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e.machinery import Workplace, lay_out, people, simulator

pytestmark = pytest.mark.e2e

GOOD, BAD, DUPLICATE = 270, 18, 12


def mixed_list() -> list[dict[str, str]]:
    """300 rows: good ones, duplicates in other layouts, and rows damaged in the usual ways."""
    rows = people(GOOD)
    for at in range(DUPLICATE):
        number = rows[at * 7]["phone"]
        layout = f"{number[:2]} ({number[2:5]}) {number[5:8]}-{number[8:]}"
        rows.insert(20 * at + 11, {"phone": layout, "customer_name": "Again", "order_id": "0"})
    damages = ("", "n/a", "2.0255501E+10", "+120255501", "4155550123", "+33 6 39 98 01 55")
    for at in range(BAD):
        cells = {"phone": damages[at % 6], "customer_name": f'Quote "{at}", comma', "order_id": "=1+1"}
        rows.insert(15 * at + 3, cells)
    return rows


def spoken(call: dict[str, object]) -> str:
    """The transcript as the provider holds it, in either generation."""
    turns = call.get("messages") or call.get("transcript") or []
    assert isinstance(turns, list)
    return "\n".join(
        f"{turn['role']}: {turn['content']}" for turn in turns if turn["role"] in ("agent", "user")
    )


@pytest.mark.parametrize(
    "options",
    [
        ("--generation", "v3"),
        ("--generation", "v3", "--no-cursor"),
        ("--generation", "v1", "--envelope", "array"),
    ],
    ids=["v3", "v3 without cursor", "v1"],
)
def test_every_good_number_is_dialled_once_and_every_row_comes_back(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """A 300-row list with bad and duplicate rows: each good number once, each row back, exit 0."""
    rows = mixed_list()
    with simulator(tmp_path, "--speed", "40", *options) as oracle:
        place = lay_out(tmp_path, oracle, rows, live=300)
        ended = place.run("--allow-invalid")
        assert ended.returncode == 0, ended.stderr
        assert set(oracle.dials_by_number()) == {row["phone"] for row in people(GOOD)}
        assert set(oracle.dials_by_number().values()) == {1}
        results = place.results()
        transcripts = {
            row["call_id"]: spoken(oracle.call(row["call_id"])) for row in results if row["call_id"]
        }
    assert [strip(row) for row in results] == [strip(row, defused=True) for row in rows]
    statuses = [row["call_status"] for row in results]
    assert statuses.count("rejected") == BAD
    assert statuses.count("duplicate") == DUPLICATE
    assert statuses.count("completed") + statuses.count("unreached") == GOOD
    assert len(transcripts) == GOOD
    for row in results:
        if row["call_id"]:
            assert row["call_transcript"] == transcripts[row["call_id"]]
    assert sum(bool(text) for text in transcripts.values()) > GOOD / 2
    summary = json.loads(ended.stdout)
    assert summary["calls"] == GOOD
    assert summary["exit_code"] == 0


def strip(row: dict[str, str], *, defused: bool = False) -> tuple[str, ...]:
    """The operator's own cells; a formula is the one thing that is not written back as it was."""
    cells = (row["phone"], row["customer_name"], row["order_id"])
    return tuple("'" + cell if defused and cell.startswith("=") else cell for cell in cells)


def test_a_finished_campaign_calls_nobody_again(tmp_path: Path) -> None:
    """The same name again dials nobody, even when cells of the list were corrected in between."""
    rows = people(12)
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, rows)
        assert place.run().returncode == 0
        assert place.run().returncode == 0
        rows[3]["customer_name"] = "Corrected"
        rows.append({"phone": "+16175550199", "customer_name": "New", "order_id": "1"})
        lay_out(tmp_path, oracle, rows)
        refused = place.run()
        assert refused.returncode == 64
        assert "--amend" in refused.stderr
        assert place.run("--amend").returncode == 0
        assert oracle.dials_by_number() == {row["phone"]: 1 for row in rows}
    assert [row["customer_name"] for row in place.results()] == [row["customer_name"] for row in rows]


def test_another_name_does_not_call_the_same_people_the_same_day(tmp_path: Path) -> None:
    """The cap across campaigns holds when a campaign is started again under another name by mistake."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(5))
        assert place.run().returncode == 0
        again = place.run("--name", "spring-again")
        assert again.returncode == 75
        assert set(oracle.dials_by_number().values()) == {1}
    assert {row["call_reason"] for row in place.results()} == {"called by another campaign within 20h"}


def test_429_pauses_the_whole_dispatcher_and_costs_no_attempt(tmp_path: Path) -> None:
    """After a 429 with Retry-After nothing is sent until that time, and every row is called once."""
    with simulator(tmp_path, "--speed", "60", "--fault", "throttle=3#20") as oracle:
        place = lay_out(tmp_path, oracle, people(60), rate=40)
        ended = place.run()
        assert ended.returncode == 0, ended.stderr
        dials = oracle.dials()
    throttled_at = dials[18]["at"]
    # What was in flight when the 429 came may still arrive, on a slow machine even late; nobody else does.
    late = [dial["at"] - throttled_at for dial in dials[19:]]
    assert sum(seconds >= 2.9 for seconds in late) > 20
    assert {row["call_attempts"] for row in place.results()} == {"1"}


def test_a_refused_key_stops_the_campaign_at_once(tmp_path: Path) -> None:
    """401 in the middle of a run: no further request, exit 77, the cure in one line."""
    with simulator(tmp_path, "--speed", "60", "--fault", "status=401#10-999") as oracle:
        place = lay_out(tmp_path, oracle, people(200), rate=20, live=5)
        ended = place.run()
        dialled = len(oracle.dials())
    assert ended.returncode == 77
    assert dialled == 9
    assert len(one_line(ended.stderr, "ONEINBOX_API_KEY")) == 1


def test_a_wrong_key_is_found_out_before_anybody_is_called(tmp_path: Path) -> None:
    """The key is tried with a harmless request first."""
    with simulator(tmp_path) as oracle:
        place = lay_out(tmp_path, oracle, people(3))
        ended = place.run(ONEINBOX_API_KEY="oi_sk_wrong")
        assert ended.returncode == 77
        assert oracle.dials() == []
    assert len(one_line(ended.stderr, "ONEINBOX_API_KEY")) == 1
    assert "oi_sk_wrong" not in ended.stderr


def test_no_credit_stops_dialling_and_follows_the_live_calls(tmp_path: Path) -> None:
    """402 in the middle: no further dial, what is live is followed to its end, exit 69."""
    with simulator(tmp_path, "--speed", "60", "--quota", "8") as oracle:
        place = lay_out(tmp_path, oracle, people(30))
        ended = place.run()
        assert ended.returncode == 69
        assert len(oracle.dials()) == 8
    statuses = [row["call_status"] for row in place.results()]
    assert statuses.count("completed") + statuses.count("unreached") == 8
    assert statuses.count("waiting") == 22


def test_an_api_that_is_not_there_ends_the_run_before_anybody_is_called(tmp_path: Path) -> None:
    """A refused port is reported in one line, exit 69."""
    with simulator(tmp_path) as oracle:
        place = lay_out(tmp_path, oracle, people(3))
    ended = place.run()
    assert ended.returncode == 69
    assert len(one_line(ended.stderr, "ONEINBOX_BASE_URL")) == 1


@pytest.mark.parametrize("generation", ["v1", "v3"])
def test_lost_replies_are_settled_through_the_list(tmp_path: Path, generation: str) -> None:
    """The simulator acts and drops the connection: the calls are found, and nobody is dialled again."""
    faults = ("--fault", "lose_reply#5-7", "--fault", "cut#12", "--fault", "act_then_status=502#15")
    with simulator(tmp_path, "--speed", "40", "--generation", generation, *faults) as oracle:
        place = lay_out(tmp_path, oracle, people(30))
        ended = place.run()
        assert ended.returncode == 0, ended.stderr
        assert oracle.dials_by_number() == {row["phone"]: 1 for row in people(30)}
    assert all(row["call_id"] and row["call_attempts"] == "1" for row in place.results())


def test_no_person_and_no_key_is_in_the_output(tmp_path: Path) -> None:
    """Numbers, names, transcripts and the key stand in no line that the run prints, however talkative."""
    rows = [row | {"customer_name": "Canary Quixote"} for row in people(8)]
    faults = ("--fault", "lose_reply#2", "--fault", "refuse#3", "--fault", "throttle=1#4")
    with simulator(tmp_path, "--speed", "60", *faults) as oracle:
        place = lay_out(tmp_path, oracle, rows, live=300)
        ended = place.run("--verbose")
    printed = ended.stdout + ended.stderr
    assert "call.placed" in printed
    for secret in ("Canary", "Quixote", "oi_sk_", "assistant of your service"):
        assert secret not in printed
    assert not re.search(r"1?\d{3}55501\d\d", printed)


def one_line(text: str, words: str) -> list[str]:
    """The lines that have these words."""
    return [line for line in text.splitlines() if words in line]


def test_result_and_ledger_are_for_their_owner_only(tmp_path: Path) -> None:
    """Whatever holds personal data has mode 0600."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place: Workplace = lay_out(tmp_path, oracle, people(2))
        assert place.run().returncode == 0
    for path in (place.result_path, place.folder / "ledger.db"):
        assert path.stat().st_mode & 0o077 == 0
