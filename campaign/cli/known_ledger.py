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
    from campaign.ledger.ledger import Ledger
    from campaign.settings import Environment, ledger_url

    where = ledger_url(location, Environment())
    if not is_there(where):
        yield None
        return
    with Ledger.open(where, create=False) as opened:
        yield opened


def is_there(where: str) -> bool:
    """Whether there is a file of this ledger; of one in a database server only its opening tells.

    Raises:
        ConfigError: It is neither a path nor a URL of a database that is supported.
    """
    from campaign.ledger.ledger import url_of

    url = url_of(where)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()
