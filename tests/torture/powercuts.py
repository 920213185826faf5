"""Suite `powercuts`: whatever a power cut leaves of the ledger, nobody is called twice and no result is lost.

Real campaigns are recorded with every write and flush (see `power`). From each record many disks are rebuilt
that the power may have left at any moment; on each of them the product opens its ledger, and is asked whom
a run would dial.
The seed decides what is cut where; a campaign recorded anew differs a little, as its threads do.
"""

import faulthandler
import hashlib
import math
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import structlog

from tests import forks
from tests.compiled import share_compiled_statements
from tests.torture.power.disk import Disk, DiskNote, Image
from tests.torture.power.knowledge import Knowledge
from tests.torture.power.record import Record
from tests.torture.power.recording import LEDGER, MAX_LIVE, Scenario, record
from tests.torture.power.tap import stop_flushing
from tests.torture.tally import Effort, Tally

FULL = 100_000
CAMPAIGNS = 8
"""Recorded at full counts."""
BATCH = 2_500
CHECKED_EVERY = 10
"""Every tenth image is resumed as a run does it that knows of the cut: under its lock, with a check-up."""
LIMIT_S = 600.0
"""For one recording, and for one batch of images."""
SIZES: Sequence[tuple[int, tuple[str, ...]]] = (
    (40, ("wal_autocheckpoint = 40",)),
    (80, ()),
    (40, ("wal_autocheckpoint = 12",)),
    (60, ("wal_autocheckpoint = 150",)),
)
"""People, and how early the log is put back into the database; without a word as the product has it."""


@dataclass(slots=True)
class Outcome:
    """What a batch of images has shown."""

    tally: Tally = field(default_factory=Tally)
    lost: int = 0
    torn: int = 0
    seen: set[bytes] = field(default_factory=set)
    """Digests of the images."""


def run(effort: Effort) -> Tally:
    """100,000 power cuts in 8 recorded campaigns at full effort."""
    campaigns = effort.count(CAMPAIGNS, at_least=2)
    scenarios = [
        Scenario(effort.seed * 100 + at, people, pragmas)
        for at, (people, pragmas) in enumerate(SIZES[at % len(SIZES)] for at in range(campaigns))
    ]
    return cut(effort, scenarios, effort.count(FULL))


def cut(effort: Effort, scenarios: Sequence[Scenario], images: int) -> Tally:
    """Record these campaigns, and cut the power so many times in all, spread evenly."""
    total = Outcome()
    paths = [effort.folder / f"{at}.record" for at in range(len(scenarios))]
    # The tap stays in a process that has had it.
    with forks.pool(effort.jobs, prepare=_keep_quiet, tasks_each=1) as pool:
        recorded = [
            pool.submit(_record, scenario, path) for scenario, path in zip(scenarios, paths, strict=True)
        ]
        for scenario, written in zip(scenarios, recorded, strict=True):
            problem = written.exception() or written.result()
            if problem:
                total.tally.wrong += 1
                total.tally.fail(f"{scenario} could not be recorded to its end: {problem!r}")
    paths = [path for path in paths if path.exists()]
    batch = min(BATCH, math.ceil(images / effort.jobs))
    with forks.pool(effort.jobs, prepare=_judge_swiftly) as pool:
        batches = [
            pool.submit(_cut_batch, path, f"{effort.seed}-{first}", min(batch, images - first))
            for path, first in zip(_in_turn(paths), range(0, images, batch), strict=False)
        ]
        for done in as_completed(batches):
            _add(total, done)
    total.tally.require({"power cuts": images})
    total.tally.notes.append(
        f"{len(total.seen):,} different disks of {len(paths)} campaigns, {total.lost:,} writes lost "
        f"and {total.torn:,} torn"
    )
    return total.tally


def _keep_quiet() -> None:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


def _judge_swiftly() -> None:
    _keep_quiet()
    stop_flushing()
    share_compiled_statements()


def _in_turn(paths: Sequence[Path]) -> Iterator[Path]:
    while paths:
        yield from paths


def _record(scenario: Scenario, path: Path) -> str:
    """Returns why a life of the campaign was refused, if one was."""
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    folder = path.with_suffix(".files")
    folder.mkdir()
    made = record(folder, scenario)
    path.write_bytes(pickle.dumps(made))
    faulthandler.cancel_dump_traceback_later()
    return made.refusal


def _cut_batch(path: Path, seed: str, images: int) -> Outcome:
    """Cut the power at so many moments of one record."""
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    made: Record = pickle.loads(path.read_bytes())  # noqa: S301 - written by this suite
    ledger = path.with_suffix(f".{seed}") / LEDGER
    ledger.parent.mkdir()
    rng, outcome = Random(seed), Outcome()
    disk, known = Disk(), Knowledge()
    moments = sorted(rng.choices(range(len(made.notes)), k=images))
    taken = 0
    for moment in moments:
        for note in made.notes[taken : moment + 1]:
            if isinstance(note, DiskNote):
                disk.take(taken, note)
            else:
                known.take(note)
            taken += 1
        image = disk.cut(rng)
        image.lay_out(ledger)
        _judge(outcome, image, known, ledger, f"seed {seed} of {path.name}, power cut at note {moment}")
    faulthandler.cancel_dump_traceback_later()
    return outcome


def _judge(outcome: Outcome, image: Image, known: Knowledge, ledger: Path, where: str) -> None:
    tally = outcome.tally
    # The check-up of a cut-off run costs as much as the rest.
    finding = known.judge(ledger, is_checked=tally.injected.total() % CHECKED_EVERY == 0)
    tally.injected["power cuts"] += 1
    finding.count_into(tally, review_bound=MAX_LIVE + len(known.lost), case=where)
    if not finding.is_clean:
        tally.fail(f"{where}: {known.refusal if finding.is_corrupt else finding}")
    outcome.lost += image.lost
    outcome.torn += image.torn
    outcome.seen.add(_digest(image))


def _digest(image: Image) -> bytes:
    digest = hashlib.blake2b(digest_size=8)
    for name, content in sorted(image.files.items()):
        digest.update(f"{name} {len(content)} ".encode())
        digest.update(content)
    return digest.digest()


def _add(total: Outcome, batch: Future[Outcome]) -> None:
    if problem := batch.exception():
        total.tally.wrong += 1
        total.tally.fail(f"a batch of images did not end: {problem!r}")
        return
    outcome = batch.result()
    total.tally.add(outcome.tally)
    total.lost += outcome.lost
    total.torn += outcome.torn
    total.seen |= outcome.seen
