"""`python -m tests.torture [SUITE ...]`: run suites at their full counts and write the table's rows.

With `--share` below 1 only the counts are shown; the table is for full runs.
"""

import argparse
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from campaign import logs
from tests.torture import table
from tests.torture.suites import SUITES
from tests.torture.tally import Effort, Tally

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run what was asked for; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"of {', '.join(SUITES)}; default: all of them")
    parser.add_argument("--share", type=float, default=1.0, help="share of the full counts")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="processes at a time")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.suite:
        if name not in SUITES:
            parser.error(f"there is no suite {name}; choose of {', '.join(SUITES)}")
    # A shell that starts this in the background has it ignored, and then so would every program under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What goes wrong on purpose is no news.
    logs.configure(level=logging.CRITICAL)
    broken = 0
    for suite in options.suite or SUITES:
        before, started = _version(), time.monotonic()
        has_ended = True
        folder = Path(tempfile.mkdtemp(prefix=f"torture-{suite}-"))
        effort = Effort(folder, share=options.share, jobs=options.jobs, seed=options.seed)
        try:
            tally = SUITES[suite].run(effort)
        except Exception:
            # The others are run all the same.
            traceback.print_exc()
            tally, has_ended = Tally(wrong=1, failures=["the suite did not come to its end"]), False
        after = _version()
        version = before if before == after else f"{before} to {after}"
        seconds, counted = time.monotonic() - started, SUITES[suite].counted
        line = table.row(suite, tally, counted=counted, seconds=seconds, version=version)
        sys.stdout.write(line + "\n")
        for failure in tally.failures:
            sys.stdout.write(f"  failed: {failure}\n")
        if tally.is_clean:
            shutil.rmtree(folder)
        else:
            broken += 1
            sys.stdout.write(f"  what is left of it: {folder}\n")
        sys.stdout.flush()
        # Half a suite has no counts.
        if options.share >= 1 and has_ended:
            table.put(ROOT / "GUARANTEES.md", suite, line, list(SUITES))
    return 1 if broken else 0


def _version() -> str:
    """The commit that is tested, with a plus when files differ from it. The table itself does not count."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", ":!GUARANTEES.md")
    return f"{commit}{'+' if changed else ''}" if commit else "no commit"


def _git(*arguments: str) -> str:
    ended = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
