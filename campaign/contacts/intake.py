"""Intake: a list file in, every row as a contact or as a rejected row with its reason out."""

from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from campaign.contacts import columns, files, phone
from campaign.contacts.columns import Columns
from campaign.contacts.phone import BadNumber
from campaign.errors import ConfigError
from campaign.models import E164, Contact, Intake, RejectedRow, Row, RowStatus
from campaign.settings import CampaignSettings, ContactSettings


def take_in(path: Path, settings: CampaignSettings) -> Intake:
    """Read and check a whole contact list. Nobody is called before every row has been seen.

    Raises:
        InputMissingError: There is no such file.
        ListError: The file as a whole is unusable, or a column is missing.
        ConfigError: A from number is not a number of any country.
    """
    return take_in_for(path, settings.contacts, allowed_countries(settings))


def take_in_for(path: Path, settings: ContactSettings, countries: frozenset[str]) -> Intake:
    """Like `take_in`, for a list without a whole campaign file."""
    content = files.read(path)
    where = columns.find(content.headers, settings)
    first_rows: dict[E164, int] = {}
    checked: list[Contact | RejectedRow] = []
    for full_row in content.rows:
        row = Row(full_row.number, tuple(full_row.cells[i] for i in where.kept))
        verdict = _check(full_row, row, where, content.headers, settings, countries)
        if isinstance(verdict, Contact):
            first = first_rows.setdefault(verdict.to_number, row.number)
            if first != row.number:
                verdict = RejectedRow(
                    row,
                    f"the same number as in row {first}",
                    column=content.headers[where.phone],
                    status=RowStatus.DUPLICATE,
                    to_number=verdict.to_number,
                )
        checked.append(verdict)
    return Intake(
        path=str(path),
        headers=tuple(content.headers[i] for i in where.kept),
        phone_column=content.headers[where.phone],
        rows=tuple(checked),
        fingerprint=_fingerprint(content.fingerprint, settings, countries),
    )


def _fingerprint(of_file: str, settings: ContactSettings, countries: frozenset[str]) -> str:
    """One mark for the file and for how it is read: other rules make other people of the same list."""
    reading = settings.model_dump_json() + ",".join(sorted(countries))
    return sha256(f"{of_file} {reading}".encode()).hexdigest()


def allowed_countries(settings: CampaignSettings) -> frozenset[str]:
    """The countries that may be called: those of the campaign file, else those of the from numbers."""
    if settings.contacts.countries is not None:
        return frozenset(settings.contacts.countries)
    regions = phone.regions_of(settings.from_numbers)
    if not regions:
        raise ConfigError("from_numbers: of no country that is known; set contacts.countries")
    return regions


def _check(
    full_row: Row,
    row: Row,
    where: Columns,
    headers: tuple[str, ...],
    settings: ContactSettings,
    countries: frozenset[str],
) -> Contact | RejectedRow:
    number = phone.parse(
        full_row.cells[where.phone], default_region=settings.default_region, countries=countries
    )
    if isinstance(number, BadNumber):
        return RejectedRow(row, number.reason, column=headers[where.phone])
    if where.timezone is not None and (zone := full_row.cells[where.timezone].strip()):
        zones: tuple[str, ...] = (zone,)
        if not _is_zone(zone):
            return RejectedRow(
                row, "no such time zone; write it like America/New_York", column=headers[where.timezone]
            )
    else:
        zones = phone.time_zones(number)
        if not zones:
            return RejectedRow(
                row,
                "no time zone is known for this number; add a timezone column",
                column=headers[where.phone],
            )
    variables = {name: full_row.cells[i] for i, name in where.variables}
    return Contact(row, number, variables, zones)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True
