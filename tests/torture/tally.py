"""A tally: what one suite has injected and what came of it. Tallies of parallel workers add up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

COUNTS = ("double_dials", "forbidden_dials", "lost_rows", "lost_ids", "corrupt_ledgers", "wrong")
"""What should be zero."""
MOST_FAILURES = 50
"""So many failures are told one by one."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of a suite is to be done, and with what."""

    folder: Path
    """An empty folder of the suite's own."""
    share: float = 1.0
    """Share of the full counts; `make test` does a small one."""
    jobs: int = 2
    """Processes to use at a time."""
    seed: int = 1

    def count(self, full: int, *, at_least: int = 1) -> int:
        """How many of `full` cases are to be done."""
        return min(full, max(at_least, round(full * self.share)))


@dataclass(slots=True)
class Tally:
    """Counts of one suite. Everything but `injected`, `notes` and the two about review should be zero."""

    injected: Counter[str] = field(default_factory=Counter)
    """What was done to the program, by kind: `{"kills at a line": 10000}`."""
    double_dials: int = 0
    """Create-call requests that reached a person beyond the one of their attempt."""
    forbidden_dials: int = 0
    """Calls to people whom nobody may call: suppressed, out of hours, not on the list."""
    lost_rows: int = 0
    """Rows that are not in the result exactly once with a final or explicitly unknown status."""
    lost_ids: int = 0
    """Calls and requests unknown to the ledger, also as a doubt, and result rows without their id."""
    corrupt_ledgers: int = 0
    wrong: int = 0
    """Cases that ended otherwise than the table or the promise says: a hang, a wrong exit code, a mutant
    that was not caught, a secret that was found."""
    in_review: int = 0
    """Rows left to a human."""
    review_bound: int = 0
    """At most so many may be: crashes x live calls + injected ambiguous faults."""
    notes: list[str] = field(default_factory=list)
    """Facts that the run has measured, for the table: "100% of 1,903 lines"."""
    failures: list[str] = field(default_factory=list)
    """How to repeat each case that went wrong, a line each."""

    def fail(self, how_to_repeat: str) -> None:
        """Keep one more failure."""
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(how_to_repeat)

    def require(self, wanted: Mapping[str, int]) -> None:
        """Fail for each kind of which fewer were injected: what has struck nothing has shown nothing.

        Args:
            wanted: How many of each kind. Kinds that begin with the same words are one here, as in
                `{"kills at": 600}`; all of them with `""`.
        """
        for kind, number in wanted.items():
            done = sum(count for name, count in self.injected.items() if name.startswith(kind))
            if done < number:
                self.wrong += 1
                self.fail(f"only {done} of {number} {kind or 'faults'}")

    def leave(self, rows: int, bound: int, case: str) -> None:
        """Count the rows that a case leaves to a human, and fail the case when they are too many."""
        self.in_review += rows
        self.review_bound += bound
        if rows > bound:
            self.wrong += 1
            self.fail(f"{case}: {rows} rows are left to a human, {bound} may be")

    @property
    def is_clean(self) -> bool:
        """Whether the promise held."""
        return (
            not any(getattr(self, name) for name in COUNTS)
            and self.in_review <= self.review_bound
            and not self.failures
        )

    def add(self, other: "Tally") -> None:
        """Count what another worker has counted."""
        self.injected += other.injected
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.in_review += other.in_review
        self.review_bound += other.review_bound
        self.notes += [note for note in other.notes if note not in self.notes]
        for failure in other.failures:
            self.fail(failure)
