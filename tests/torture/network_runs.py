"""The whole runs of suite `network`: campaigns that meet one harmed connection, and are run on until done."""

import csv
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import anyio
import anyio.to_thread
from pydantic import SecretStr

from campaign import logs
from campaign.calls.ports import LedgerBesideLoop
from campaign.calls.runner import run_campaign, utc_now
from campaign.cli.job import write_results
from campaign.contacts.intake import take_in
from campaign.errors import ExitCode
from campaign.ledger import breakers, campaigns
from campaign.ledger.ledger import Ledger
from campaign.models import TOKEN_KEY
from campaign.oneinbox.client import OneInbox
from campaign.settings import CampaignSettings
from tests import forks
from tests.calls.harness import FAST, IMPATIENT
from tests.compiled import share_compiled_statements
from tests.e2e.machinery import KEY, Oracle
from tests.support import make_settings
from tests.torture.finding import RealDial
from tests.torture.judge import judge
from tests.torture.proxy import Mode, Passed, Side, Strike, differ_in_one_bit, drawn, proxying, unlike
from tests.torture.tally import Effort, Tally

RUNS = 200
STRIKING = 0.7
"""So many of the faults have to strike: some are aimed at a question that a run does not come to ask."""
PEOPLE = 5
"""On the list of each run."""
CLEAN_LIVES = 3
"""A campaign must be done after so many runs on a clean line."""
AT_A_TIME = 4
"""Runs per processor, each in a process: mostly they wait."""
DEADLINE_S = 2.0
"""Of a create-call request; so long that a slow machine adds no doubts of its own."""
PATIENCE_S = 75.0
"""A life that takes longer hangs; a GET in it has a deadline of its own of 30 s, and is asked again."""
HEADERS = ("phone", "customer_name")
TIMING = replace(
    IMPATIENT, doubt_wait_s=2 * DEADLINE_S, end_margin_s=5.0, preflight_s=30.0, api_patience_s=30.0
)


def run_through(
    effort: Effort, rng: Random, passed: Passed, oracle: Oracle, client: type[OneInbox], tally: Tally
) -> None:
    """Whole campaigns, each with one harmed connection in its first life; what they find goes to the tally.

    `passed` is what the line carries for one dial, the oracle's first.
    """
    call_id = oracle.dials()[0]["call_id"].encode()
    id_at = passed[Side.REPLY].index(call_id)
    strikes = []
    for at in range(effort.count(RUNS)):
        nth = rng.randrange(PEOPLE)
        strike = drawn(rng, list(Mode), passed, "POST", nth)
        if at % 4 == 0:
            where = id_at + rng.randrange(len(call_id))
            strike = Strike(Mode.GARBLE, Side.REPLY, where, rng.randrange(8), "POST", nth)
        elif at % 4 == 1:
            strike = drawn(rng, [mode for mode in Mode if mode is not Mode.STALL], passed, "GET", nth % 3)
        strikes.append(strike)
    with forks.pool(min(effort.jobs * AT_A_TIME, len(strikes)), prepare=_prepare) as pool:
        runs = [
            pool.submit(harmed_campaign, at, strike, effort.folder / f"run-{at}", oracle, client)
            for at, strike in enumerate(strikes)
        ]
        for run in runs:
            tally.add(run.result())
    tally.require({"runs": int(STRIKING * len(strikes))})


def _prepare() -> None:
    share_compiled_statements()
    logs.configure(level=logging.CRITICAL)


def _number(at: int) -> str:
    """The number of the person with this index; one wrong digit never makes it the number of another."""
    return f"+1202555{at:03d}{-sum(map(int, str(at))) % 10}"


