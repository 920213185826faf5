"""A story: one small campaign over several lives, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.machinery import people
from tests.torture.accounts import Account
from tests.torture.step import MAX_LIVE, SETTINGS, Row, Step
from tests.torture.trouble import Trouble, closed_now

ANNA, BEN, CARA, DORA, EVE, FAY, GUS, HAL = people(8)
PEOPLE = (ANNA, BEN, CARA, DORA, EVE)
SUPPRESSED: Row = {**FAY, "phone": "+12125550177"}
BAD: Row = {**FAY, "phone": "12"}
SOUND, RUN = Account(), Step()
DONE = frozenset({0, 80})
LATER: Mapping[str, Any] = {"hours": {"days": closed_now()}}
SIGKILLED = frozenset({-9})
DIALLING = frozenset({"run", "call", "doubt_twice"})
"""Programs of a step that may dial; all others only look, or write."""
ANY_LIST: Mapping[str, Any] = {"amend": True, "allow_invalid": True}
UNREACHED = Account(answer=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One life is killed, those after it bring the campaign to its end."""

    account: Account = SOUND
    rows: Sequence[Row] = PEOPLE
    settings: Mapping[str, Any] = field(default_factory=dict)
    before: Sequence[Step] = ()
    """Lives that come first and are not killed by us."""
    trouble: Trouble | None = None
    """Trouble that is there before the killed life, and gone after it."""
    step: Step = RUN
    """The life that is killed."""
    resume: Step = RUN
    ends: frozenset[int] = DONE
    """How the last life may end."""
    meets: int = 0
    """How the story's own life may end when nobody kills it, beside the ends with which nothing is wrong."""
    tries: int | Mapping[str, int] = 1
    """So many calls may go to everybody, or to these people, whom a human has redialled."""
    forbidden: frozenset[str] = frozenset()
    """Numbers that no life may dial, whatever list they are on."""
    decided: frozenset[str] = frozenset()
    """Numbers of which a human, or the beginning of the story, says whether they were called."""
    nobody: frozenset[str] = frozenset()
    """Numbers of the list that are rightly not in the result as people."""
    ambiguous: int = 0
    """So many rows at most are left to a human by something else than a crash or a create-call request that
    gets no usable reply: the accounts count those."""
    doors: int = 0
    """After so many connections OneInbox cannot be reached any more, until the killed life is over."""
    on_postgresql: bool = False
    may_fail: bool = False
    """Whether its life may end with 70: the trouble of the story is a fault in the program."""

    @property
    def most_live(self) -> int:
        """So many calls may be live at a time, and in doubt after a crash."""
        most: int = self.settings.get("pace", {}).get("max_live_calls", MAX_LIVE)
        return most

    @property
    def name(self) -> str | None:
        """Of the campaign that is resumed; None when it has a date in it, and is the only one."""
        name: str = {**SETTINGS, **self.settings}["name"]
        return None if "{" in name else name

    @property
    def listed(self) -> frozenset[str]:
        """Every number that a list of any life has."""
        return frozenset(row["phone"] for rows in self._lists() for row in rows)

    @property
    def most_rows(self) -> int:
        """The ledger has no more people than that, in all its campaigns."""
        campaigns: dict[str, set[str]] = {}
        for step in (*self.before, self.step, self.resume):
            name = {**SETTINGS, **self.settings, **step.settings}["name"]
            campaigns.setdefault(name, set()).update(row["phone"] for row in step.rows or self.rows)
        return sum(map(len, campaigns.values()))

    def may_dial(self, step: Step) -> bool:
        """Whether a life may dial anybody at all."""
        is_closed = {**self.settings, **step.settings}.get("hours") == LATER["hours"]
        return step.program in DIALLING and not is_closed

    def _lists(self) -> list[Sequence[Row]]:
        return [self.rows, *(step.rows or () for step in (*self.before, self.step, self.resume))]
