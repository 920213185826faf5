"""Suppression files: numbers that must not be called, one per line, as text or in a CSV column."""

import csv
from pathlib import Path

from campaign.contacts import phone
from campaign.contacts.columns import PHONE_NAMES, simplified
from campaign.errors import ConfigError, InputMissingError
from campaign.models import E164


def read_numbers(path: Path, *, default_region: str | None) -> frozenset[E164]:
    """Every number of one file, in E.164.

    The first line may name the columns; else the number stands first in each line. An entry that cannot
    be read refuses the file: nobody can say whom it was meant to protect.

    Raises:
        InputMissingError: There is no such file, or it cannot be opened.
        ConfigError: An entry is not a phone number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, cells) for cells in reader if any(cells)]
    except OSError as error:
        raise InputMissingError(f"suppression list {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"suppression list {path}: not CSV or text in UTF-8") from error
    except csv.Error as error:
        raise ConfigError(
            f"suppression list {path}, line {reader.line_num}: a quote is out of place"
        ) from error
    column = 0
    if lines and not any(character.isdigit() for character in "".join(lines[0][1])):
        names = [simplified(cell) for cell in lines.pop(0)[1]]
        column = next((names.index(name) for name in PHONE_NAMES if name in names), 0)
    numbers: set[E164] = set()
    for line, cells in lines:
        text = cells[column].strip() if column < len(cells) else ""
        number = phone.normalise(text, default_region=default_region)
        if number is None:
            raise ConfigError(
                f"suppression list {path}, line {line}: not a phone number with a plus and digits; "
                "mend the line, or set contacts.default_region for national numbers"
            )
        numbers.add(number)
    return frozenset(numbers)
