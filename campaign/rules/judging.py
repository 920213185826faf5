"""Judging: by what the calls of one campaign are judged."""

from collections.abc import Sequence
from typing import NamedTuple

from campaign.models import Call
from campaign.rules.dispositions import Reading, read_disposition
from campaign.settings import OptOutSettings, RetrySettings
from campaign.settings.dispositions import DispositionLine


class Judging(NamedTuple):
    """By what the calls of one campaign are judged, whichever run reads them."""

    looked_for: OptOutSettings
    """What tells a wish not to be called again."""
    lines: Sequence[DispositionLine]
    """Its own lines of the table that says how a call ended."""
    retry: RetrySettings
    """After which ends a further try may follow: none, where another campaign than the running one tries."""

    def read(self, call: Call) -> Reading:
        """How the call ended."""
        return read_disposition(call, self.lines)
