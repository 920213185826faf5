"""Accounts: one process with many simulated OneInbox accounts, each behind a path of its own.

It is the oracle of thousands of small campaigns: a case opens an account with its faults, runs its lives
against it, and asks at the end who was really dialled. It never hears of the runner's own view.
"""

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from campaign.simulator import server
from campaign.simulator.app import SIMULATOR_KEY
from tests.torture.finding import RealDial

PATIENCE_S = 120.0
CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Account:
    """How one account behaves."""

    faults: tuple[str, ...] = ()
    """As `campaign simulate --fault` has them; here they may strike the endpoint `agent` as well."""
    speed: float = 400.0
    answer: float = 0.7
    list_lag_s: float = 0.0
    generation: str = "v3"
    has_cursor: bool = True
    slim_lists: bool = False
    records: bool = False
    quota: int | None = None
    daily_quota: int | None = None
    agents: tuple[str, ...] | None = None
    first_message: str = "Hello."
    longest_call_s: float = 600.0
    """How long the agent says that it lets a call last."""
    late_s: float = 1.5
    """Results appear about so long after the end of a call, in seconds of the provider."""
    replies: tuple[str, ...] = ()
    """What people say who answer; when empty, what they usually do."""
    api_key: str = SIMULATOR_KEY
    page: int = 100
    """Calls on a page of a list at most, whatever is asked for."""
    cursor: str = ""
    """`endless`: the list goes on for ever, with calls of other people; `repeats`: it stands still."""
    refuses_offsets: bool = False
    """Whether only the first page can be had, and 422 for any other."""
    clock_ahead_s: float = 0.0
    """How far the clock that its replies tell is ahead of the true one."""
    repeats_id_at: int = 0
    """The create-call request that is answered with the id of the first call."""


@dataclass(frozen=True, slots=True)
class Told:
    """What has happened to an account."""

    dials: list[RealDial]
    """Every real dial in order."""
    by_itself: int
    """So many of them the provider made on its own."""
    ambiguous: int
    """So many create-call requests were struck by a fault after which nobody can know."""


def _read(told: Mapping[str, Any]) -> Told:
    return Told([RealDial(*dial) for dial in told["dials"]], told["by_itself"], told["ambiguous"])


@dataclass(frozen=True, slots=True)
class Accounts:
    """The process with the accounts, as a case sees it."""

    port: int

    def url(self, name: str) -> str:
        """What goes into `ONEINBOX_BASE_URL`."""
        return f"http://{server.HOST}:{self.port}/{name}"

    def open(self, name: str, account: Account) -> None:
        """A new account; its people are the same each time."""
        self._order("open", name, {key: getattr(account, key) for key in Account.__slots__})

    def mend(self, name: str) -> None:
        """From now on nothing is wrong with it."""
        self._order("mend", name)

    def ask(self, name: str) -> Told:
        """What has happened so far."""
        return _read(self._order("ask", name))

    def close(self, name: str) -> tuple[list[RealDial], int]:
        """Every real dial in order, and how many of them the provider made on its own."""
        told = _read(self._order("close", name))
        return told.dials, told.by_itself

    def _order(self, verb: str, name: str, content: Mapping[str, Any] | None = None) -> Any:
        with closing(http.client.HTTPConnection(server.HOST, self.port, timeout=PATIENCE_S)) as connection:
            connection.request("POST", f"/{CONTROL}/{verb}/{name}", json.dumps(content))
            reply = connection.getresponse()
            assert reply.status == 200, f"the accounts refused {verb} {name}"
            return json.load(reply)
