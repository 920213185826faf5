"""What `campaign listen` refuses before it listens."""

from pathlib import Path

import pytest

from campaign.cli import listen
from campaign.errors import ConfigError, InputMissingError, NotFinishedError, UsageError
from campaign.ledger.ledger import Ledger
from tests.cli.test_commands import call


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
