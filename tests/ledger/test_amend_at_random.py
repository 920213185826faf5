"""Random stories of edited lists and calls, on SQLite: nobody who was dialled becomes waiting again."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from campaign.ledger import amend
from campaign.ledger.ledger import Ledger
from campaign.models import E164, FINAL_STATUSES, OPEN_STATUSES, AttemptState, RowStatus, person_of
from tests.ledger.case import (
    ANNA,
    BEN,
    CARA,
    DORA,
    EVA,
    EVA_TOO,
    contact,
    do,
    listed,
    people,
    rejected,
    start,
)
from tests.support import NOON

EVERYBODY = (ANNA, BEN, CARA, DORA, EVA, EVA_TOO)
"""The last two are one person."""
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - many small commits: only here the disk does not matter
ENDS = ("live", "doubt", "refused", "completed", "retry", "not_sent", "needs_review")

person = st.sampled_from(EVERYBODY)
lists = st.lists(
    st.tuples(st.one_of(person, st.none()), st.booleans()),
    unique_by=lambda entry: person_of(entry[0]) if entry[0] else object(),
    max_size=6,
)
"""The number of each row, where there is one, and whether the rest of the row is good."""


class EditedList(RuleBasedStateMachine):
    """The ledger beside a plain model of who was really dialled, and who may be."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None)
        self.ledger = Ledger.open(str(Path(self.folder.name) / "ledger.db"))
        self.case = start(self.ledger, people(ANNA, BEN))
        self.in_list: list[E164 | None] = [ANNA, BEN]
        self.good: set[E164 | None] = {ANNA, BEN}
        self.settled_for: dict[str, RowStatus] = {}
        """The status of everybody who was dialled and for whom no retry is due."""
        self.calls = 0

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    @rule(entries=lists)
    def edit(self, entries: Sequence[tuple[E164 | None, bool]]) -> None:
        self.in_list = [number for number, _ in entries]
        self.good = {number for number, is_good in entries if is_good}
        rows = [
            contact(number, row) if number and is_good else rejected(row, number=number)
            for row, (number, is_good) in enumerate(entries, start=2)
        ]
        intake = listed(*rows)
        foreseen = self.ledger.read(amend.compare, self.case.id, intake)
        assert do(self.ledger, amend.amend, self.case.id, intake, NOON) == foreseen

    @rule(number=person, end=st.sampled_from(ENDS))
    def dial(self, number: E164, end: str) -> None:
        if number not in self.case.due():
            return
        self.calls += 1
        call_id = f"call-{self.calls}"
        attempt = self.case.intend(number)
        match end:
            case "doubt":
                self.case.doubt(attempt)
            case "refused":
                self.case.refuse(attempt)
            case "not_sent":
                self.case.not_called(attempt, state=AttemptState.NOT_SENT)
            case "needs_review":
                self.case.doubt(attempt)
                self.case.give_up(attempt)
            case _:
                self.case.place(attempt, call_id)
        if end in ("completed", "retry"):
            self.case.end(call_id)
            status = RowStatus.COMPLETED if end == "completed" else RowStatus.WAITING
            self.case.settle(call_id, status=status)
        if end not in ("retry", "not_sent"):
            self.settled_for[person_of(number)] = self.case.statuses()[number]

    @invariant()
    def nobody_is_dialled_for_an_edit(self) -> None:
        known = self.case.statuses()
        statuses = {person_of(number): status for number, status in known.items()}
        assert len(statuses) == len(known)
        for each, status in self.settled_for.items():
            assert status in OPEN_STATUSES | FINAL_STATUSES
            assert statuses[each] == status

    @invariant()
    def who_is_due_has_a_good_row(self) -> None:
        good = [number for number in self.in_list if number and number in self.good]
        wanted = [number for number in good if person_of(number) not in self.settled_for]
        assert self.case.due() == wanted

    @invariant()
    def the_result_begins_with_the_list(self) -> None:
        people = [row.to_number and person_of(row.to_number) for row in self.case.rows()]
        wanted = [number and person_of(number) for number in self.in_list]
        assert people[: len(self.in_list)] == wanted
        assert len([each for each in people if each]) == len({each for each in people if each})


def test_edits_and_calls_in_any_order() -> None:
    """Whatever is edited and dialled, an edit moves nobody who was dialled, and the result keeps the list."""
    few = settings(max_examples=12, stateful_step_count=12, deadline=None)
    run_state_machine_as_test(EditedList, settings=few)
