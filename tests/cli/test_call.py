"""`campaign call`: one call outside any campaign, over a real socket, by every rule and guarantee."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaign.calls.timing import Timing
from campaign.cli.app import app
from campaign.cli.call import CallOptions, execute
from campaign.cli.run import Options
from campaign.cli.run import execute as run
from campaign.errors import (
    ApiUnavailableError,
    CampaignError,
    ConfigError,
    ExitCode,
    KeyRefusedError,
    LedgerError,
    ListError,
    NotFinishedError,
    UsageError,
)
from campaign.ledger import breakers, campaigns, suppression
from campaign.ledger.ledger import Ledger
from campaign.models import ResultRow, RowStatus
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from campaign.simulator.server import running
from tests.cli.test_commands import call_json
from tests.e2e.impatient import IMPATIENT
from tests.ledger.case import ANNA, BEN, EVA, EVA_TOO, Case, all_rows, do, people, start
from tests.support import NOON, profiled

OURS = "+12025550100"
CONFIG = f"""
name: spring
agent_id: agt_1
from_numbers: ["{OURS}"]
contacts: {{countries: [US]}}
hours: {{days: {{mon-sun: "00:00-24:00"}}, closing_margin: 0s}}
pace: {{calls_per_second: 100}}
call: {{variables: {{company: Acme}}, metadata: {{team: north}}}}
"""
ALL_ANSWER = Behaviour(answer=1, voicemail=0, busy=0, no_answer=0)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign file, a list of two, and no ledger."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    (tmp_path / "campaign.yaml").write_text(CONFIG)
    (tmp_path / "list.csv").write_text(f"phone,customer_name\n{ANNA},Anna\n{BEN},Ben\n12,Cara\n")
    return tmp_path


@pytest.fixture
def simulator(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An account in which everybody answers, and talks for less than a second."""
    simulated = Simulator(
        provider=Provider(speed=200, behaviour=ALL_ANSWER), first_message="Hello {{customer_name}}"
    )
    with running(simulated) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        yield simulated


def strike(simulator: Simulator, *faults: str) -> None:
    """From now on these go wrong."""
    simulator.faults = FaultPlan(tuple(map(Fault.parse, faults)))


def call(
    number: str = ANNA, *variables: str, timing: Timing = IMPATIENT, wait: bool | None = True, **more: Any
) -> ExitCode:
    """Make the call. An error for people is raised."""
    variables = variables or ("customer_name=Dana",)
    options = CallOptions(number, Path("campaign.yaml"), variables=variables, wait=wait, yes=True, **more)
    return execute(options, timing=timing)


def refused(number: str = ANNA, *variables: str, **more: Any) -> CampaignError:
    """Why the call was not made."""
    with pytest.raises(CampaignError) as caught:
        call(number, *variables, **more)
    assert "\n" not in str(caught.value)
    assert number not in str(caught.value)
    return caught.value


def rows() -> dict[str, ResultRow]:
    """The row of each single call in the ledger, by the name of the call."""
    with Ledger.open("ledger.db") as ledger:
        found: dict[str, ResultRow] = {}
        for record in ledger.read(campaigns.newest):
            if record.is_single_call:
                [found[record.name]] = ledger.read(all_rows, record.id)
        return found


def dialled(simulator: Simulator) -> Counter[str]:
    """Who was really called, and how often."""
    return Counter(dial.to_number for dial in simulator.provider.dials)


def other_campaign(*numbers: str) -> Case:
    """Another campaign of the same ledger."""
    return start(Ledger.open("ledger.db"), people(*numbers), name="autumn")


