"""The plan says of every row what a run would do with it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from campaign.calls.plan import Plan, make_plan
from campaign.contacts.intake import take_in
from campaign.ledger import amend, attempts, calls, campaigns, waiting
from campaign.ledger.amend import CALLED_UNDER_KEY, NO_GOOD_ROW, Amendment
from campaign.ledger.ledger import Ledger
from campaign.ledger.waiting import DueContact
from campaign.models import Call, Disposition, Intake, RowStatus, TranscriptStatus
from tests.ledger.case import EVA, EVA_TOO
from tests.support import NOON, make_settings, nothing_left

ANN, BEN, CARA, DORA = "+12025550143", "+12025550144", "+12025550145", "+12025550146"
FAY, FAY_TOO = "+5491143211235", "+541143211235"
"""One person of Argentina, with and without the mark of mobiles."""
UNSAID = "no value for name, which the agent says"
UNSAID_ROW = "no value for name, which the agent needs"
REJECTED = f"rejected: {UNSAID_ROW}"


class Season:
    """A campaign that began before its agent said a name, and the plans of today, when it does."""

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self.ledger = ledger
        self._path = path
        self.key: str | None = None
        """The third column of every list, when it tells people apart."""
        self.countries: list[str] = ["US"]

    def read(self, *rows: str, spoken: tuple[str, ...] = ("name",)) -> Intake:
        """Take in a list of these rows, as it is read while the agent says these variables."""
        heading = f"phone,name,{self.key}" if self.key else "phone,name"
        self._path.write_text("\n".join((heading, *rows)) + "\n", encoding="utf-8")
        contacts = {"key": self.key, "countries": self.countries}
        return take_in(self._path, make_settings(contacts=contacts), spoken=spoken)

    def start(self, *rows: str) -> None:
        """Begin the campaign with a list of these rows."""
        self.ledger.write(
            campaigns.start,
            name="spring",
            name_pattern="spring",
            agent_id="agt_test",
            intake=self.read(*rows, spoken=()),
            now=NOON,
        ).result()

    def amend(self, *rows: str) -> None:
        """Give the campaign another list."""
        self.ledger.write(amend.amend, 1, self.read(*rows), NOON).result()

    def due_now(self) -> list[str]:
        """Who would be dialled, if every gate said yes."""
        return [row.to_number for row in self.ledger.read(waiting.due, 1, NOON, skip=(), limit=10)]

    def due(self, number: str) -> DueContact:
        """The waiting row of a number."""
        rows = self.ledger.read(waiting.due, 1, NOON, skip=(), limit=10)
        return next(row for row in rows if row.to_number == number)

    def dial(self, number: str) -> None:
        """Begin a call to a number."""
        self.ledger.write(
            attempts.record_intent,
            self.due(number).contact_id,
            token=f"t{number}",
            to_number=number,
            from_number="+12025550100",
            agent_id="agt_test",
            now=NOON,
        ).result()

    def call_without_answer(self, number: str) -> None:
        """Make a whole call after which another try is due at once."""
        self.dial(number)
        call = Call(id="call-1", status="no_answer", has_ended=True)
        self.ledger.write(attempts.record_placed, 1, call_ids=["call-1"], now=NOON).result()
        self.ledger.write(calls.record_ended, call, NOON).result()
        self.ledger.write(
            calls.record_settled,
            call,
            disposition=Disposition.NO_ANSWER,
            transcript_status=TranscriptStatus.EMPTY,
            status=RowStatus.WAITING,
            reason="nobody answered",
            not_before=NOON,
            with_others=nothing_left,
            now=NOON,
        ).result()

    def end(self, number: str) -> None:
        """Put an end to the row of a number."""
        self.ledger.write(
            waiting.hold,
            self.due(number).contact_id,
            status=RowStatus.SUPPRESSED,
            reason="asked us",
            now=NOON,
            not_before=None,
        ).result()

    def plan(
        self,
        *rows: str,
        name: str = "spring",
        suppressed: dict[str, str] | None = None,
        spoken: tuple[str, ...] = ("name",),
        gap: str = "1s",
    ) -> Plan:
        """Plan a run of the campaign of this name with a list of these rows."""
        intake = self.read(*rows, spoken=spoken)
        campaign = self.ledger.read(campaigns.find, name)
        change = None
        if campaign is not None and campaign.list_fingerprint != intake.fingerprint:
            change = self.ledger.read(amend.compare, campaign.id, intake)
        return make_plan(
            intake,
            make_settings(retry={"max_attempts": 2, "no_answer": [gap]}),
            ledger=self.ledger,
            campaign=campaign,
            amendment=change,
            suppressed=suppressed or {},
            spoken=spoken,
            now=NOON + timedelta(seconds=1),
        )


@pytest.fixture
def season(sqlite_location: str, tmp_path: Path) -> Iterator[Season]:
    """A new ledger, and a place for a list."""
    with Ledger.open(sqlite_location) as ledger:
        yield Season(ledger, tmp_path / "list.csv")


def test_people_of_the_campaign_stay_its_people(season: Season) -> None:
    """Who began without a name goes on as the ledger says, though today's reading would reject the row."""
    rows = (f"{ANN},", f"{BEN},", f"{CARA},", f"{DORA},Dora")
    season.start(*rows)
    season.dial(ANN)
    season.end(BEN)
    planned = season.plan(*rows)
    assert (planned.dial_now, planned.under_way) == (1, 1)
    assert planned.dial_later == {UNSAID: 1}
    assert planned.final == {"suppressed in an earlier run": 1}
    assert planned.zones == {"America/New_York": 2}
    assert planned.rows == 4


