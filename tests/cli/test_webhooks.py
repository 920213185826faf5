"""`campaign webhooks` as it is typed, against the simulator on a real socket."""

import os
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from campaign.cli import kept_secret, webhooks
from campaign.errors import (
    ApiUnavailableError,
    CampaignError,
    ConfigError,
    ExitCode,
    KeyRefusedError,
    OutputError,
    UsageError,
)
from campaign.ledger import hints
from campaign.ledger.ledger import Ledger
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.server import running
from tests.cli.test_commands import call, call_json
from tests.cli.test_setting_up import told

HOST = "https://calls.example.com"
GENERATIONS = ("v1", "v2", "v3")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ledger of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    return tmp_path


@pytest.fixture
def simulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An account of the newest generation, or of the one that a test asks for."""
    simulated = Simulator(generation=getattr(request, "param", "v3"))
    with running(simulated) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        yield simulated


def token(place: Path) -> str:
    """The part of the address that nobody should know."""
    with Ledger.open(str(place / "ledger.db")) as ledger:
        return str(ledger.read(hints.known_token))


@pytest.mark.parametrize("simulator", GENERATIONS, indirect=True)
def test_the_listener_of_the_ledger_is_registered(simulator: Simulator, place: Path) -> None:
    """At its unguessable path, for what its generation knows; the path is shown to nobody."""
    said = told("webhooks", "add", f"{HOST}/")
    [known] = simulator.webhooks.known.values()
    assert known.url == f"{HOST}/events/{token(place)}"
    assert len(token(place)) >= 40
    expected = ["call.ended", "transcript.final"]
    if simulator.generation != "v1":
        expected += ["call.failed", "call.recording.available"]
    assert sorted(known.events) == sorted(expected)
    listed = told("webhooks", "list")
    assert f"{HOST}/events/..." in listed
    assert "this ledger's listener" in listed
    assert token(place) not in said + listed + str(call_json("webhooks", "list"))


def test_a_listener_is_registered_once(simulator: Simulator) -> None:
    """A second registration would have every event posted twice."""
    told("webhooks", "add", HOST)
    with pytest.raises(UsageError, match="already"):
        call("webhooks", "add", HOST)
    assert len(simulator.webhooks.known) == 1


def test_what_is_listed_for_programs(simulator: Simulator) -> None:
    """Without the addresses' last parts; which one is this ledger's is told."""
    told("webhooks", "add", HOST, "--event", "call.ended", "--name", "night")
    simulator.webhooks.known["other"] = type(next(iter(simulator.webhooks.known.values())))(
        "other", "crm", "https://user:pw@crm.example/hook/secret?key=1", ["call.started"], "s", "", ""
    )
    own, other = call_json("webhooks", "list")
    assert own | {"id": ""} == {
        "id": "",
        "name": "night",
        "url": f"{HOST}/events/...",
        "events": ["call.ended"],
        "status": "active",
        "is_own": True,
    }
    assert (other["url"], other["is_own"]) == ("https://crm.example/hook/...", False)


def test_the_secret_is_kept_where_the_operator_says(simulator: Simulator, place: Path) -> None:
    """In a new file that only its owner can read, and nowhere else."""
    said = told("webhooks", "add", HOST, "--keep-secret", "secret.txt")
    [known] = simulator.webhooks.known.values()
    path = place / "secret.txt"
    assert path.read_text(encoding="utf-8") == f"{known.secret}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert known.secret not in said
    with pytest.raises(UsageError, match="there is such a file"):
        call("webhooks", "add", "https://other.example", "--keep-secret", "secret.txt")
    with pytest.raises(OutputError, match="No such file or directory; nothing was registered"):
        call("webhooks", "add", "https://other.example", "--keep-secret", "none/secret.txt")
    (place / "link.txt").symlink_to("nowhere.txt")
    with pytest.raises(UsageError, match="there is such a file"):
        call("webhooks", "add", "https://other.example", "--keep-secret", "link.txt")
    assert list(simulator.webhooks.known.values()) == [known]


@pytest.mark.parametrize("fault", ["lose_reply", "status=503", "status=401", "no_id"])
def test_a_file_without_a_secret_does_not_stay(simulator: Simulator, place: Path, fault: str) -> None:
    """The next try finds its place free."""
    simulator.faults = FaultPlan((Fault.parse(f"{fault}@webhooks#2"),))
    with pytest.raises(CampaignError):
        call("webhooks", "add", HOST, "--keep-secret", "secret.txt")
    assert not (place / "secret.txt").exists()


@pytest.mark.parametrize("simulator", ["v1"], indirect=True)
def test_a_secret_that_is_not_told_leaves_no_file(simulator: Simulator, place: Path) -> None:
    """An empty one would be taken for a secret later."""
    assert "no secret" in told("webhooks", "add", HOST, "--keep-secret", "secret.txt")
    assert not (place / "secret.txt").exists()


def test_a_secret_that_cannot_be_written_is_said_to_be_lost(tmp_path: Path) -> None:
    """As on a full disk: the webhook is there by then, and the file is not."""
    path = tmp_path / "secret.txt"
    with kept_secret.reserved(path) as place:
        assert place is not None
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, place.descriptor)
        os.close(full)
        with pytest.raises(
            OutputError, match=r"No space left on device; the webhook is registered.*remove it"
        ):
            place.keep("whsec_4711")
    assert not path.exists()


@pytest.mark.parametrize(
    ("simulator", "words"), [("v3", "--keep-secret FILE"), ("v1", "no secret")], indirect=["simulator"]
)
def test_a_secret_that_is_not_kept_is_said_to_be_lost(simulator: Simulator, words: str) -> None:
    """Or not to be there."""
    assert words in told("webhooks", "add", HOST)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://calls.example.com", "must be https"),
        ("calls.example.com", "not a URL"),
        ("https://user@x.example", "it may have no user"),
        ("https://x.example?key=1", "no query"),
        ("https://x y", "not a URL"),
        ("", "not a URL"),
    ],
)
def test_only_https_leads_to_a_listener(simulator: Simulator, address: str, words: str) -> None:
    """Events hold numbers and transcripts; what is wrong with the argument is said with a right one."""
    with pytest.raises(UsageError, match=f"^webhooks add: .*{words}.*; write it like {HOST}$"):
        call("webhooks", "add", address)
    assert simulator.webhooks.known == {}


def test_the_machine_may_fix_where_events_go(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the addresses of single calls."""
    monkeypatch.setenv("CAMPAIGN_WEBHOOK_HOSTS", "*.example.com")
    with pytest.raises(ConfigError, match=r"other\.example is not among CAMPAIGN_WEBHOOK_HOSTS"):
        call("webhooks", "add", "https://other.example")
    assert simulator.webhooks.known == {}
    told("webhooks", "add", HOST)


