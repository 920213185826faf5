"""`campaign run --verbose` with short waits, or with a bug in the middle; for the suite `secrets`."""

import argparse
from dataclasses import replace
from pathlib import Path

from campaign.cli.app import guarded
from campaign.cli.run import Options, execute
from tests.e2e.impatient import IMPATIENT
from tests.torture.secret_scenarios import NAME, NUMBERS


class Bug(float):
    """A wait that cannot be compared with: whoever tries fails, and the error names a person."""

    def __gt__(self, other: object) -> bool:
        people: dict[tuple[str, str], bool] = {}
        return people[NAME.text, NUMBERS[0]]


def main() -> None:
    """Run, in the folder of the scenario."""
    parser = argparse.ArgumentParser()
    parser.add_argument("manner", choices=["impatiently", "with-a-bug"])
    parser.add_argument("contact_list", type=Path)
    given = parser.parse_args()
    timing = IMPATIENT if given.manner == "impatiently" else replace(IMPATIENT, results_first_s=Bug())
    options = Options(
        contact_list=given.contact_list,
        config=Path("campaign.yaml"),
        output_file=Path("results.csv"),
        ledger="ledger.db",
        yes=True,
        verbose=True,
    )
    raise SystemExit(execute(options, timing=timing))


if __name__ == "__main__":
    guarded(main)
