"""Whole runs by a profile and with days off, on both databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import anyio
import anyio.to_thread
import pytest

from campaign.errors import ExitCode
from campaign.ledger import rows
from campaign.models import RowStatus
from campaign.rules.consent import NOT_ON_RECORD
from campaign.settings import Calendar, make_calendar
from campaign.settings.calendar import Span
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, Stage, numbers, simulated
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]

ANN, BEN, CARA, DORA = numbers(4)
NOON = datetime(2026, 12, 2, 17, 0, tzinfo=UTC)
"""A Wednesday before the profiles expire, noon in New York."""


def strict(**keys: Any) -> dict[str, Any]:
    """A campaign by the strictest profile."""
    return {"pace": FAST, "hours": {"profile": "us-strict"}, **keys}


async def at_noon(spring: Stage, **keys: Any) -> Stage:
    """The stage with these settings, at noon."""

    def prepare() -> None:
        spring.settings = make_settings(**keys)
        spring.calendar = make_calendar(spring.settings.hours, NOON)

    spring.now = lambda: NOON
    # As before a run: files are read while there is no event loop yet.
    await anyio.to_thread.run_sync(prepare)
    return spring


async def test_who_has_not_agreed_is_never_called(stage: MakeStage) -> None:
    """Their rows say why, and nothing rings; what the others have agreed to is kept with the dial."""
    spring = await at_noon(stage(), **strict())
    await spring.enrol_cells("phone,consent", f"{ANN},web form", f"{BEN},", f"{CARA},no", f"{DORA},withdrawn")
    await spring.run()
    assert spring.dialled() == {ANN: 1}
    assert [(row.status, row.reason) for row in (await spring.rows())[1:]] == [
        (RowStatus.SUPPRESSED, NOT_ON_RECORD)
    ] * 3
    [ann] = await spring.read(rows.rows_numbered, spring.campaign_id, 2)
    [dial] = [
        each for each in await spring.read(rows.history, ann.contact_id) if each.event == "call.intended"
    ]
    assert "consent: the list says 'web form'" in dial.detail
    assert "profile: us-strict, reviewed on" in dial.detail


async def test_an_amended_list_brings_state_and_consent(stage: MakeStage) -> None:
    """What the new list says of a person counts from then on: another state closes earlier, a no ends it."""
    spring = await at_noon(stage(), **strict())
    spring.now = lambda: NOON - timedelta(hours=12)
    await spring.enrol_cells("phone,consent,state", f"{ANN},yes,", f"{BEN},yes,NY", f"{CARA},yes,NY")
    await spring.run()
    assert spring.dialled() == {}
    # It is five in the afternoon, when Rhode Island has an hour left, of which closing takes its part.
    spring.now = lambda: NOON + timedelta(hours=5, minutes=58)
    await spring.amend_cells(
        "phone,consent,state,timezone",
        f"{ANN},yes,RI,America/New_York",
        f"{BEN},no,NY,America/New_York",
    )
    await spring.run()
    assert spring.dialled() == {}
    statuses = {row.to_number: row.status for row in await spring.rows()}
    assert statuses[ANN] is RowStatus.WAITING
    assert statuses[BEN] is RowStatus.SUPPRESSED
    spring.now = lambda: NOON + timedelta(hours=5, minutes=30)
    await spring.run()
    assert spring.dialled() == {ANN: 1}


async def test_a_profile_limits_tries(stage: MakeStage) -> None:
    """Another try would be due in a minute, but the profile allows one call a day."""
    nobody = Behaviour(answer=0, voicemail=0, busy=0, no_answer=1)
    retry = {"max_attempts": 3, "no_answer": ["1m", "1m"]}
    spring = await at_noon(stage(simulator=simulated(behaviour=nobody)), **strict(retry=retry))
    await spring.enrol_cells("phone,consent", f"{ANN},yes")
    moment = [NOON]
    spring.now = lambda: moment[0]
    await spring.run()
    moment[0] = NOON + timedelta(minutes=5)
    report = await spring.run()
    assert spring.dialled() == {ANN: 1}
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert {row.reason for row in await spring.rows()} == {"profile us-strict allows 1 call within 1d"}
    moment[0] = NOON + timedelta(hours=24, minutes=5)
    await spring.run()
    assert spring.dialled() == {ANN: 2}


async def test_nobody_is_called_on_a_day_off(stage: MakeStage) -> None:
    """A holiday and a date of the file hold back everybody whom they concern, until the day after."""
    spring = await at_noon(stage(), pace=FAST, hours={"holidays": ["US"]})
    moment = [datetime(2026, 12, 25, 17, 0, tzinfo=UTC)]
    spring.now = lambda: moment[0]
    await spring.enrol_cells("phone,timezone", f"{ANN},America/New_York")
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == {}
    [row] = await spring.read(rows.rows_numbered, spring.campaign_id, 2)
    assert (row.reason, row.not_before) == (
        "outside calling hours",
        datetime(2026, 12, 26, 14, 0, tzinfo=UTC),
    )
    assert spring.calendar is not None
    closed = [Span(date(2026, 12, 26), date(2026, 12, 26))]
    spring.calendar = Calendar(closed, spring.calendar.holidays)
    moment[0] += timedelta(days=1)
    await spring.run()
    assert spring.dialled() == {}
    moment[0] += timedelta(days=1)
    await spring.run()
    assert spring.dialled() == {ANN: 1}


async def test_a_run_that_is_told_no_days_off_calls_nobody(stage: MakeStage) -> None:
    """Forgetting the calendar is no way around it."""
    spring = await at_noon(stage(), pace=FAST, hours={"holidays": ["US"]})
    spring.calendar = None
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == {}
