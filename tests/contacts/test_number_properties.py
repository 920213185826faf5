"""A sample of the three properties of the number reader, and proof that each can fail.

The full million of each is the suite `numbers` of `make torture`.
"""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat

from campaign.contacts.phone import NumberRules
from tests.contacts import cells
from tests.contacts.number_properties import (
    ALL,
    CELLS,
    HOMES,
    SHARDS,
    changed,
    differences,
    digits_are_preserved,
    floats_are_no_numbers,
    home_rules,
    keeps_digits,
    quick_yes_is_slow_yes,
    shares,
)

SAMPLE = 5_000
"""Cells of each property in each shard."""


def read_badly(cell: str, rules: NumberRules) -> str | None:
    """What a program does that just asks the library: letters, extensions and dots vanish."""
    try:
        number = phonenumbers.parse(cell, rules.default_region)
    except phonenumbers.NumberParseException:
        return None
    is_good = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if is_good else None


def test_shards_make_a_million() -> None:
    """Each property sees a million cells, and every region and home is among them."""
    assert len(SHARDS) * CELLS == 1_000_000
    assert len(HOMES) == len(SHARDS)
    assert {region for shard in SHARDS for region in cells.REGIONS[shard :: len(SHARDS)]} == ALL


@pytest.mark.parametrize("shard", SHARDS)
def test_quick_yes_is_the_slow_yes(shard: int) -> None:
    """What the quick way accepts, the slow way accepts as the same number with the same time zones."""
    accepted, wrong = quick_yes_is_slow_yes(shard, SAMPLE)
    assert wrong == []
    assert accepted > SAMPLE * 0.05


def test_a_quick_reader_that_is_too_wide_is_noticed() -> None:
    """The comparison finds a quick way that looks at lengths only."""
    made = shares(0, cells.REGIONS[::80], cells.clean)[::50]
    accepted, wrong = differences(lambda cell: () if 9 < len(cell) < 14 else None, NumberRules(ALL), made)
    assert 100 < len(wrong) <= accepted


@pytest.mark.parametrize("shard", SHARDS)
def test_digits_are_preserved(shard: int) -> None:
    """Whatever surrounds the digits of an accepted cell, they are the number's, save one known prefix."""
    accepted, wrong = digits_are_preserved(shard, SAMPLE)
    assert wrong == []
    assert accepted > SAMPLE * 0.15


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("+1800FLOWERS", "+18003569377"),
        ("+14155551234 x123", "+14155551234"),
        ("+14155551234", "+14155551243"),
        ("0 15 11 98765 4321", "+5511987654321"),
        ("+14155551234", "+1415555123"),
        ("7911123456", "+447911123456"),
    ],
)
def test_a_changed_number_is_noticed(cell: str, number: str) -> None:
    """Digits that were made of letters, dropped, swapped, or of the wrong country are changed ones."""
    assert not keeps_digits(cell, number, "US" if "+" not in cell and cell[0] != "0" else "BR")


def test_a_reader_that_changes_digits_is_noticed() -> None:
    """The library's bare reading of the same cells breaks the property many times."""
    rules, regions = home_rules(HOMES.index("US"))
    accepted, wrong = changed(read_badly, shares(0, regions, cells.layouts)[::3], rules)
    assert 50 < len(wrong) < accepted


@pytest.mark.parametrize("shard", SHARDS)
def test_a_float_is_no_number(shard: int) -> None:
    """No cell with one dot, a decimal comma or an exponent is ever accepted, whatever is around it."""
    assert floats_are_no_numbers(shard, SAMPLE) == (0, [])


def test_a_reader_of_floats_is_noticed() -> None:
    """The library's bare reading accepts many of the same cells."""
    rules, regions = home_rules(HOMES.index("US"))
    made = shares(0, regions, cells.floats)[::10]
    assert sum(read_badly(cell, rules) is not None for cell in made) > 100