def harmed_campaign(at: int, strike: Strike, folder: Path, oracle: Oracle, client: type[OneInbox]) -> Tally:
    """One campaign of a few people: a life through the proxy, then lives on a clean line until it is done."""
    folder.mkdir()
    tally = Tally()
    settings = make_settings(
        name=f"run-{unlike(at)}", agent_id=f"agt_{at}", pace=FAST, call={"max_duration": "3s"}
    )
    numbers = [_number(PEOPLE * at + nth) for nth in range(PEOPLE)]
    contacts, result = folder / "list.csv", folder / "results.csv"
    contacts.write_text(
        "\n".join([",".join(HEADERS), *(f"{number},Person" for number in numbers)]) + "\n", encoding="utf-8"
    )
    with Ledger.open(str(folder / "ledger.db")) as ledger:
        campaign_id = ledger.write(
            campaigns.start,
            name=settings.name,
            name_pattern=settings.name,
            agent_id=settings.agent_id,
            intake=take_in(contacts, settings),
            now=utc_now(),
        ).result()
        life = _Life(settings, ledger, campaign_id, result, oracle.base_url, client)
        try:
            has_struck = anyio.run(life.harmed, strike)
            # A line that has spoilt the key looks like a refused one, which a human has to see to.
            ledger.write(
                breakers.reset, campaign_id=campaign_id, who="op", reason="the line is mended", now=utc_now()
            ).result()
            codes = [anyio.run(life.live, oracle.base_url)]
            while len(codes) < CLEAN_LIVES and codes[-1] not in (ExitCode.OK, ExitCode.NEEDS_REVIEW):
                codes.append(anyio.run(life.live, oracle.base_url))
        except Exception as error:
            tally.wrong += 1
            tally.fail(f"network: run {at}, {strike}: {error!r}")
            return tally
    if has_struck:
        tally.injected[f"runs {strike.mode}"] += 1
    dials = [
        RealDial(dial["to_number"], dial["call_id"], str(dial["metadata"].get(TOKEN_KEY)))
        for dial in oracle.dials()
        if dial["to_number"] in numbers or dial["metadata"].get("campaign") == settings.name
    ]
    rows = _rows(result)
    if has_struck:
        dials = undone(strike, dials, numbers, {row["phone"]: row["call_id"] for row in rows})
    finding = judge(dials, folder / "ledger.db", numbers, result=result)
    bound = int(has_struck and strike.verb == "POST")
    finding.count_into(tally, review_bound=bound, case=f"network: run {at}, {strike}")
    called = {dial.to_number for dial in dials}
    given_up = sum(row["phone"] in called for row in rows if row["call_status"] == "needs_review")
    # A call that the line itself has renamed is not found again; every other one can be.
    may_be_given_up = bound if strike.mode is Mode.GARBLE else 0
    has_wrong_end = not ends_rightly(codes[-1], finding.in_review)
    wrong = finding.unfinished + max(given_up - may_be_given_up, 0) + has_wrong_end
    tally.wrong += wrong
    if wrong or not finding.is_clean:
        tally.fail(f"network: run {at}, {strike}: {finding}, {given_up} given up, exit codes {codes}")
    return tally


def ends_rightly(code: ExitCode, in_review: int) -> bool:
    """Whether the last life may end with this code, when so many rows are left to a human."""
    return code is (ExitCode.NEEDS_REVIEW if in_review else ExitCode.OK)


def undone(
    strike: Strike, dials: Sequence[RealDial], numbers: Collection[str], told: Mapping[str, str]
) -> list[RealDial]:
    """The dials as they were asked for and told of, had the line not changed one bit of number or id.

    No client can see or prevent such a change on a plain line. All else is left to the judge.

    Args:
        strike: What has harmed the line.
        dials: As the provider counts them.
        numbers: The people on the list.
        told: The ids of the result, by number.
    """
    if strike.mode is not Mode.GARBLE or strike.verb != "POST":
        return [*dials]
    if strike.side is Side.REQUEST:
        return [replace(dial, to_number=_meant(dial.to_number, numbers)) for dial in dials]
    return [replace(dial, call_id=_meant(dial.call_id, [told.get(dial.to_number, "")])) for dial in dials]


def _meant(text: str, others: Collection[str]) -> str:
    return next((other for other in others if differ_in_one_bit(text, other)), text)


def _rows(result: Path) -> list[dict[str, str]]:
    with result.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class _Life:
    """A campaign that can be run several times."""

    settings: CampaignSettings
    ledger: Ledger
    campaign_id: int
    result: Path
    base_url: str
    client: type[OneInbox]

    async def harmed(self, strike: Strike) -> bool:
        """Run through a proxy that strikes; returns whether it did."""
        async with proxying(self.base_url) as proxy:
            proxy.aim(strike)
            await self.live(proxy.url)
            return proxy.has_struck

    async def live(self, url: str) -> ExitCode:
        """Run as far as it goes."""

        async def write() -> None:
            await anyio.to_thread.run_sync(write_results, self.ledger, self.campaign_id, HEADERS, self.result)

        with anyio.fail_after(PATIENCE_S):
            async with self.client(url, SecretStr(KEY), create_deadline_s=DEADLINE_S) as api:
                report = await run_campaign(
                    campaign_id=self.campaign_id,
                    name=self.settings.name,
                    settings=self.settings,
                    ledger=LedgerBesideLoop(self.ledger),
                    api=api,
                    write_results=write,
                    on_progress=lambda _: None,
                    timing=TIMING,
                    rng=Random(1),
                    handle_signals=False,
                )
        return report.exit_code
