"""Leftovers: what the campaign of an earlier night has left, and its result file, for people."""

import shlex
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from campaign.cli.files import is_among
from campaign.cli.views import ledger_flag
from campaign.errors import CampaignError

if TYPE_CHECKING:
    from campaign.calls.ending import Closed
    from campaign.cli.job import Job
    from campaign.ledger.ending import Leftover
    from campaign.ledger.ledger import Ledger


def note(job: "Job", leftovers: "Collection[Leftover]") -> str | None:
    """What a run will do with them, before anybody is called; None when there is nothing to do."""
    waiting = sum(each.waiting for each in leftovers)
    if not waiting:
        return None
    names = ", ".join(each.name for each in leftovers if each.waiting)
    return f"{names} is unfinished: {waiting:,} rows that still wait expire when {job.name} is run"


class LeftoverResults:
    """Writes the results of earlier campaigns again, where that harms no other file."""

    def __init__(self, ledger: "Ledger", in_use: Collection[Path]) -> None:
        """Files in use are those that this run reads or writes."""
        self._ledger = ledger
        self._in_use = in_use

    def write(self, leftover: "Leftover") -> str | None:
        """Where the file is; None when its place is not known, is in use, or holds no file any more."""
        from campaign.cli import job as jobs
        from campaign.logs import get_logger

        if leftover.output_path is None:
            return None
        path = Path(leftover.output_path)
        with suppress(OSError):
            if is_among(path, self._in_use) or not path.is_file():
                return None
            try:
                jobs.write_results(self._ledger, leftover.campaign_id, leftover.headers, path)
            except CampaignError as error:
                get_logger(__name__).warning("results.unwritable", campaign=leftover.name, error=str(error))
            else:
                return str(path)
        return None


def told(closed: "Closed", by: str, ledger: str | None) -> str:
    """One line about an earlier campaign, after the run."""
    rows = "1 row was" if closed.rows == 1 else f"{closed.rows:,} rows were"
    if closed.written_to is not None:
        where = f"results: {closed.written_to}"
    else:
        where = (
            f"`campaign results {shlex.quote(closed.name)}{ledger_flag(ledger)} --output FILE` writes them"
        )
    return f"{closed.name} was followed by {by}: {rows} closed without another call; {where}"
