"""A recording: the product's own runner, client and ledger in a real campaign over several process lives.

Below the ledger every write and flush is noted, above it every answer. Lives end in a drain, or in a power
cut out of which the next one goes on; the simulated account stays.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import anyio
import anyio.to_thread
import httpx
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.pool import Pool

from campaign.calls.ports import LedgerBesideLoop
from campaign.calls.runner import run_campaign, utc_now
from campaign.errors import LedgerError
from campaign.ledger import campaigns, results
from campaign.oneinbox.client import OneInbox
from campaign.simulator.app import SIMULATOR_KEY
from tests.calls.harness import QUICK, numbers, simulated
from tests.ledger.case import people
from tests.support import make_settings
from tests.torture.power.record import Record
from tests.torture.power.tap import tapped
from tests.torture.power.witnesses import NotedApi, NotedLedger

NAME = "spring"
LEDGER = "ledger.db"
MAX_LIVE = 12
LIMIT_S = 60.0
DRAINED_AFTER = timedelta(seconds=0.2)
FAULTS = ("throttle%3", "lose_reply%4", "drop%3", "refuse%2", "act_then_status=500%2")
SETTINGS = make_settings(
    pace={"calls_per_second": 400, "burst": 10, "max_live_calls": MAX_LIVE},
    retry={"max_attempts": 2, "no_answer": ["1s"], "busy": ["1s"]},
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is recorded."""

    seed: int = 1
    people: int = 60
    pragmas: tuple[str, ...] = ()
    """Set on every connection after the product's own."""
    is_hasty: bool = False
    """Whether requests leave before their intents are on disk, as a broken program would do it."""
    is_cut: bool = True
    """Whether the power fails twice while it is recorded. The ledger of a broken program may be refused after
    that; what the program would have done then is not in the record."""


def record(folder: Path, scenario: Scenario) -> Record:
    """Run a campaign to its end and note everything. Only in a process of its own (see `tap`)."""

    @event.listens_for(Pool, "checkout")
    def set_pragmas(connection: Any, *_: object) -> None:
        for pragma in scenario.pragmas:
            connection.execute(f"PRAGMA {pragma}")

    made = Record()
    with tapped(made):
        anyio.run(_live, folder, scenario, made)
    left = {path.name: path.read_bytes() for path in folder.iterdir() if path.name in made.disk().whole()}
    if left != made.disk().whole() or LEDGER not in left:
        raise RuntimeError("the tap has missed a write: the record does not give the files that are there")
    return made


async def _live(folder: Path, scenario: Scenario, made: Record) -> None:
    rng = Random(scenario.seed)
    simulator = simulated(*FAULTS)
    transport = httpx.ASGITransport(app=simulator.app)
    third = scenario.people // 3
    tokens: dict[str, str] = {}
    cuts = (third, third) if scenario.is_cut else ()
    # A drain, the power cuts, and the rest.
    for cut_after in (None, *cuts, None):
        is_first = not made.notes
        ledger = await anyio.to_thread.run_sync(NotedLedger.open, str(folder / LEDGER))
        ledger.record, ledger.is_hasty, ledger.tokens = made, scenario.is_hasty, tokens
        api = NotedApi(
            OneInbox(
                "http://simulator", SecretStr(SIMULATOR_KEY), create_deadline_s=0.5, transport=transport
            ),
            made,
            cut_after=cut_after,
        )
        try:
            with anyio.fail_after(LIMIT_S):
                await _run(ledger, api, scenario, is_first=is_first)
        except* LedgerError as errors:
            made.refusal = str(errors.exceptions[0])
        finally:
            await anyio.to_thread.run_sync(ledger.close)
        if made.refusal:
            return
        if api.is_cut.is_set():
            made.restore(folder / LEDGER, rng)


async def _run(ledger: NotedLedger, api: NotedApi, scenario: Scenario, *, is_first: bool) -> None:
    """One process life: to its deadline, to its power cut, or to the end of the campaign."""

    def enrol() -> int:
        known = ledger.read(campaigns.find, NAME)
        if known is not None:
            return known.id
        return ledger.write(
            campaigns.start,
            name=NAME,
            name_pattern=NAME,
            agent_id=SETTINGS.agent_id,
            intake=people(*numbers(scenario.people)),
            now=utc_now(),
        ).result()

    campaign_id = await anyio.to_thread.run_sync(enrol)

    async def write_results() -> None:
        await anyio.to_thread.run_sync(
            lambda: ledger.read(lambda connection: list(results.result_rows(connection, campaign_id)))
        )

    async with api, anyio.create_task_group() as tasks:

        async def die() -> None:
            await api.is_cut.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(die)
        await run_campaign(
            campaign_id=campaign_id,
            name=NAME,
            settings=SETTINGS,
            ledger=LedgerBesideLoop(ledger),
            api=api,
            write_results=write_results,
            on_progress=lambda _: None,
            deadline=utc_now() + DRAINED_AFTER if is_first else None,
            timing=QUICK,
            rng=Random(scenario.seed),
            handle_signals=False,
        )
        tasks.cancel_scope.cancel()