def test_a_call_is_followed_to_its_transcript(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its statuses on stderr as they come, what was said on stdout; the ledger has all of it."""
    strike(simulator, "queue=100")
    assert call() is ExitCode.OK
    said, told = capsys.readouterr()
    [made] = simulator.provider.calls.values()
    statuses = [line.split("  ")[1] for line in told.splitlines() if line.endswith(f"  {made.id}")]
    assert statuses[0] == "placed"
    assert "queued" in statuses
    assert statuses[-1] == "completed"
    assert f"call        {made.id}" in said
    assert "agent: Hello Dana" in said
    [(name, row)] = rows().items()
    assert name.startswith("call-2")
    assert (row.status, row.call_id, row.transcript_status) == (RowStatus.COMPLETED, made.id, "complete")
    assert dict(made.variables) == {"company": "Acme", "customer_name": "Dana"}
    assert (made.metadata["campaign"], made.metadata["team"]) == (name, "north")


def test_a_program_reads_one_document(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """With the whole call in it."""
    assert call(as_json=True) is ExitCode.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["disposition"]) == ("completed", "answered")
    assert told["call"]["transcript"].startswith("agent: Hello Dana")
    assert told["call_id"] == told["call"]["id"]


def test_with_the_values_of_a_row(simulator: Simulator) -> None:
    """To one's own number with what somebody else would hear; a value of one's own comes before it."""
    own = "+12125550199"
    call(own, "order=7", contact_list=Path("list.csv"), row=3)
    [made] = simulator.provider.calls.values()
    assert made.to_number == own
    assert dict(made.variables) == {"company": "Acme", "customer_name": "Ben", "order": "7"}
    assert made.metadata["row"] == 3


def test_the_agent_of_a_row_makes_its_call(simulator: Simulator) -> None:
    """What that agent says is what must have a value, and it is that agent who calls."""
    simulator.first_messages = {"agt_2": "Hello {{nickname}}"}
    write("", contacts="contacts: {countries: [US], agent_id: agent}")
    Path("list.csv").write_text(f"phone,customer_name,agent\n{ANNA},Anna,agt_2\n")
    more: dict[str, Any] = {"contact_list": Path("list.csv"), "row": 2}
    assert "no value for nickname" in str(refused(BEN, "customer_name=B", **more))
    call(BEN, "nickname=Benny", **more)
    [made] = simulator.provider.calls.values()
    assert (made.to_number, made.agent_id) == (BEN, "agt_2")


@pytest.mark.parametrize(("script", "words"), [("exit 3", "hook"), ("sleep 60", "hook")])
def test_the_hook_is_asked(simulator: Simulator, script: str, words: str) -> None:
    """Without its clear yes nobody is called, and nothing waits for a later one."""
    write(f"hook: {{command: [sh, -c, '{script}'], timeout: 1s}}")
    error = refused()
    assert isinstance(error, NotFinishedError | ListError | ApiUnavailableError), error
    assert words in str(error)
    assert not simulator.provider.dials
    [row] = rows().values()
    assert row.status in (RowStatus.STOPPED, RowStatus.SUPPRESSED)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"contact_list": Path("list.csv"), "row": 4}, "--row 4: "),
        ({"contact_list": Path("list.csv"), "row": 9}, "no such row"),
        ({"contact_list": Path("list.csv")}, "belong together"),
        ({"row": 2}, "belong together"),
    ],
)
def test_rows_that_cannot_be_used(simulator: Simulator, more: dict[str, Any], words: str) -> None:
    """An unusable row, one that is not there, and half of what is needed."""
    error = refused(**more)
    assert isinstance(error, UsageError)
    assert words in str(error)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("2025550143", "no plus in front"),
        ("+1202555014", "too few digits"),
        ("+4420794600", "NUMBER: "),
        ("+442079460123", "not among the allowed countries (US)"),
        ("+19005550123", "NUMBER: "),
        ("", "the phone number is missing"),
    ],
)
def test_numbers_are_checked_as_the_cells_of_a_list(simulator: Simulator, number: str, words: str) -> None:
    """What would be rejected there is a wrong command line here, and nothing is guessed."""
    with pytest.raises(UsageError) as caught:
        call(number)
    assert words in str(caught.value)
    assert not simulator.provider.dials


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (("order=7",), "no value for customer_name"),
        (("customer_name= ",), "no value for customer_name"),
        (("customer_name={{x}}",), "curly brace"),
        (("customer_name=a\nb",), "line break"),
        (("customer_name",), "KEY=VALUE"),
        (("=x",), "KEY=VALUE"),
        (("a=1", "a=2"), "each key once"),
    ],
)
def test_values_are_checked_as_well(simulator: Simulator, variables: tuple[str, ...], words: str) -> None:
    """What the agent says must be there, and fit to be spoken."""
    error = refused(ANNA, *variables)
    assert isinstance(error, UsageError)
    assert words in str(error)


def test_nobody_is_called_without_a_yes(simulator: Simulator) -> None:
    """Off a terminal it has to be said on the command line."""
    with pytest.raises(UsageError, match="there is no terminal to ask on; add --yes"):
        execute(CallOptions(ANNA, Path("campaign.yaml"), variables=["customer_name=Dana"]))


def write(more: str, **changes: str) -> None:
    """The campaign file with some lines more, or in place of others."""
    lines = [line for line in CONFIG.splitlines() if line.split(":")[0] not in changes]
    Path("campaign.yaml").write_text("\n".join([*lines, *changes.values(), more]))


def suppressed_in_ledger() -> None:
    with Ledger.open("ledger.db") as ledger:
        do(ledger, suppression.suppress, [ANNA], reason="asked by mail", now=NOON)


def suppressed_in_file() -> None:
    Path("dnc.csv").write_text(f"{ANNA}\n")
    write("suppression: [dnc.csv]")


def old_list() -> None:
    suppressed_in_file()
    Path("dnc.csv").write_text("+12125550198\n")
    os.utime("dnc.csv", (time.time() - 9 * 86400,) * 2)
    write("suppression: [{file: dnc.csv, max_age: 3d}]")


def closed_hours() -> None:
    # Closed for hours to come wherever in America the number may be.
    opens = (datetime.now(UTC) - timedelta(hours=5) + timedelta(hours=10)).hour % 23
    window = f"{opens:02}:00-{opens:02}:30"
    write("", hours=f'hours: {{days: {{mon-sun: "{window}"}}, closing_margin: 0s, number_margin: 0s}}')


def no_consent() -> None:
    hours = json.dumps(profiled("us", days={"mon-sun": "08:00-21:00"}))
    write("", hours=f"hours: {hours}")


def expired_profile() -> None:
    write("", hours="hours: {profile: us, profile_confirmed: 2099-01-01}")


def called_by_campaign() -> None:
    now = datetime.now(UTC)
    autumn = other_campaign(ANNA)
    attempt = autumn.intend(ANNA, now=now - timedelta(hours=1))
    autumn.place(attempt, "call_1", now=now - timedelta(hours=1))
    autumn.end("call_1", now=now - timedelta(minutes=50))
    autumn.settle("call_1")


def unsettled_call() -> None:
    autumn = other_campaign(ANNA)
    autumn.place(autumn.intend(ANNA), "call_1")


def call_in_review() -> None:
    autumn = other_campaign(ANNA)
    attempt = autumn.intend(ANNA)
    autumn.doubt(attempt)
    autumn.give_up(attempt)


def breaker_of_account() -> None:
    autumn = other_campaign(BEN)
    do(
        autumn.ledger,
        breakers.record_open,
        autumn.id,
        rule="no credit",
        cause="HTTP 402",
        cure="top up",
        scope="campaign",
        subject="",
        evidence={},
        needs_reset=True,
        of_account=True,
        now=NOON,
    )


@pytest.mark.parametrize(
    ("arrange", "error", "words"),
    [
        (suppressed_in_ledger, ListError, "the person is suppressed: asked by mail"),
        (suppressed_in_file, ListError, "on the suppression list dnc.csv"),
        (old_list, ConfigError, "max_age"),
        (closed_hours, NotFinishedError, "may be"),
        (no_consent, ListError, "no consent on record"),
        (expired_profile, ConfigError, "profile"),
        (called_by_campaign, NotFinishedError, "called by another campaign within 20h"),
        (unsettled_call, NotFinishedError, "is not settled"),
        (call_in_review, NotFinishedError, "needs review"),
        (breaker_of_account, ApiUnavailableError, "top up"),
    ],
)
def test_every_rule_is_asked(
    simulator: Simulator, arrange: Any, error: type[CampaignError], words: str
) -> None:
    """One no is enough: nobody is dialled, the reason is told, and no row is left behind."""
    arrange()
    found = refused()
    assert isinstance(found, error), found
    assert words in str(found)
    assert not simulator.provider.dials
    assert rows() == {}


def never_open() -> None:
    # The margin of a person whose number alone tells the zone leaves nothing of two hours.
    write("", hours='hours: {days: {mon-sun: "09:00-11:00"}, closing_margin: 0s, number_margin: 1h}')


@pytest.mark.parametrize("arrange", [never_open, unsettled_call])
def test_no_time_is_promised_that_nobody_knows(simulator: Simulator, arrange: Callable[[], None]) -> None:
    """When a run would ask a rule again is no time from which on somebody may be called."""
    arrange()
    error = refused()
    assert isinstance(error, NotFinishedError)
    assert "on it may be" not in str(error)


def test_the_time_that_is_told_is_one_at_which_every_rule_says_yes(simulator: Simulator) -> None:
    """Where the cap ends while hours are closed, the call may be made when they open."""
    called_by_campaign()
    now = datetime.now(ZoneInfo("America/New_York"))
    opens = min(now.hour, 22)
    days = f'{{mon-sun: "{opens:02}:00-{opens + 2:02}:00"}}'
    write("", hours=f"hours: {{days: {days}, closing_margin: 0s, number_margin: 0s}}")
    opening = (now + timedelta(days=1)).replace(hour=opens, minute=0).astimezone()
    then = f"from {opening:%Y-%m-%d %H:%M %Z} on it may be, or with --again"
    assert str(refused()).endswith(f"called by another campaign within 20h; {then}")


def test_consent_may_be_given_for_this_person(simulator: Simulator) -> None:
    """Where it is demanded, it is said on the command line, or by the campaign file for everybody."""
    write("", contacts="contacts: {countries: [US], consent: agreed}")
    assert "no consent on record" in str(refused())
    assert "no consent on record" in str(refused(consent="not yet"))
    assert call(consent="written consent") is ExitCode.OK
    write("", contacts="contacts: {countries: [US], consent: agreed, consent_basis: signed forms}")
    assert call(BEN) is ExitCode.OK


def test_what_a_row_says_of_its_own_person_counts(simulator: Simulator) -> None:
    """Consent, zone and state of a row are of that row's number, and say nothing about another one."""
    write("", contacts="contacts: {countries: [US], consent: agreed, timezone: tz}")
    Path("list.csv").write_text(f"phone,customer_name,agreed,tz\n{ANNA},Anna,yes,America/Denver\n")
    more: dict[str, Any] = {"contact_list": Path("list.csv"), "row": 2}
    assert "no consent on record" in str(refused(BEN, **more))
    assert call(ANNA, **more) is ExitCode.OK


@pytest.mark.parametrize("reserve", [0, 3])
def test_the_quota_of_the_account(simulator: Simulator, reserve: int) -> None:
    """None left, or only those that are left to others."""
    simulator.provider.daily_quota = reserve
    write(f"budget: {{reserve_calls: {reserve}}}")
    error = refused()
    assert isinstance(error, NotFinishedError)
    assert "no call left today" in str(error)
    assert not simulator.provider.dials


@pytest.mark.parametrize("faults", [(), ("no_id@agent",)])
@pytest.mark.parametrize(
    ("theirs_ahead_s", "told"), [(-86_400.0, "1,440 minutes ahead of"), (3600.0, "60 minutes behind")]
)
def test_by_a_clock_that_differs_from_oneinboxs_no_call_is_made(
    simulator: Simulator, theirs_ahead_s: float, told: str, faults: tuple[str, ...]
) -> None:
    """Whichever reply tells it; when the clock is right, the call is made, and no human has to say so."""
    simulator.clock_ahead_s = theirs_ahead_s
    strike(simulator, *faults)
    error = refused()
    assert isinstance(error, ApiUnavailableError)
    assert f"the clock of this machine is {told} OneInbox's" in str(error)
    assert "campaign resume" not in str(error)
    assert not simulator.provider.dials
    simulator.clock_ahead_s = 0.0
    assert call() is ExitCode.OK


def test_by_a_clock_that_differs_from_oneinboxs_no_campaign_begins(simulator: Simulator) -> None:
    """Its name may have the date in it, and the next night's run would find another list under its name."""
    simulator.clock_ahead_s = -86_400.0
    write("", name="name: night-{date}")
    options = Options(
        contact_list=Path("list.csv"), config=Path("campaign.yaml"), yes=True, allow_invalid=True
    )
    with pytest.raises(ApiUnavailableError, match=r"1,440 minutes ahead of OneInbox's"):
        run(options, timing=IMPATIENT)
    with Ledger.open("ledger.db") as ledger:
        assert ledger.read(campaigns.newest) == []
    simulator.clock_ahead_s = 0.0
    assert run(options, timing=IMPATIENT) is ExitCode.OK
    assert dialled(simulator) == {ANNA: 1, BEN: 1}


def test_a_run_that_is_on_comes_first(simulator: Simulator) -> None:
    """Who has the ledger is told."""
    with Ledger.open("ledger.db") as ledger, ledger.run_lock("campaign spring"):
        assert "campaign spring" in str(refused())


def test_a_call_counts_for_campaigns_and_not_among_them(simulator: Simulator) -> None:
    """Whoever was called so is left in peace by the caps of campaigns, whose own counts it does not touch."""
    call(ANNA)
    options = Options(
        contact_list=Path("list.csv"), config=Path("campaign.yaml"), yes=True, allow_invalid=True
    )
    assert run(options, timing=IMPATIENT) is ExitCode.NOT_FINISHED
    assert dialled(simulator) == {ANNA: 1, BEN: 1}
    [spring] = call_json("status")
    assert (spring["campaign"], spring["calls"], spring["rows"]) == (
        "spring",
        1,
        {"waiting": 1, "completed": 1, "rejected": 1},
    )


def test_a_second_call_needs_a_word(simulator: Simulator) -> None:
    """The cap holds for calls of this kind too, unless it is said that they are not to count."""
    call()
    error = refused()
    assert isinstance(error, NotFinishedError)
    assert "or with --again" in str(error)
    call(again=True)
    assert dialled(simulator) == {ANNA: 2}


def test_what_campaigns_have_called_counts_again_or_not(simulator: Simulator) -> None:
    """`--again` forgives no call of a campaign."""
    called_by_campaign()
    assert "called by another campaign" in str(refused(again=True))
    assert not simulator.provider.dials


def test_a_second_call_to_the_other_form_of_a_number(simulator: Simulator) -> None:
    """It is the same person: on the line, called already, and called again only when that is said."""
    write("", contacts="contacts: {countries: [AR]}")
    strike(simulator, "never_end#1")
    call(EVA, wait=False)
    [made] = simulator.provider.calls.values()
    assert f"campaign calls stop {made.id}" in str(refused(EVA_TOO, again=True))
    simulator.provider.stop(made)
    assert "or with --again" in str(refused(EVA_TOO))
    call(EVA_TOO, again=True)
    assert dialled(simulator) == {EVA: 1, EVA_TOO: 1}


def test_a_row_with_the_other_form_of_a_number_is_of_that_person(simulator: Simulator) -> None:
    """What the row says counts, and the number is dialled as it was given."""
    write("", contacts="contacts: {countries: [AR], consent: agreed}")
    Path("list.csv").write_text(f"phone,customer_name,agreed,not_before\n{EVA},Eva,yes,2099-01-01\n")
    more: dict[str, Any] = {"contact_list": Path("list.csv"), "row": 2}
    assert "2099" in str(refused(EVA_TOO, **more))
    Path("list.csv").write_text(f"phone,customer_name,agreed\n{EVA},Eva,yes\n")
    assert call(EVA_TOO, **more) is ExitCode.OK
    assert dialled(simulator) == {EVA_TOO: 1}


def test_a_call_that_is_left_alone(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Its id is told; while it is on nobody calls that person, and before another call it is settled."""
    strike(simulator, "never_end#1")
    assert call(wait=False) is ExitCode.OK
    [made] = simulator.provider.calls.values()
    said, told = capsys.readouterr()
    assert said == f"{made.id}\n"
    assert f"`campaign calls show {made.id}`" in told
    assert [row.status for row in rows().values()] == [RowStatus.LIVE]
    assert f"campaign calls stop {made.id}" in str(refused(again=True))
    simulator.provider.stop(made)
    call(again=True)
    assert RowStatus.LIVE not in {row.status for row in rows().values()}
    assert dialled(simulator) == {ANNA: 2}


def test_a_call_whose_lock_is_lost_is_left_to_the_next_run(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another run may follow it by then: it is followed no longer, and the error says why."""
    strike(simulator, "never_end#1")
    write("hook: {command: [rm, ledger.db.lock]}")
    with pytest.raises(LedgerError, match=r"ledger\.db\.lock was removed"):
        call()
    [made] = simulator.provider.calls.values()
    assert f"the call goes on: `campaign calls show {made.id}`" in capsys.readouterr().err
    assert [row.status for row in rows().values()] == [RowStatus.LIVE]


def test_off_a_terminal_nobody_waits(simulator: Simulator) -> None:
    """What runs unattended places the call and goes on."""
    assert call(wait=None) is ExitCode.OK
    assert [row.status for row in rows().values()] == [RowStatus.LIVE]


def test_the_next_run_follows_what_was_left(simulator: Simulator) -> None:
    """A run of any campaign of the ledger brings it to its end."""
    call(wait=False)
    Path("list.csv").write_text(f"phone,customer_name\n{BEN},Ben\n")
    run(Options(contact_list=Path("list.csv"), config=Path("campaign.yaml"), yes=True), timing=IMPATIENT)
    assert [row.status for row in rows().values()] == [RowStatus.COMPLETED]


@pytest.mark.parametrize("fault", ["lose_reply", "garble", "act_then_status=502", "cut", "no_id"])
@pytest.mark.parametrize("wait", [True, False])
def test_a_lost_reply_is_found_in_the_list(simulator: Simulator, fault: str, wait: bool) -> None:
    """Never sent again: the call is found by its token, waited for or not."""
    strike(simulator, fault)
    assert call(wait=wait) is ExitCode.OK
    assert dialled(simulator) == {ANNA: 1}
    [row] = rows().values()
    assert row.call_id == next(iter(simulator.provider.calls))


def test_without_metadata_it_is_found_by_number_and_time(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first generation of the API keeps no token, and its call is followed and shown all the same."""
    old = Simulator(provider=Provider(speed=200, behaviour=ALL_ANSWER), generation="v1")
    strike(old, "lose_reply")
    with running(old) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        assert call() is ExitCode.OK
    assert dialled(old) == {ANNA: 1}
    assert "agent: Hello Dana" in capsys.readouterr().out


def test_a_call_that_is_in_no_list_is_for_a_human(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is called again until somebody has decided."""
    strike(simulator, "drop")
    assert call() is ExitCode.NEEDS_REVIEW
    [(name, row)] = rows().items()
    assert row.status is RowStatus.NEEDS_REVIEW
    assert f"`campaign review {name}`" in capsys.readouterr().err
    assert "needs review" in str(refused(again=True))
    assert [each["campaign"] for each in call_json("status")] == [name]


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("status=401", KeyRefusedError, "ONEINBOX_API_KEY"),
        ("status=402", ApiUnavailableError, "top up"),
        ("refuse", ApiUnavailableError, "OneInbox refused the call (HTTP 422)"),
        ("refuse_setup=agent", ConfigError, "agent_id"),
        ("refuse_setup=carrier", ConfigError, "carriers add"),
        ("refuse_country=1", ApiUnavailableError, "geo permissions"),
    ],
)
def test_a_call_that_onein_box_does_not_make(
    simulator: Simulator, fault: str, error: type[CampaignError], words: str
) -> None:
    """The cause and the cure, as of a run; nothing waits for a later one."""
    strike(simulator, fault)
    found = refused()
    assert isinstance(found, error), found
    assert words in str(found)
    [row] = rows().values()
    assert row.status in (RowStatus.STOPPED, RowStatus.REFUSED)
    assert not simulator.provider.dials


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("fail_call=geo_permission_denied", "geo permissions"),
        ("fail_call=invalid_carrier_credentials", "credentials"),
    ],
)
def test_a_call_that_fails(
    simulator: Simulator, capsys: pytest.CaptureFixture[str], fault: str, words: str
) -> None:
    """It was made, and something is wrong for every call: cause and cure, and no exit code that says well."""
    strike(simulator, fault)
    found = refused()
    assert isinstance(found, ApiUnavailableError), found
    assert str(found).startswith("the call failed: ")
    assert words in str(found)
    assert dialled(simulator) == {ANNA: 1}
    assert "failed (" in capsys.readouterr().err


