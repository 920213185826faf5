"""`campaign run` with a watchdog in a hurry, which hangs on SIGUSR1 in the way that `HANG` names.

It waits as `TIMING` says, a JSON object of fields of `Timing`, and asks on a terminal where `ASKS` is set.
Where `CALLS` is set, it is `campaign call` with that number.

All else is the product as it is: what hangs is a real thread in a real process.
"""

import json
import os
import re
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType

from campaign.cli.app import guarded
from campaign.cli.call import CallOptions
from campaign.cli.call import execute as call
from campaign.cli.run import Options, execute
from tests.e2e.impatient import IMPATIENT

HASTY = replace(IMPATIENT, hang_s=1.5, beat_s=0.1, stall_look_s=0.2)


def block_the_loop() -> None:
    """Wait for what never comes, on the thread of the event loop."""
    threading.Event().wait()


def hold_the_interpreter() -> None:
    """Compute for ever, with every other thread kept out."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def fill_stderr() -> None:
    """Say more than anybody reads."""
    while True:
        os.write(sys.stderr.fileno(), b"x" * 4096)


HANGS = {"loop": block_the_loop, "interpreter": hold_the_interpreter, "stderr": fill_stderr}


def main() -> None:
    """Run; the arguments are the list, the campaign file, the result file and the ledger."""

    def hang(_number: int, _frame: FrameType | None) -> None:
        HANGS[os.environ["HANG"]]()

    signal.signal(signal.SIGUSR1, hang)
    contact_list, config, result, ledger = sys.argv[1:]
    timing, yes = replace(HASTY, **json.loads(os.environ["TIMING"])), "ASKS" not in os.environ
    if number := os.environ.get("CALLS"):
        call_options = CallOptions(number=number, config=Path(config), ledger=ledger, yes=yes)
        raise SystemExit(call(call_options, timing=timing))
    options = Options(
        contact_list=Path(contact_list),
        config=Path(config),
        output_file=Path(result),
        ledger=ledger,
        yes=yes,
        as_json=True,
    )
    raise SystemExit(execute(options, timing=timing))


if __name__ == "__main__":
    guarded(main)
