"""The account that is asked: the simulator in each generation, or the one that the environment names.

`CONTRACT_BASE_URL` and `CONTRACT_API_KEY` name an account. It is asked for what costs nothing. With
`CONTRACT_AGENT_ID`, `CONTRACT_FROM_NUMBER` and `CONTRACT_TO_NUMBER` that number is called twice: the second
call is stopped at once, the first one twenty seconds after it was asked for. With `CONTRACT_WEBHOOK_URL`
events are sent there for a moment; where that leads to a port of this machine, `CONTRACT_WEBHOOK_PORT` names
it. The answers stand at the end of pytest's output, and as JSON in the file that `CONTRACT_REPORT` names.
"""

import json
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from campaign.models import E164
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError
from campaign.simulator import server
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from tests.contract.report import Report

BASE_URL, KEY = os.environ.get("CONTRACT_BASE_URL"), os.environ.get("CONTRACT_API_KEY", "")
SPEED = 20.0
_REPORTS: dict[str, Report] = {}


@dataclass(frozen=True, slots=True)
class Account:
    """One account, and what may be done with it."""

    base_url: str
    key: str
    agent_id: str | None
    from_number: str | None
    to_number: E164 | None
    webhook_url: str | None
    """Where events are to go; None where they go to this machine itself."""
    webhook_port: int | None
    """Of this machine, where they arrive; 0 takes any, None when they arrive elsewhere."""
    report: Report
    pause_s: float
    """Between two looks."""
    longest_s: float
    """For whatever is waited for."""
    hangs_up_after_s: float
    """From the request that made a call."""

    @asynccontextmanager
    async def hanging_up(self, client: OneInbox, call_id: str, began: float) -> AsyncGenerator[None, None]:
        """Whoever is called is not kept: the call ends in time, and with the block, however that ends.

        Args:
            client: Stops it.
            call_id: Which call.
            began: When it was asked for, by the clock of the event loop.
        """

        async def hang_up() -> None:
            if not await self._has_ended(client, call_id):
                await client.stop_call(call_id)

        async def in_time() -> None:
            await anyio.sleep_until(began + self.hangs_up_after_s)
            await hang_up()

        async with anyio.create_task_group() as group:
            group.start_soon(in_time)
            try:
                yield
            finally:
                group.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await hang_up()

    async def _has_ended(self, client: OneInbox, call_id: str) -> bool:
        try:
            return (await client.get_call(call_id)).has_ended
        except ApiError:
            return False

    @property
    def is_simulated(self) -> bool:
        """Whether nobody is called in truth."""
        return self.report.account.startswith("simulator")

    def client(self) -> OneInbox:
        """Our own client, as a run has it."""
        return OneInbox(self.base_url, SecretStr(self.key))

    def raw(self, key: str | None = None) -> httpx.AsyncClient:
        """A plain one, for what the wire looks like."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.AsyncClient(base_url=self.base_url, headers=headers, trust_env=False, timeout=60)


async def waited_for(
    account: Account, what: Callable[[], Awaitable[Any]], *, longest_s: float | None = None
) -> tuple[Any, float]:
    """The first answer that is one, and after how many seconds it came; None when it did not come."""
    began = anyio.current_time()
    while (passed := anyio.current_time() - began) < (longest_s or account.longest_s):
        if answer := await what():
            return answer, round(anyio.current_time() - began, 1)
        await anyio.sleep(account.pause_s)
    return None, round(passed, 1)


@pytest.fixture(scope="session", params=["account"] if BASE_URL else ["v1", "v2", "v3"])
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    """The account of the environment, else a simulated one of each generation."""
    report = _REPORTS.setdefault(request.param, Report(BASE_URL or f"simulator, {request.param}"))
    if BASE_URL:
        to_number, webhook_url = os.environ.get("CONTRACT_TO_NUMBER"), os.environ.get("CONTRACT_WEBHOOK_URL")
        yield Account(
            BASE_URL.rstrip("/"),
            KEY,
            os.environ.get("CONTRACT_AGENT_ID"),
            os.environ.get("CONTRACT_FROM_NUMBER"),
            E164(to_number) if to_number else None,
            webhook_url,
            int(port) if webhook_url and (port := os.environ.get("CONTRACT_WEBHOOK_PORT")) else None,
            report,
            pause_s=2.0,
            longest_s=180.0,
            hangs_up_after_s=20.0,
        )
        return
    talkative = Behaviour(answer=1, voicemail=0, busy=0, no_answer=0)
    simulator = Simulator(
        provider=Provider(speed=SPEED, behaviour=talkative, list_lag_s=0.3), generation=request.param
    )
    with server.running(simulator) as url:
        yield Account(
            url,
            SIMULATOR_KEY,
            "agt_test",
            "+12025550100",
            E164("+12025550143"),
            None,
            0,
            report,
            pause_s=0.05,
            longest_s=60.0,
            hangs_up_after_s=600.0,
        )


@pytest.fixture
async def raw(account: Account) -> AsyncGenerator[httpx.AsyncClient, None]:
    """A plain client of the account."""
    async with account.raw() as client:
        yield client


def id_form(call_id: str) -> str:
    """`uuid`, `prefixed` like `call_abc123`, or `other`."""
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", call_id.lower()):
        return "uuid"
    return "prefixed" if re.fullmatch(r"[a-z]+_\w+", call_id) else "other"


def envelope_of(body: Any) -> list[str]:
    """The keys of a list's envelope; `array` for none."""
    return sorted(body) if isinstance(body, dict) else ["array"] if isinstance(body, list) else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The report, for an account that somebody has named."""
    if not BASE_URL:
        return
    for report in _REPORTS.values():
        terminalreporter.section(f"contract of {report.account}")
        terminalreporter.write_line("\n".join(report.lines()))


def pytest_sessionfinish() -> None:
    """The same as a file."""
    path = os.environ.get("CONTRACT_REPORT")
    if path and _REPORTS:
        content = {name: report.finished() for name, report in _REPORTS.items()}
        Path(path).write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
