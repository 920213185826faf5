"""Rows as they are kept: where a person's time zones come from."""

import pytest

from campaign.contacts.rows import CheckedRows
from campaign.models import Contact, ZoneSource

NEW_YORK = ("America/New_York",)


@pytest.mark.parametrize(
    ("cell", "of_number", "zones", "source"),
    [
        ("Europe/Paris", NEW_YORK, ("Europe/Paris",), ZoneSource.COLUMN),
        ("Europe/Paris", (), ("Europe/Paris",), ZoneSource.COLUMN),
        ("", NEW_YORK, NEW_YORK, ZoneSource.NUMBER),
        ("", (), ("UTC",), ZoneSource.CAMPAIGN),
    ],
)
def test_the_list_comes_first_then_the_number_then_the_campaign(
    cell: str, of_number: tuple[str, ...], zones: tuple[str, ...], source: ZoneSource
) -> None:
    """Whoever knows best says the zone, and it is kept who did."""
    rows = CheckedRows(variables=[], timezone=1, default_timezone="UTC")
    rows.add(
        [2], [["+12025550143"], [cell]], phones=[12025550143], zones=[of_number], faults={}, proposals={}
    )
    [contact] = rows
    assert isinstance(contact, Contact)
    assert (contact.time_zones, contact.zone_source) == (zones, source)
