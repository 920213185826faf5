"""Columns: which one holds the phone number, which are variables, which come from an earlier result."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from campaign.errors import ListError
from campaign.models import RESULT_COLUMNS
from campaign.settings import ContactSettings

PHONE_NAMES = (
    "to_number", "phone_number", "phone", "phonenumber", "mobile", "mobile_number", "mobile_phone", "cell",
    "cell_phone", "cellphone", "telephone", "tel", "number", "contact_number", "msisdn",
)  # fmt: skip
"""Recognised names of the phone column, the most telling first."""

ZONE_NAMES = ("timezone", "time_zone", "tz")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where things stand in a row, as positions."""

    phone: int
    timezone: int | None
    variables: tuple[tuple[int, str], ...]
    kept: tuple[int, ...]
    """The operator's own columns: all but those of an earlier result, which is replaced."""


def find(headers: Sequence[str], settings: ContactSettings) -> Columns:
    """Match the header of a list with the campaign file.

    Raises:
        ListError: A column is missing; the text names the nearest header.
    """
    kept = tuple(i for i, header in enumerate(headers) if header not in RESULT_COLUMNS)
    own = {headers[i]: i for i in kept if headers[i]}
    phone = (
        _named(own, settings.to_number, "contacts.to_number")
        if settings.to_number
        else _recognised(own, PHONE_NAMES)
    )
    if phone is None:
        raise ListError(
            f"no phone column among {_listing(own)}; "
            "name it with contacts.to_number in the campaign file, or call it phone"
        )
    timezone = (
        _named(own, settings.timezone, "contacts.timezone")
        if settings.timezone
        else _recognised(own, ZONE_NAMES)
    )
    if settings.variables is None:
        variables = tuple((i, header) for header, i in own.items() if i not in (phone, timezone))
    else:
        variables = tuple((_named(own, name, "contacts.variables"), name) for name in settings.variables)
    return Columns(phone, timezone, variables, kept)


def simplified(header: str) -> str:
    """The header in lower case, with one underscore for whatever stands between its words."""
    return re.sub(r"[^a-z0-9]+", "_", header.casefold()).strip("_")


def _recognised(own: dict[str, int], names: Sequence[str]) -> int | None:
    positions = {simplified(header): i for header, i in reversed(own.items())}
    return next((positions[name] for name in names if name in positions), None)


def _named(own: dict[str, int], name: str, key: str) -> int:
    if name in own:
        return own[name]
    by_fold = {header.casefold(): i for header, i in own.items()}
    if name.casefold() in by_fold:
        return by_fold[name.casefold()]
    near = difflib.get_close_matches(name, list(own), n=1)
    cure = f"did you mean {near[0]!r}?" if near else f"the columns are {_listing(own)}"
    raise ListError(f"{key}: the list has no column {name!r}; {cure}")


def _listing(own: dict[str, int]) -> str:
    return ", ".join(list(own)[:12]) + (" ..." if len(own) > 12 else "")
