"""What `campaign listen` refuses before it listens."""

import subprocess
import sys
from pathlib import Path

import pytest

from campaign.cli import listen
from campaign.errors import ConfigError, InputMissingError, NotFinishedError, UsageError
from campaign.ledger.ledger import Ledger
from tests.cli.test_commands import call

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is warned of


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ledger of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    return tmp_path


def test_a_header_without_a_secret_checks_nothing() -> None:
    """So it is not accepted in silence."""
    with pytest.raises(UsageError, match="nothing is checked"):
        call("listen", "--signature-header", "X-Signature")


def test_a_secret_that_is_missing_or_open_is_refused(place: Path) -> None:
    """As for every secret."""
    with pytest.raises(InputMissingError):
        call("listen", "--secret-file", "none.txt")
    (place / "open.txt").write_text("whsec_4711", encoding="utf-8")
    (place / "open.txt").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        call("listen", "--secret-file", "open.txt")


def test_a_second_listener_is_told_of_the_first(place: Path) -> None:
    """One is enough."""
    with (
        Ledger.open(str(place / "ledger.db")) as ledger,
        ledger.listening(),
        pytest.raises(NotFinishedError, match="running already"),
    ):
        call("listen", "--port", "0")


def test_the_path_stays_until_another_one_is_wanted(place: Path) -> None:
    """What is registered at OneInbox has to lead here tomorrow, too."""
    with Ledger.open(str(place / "ledger.db")) as ledger:
        first = listen.own_token(ledger)
        assert listen.own_token(ledger) == first
        second = listen.own_token(ledger, renew=True)
        assert first != second == listen.own_token(ledger)
        assert len(second) >= 40


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("host", "is_warned"), [(EVERYWHERE, True), ("127.0.0.1", False), ("localhost", False)]
)
def test_who_listens_to_others_is_warned(place: Path, host: str, is_warned: bool) -> None:
    """Path and events travel in clear there, as one line says before it listens."""
    command = [sys.executable, "-m", "campaign", "listen", "--host", host, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith("OneInbox posts there"):
                break
        process.terminate()
    assert ("in clear" in said) is is_warned
    assert len(said.splitlines()) == 2 + is_warned


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        *(("127.0.0.1", False), ("127.1.2.3", False), ("::1", False), ("::ffff:127.0.0.1", False)),
        *((EVERYWHERE, True), ("::", True), ("192.168.1.7", True), ("fe80::1%eth0", True)),
    ],
)
def test_which_addresses_others_reach(address: str, is_open: bool) -> None:
    """All but those of this machine alone."""
    assert listen.is_open_to_others(address) is is_open
