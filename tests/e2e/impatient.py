"""`campaign run` with short waits, so that tests of kills and doubts need not wait two minutes.

All else is the product as it is: a real process, a real ledger, real HTTP.
"""

import argparse
from pathlib import Path
from typing import NoReturn

from campaign.calls.timing import Timing
from campaign.cli.app import guarded
from campaign.cli.run import Options, execute

IMPATIENT = Timing(
    look_min_s=0.3,
    look_max_s=1.0,
    results_first_s=0.2,
    analysis_wait_s=1.0,
    results_wait_s=2.0,
    late_first_s=1.0,
    doubt_wait_s=4.0,
    doubt_look_min_s=0.5,
    doubt_look_max_s=1.0,
)


def main() -> None:
    """Read the options that the tests use, and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("contact_list", type=Path)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--output", dest="output_file", type=Path)
    parser.add_argument("--ledger")
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--allow-invalid", action="store_true")
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--json", dest="as_json", action="store_true")
    given = vars(parser.parse_args())
    given.pop("run")
    raise SystemExit(execute(Options(**given), timing=IMPATIENT))


def start() -> NoReturn:
    """As the command does, with every error as one line."""
    guarded(main)


if __name__ == "__main__":
    start()
