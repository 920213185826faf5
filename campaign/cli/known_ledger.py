"""The ledger for commands that go without one: when there is one already, and never a new one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaign.ledger.ledger import Ledger


@contextmanager
def ledger_if_any(location: str | None) -> Iterator["Ledger | None"]:
    """Open the ledger for the length of the block; None when there is none yet.

    Args:
        location: What `--ledger` says.

    Raises:
        ConfigError, LedgerError: As `Ledger.open`.
    """
    from campaign.ledger.ledger import Ledger, url_of
    from campaign.settings import Environment, ledger_url

    where = ledger_url(location, Environment())
    url = url_of(where)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield None
        return
    with Ledger.open(where, create=False) as opened:
        yield opened
