"""The planner: chooses where the lives of campaigns are killed, from what such lives were seen to pass."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from random import Random

from tests.torture.points import LINE, Point
from tests.torture.step import Kill

AT_LINE, AT_WAIT, AT_MOMENT = "kills at a line", "kills at a wait", "kills at a moment"
ON_TOP: Mapping[str, float] = {AT_WAIT: 0.12, AT_MOMENT: 0.08}
"""So many more for each kill at a line."""
MOST_KILLED = 6
"""Lives of a case that are killed: the story's own, and the next ones."""
AGAIN = 0.9
"""Share of the cases in which a life after a killed one is killed, too."""
STRIKES = 4.2
"""Of the kills of a case about so many strike: some lives end before, or pass other points."""
UNTRACED = 0.6
"""A life that nobody watches lasts such a share of one whose lines are counted."""
LEAST_COST_S = 0.2
"""What every case costs, however short its lives are."""
SPARE = 1.2
"""So many kills are tried for each that is still missing, and two more."""
MISSED_STRIKE = 0.5
"""Of the kills of a case that tries a missed line again at least so many strike."""

Kills = tuple[Kill | None, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A life that was watched."""

    story: str
    before: Kills
    """What befell the lives before it, from the story's own life on. It is the story's own when empty."""
    passed: Mapping[Point, int]
    """How often it passed each point."""
    seconds: float
    """How long it lasted while it was watched."""
    cost_s: float
    """What its whole campaign costs, in seconds of a processor."""


def kind_of(kill: Kill) -> str:
    """What a kill is counted as."""
    if kill.point is None:
        return AT_MOMENT
    return AT_LINE if kill.point.event == LINE else AT_WAIT


@dataclass(slots=True)
class Planner:
    """Chooses kills from what the stories were seen to pass."""

    seen: Sequence[Seen]
    """Each story's own life is among them."""
    rng: Random
    points: dict[Point, list[Seen]] = field(init=False)
    """For each point the stories' own lives that pass it, or else the later ones."""
    _own: list[Seen] = field(init=False)
    _later: dict[str, list[Seen]] = field(init=False)
    _open: set[Point] = field(init=False, default_factory=set)
    """Lines whose first passing later kills are for."""

    def __post_init__(self) -> None:
        # They were lived and have passed their points in any order; the seed alone is to decide.
        lives = [replace(life, passed=dict(sorted(life.passed.items()))) for life in self.seen]
        lives.sort(key=lambda life: (life.story, len(life.before), list(life.passed)))
        self._own = [life for life in lives if not life.before]
        self.points, self._later = {}, {}
        for life in self._own:
            for point in life.passed:
                self.points.setdefault(point, []).append(life)
        by_own_lives = set(self.points)
        for life in lives:
            if life.before and life.passed:
                self._later.setdefault(life.story, []).append(life)
                for point in life.passed.keys() - by_own_lives:
                    self.points.setdefault(point, []).append(life)

    def at(self, point: Point, *, last: bool = False, first: bool = False) -> tuple[str, Kills]:
        """A kill at some passing of this point, in a story that passes it; cheap stories are preferred."""
        life = self._cheap((last and self._passing_again(point)) or self.points[point])
        often = life.passed[point]
        nth = 1 if first else often if last else self.rng.randint(1, often)
        return life.story, (*life.before, Kill(point, nth))

    def again(self, missed: Sequence[Point], *, stories: int) -> list[tuple[str, Kills]]:
        """Cases at the first passing of lines that were missed, each in so many stories whatever they cost.

        Some lives pass a line only while they are watched, as that makes them slower. The later kills of
        these cases are for such lines, too.
        """
        self._open = set(missed)
        return [
            self.more(life.story, (*life.before, Kill(line)))
            for line in missed
            for life in self._of_some_stories(line, stories)
        ]

    def top_up(
        self, short: Mapping[str, int], beside: Sequence[tuple[str, Kills]]
    ) -> list[tuple[str, Kills]]:
        """Cases that strike so often more in each way, when those beside them are worked on as well."""
        left = Counter({kind: round(number * SPARE) + 2 for kind, number in short.items() if number > 0})
        kinds = sorted(left)
        left.subtract({kind: int(number * MISSED_STRIKE) for kind, number in _planned(beside).items()})
        by_kind: dict[str, list[Point]] = {AT_LINE: [], AT_WAIT: []}
        for point in sorted(self.points):
            by_kind[kind_of(Kill(point))].append(point)
        chosen: list[tuple[str, Kills]] = []
        for kind in kinds:
            while left[kind] > 0:
                first = self.at_a_moment() if kind == AT_MOMENT else self.at(self.rng.choice(by_kind[kind]))
                chosen.append(self.more(*first))
                left.subtract(_planned(chosen[-1:]))
        return chosen

    def at_a_moment(self) -> tuple[str, Kills]:
        """A kill at any time of a story's own life."""
        life = self._cheap(self._own)
        return life.story, (self._moment(life),)

    def cases(self, wanted: Mapping[str, int]) -> list[tuple[str, Kills]]:
        """Cases that strike so often in each way, and at each line at its first passing if they suffice.

        Lines that few lives pass come first: those that many pass are mostly met by later kills of a case.
        What is left over is for last passings.
        """
        lines = sorted(point for point in self.points if point.event == LINE)
        waits = sorted(point for point in self.points if point.event != LINE)
        self.rng.shuffle(lines)
        firsts = {kind: ceil(number / STRIKES) for kind, number in wanted.items()}
        self._open = set(lines)
        for_all = wanted.get(AT_LINE, 0) >= len(lines)
        if for_all:
            lines.sort(key=lambda line: len(self.points[line]))
        passed_again = iter([line for line in lines if self._passing_again(line)])
        chosen = [self.more(*self.at(self.rng.choice(waits))) for _ in range(firsts.get(AT_WAIT, 0))]
        chosen += [self.more(*self.at_a_moment()) for _ in range(firsts.get(AT_MOMENT, 0))]
        left = firsts.get(AT_LINE, 0)
        for line in lines:
            if line in self._open and (for_all or left > 0):
                chosen.append(self.more(*self.at(line, first=True)))
                left -= 1
        for _ in range(left):
            repeated = next(passed_again, None)
            passing = (
                self.at(repeated, last=True) if repeated is not None else self.at(self.rng.choice(lines))
            )
            chosen.append(self.more(*passing))
        return chosen

    def half_way(self) -> list[tuple[str, Kill]]:
        """For each story a kill at some line of its own life, if it passes any, and at a moment otherwise."""
        chosen = []
        for life in {life.story: life for life in self._own}.values():
            lines = [point for point in life.passed if point.event == LINE]
            line = self.rng.choice(lines) if lines else None
            kill = Kill(line, self.rng.randint(1, life.passed[line])) if line else self._moment(life)
            chosen.append((life.story, kill))
        return chosen

    def more(self, story: str, kills: Kills) -> tuple[str, Kills]:
        """Mostly the lives after it are killed, too: where such a life was seen to pass, or at a moment."""
        self._open.difference_update(kill.point for kill in kills if kill and kill.point)
        while len(kills) < MOST_KILLED and self.rng.random() < AGAIN:
            kills = (*kills, self._later_kill(story))
        return story, kills

    def _later_kill(self, story: str) -> Kill:
        share = self.rng.random() * (1 + sum(ON_TOP.values()))
        later = self._later.get(story)
        if not later or share < ON_TOP[AT_MOMENT]:
            return self._moment(self.rng.choice(later or self._own_of(story)))
        life = self.rng.choice(later)
        is_wait = share < sum(ON_TOP.values())
        if not is_wait and (unmet := [point for point in life.passed if point in self._open]):
            point = self.rng.choice(unmet)
            self._open.discard(point)
            return Kill(point)
        points = [point for point in life.passed if (point.event != LINE) == is_wait]
        point = self.rng.choice(points or list(life.passed))
        return Kill(point, self.rng.randint(1, life.passed[point]))

    def _passing_again(self, point: Point) -> list[Seen]:
        """The lives whose last passing of it is not their first."""
        return [life for life in self.points[point] if life.passed[point] > 1]

    def _of_some_stories(self, point: Point, stories: int) -> list[Seen]:
        """Lives that pass it, one of each of so many stories."""
        by_story = {life.story: life for life in self.points[point]}
        return [by_story[story] for story in self.rng.sample(sorted(by_story), min(len(by_story), stories))]

    def _own_of(self, story: str) -> list[Seen]:
        return [life for life in self._own if life.story == story]

    def _moment(self, life: Seen) -> Kill:
        return Kill(after_s=self.rng.uniform(0.01, max(life.seconds * UNTRACED, 0.02)))

    def _cheap(self, lives: Sequence[Seen]) -> Seen:
        return self.rng.choices(lives, [1 / (LEAST_COST_S + life.cost_s) for life in lives])[0]


def _planned(cases: Sequence[tuple[str, Kills]]) -> Counter[str]:
    """How many kills of each kind."""
    return Counter(kind_of(kill) for _, kills in cases for kill in kills if kill)
