"""Columns: which one holds the phone number, which are variables, which come from an earlier result."""

import difflib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from campaign.contacts.files.naming import cut, quoted
from campaign.contacts.files.reading import Record
from campaign.errors import ListError
from campaign.models import OUR_COLUMNS
from campaign.settings import ContactSettings

PHONE_NAMES = (
    "to_number", "phone_number", "phone", "phonenumber", "mobile", "mobile_number", "mobile_phone", "cell",
    "cell_phone", "cellphone", "telephone", "tel", "number", "contact_number", "msisdn",
)  # fmt: skip
"""Recognised names of the phone column, the most telling first."""

ZONE_NAMES = ("timezone", "time_zone", "tz")

OWN_NAMES = ("not_before", "valid_until", "from_number")
"""Columns with what a row says of its own call: each is recognised by its name alone."""

STATE_NAMES = ("state", "us_state")

CONSENT_NAMES = ("consent", "consent_basis")

KEY_NAMES = (
    "id", "key", "customer_id", "customer_no", "customer_number", "client_id", "contact_id", "account_id",
    "account", "user_id", "person_id", "patient_id", "member_id", "lead_id", "crm_id", "external_id", "uuid",
)  # fmt: skip
"""Names of columns that may tell people apart."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where things stand in a row, as positions."""

    phone: int
    timezone: int | None
    key: int | None
    variables: tuple[tuple[int, str], ...]
    """Positions with the names under which their values are sent."""
    kept: tuple[int, ...]
    """The operator's own columns: all but those of an earlier result, which is replaced."""
    not_before: int | None = None
    valid_until: int | None = None
    from_number: int | None = None
    state: int | None = None
    consent: int | None = None
    agent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Columns that a profile looks for by their usual names; without one, only those that are named count."""

    state: bool = False
    consent: bool = False


NOTHING_WANTED = Wanted()


def find(
    headers: Sequence[str],
    settings: ContactSettings,
    *,
    wanted: Wanted = NOTHING_WANTED,
    first_row: Record | None = None,
    looks_like_phone: Callable[[int], bool] | None = None,
) -> Columns:
    """Match the header of a list with the campaign file.

    Args:
        headers: The names of the columns; a column without one has an empty name.
        settings: What the campaign file says about the list.
        wanted: Columns that are recognised by name, too.
        first_row: The row below the header, which may turn out to be the real one.
        looks_like_phone: Tells by its cells whether a column holds phone numbers, for advice.

    Raises:
        ListError: A column is missing, and the text names the nearest header; or the header is a title.
    """
    refuse_title(headers, first_row)
    kept = tuple(i for i, header in enumerate(headers) if header not in OUR_COLUMNS)
    own = {headers[i]: i for i in kept if headers[i]}
    phone = (
        _named(own, settings.to_number, "contacts.to_number")
        if settings.to_number
        else recognised(own, PHONE_NAMES)
    )
    if phone is None:
        raise ListError(f"no phone column among {listing(own)}; {_advice(own, looks_like_phone)}")
    timezone = (
        _named(own, settings.timezone, "contacts.timezone")
        if settings.timezone
        else recognised(own, ZONE_NAMES)
    )
    key = _named(own, settings.key, "contacts.key") if settings.key else None
    ours = {name: _own_column(own, name, getattr(settings, name)) for name in OWN_NAMES}
    state = _named(own, settings.state, "contacts.state") if settings.state else None
    if state is None and wanted.state:
        state = recognised(own, STATE_NAMES)
    consent = _named(own, settings.consent, "contacts.consent") if settings.consent else None
    if consent is None and wanted.consent:
        consent = recognised(own, CONSENT_NAMES)
    # Never by its name alone: in many lists it is a person who sells.
    agent = _named(own, settings.agent_id, "contacts.agent_id") if settings.agent_id else None
    if settings.variables is None:
        taken = (phone, timezone, consent, agent, *ours.values())
        variables = tuple((i, header) for header, i in own.items() if i not in taken)
    else:
        variables = tuple(
            (_named(own, column, "contacts.variables"), name) for name, column in settings.variables.items()
        )
    return Columns(
        phone, timezone, key, variables, kept, state=state, consent=consent, agent_id=agent, **ours
    )


def other_phones(headers: Sequence[str], where: Columns) -> tuple[str, ...]:
    """Columns that are named like the phone column and are not known to be anything else."""
    known = (where.phone, where.key, where.from_number)
    return tuple(
        headers[at] for at in where.kept if at not in known and simplified(headers[at]) in PHONE_NAMES
    )


def refuse_title(headers: Sequence[str], first_row: Record | None) -> None:
    """Raise ListError when a title stands where the names should, and the row below it names the columns."""
    if first_row is None or sum(map(bool, headers)) != 1:
        return
    number, cells = first_row
    if not {simplified(cell) for cell in cells}.isdisjoint(PHONE_NAMES):
        raise ListError(
            f"the first line looks like a title, since row {number} names the columns; "
            "put the column names first"
        )


def unmet(
    names: Sequence[str], where: Columns, headers: Sequence[str], *, given: Collection[str], because: str
) -> str | None:
    """The first of these variables that has neither a column nor a value for all calls, in words.

    Args:
        names: The variables.
        where: The columns as found.
        headers: The names of all columns.
        given: Variables that have a value for every call.
        because: Who wants them: `the agent says`.

    Returns:
        What is missing, with the nearest header or another cure; None when nothing is.
    """
    sent = {name for _, name in where.variables}
    for name in names:
        if name in sent or name in given:
            continue
        said = f"{because} {{{{{cut(name)}}}}}"
        if name in headers:
            return (
                f"{said}, but the column {quoted(name)} is not sent: name it in contacts.variables, "
                "with the others that the agent needs"
            )
        near = nearest(name, [headers[position] for position in where.kept if position != where.phone])
        cure = (
            f"contacts.variables: {{{cut(name)}: {cut(near)}}} would take it from column {quoted(near)}"
            if near
            else "add the column, or give one value for all calls with call.variables"
        )
        return f"{said}, but the list has no such column; {cure}"
    return None


def simplified(header: str) -> str:
    """The header in lower case, with one underscore for whatever stands between its words."""
    return re.sub(r"[^a-z0-9]+", "_", header.casefold()).strip("_")


def nearest(name: str, headers: Sequence[str]) -> str | None:
    """The header that was probably meant by a name, whatever its capitals and blanks."""
    by_plain = {simplified(header): header for header in reversed(headers) if header}
    near = difflib.get_close_matches(simplified(name), list(by_plain), n=1, cutoff=0.6)
    return by_plain[near[0]] if near else None


def recognised(own: dict[str, int], names: Sequence[str]) -> int | None:
    """The position of the column with the most telling of these names."""
    positions = {simplified(header): i for header, i in reversed(own.items())}
    return next((positions[name] for name in names if name in positions), None)


def _own_column(own: dict[str, int], name: str, column: str | None) -> int | None:
    return _named(own, column, f"contacts.{name}") if column else recognised(own, (name,))


def _named(own: dict[str, int], name: str, key: str) -> int:
    if name in own:
        return own[name]
    by_fold = {header.casefold(): i for header, i in own.items()}
    if name.casefold() in by_fold:
        return by_fold[name.casefold()]
    near = nearest(name, list(own))
    cure = f"did you mean {quoted(near)}?" if near else f"the columns are {listing(own)}"
    raise ListError(f"{key}: the list has no column {quoted(name)}; {cure}")


def _advice(own: dict[str, int], looks_like_phone: Callable[[int], bool] | None) -> str:
    for header, position in own.items():
        if looks_like_phone is not None and looks_like_phone(position):
            name = quoted(header)
            return f"{name} looks like it: set contacts.to_number to {name} in the campaign file"
    for header in own:
        if difflib.get_close_matches(simplified(header), PHONE_NAMES, n=1, cutoff=0.8):
            name = quoted(header)
            return f"did you mean {name}? Set contacts.to_number in the campaign file, or call it phone"
    return "name it with contacts.to_number in the campaign file, or call it phone"


def listing(own: dict[str, int]) -> str:
    """The headers, or the first of many, each cut where it is long."""
    return ", ".join(map(cut, list(own)[:12])) + (" ..." if len(own) > 12 else "")
