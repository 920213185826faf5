"""What last night's campaign has left is closed by the next one of the same dated name, doubts first."""

from collections.abc import Callable
from datetime import timedelta

import anyio
import pytest
from sqlalchemy import Connection, update

from campaign.calls.ending import Closed
from campaign.contacts.intake import take_in
from campaign.errors import ExitCode
from campaign.ledger import campaigns, ending, review, schema
from campaign.ledger.review import Decision, Ruling
from campaign.models import RowStatus
from tests.calls.harness import FAST, Stage, numbers
from tests.ledger.case import Case
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
ANNA, BEN, CARA, DORA = numbers(4)
PATTERN = "night-{date}"


async def enrol(stage: Stage, name: str, *phones: str, pattern: str = PATTERN) -> int:
    """Start a campaign of this name, and make it the one that runs."""

    def start() -> int:
        path = stage.folder / f"{name}.csv"
        path.write_text("\n".join(["phone", *phones]) + "\n", encoding="utf-8")
        return stage.ledger.write(
            campaigns.start,
            name=name,
            name_pattern=pattern,
            agent_id="agt_test",
            intake=take_in(path, stage.settings),
            now=stage.now(),
        ).result()

    stage.campaign_id = await anyio.to_thread.run_sync(start)
    return stage.campaign_id


async def statuses(stage: Stage, campaign_id: int) -> dict[RowStatus, int]:
    return await stage.read(campaigns.counts, campaign_id)


async def test_rows_that_still_wait_expire(stage: MakeStage) -> None:
    """They are final with both names in the reason, nobody of them is called, and the run says so."""
    night = stage()
    first = await enrol(night, "night-2026-11-24", ANNA, BEN)
    await enrol(night, "night-2026-11-25", CARA)

    report = await night.run()

    assert report.exit_code is ExitCode.OK
    assert night.dialled() == {CARA: 1}
    assert report.leftovers == [Closed("night-2026-11-24", 2, None)]
    assert await statuses(night, first) == {RowStatus.EXPIRED: 2}
    night.campaign_id = first
    reasons = {row.reason for row in await night.rows()}
    assert reasons == {"not attempted: campaign night-2026-11-24 was followed by night-2026-11-25"}
    record = await night.read(campaigns.find, "night-2026-11-24")
    assert record is not None
    assert record.finished_at is not None


async def test_only_leftovers_of_the_same_name(stage: MakeStage) -> None:
    """Another name, no date in it, or a later day: such campaigns stay as they are."""
    night = stage()
    others = [
        await enrol(night, "day-2026-11-24", ANNA, pattern="day-{date}"),
        await enrol(night, "once", BEN, pattern="once"),
    ]
    tonight = await enrol(night, "night-2026-11-25", CARA)
    others.append(await enrol(night, "night-2026-11-26", DORA))
    night.campaign_id = tonight

    report = await night.run()

    assert report.leftovers == []
    assert [await statuses(night, each) for each in others] == [{RowStatus.WAITING: 1}] * 3


async def test_a_campaign_without_a_date_closes_nothing(stage: MakeStage) -> None:
    """The same name is the same campaign there; there is no night before."""
    night = stage()
    first = await enrol(night, "once", ANNA, pattern="once")
    await enrol(night, "again", BEN, pattern="once")

    await night.run()

    assert await statuses(night, first) == {RowStatus.WAITING: 1}


async def test_doubts_of_last_night_come_first(stage: MakeStage) -> None:
    """Who may have been called last night is looked for before anybody is dialled, and then not dialled."""
    night = stage("drop#1")
    night.settings = make_settings(pace=FAST, caps={"per_number": {"calls": 5, "within": "1s"}})
    first = await enrol(night, "night-2026-11-24", ANNA, BEN)
    case = Case(night.ledger, first)
    await anyio.to_thread.run_sync(case.intend, ANNA)
    tonight = await enrol(night, "night-2026-11-25", ANNA, CARA)

    report = await night.run()

    assert night.dialled() == {CARA: 1} or night.dialled() == {}
    assert night.dialled()[ANNA] == 0
    assert await statuses(night, first) == {RowStatus.NEEDS_REVIEW: 1, RowStatus.EXPIRED: 1}
    assert (await statuses(night, tonight))[RowStatus.NEEDS_REVIEW] >= 1
    assert report.leftovers == [Closed("night-2026-11-24", 1, None)]


