"""Step: what one life of a process does, where, and how it is to be killed."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.points import Point

MAX_LIVE = 4
SETTINGS: Mapping[str, Any] = {
    "name": "spring",
    "agent_id": "agt_test",
    "from_numbers": ["+12025550100", "+12025550101"],
    "contacts": {"countries": ["US"]},
    "pace": {"calls_per_second": 500, "burst": 5, "max_live_calls": MAX_LIVE},
    "hours": {"days": {"mon-sun": "00:00-24:00"}},
}

Row = Mapping[str, str]
RESTS = frozenset({0, 75, 80})
"""How a run ends with which nothing is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one life does."""

    program: str = "run"
    """`run` or `call`, a command line after `campaign`, or the name of a function in `verbs`."""
    rows: Sequence[Row] | None = None
    """The contact list; None for the one of the story."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the campaign file says otherwise than that of the story."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of `campaign run` or `campaign call`."""
    timing: Mapping[str, float] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    """What happens when a function is entered for the nth time: `{"record_placed#2": "SIGTERM"}`."""
    ends: frozenset[int] = RESTS
    """How it may end when it comes before the killed life, negative for a signal. Otherwise the story would
    not be the one that its name tells."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one campaign lives."""

    folder: Path
    base_url: str
    ledger: str

    @property
    def result(self) -> Path:
        """The result file."""
        return self.folder / "results.csv"

    def lay_out(self, step: Step, rows: Sequence[Row], settings: Mapping[str, Any]) -> tuple[Path, Path]:
        """Write the list and the campaign file of a life."""
        content = {**SETTINGS, **settings, **step.settings}
        # A staged start has stories of its own; most have no time for one.
        content["pace"] = {"stages": [], **content["pace"]}
        listed, config = self.folder / f"{content['name']}.csv", self.folder / f"{content['name']}.yaml"
        with listed.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        config.write_text(json.dumps(content), encoding="utf-8")
        return listed, config


@dataclass(frozen=True, slots=True)
class Kill:
    """How a life is to end."""

    point: Point | None = None
    nth: int = 1
    after_s: float | None = None