def test_hours_that_never_open_name_no_time(simulator: Simulator) -> None:
    """No moment is promised at which the person may be called when there is none."""
    write("", hours='hours: {days: {mon: "00:00-00:30"}, number_margin: 1h}')
    found = refused()
    assert "no time of the week" in str(found)
    assert "it may be" not in str(found)


def review(*arguments: str) -> None:
    """`campaign review`, in this very process. An error for people is raised."""
    app(["review", *arguments], standalone_mode=False)


def in_review(simulator: Simulator) -> str:
    """A single call of which nobody knows whether it was made. Returns its name."""
    strike(simulator, "drop")
    assert call() is ExitCode.NEEDS_REVIEW
    strike(simulator)
    [name] = rows()
    return name


def test_a_human_says_that_it_was_not_made(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing waits for a run that there is not, and the person can be called at once."""
    name = in_review(simulator)
    capsys.readouterr()
    review(name)
    shown = capsys.readouterr()
    assert "campaign run" not in shown.out + shown.err
    assert "--redial" not in shown.err
    review(name, "--mark-not-called", "--all", "--reason", "asked")
    assert rows()[name].status is RowStatus.STOPPED
    assert "`campaign call`" in capsys.readouterr().err
    assert call() is ExitCode.OK
    assert dialled(simulator) == {ANNA: 1}


def test_a_human_says_that_it_was_made(simulator: Simulator) -> None:
    """It counts as a call to that person."""
    name = in_review(simulator)
    review(name, "--mark-called", "--all", "--reason", "asked")
    assert rows()[name].status is RowStatus.COMPLETED
    assert "called" in str(refused())


def test_no_run_dials_a_single_call(simulator: Simulator) -> None:
    """Neither by a decision nor under its name, whatever list is given: it would count as such a call."""
    name = in_review(simulator)
    with pytest.raises(UsageError, match="`campaign call`"):
        review(name, "--redial", "--all", "--reason", "asked")
    options = Options(
        contact_list=Path("list.csv"), config=Path("campaign.yaml"), yes=True, name=name, amend=True,
        allow_invalid=True,
    )  # fmt: skip
    with pytest.raises(UsageError, match="is a single call"):
        run(options, timing=IMPATIENT)
    assert rows()[name].status is RowStatus.NEEDS_REVIEW
    assert not simulator.provider.dials


def test_an_account_that_is_away(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the agent says is not known then, and nobody is called anyhow."""
    monkeypatch.setenv("ONEINBOX_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
    error = refused(timing=Timing(preflight_s=0.2, backoff_s=0.1))
    assert isinstance(error, ApiUnavailableError)
    [row] = rows().values()
    assert row.status is RowStatus.STOPPED


def test_what_was_cut_off_before_its_dial_is_never_made(simulator: Simulator) -> None:
    """A row of a killed process waits for nobody: the next call takes it out first."""
    with Ledger.open("ledger.db") as ledger:
        do(
            ledger,
            campaigns.start,
            name="call-2026-06-03-170000-abcd",
            name_pattern=campaigns.SINGLE_CALL,
            agent_id="agt_1",
            intake=people(BEN),
            now=NOON,
        )
    call(ANNA)
    found = rows()
    assert found.pop("call-2026-06-03-170000-abcd").status is RowStatus.STOPPED
    assert [row.status for row in found.values()] == [RowStatus.COMPLETED]
    assert dialled(simulator) == {ANNA: 1}


def test_who_asks_not_to_be_called_is_suppressed(simulator: Simulator) -> None:
    """A wish in such a call holds for every campaign."""
    simulator.provider.behaviour = Behaviour(
        answer=1, voicemail=0, busy=0, no_answer=0, replies=("Please do not call me again.",)
    )
    call()
    with Ledger.open("ledger.db") as ledger:
        assert ANNA in ledger.read(suppression.suppressed)


@pytest.mark.parametrize("next_one", ["call", "run"])
def test_a_wish_in_a_call_that_was_left_is_found_by_the_file_that_made_it(
    simulator: Simulator, next_one: str
) -> None:
    """Whatever the next command's file looks for, the person is suppressed and not dialled again."""
    simulator.provider.behaviour = replace(ALL_ANSWER, replies=("Basta ya.",))
    write("opt_out: {phrases: [basta ya]}")
    call(wait=False)
    # Any call is over by now.
    simulator.provider.monotonic = lambda: time.monotonic() + 3600
    write("opt_out: {languages: [de]}")
    if next_one == "call":
        assert "the person is suppressed" in str(refused(again=True))
    else:
        Path("list.csv").write_text(f"phone,customer_name\n{BEN},Ben\n")
        run(Options(contact_list=Path("list.csv"), config=Path("campaign.yaml"), yes=True), timing=IMPATIENT)
    with Ledger.open("ledger.db") as ledger:
        assert ANNA in ledger.read(suppression.suppressed)
    assert dialled(simulator)[ANNA] == 1


def test_the_plans_of_a_campaign_do_not_matter(simulator: Simulator) -> None:
    """Its times, its budget and its stages are about its list: before it starts is when one wants to test."""
    write("not_before: 2099-01-01\nbudget: {minutes: 0.5}\nretry: {max_attempts: 3, no_answer: [1s, 1s]}")
    simulator.provider.behaviour = Behaviour(answer=0, voicemail=0, busy=0, no_answer=1)
    assert call() is ExitCode.OK
    [row] = rows().values()
    assert (row.status, row.disposition) == (RowStatus.UNREACHED, "no_answer")
    assert dialled(simulator) == {ANNA: 1}