async def test_what_a_human_wants_called_again_tonight_stays(stage: MakeStage) -> None:
    """A row that was let wait by a human after the new campaign began is theirs."""
    night = stage("drop#1")
    first = await enrol(night, "night-2026-11-24", ANNA)
    await night.run()
    assert await statuses(night, first) == {RowStatus.NEEDS_REVIEW: 1}
    await enrol(night, "night-2026-11-25", CARA)
    ruling = Ruling(Decision.NOT_CALLED, "looked it up", "op", night.now())
    await night.write(review.decide, first, None, ruling)

    await night.run()
    assert await statuses(night, first) == {RowStatus.WAITING: 1}

    await enrol(night, "night-2026-11-26", DORA)
    await night.run()
    assert await statuses(night, first) == {RowStatus.EXPIRED: 1}


async def test_a_path_where_a_later_campaign_writes_is_not_written_to(stage: MakeStage) -> None:
    """The older result must not take the place of the newer one."""
    night = stage()
    first = await enrol(night, "night-2026-11-24", ANNA)
    await night.write(ending.remember_output, first, "/results/latest.csv")
    second = await enrol(night, "night-2026-11-25", BEN)
    await night.write(ending.remember_output, second, "/results/second.csv")
    third = await enrol(night, "night-2026-11-26", CARA)
    await night.write(ending.remember_output, third, "/results/latest.csv")

    found = await night.read(ending.leftovers, third)

    assert [(each.name, each.output_path, each.waiting) for each in found] == [
        ("night-2026-11-24", None, 1),
        ("night-2026-11-25", "/results/second.csv", 1),
    ]


async def test_a_path_belongs_to_whoever_has_written_there_last(stage: MakeStage) -> None:
    """An older campaign that was resumed keeps its result when something comes late for the newer one."""
    night = stage()
    first = await enrol(night, "night-2026-11-24", ANNA)
    second = await enrol(night, "night-2026-11-25", BEN)
    other = await enrol(night, "night-2026-11-26", CARA)
    await night.write(ending.remember_output, other, "/results/other.csv")
    for campaign_id in (first, second, first):
        await night.write(ending.remember_output, campaign_id, "/results/latest.csv")

    found = await night.read(ending.written_before, [first, second, other])

    paths = {"night-2026-11-24": "/results/latest.csv", "night-2026-11-26": "/results/other.csv"}
    assert {each.name: each.output_path for each in found} == paths
    left = await night.read(ending.leftovers, other)
    assert [each.output_path for each in left] == ["/results/latest.csv", None]


async def test_of_a_path_that_an_older_version_kept_twice_the_newer_campaign_has_it(stage: MakeStage) -> None:
    """Such a ledger does not tell who has written there last."""
    night = stage()
    first = await enrol(night, "night-2026-11-24", ANNA)
    second = await enrol(night, "night-2026-11-25", BEN)
    both = update(schema.campaigns).values(output_path="/results/latest.csv")
    await night.write(Connection.execute, both)

    found = await night.read(ending.written_before, [first, second])

    assert [each.name for each in found] == ["night-2026-11-25"]


async def test_by_a_clock_that_differs_from_oneinboxs_no_leftover_expires(stage: MakeStage) -> None:
    """A night that seems to have come is no night."""
    night = stage()
    first = await enrol(night, "night-2026-11-24", ANNA, BEN)
    await enrol(night, "night-2026-11-25", CARA)
    night.simulator.clock_ahead_s = -86_400.0
    assert (await night.run()).exit_code is ExitCode.API_UNAVAILABLE
    assert not night.dialled()
    assert await statuses(night, first) == {RowStatus.WAITING: 2}


async def test_by_a_clock_that_was_set_no_leftover_expires(stage: MakeStage) -> None:
    """A night that seems to have come is no night, until somebody has said that the clock is right."""
    night = stage()
    night.settings = make_settings(pace={"calls_per_second": 20, "max_live_calls": 1})
    first = await enrol(night, "night-2026-11-24", *numbers(20))
    right = night.now
    night.now = lambda: right() + timedelta(days=1 if len(night.simulator.provider.dials) > 2 else 0)
    assert (await night.run()).exit_code is ExitCode.API_UNAVAILABLE
    left = (await statuses(night, first))[RowStatus.WAITING]
    assert left > 10

    await enrol(night, "night-2026-11-25", "+13125550199")
    assert (await night.run()).exit_code is ExitCode.API_UNAVAILABLE
    assert (await statuses(night, first))[RowStatus.WAITING] == left
