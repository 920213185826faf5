"""System calls: SIGKILL at the calls by which a run writes, flushes, renames, connects, sends and receives.

Strace takes hold of a `campaign run` before it begins. It counts the calls of a kind in each thread, and
kills the process as one enters its nth. First the calls of whole runs are counted; then every call of the
rare kinds is struck, and of the others some, spread evenly.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.torture.kills import Workshop, judged, workshop
from tests.torture.tally import Effort, Tally

KILLS = 600
CALLS = (
    "write", "writev", "pwrite64", "pwritev", "fdatasync", "fsync", "ftruncate", "rename", "renameat",
    "renameat2", "unlink", "unlinkat", "connect", "sendto", "sendmsg", "recvfrom", "recvmsg",
)  # fmt: skip
"""Which of them a run makes depends on the interpreter and its libraries."""
STORIES = ("plain", "lost replies", "retries")
RARE = 25
"""A kind of call of which there are no more points is struck at all of them."""
ROUNDS = 8
"""For points that a run happened not to reach others are tried in so many rounds: of the same kind as long as
no call of it was struck."""

_LINE = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\(")


@dataclass(frozen=True, slots=True, order=True)
class CallPoint:
    """The nth call of a kind by one of the threads."""

    story: str
    call: str
    nth: int


def run(effort: Effort, *, stories: Sequence[str] = STORIES) -> Tally:
    """All kills, and the share of the calls at which a process was killed."""
    tally = Tally()
    with ExitStack() as stack:
        shop = workshop(stack, effort, stories)
        found = _calls_of(shop, stories, effort.folder, tally)
        rng, wanted = Random(effort.seed), effort.count(KILLS)
        chosen = spread(found, wanted, rng)
        struck: set[CallPoint] = set()
        for _ in range(ROUNDS):
            cases = {shop.case(point.story, strace=_killing(point)): point for point in chosen}
            missed = list[CallPoint]()
            for case, findings in shop.work(list(cases)):
                judged(case, findings, tally)
                if findings.struck[:1] == [True]:
                    tally.injected[f"kills at {cases[case].call}"] += 1
                    struck.add(cases[case])
                else:
                    missed.append(cases[case])
            chosen = [rng.choice(_in_place_of(point, found, struck)) for point in missed]
            if not chosen:
                break
    kinds = dict.fromkeys((f"kills at {point.call}" for point in found), int(effort.share >= 1))
    tally.require({"kills at": wanted, **kinds})
    tally.notes.append(f"{100 * len(struck) // len(found)}% of {len(found):,} calls, each in its place")
    return tally


def spread(found: Sequence[CallPoint], wanted: int, rng: Random) -> list[CallPoint]:
    """So many of these points: those of rare kinds, and evenly over all others.

    From the beginning again when they do not suffice.
    """
    ordered, made = sorted(found), Counter(point.call for point in found)
    whole, rest = divmod(wanted, len(ordered))
    rare = [point for point in ordered if made[point.call] <= RARE]
    rare = rare if len(rare) <= rest // 2 else []
    others = [point for point in ordered if point not in rare]
    step = len(others) / (rest - len(rare)) if rest > len(rare) else 0
    start = rng.random() * step
    return ordered * whole + rare + [others[int(start + at * step)] for at in range(rest - len(rare))]


def _in_place_of(
    missed: CallPoint, found: Sequence[CallPoint], struck: Collection[CallPoint]
) -> Sequence[CallPoint]:
    """Points for one that no run has reached: any, when a call of its kind was struck."""
    if any(point.call == missed.call for point in struck):
        return found
    return [point for point in found if point.call == missed.call]


def _calls_of(shop: Workshop, stories: Sequence[str], folder: Path, tally: Tally) -> list[CallPoint]:
    """The calls that whole runs of these stories make once the ledger is open."""
    files = {story: folder / f"{story.replace(' ', '-')}.trace" for story in stories}
    counting = ("-e", f"trace=openat,{','.join(CALLS)}")
    cases = [shop.case(story, strace=("-o", str(files[story]), *counting)) for story in stories]
    for counted, findings in shop.work(cases):
        judged(counted, findings, tally)
    found: set[CallPoint] = set()
    for story, written in files.items():
        with written.open(encoding="utf-8", errors="replace") as lines:
            found.update(CallPoint(story, call, nth) for call, nth in _counted(lines))
    return sorted(found)


def _counted(lines: Iterator[str]) -> Iterator[tuple[str, int]]:
    """Each call after the opening of the ledger, and the how manieth of its thread it is."""
    made: Counter[tuple[str, str]] = Counter()
    is_open = False
    for line in lines:
        is_open = is_open or ('/ledger.db"' in line and "openat(" in line)
        if (match := _LINE.match(line)) and match["call"] in CALLS:
            made[match["thread"], match["call"]] += 1
            if is_open:
                yield match["call"], made[match["thread"], match["call"]]


def _killing(point: CallPoint) -> tuple[str, ...]:
    inject = f"inject={point.call}:signal=SIGKILL:when={point.nth}"
    return ("-o", "/dev/null", "-e", f"trace={point.call}", "-e", inject)