def test_the_other_gates_come_first(season: Season) -> None:
    """Who is suppressed by now is told so, whatever else the row lacks."""
    season.start(f"{ANN},", f"{BEN},Ben")
    planned = season.plan(f"{ANN},", f"{BEN},Ben", suppressed={ANN: "on the list dnc.csv"})
    assert planned.final == {"suppressed: on the list dnc.csv": 1}
    assert planned.dial_later == {}


@pytest.mark.parametrize(
    ("started", "planned", "name", "final"),
    [
        ((f"{BEN},Ben",), (f"{ANN},", f"{BEN},Ben"), "spring", {REJECTED: 1}),
        ((f"{ANN},", f"{BEN},Ben"), (f"{BEN},Ben", f"{ANN},"), "spring", {REJECTED: 1}),
        ((f"{ANN},", f"{BEN},Ben"), (f"{ANN},", f"{BEN},Ben"), "autumn", {REJECTED: 1}),
        (("123,", f"{BEN},Ben"), ("123,", f"{BEN},Ben"), "spring", {"rejected: a short number of one country "
            "or one network": 1}),
        ((f"{BEN},Ben", f"{BEN},"), (f"{BEN},Ben", f"{BEN},"), "spring", {REJECTED: 1}),
        ((f"{BEN},Ben", f"{BEN},Bo"), (f"{BEN},Ben", f"{BEN},Bo"), "spring", {"duplicate": 1}),
    ],
    ids=["another list", "another order", "another campaign", "rejected at first", "twice", "duplicate"],
)  # fmt: skip
def test_other_rows_are_rejected(
    season: Season, started: tuple[str, ...], planned: tuple[str, ...], name: str, final: dict[str, int]
) -> None:
    """Who is nobody of this campaign and this very list is what today's reading says, and nobody twice."""
    season.start(*started)
    found = season.plan(*planned, name=name)
    assert found.final == final
    assert (found.dial_now, found.dial_later, found.under_way) == (1, {}, 0)


def test_whom_an_amendment_stopped_is_rejected(season: Season) -> None:
    """A row that was rejected in an amended list does not bring back who stood in the first one."""
    season.start(f"{ANN},Ann", f"{BEN},Ben")
    season.amend(f"{ANN},", f"{BEN},Ben")
    planned = season.plan(f"{ANN},", f"{BEN},Ben")
    assert planned.amendment is None
    assert (planned.dial_now, planned.dial_later, planned.final) == (1, {}, {REJECTED: 1})


