"""The vendor's guide for telephone calls from its first step to its last, typed, in each generation.

An empty account gets a carrier and two numbers, one in each way; a list of one person is called from them,
the events of the call come to `campaign listen`, and the transcript comes back.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import warm
from tests.e2e.machinery import Workplace, lay_out, simulator, wait_until
from tests.e2e.test_listen import hinted

pytestmark = pytest.mark.e2e

PERSON = {"phone": "+12125550123", "customer_name": "Sam", "order_id": "ORD-001"}
TOKEN, PASSWORD = "carrier-token-4711", "trunk-pass-4711"
CONFIG = """
name: spring
agent_id: agt_1
from_numbers: {numbers}
contacts: {{countries: [US]}}
pace: {{stages: []}}
hours: {{days: {{mon-sun: "00:00-24:00"}}}}
"""


@contextmanager
def account(folder: Path, generation: str) -> Iterator[Workplace]:
    """An empty account, and a list of one person to be called through it."""
    options = ("--generation", generation, "--speed", "30", "--answer", "1", "--registered-only")
    with simulator(folder, *options) as oracle:
        yield lay_out(folder, oracle, [PERSON], impatient=True)


class Typist:
    """Types commands, and looks at how they end."""

    def __init__(self, place: Workplace) -> None:
        ledger = str(place.folder / "ledger.db")
        self.environment = place.environment(CAMPAIGN_LEDGER=ledger, CARRIER_TOKEN=TOKEN)

    def type(self, *words: str) -> str:
        """What a command prints that has to go well."""
        ended = warm.run(*words, environment=self.environment)
        assert ended.returncode == 0, ended.stderr
        assert TOKEN not in ended.stdout + ended.stderr
        assert PASSWORD not in ended.stdout + ended.stderr
        return ended.stdout

    def data(self, *words: str) -> Any:
        """The same for a program."""
        return json.loads(self.type(*words, "--json"))


@contextmanager
def listener(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """`campaign listen` for the ledger of the run, and what leads to it."""
    said = place.folder / "listener.log"
    monkeypatch.delenv("ONEINBOX_API_KEY", raising=False)
    process = warm.start("listen", "--port", "0", "--ledger", place.folder / "ledger.db", stderr=said)
    try:
        wait_until(
            lambda: (said.exists() and "webhooks add" in said.read_text()) or process.exitcode is not None
        )
        port = said.read_text().partition(" port ")[2].partition(";")[0]
        assert port, said.read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()
        process.close()


def path_of_events(folder: Path) -> str:
    """The part of the listener's address that nobody can guess; on a terminal it is told."""
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        [(token,)] = database.execute("SELECT token FROM listener")
    return f"/events/{token}"


def set_up(typist: Typist, folder: Path) -> list[str]:
    """From nothing to two numbers: one by the carrier's credential, one by a SIP trunk."""
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    added = ("carriers", "add", "Production", "--provider", "twilio", "--secret-env", "CARRIER_TOKEN")
    carrier = typist.data(*added)["id"]
    search = ("numbers", "search", "--country", "US", "--area-code", "415", "--carrier", carrier)
    first, second = (offer["phone_number"] for offer in typist.data(*search, "--limit", "2"))
    register = ("numbers", "register", "--agent", "agt_1", "--name", "Support Line")
    typist.data(*register, first, "--carrier", carrier)
    trunk = ("--trunk", "sip.example.com", "--trunk-user", "one", "--provider", "twilio")
    typist.type(*register, second, *trunk, "--secret-file", str(password))
    assert {number["phone_number"] for number in typist.data("numbers", "list")} == {first, second}
    return [first, second]


@pytest.mark.parametrize(
    ("generation", "way"),
    [("v1", "of the call"), ("v2", "of the account"), ("v3", "of the account"), ("v3", "of the call")],
)
def test_from_an_empty_account_to_a_transcript(
    generation: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credential, search, both ways to register, a call with variables and webhook, its transcript."""
    with account(tmp_path, generation) as place, listener(place, monkeypatch) as address:
        typist = Typist(place)
        numbers = set_up(typist, tmp_path)
        config = CONFIG.format(numbers=json.dumps(numbers))
        if way == "of the account":
            typist.type("webhooks", "add", address)
        else:
            config += f"call: {{webhook_url: '{address}{path_of_events(tmp_path)}'}}\n"
        place.config.write_text(config)
        typist.type("doctor", "--config", str(place.config), "--list", str(place.list_path))
        ended = place.run()
        assert ended.returncode == 0, ended.stderr
        # Of this one call: the listener takes no event of another.
        wait_until(lambda: hinted(tmp_path) == 1)
        assert dict(place.oracle.dials_by_number()) == {PERSON["phone"]: 1}
        [row] = place.results()
        call = place.oracle.call(row["call_id"])
    assert call["from_number"] in numbers
    assert (row["phone"], row["call_status"]) == (PERSON["phone"], "completed")
    assert call["status"] == "completed"
    if generation != "v1":
        assert call["variables"] == {"customer_name": "Sam", "order_id": "ORD-001"}
    assert "Hello Sam" in row["call_transcript"]
    assert "order_id ORD-001" in row["call_transcript"]


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
def test_a_number_that_is_not_registered(generation: str, tmp_path: Path) -> None:
    """Nobody is called from it, and the exit code says that the set-up is wrong."""
    with account(tmp_path, generation) as place:
        assert place.run().returncode == 78
        assert place.oracle.dials() == []
