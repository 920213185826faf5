"""The planner: chooses where the lives of campaigns are killed, from what such lives were seen to pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from random import Random

from tests.torture.points import LINE, Point
from tests.torture.step import Kill

AT_LINE, AT_WAIT, AT_MOMENT = "kills at a line", "kills at a wait", "kills at a moment"
ON_TOP: Mapping[str, float] = {AT_WAIT: 0.12, AT_MOMENT: 0.08}
"""So many more for each kill at a line."""
MOST_KILLED = 3
"""Lives of a case that are killed: the story's own, and the next ones."""
AGAIN = 0.9
"""Share of the cases in which a life after a killed one is killed, too."""
STRIKES = 2.3
"""Of the kills of a case about so many strike: some lives end before, or pass other points."""
UNTRACED = 0.6
"""A life that nobody watches lasts such a share of one whose lines are counted."""
LEAST_COST_S = 0.2
"""What every case costs, however short its lives are."""

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

    def __post_init__(self) -> None:
        # They were lived in any order; the seed alone is to decide.
        ordered = sorted(self.seen, key=lambda life: (life.story, len(life.before), sorted(life.passed)))
        self._own = [life for life in ordered if not life.before]
        self.points, self._later = {}, {}
        for life in self._own:
            for point in life.passed:
                self.points.setdefault(point, []).append(life)
        by_own_lives = set(self.points)
        for life in ordered:
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

    def at_a_moment(self) -> tuple[str, Kills]:
        """A kill at any time of a story's own life."""
        life = self._cheap(self._own)
        return life.story, (self._moment(life),)

    def kills(self, wanted: Mapping[str, int]) -> list[tuple[str, Kills]]:
        """Cases that strike so often in each way; each line at its first passing if they suffice.

        What is left over is for last passings. Of each kind fewer are first kills, as the lives after those
        are killed, too, at any passing.
        """
        lines = sorted(point for point in self.points if point.event == LINE)
        waits = sorted(point for point in self.points if point.event != LINE)
        self.rng.shuffle(lines)
        first = {kind: ceil(number / STRIKES) for kind, number in wanted.items()}
        chosen = [self.at(self.rng.choice(waits)) for _ in range(first.get(AT_WAIT, 0))]
        chosen += [self.at_a_moment() for _ in range(first.get(AT_MOMENT, 0))]
        left = first.get(AT_LINE, 0)
        again = [line for line in lines if self._passing_again(line)]
        if wanted.get(AT_LINE, 0) >= len(lines):
            left = max(left, len(lines))
        at_lines = [self.at(line, first=True) for line in lines[:left]]
        at_lines += [self.at(line, last=True) for line in again[: left - len(at_lines)]]
        at_lines += [self.at(self.rng.choice(lines)) for _ in range(left - len(at_lines))]
        return chosen + at_lines

    def half_way(self) -> list[tuple[str, Kill]]:
        """For each story a kill at some line of its own life, if it passes any, and at a moment otherwise."""
        chosen = []
        for life in {life.story: life for life in self._own}.values():
            lines = sorted(point for point in life.passed if point.event == LINE)
            line = self.rng.choice(lines) if lines else None
            kill = Kill(line, self.rng.randint(1, life.passed[line])) if line else self._moment(life)
            chosen.append((life.story, kill))
        return chosen

    def more(self, story: str, kills: Kills) -> Kills:
        """Mostly the lives after it are killed, too: where such a life was seen to pass, or at a moment."""
        while len(kills) < MOST_KILLED and self.rng.random() < AGAIN:
            kills = (*kills, self._later_kill(story))
        return kills

    def _later_kill(self, story: str) -> Kill:
        share = self.rng.random() * (1 + sum(ON_TOP.values()))
        later = self._later.get(story)
        if not later or share < ON_TOP[AT_MOMENT]:
            return self._moment(self.rng.choice(later or self._own_of(story)))
        life = self.rng.choice(later)
        is_wait = share < sum(ON_TOP.values())
        points = sorted(point for point in life.passed if (point.event != LINE) == is_wait)
        point = self.rng.choice(points or sorted(life.passed))
        return Kill(point, self.rng.randint(1, life.passed[point]))

    def _passing_again(self, point: Point) -> list[Seen]:
        """The lives whose last passing of it is not their first."""
        return [life for life in self.points[point] if life.passed[point] > 1]

    def _own_of(self, story: str) -> list[Seen]:
        return [life for life in self._own if life.story == story]

    def _moment(self, life: Seen) -> Kill:
        return Kill(after_s=self.rng.uniform(0.01, max(life.seconds * UNTRACED, 0.02)))

    def _cheap(self, lives: Sequence[Seen]) -> Seen:
        return self.rng.choices(lives, [1 / (LEAST_COST_S + life.cost_s) for life in lives])[0]
