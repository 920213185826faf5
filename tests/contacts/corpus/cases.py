"""What a case of the corpus is: a list file, how it is read, and what must come of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaign.contacts.files.source import ReadOptions
from campaign.contacts.intake import take_in_for
from campaign.models import Contact, Intake, RejectedRow
from campaign.settings import ContactSettings
from tests.contacts.corpus.hazards import Hazard

GOOD = "+12025550143"
OTHER = "+12025550144"


@dataclass(frozen=True, slots=True)
class Readable:
    """A list that is read to its end."""

    verdicts: Mapping[int, str]
    """For each row by its number the phone number in E.164, or the code of what is wrong."""
    cells: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """What stands in some of the rows, exactly."""
    notes: tuple[str, ...] = ()
    delimiter: str = ","
    repairs: Mapping[str, int] | None = None
    """How many numbers were mended, by what was wrong; None where the case is about something else."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A list that is refused as a whole."""

    line: str
    """A pattern for the whole line that says where and what to do, without the name of the file."""


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the corpus."""

    name: str
    why: Hazard
    content: str | bytes | Callable[[Path], object]
    """Text is written as UTF-8. What is large or needs a library is a builder that takes the path."""
    expected: Readable | Refused
    suffix: str = ".csv"
    contacts: Mapping[str, Any] = field(default_factory=dict)
    """What the campaign file says about the list."""
    countries: tuple[str, ...] = ("US",)
    options: ReadOptions = field(default_factory=ReadOptions)

    def write(self, folder: Path) -> Path:
        """Put the list into a folder; returns its path."""
        path = folder / f"list{self.suffix}"
        match self.content:
            case str(text):
                path.write_bytes(text.encode())
            case bytes(content):
                path.write_bytes(content)
            case build:
                build(path)
        return path

    def take_in(self, path: Path, options: ReadOptions | None = None) -> Intake:
        """Read and check a file under the rules of this case."""
        return take_in_for(
            path,
            ContactSettings.model_validate(self.contacts),
            frozenset(self.countries),
            options=options or self.options,
        )

    def campaign_file(self) -> str:
        """The same rules for the command, as a campaign file."""
        return json.dumps(
            {
                "name": "corpus",
                "agent_id": "agt_test",
                "from_numbers": ["+12025550100"],
                "contacts": {**self.contacts, "countries": self.countries},
            }
        )

    def flags(self) -> list[str]:
        """The same options for the command line."""
        options = self.options
        named = {"--encoding": options.encoding, "--delimiter": options.delimiter, "--sheet": options.sheet}
        flags = [word for name, value in named.items() if value is not None for word in (name, value)]
        return [*flags, *(["--include-hidden"] if options.include_hidden else [])]


def verdict(row: Contact | RejectedRow) -> str:
    """The number that would be called, or the code of what is wrong."""
    return row.to_number if isinstance(row, Contact) else row.code


def verdicts(intake: Intake) -> dict[int, str]:
    """What became of every row, by its number."""
    return {row.row.number: verdict(row) for row in intake.rows}