def test_a_retry_whose_row_is_rejected_is_not_called(season: Season) -> None:
    """Plan, amendment and run agree that a list which rejects the row of a retry stops it."""
    season.start(f"{ANN},Ann")
    season.call_without_answer(ANN)
    rows = (f"{ANN},", f"{BEN},Ben")
    foreseen = season.plan(*rows)
    assert foreseen.amendment == Amendment(added=1, changed=0, removed=1)

    season.amend(*rows)

    assert season.due_now() == [BEN]
    planned = season.plan(*rows)
    assert planned.amendment is None
    for plan in (foreseen, planned):
        assert (plan.dial_now, plan.dial_later, plan.final) == (1, {}, {REJECTED: 1})


@pytest.mark.parametrize(
    ("new_list", "final"),
    [
        ((f"{BEN},Ben,1", f"{CARA},Cara,3"), f"stopped: {CALLED_UNDER_KEY}"),
        ((f"{DORA},Dora,1", f"{CARA},Cara,3"), "duplicate"),
        ((f"{ANN},,1", f"{CARA},Cara,3"), f"stopped: {NO_GOOD_ROW} (name: {UNSAID_ROW})"),
        ((f"{DORA},,4", f"{CARA},Cara,3"), f"rejected: name: {UNSAID_ROW}"),
    ],
    ids=["waiting under the key of a called one", "new under it", "a rejected retry", "rejected at first"],
)
def test_whom_the_ledger_does_not_call_is_not_to_dial(
    season: Season, new_list: tuple[str, ...], final: str
) -> None:
    """A good row of the very list that the campaign knows is what the ledger says of it."""
    season.key = "id"
    season.start(f"{ANN},Ann,1", f"{BEN},Ben,2")
    season.call_without_answer(ANN)
    season.amend(*new_list)

    planned = season.plan(*new_list, spoken=())

    assert planned.final == {final: 1}
    assert season.due_now() == [CARA]
    assert (planned.rows, planned.to_dial, planned.under_way) == (2, 1, 0)


def test_who_comes_back_is_to_dial(season: Season) -> None:
    """Whom an amendment has stopped is called again with the list that has a good row of theirs."""
    season.start(f"{ANN},Ann", f"{BEN},Ben")
    season.call_without_answer(ANN)
    season.amend(f"{ANN},", f"{BEN},Ben")
    rows = (f"{ANN},Ann", f"{BEN},Ben")
    planned = season.plan(*rows)

    season.amend(*rows)

    assert season.due_now() == [ANN, BEN]
    assert (planned.dial_now, planned.final) == (2, {})
    assert planned.amendment == Amendment(added=1, changed=0, removed=0)


def test_the_plan_knows_a_person_in_the_other_form_of_the_number(season: Season) -> None:
    """Plan and run agree on who was called and who is tried again, before and after the list is amended."""
    season.countries = ["AR"]
    season.start(f"{EVA},Eva", f"{FAY},Fay")
    season.call_without_answer(EVA)
    season.dial(FAY)
    rows = (f"{EVA_TOO},Eva", f"{FAY_TOO},Fay")

    foreseen = season.plan(*rows, gap="1h")
    season.amend(*rows)
    planned = season.plan(*rows, gap="1h")

    assert foreseen.amendment == Amendment(added=0, changed=2, removed=0)
    assert planned.amendment is None
    for plan in (foreseen, planned):
        assert (plan.under_way, plan.to_dial, plan.rows) == (1, 1, 2)
        assert plan.dial_later == {"the time of the next try has not come": 1}
    assert season.due_now() == [EVA_TOO]


def test_a_bad_row_of_a_called_person_in_the_other_form(season: Season) -> None:
    """Who was called and has no good row any more is planned as the ledger has them."""
    season.countries = ["AR"]
    season.start(f"{EVA},Eva", f"{FAY},Fay")
    season.dial(EVA)
    rows = (f"{EVA_TOO},", f"{FAY},Fay")
    season.amend(*rows)
    planned = season.plan(*rows)
    assert planned.amendment is None
    assert (planned.under_way, planned.dial_now, planned.final) == (1, 1, {})


def test_another_campaign_has_called_the_other_form(season: Season) -> None:
    """The cap is foreseen for the person, however the list writes the number."""
    season.countries = ["AR"]
    season.start(f"{EVA},Eva")
    season.call_without_answer(EVA)
    planned = season.plan(f"{EVA_TOO},Eva", name="autumn")
    assert (planned.dial_now, planned.dial_later) == (0, {"called by another campaign within 20h": 1})