def test_what_is_said_wrongly_is_refused(simulator: Simulator) -> None:
    """An empty name, an event that does not exist, a webhook that does not exist, several of one name."""
    with pytest.raises(UsageError, match="--name"):
        call("webhooks", "add", HOST, "--name", " ")
    with pytest.raises(UsageError, match=r"call\.unheard_of"):
        call("webhooks", "add", HOST, "--event", "call.unheard_of")
    with pytest.raises(UsageError, match="no such webhook"):
        call("webhooks", "remove", "nobody", "--yes")
    told("webhooks", "add", HOST)
    told("webhooks", "add", "https://other.example")
    with pytest.raises(UsageError, match="several"):
        call("webhooks", "test", "campaign")


def test_a_webhook_is_removed_when_somebody_agrees(simulator: Simulator) -> None:
    """By its id or its name; nobody there to be asked: --yes."""
    told("webhooks", "add", HOST)
    with pytest.raises(UsageError, match="--yes"):
        call("webhooks", "remove", "campaign")
    assert "is removed" in told("webhooks", "remove", "campaign", "--yes")
    assert simulator.webhooks.known == {}
    assert "no events are posted" in told("webhooks", "list")


@pytest.mark.parametrize("simulator", GENERATIONS, indirect=True)
def test_a_test_that_fails_says_what_to_look_at(simulator: Simulator) -> None:
    """Where nobody listens."""
    told("webhooks", "add", "http://127.0.0.1:9")
    with pytest.raises(ApiUnavailableError, match="campaign listen"):
        call("webhooks", "test", "campaign")


class Taking(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody has to know."""


@pytest.fixture
def receiver() -> Iterator[str]:
    """Where events are taken."""
    with HTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("simulator", GENERATIONS, indirect=True)
def test_a_test_that_arrives_is_told(simulator: Simulator, receiver: str) -> None:
    """With what was delivered lately, where the generation tells that."""
    told("webhooks", "add", receiver)
    said = told("webhooks", "test", "campaign")
    assert "the test event was delivered" in said
    assert ("webhook.test  succeeded  attempt 1  HTTP 204" in said) is (simulator.generation == "v3")
    document = call_json("webhooks", "test", "campaign")
    assert document["status"] == "succeeded"
    assert len(document["deliveries"]) == (2 if simulator.generation == "v3" else 0)


@pytest.mark.parametrize("simulator", ["v1"], indirect=True)
def test_a_test_of_which_nothing_is_told_is_on_its_way(simulator: Simulator, receiver: str) -> None:
    """The listener shows whether it came."""
    told("webhooks", "add", receiver)
    simulator.faults = FaultPlan((Fault.parse("no_id@webhooks#3"),))
    assert "`campaign listen` does" in told("webhooks", "test", "campaign")


def test_trouble_with_the_account_has_its_exit_code(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong key, and an account without webhooks."""
    simulator.faults = FaultPlan((Fault.parse("status=404@webhooks"),))
    with pytest.raises(ApiUnavailableError, match="no webhooks"):
        call("webhooks", "list")
    monkeypatch.setenv("ONEINBOX_API_KEY", "oi_sk_other")
    with pytest.raises(KeyRefusedError):
        call("webhooks", "add", HOST)
    assert KeyRefusedError.exit_code is ExitCode.KEY_REFUSED


def test_without_a_ledger_no_webhook_is_this_ones(simulator: Simulator, place: Path) -> None:
    """Looking makes none."""
    told("webhooks", "add", HOST, "--ledger", "other.db")
    (place / "other.db").rename(place / "aside.db")
    assert "this ledger's listener" not in told("webhooks", "list")
    assert not (place / "ledger.db").exists()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (None, "-"),
        ("https://h.example/events/abc", "https://h.example/events/..."),
        ("https://h.example", "https://h.example/"),
        ("https://u:p@h.example/x?key=1", "https://h.example/..."),
        ("https://[::1", "..."),
    ],
)
def test_addresses_are_shown_without_what_opens_them(url: str | None, shown: str) -> None:
    """Whoever knows the whole address could post to it."""
    assert webhooks.masked(url) == shown
