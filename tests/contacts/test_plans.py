"""The quick way says yes only where the slow way does, and is ten times as fast."""

from collections.abc import Callable
from random import Random
from time import process_time

import phonenumbers
import pytest

from campaign.contacts import phone, plans
from campaign.contacts.phone import GoodNumber, NumberRules
from tests.contacts import cells

ALL = phone.all_regions()
EXAMPLES = tuple(dict.fromkeys(number for region in cells.REGIONS for number in cells.examples(region)))
"""An example number of every type of every region."""

SHARED = (
    ("US",), ("CA",), ("JM",), ("US", "CA"), ("RU",), ("KZ",), ("GB",), ("GG", "JE", "IM"), ("IT",), ("VA",),
    ("NO",), ("SJ",), ("AU",), ("CX", "CC"), ("MA",), ("EH",), ("RE",), ("YT",), ("FI",), ("AX",), ("GP",),
    ("BL", "MF"), ("CW",), ("BQ",),
)  # fmt: skip
"""Some of the countries that share a calling code."""


def misjudged(rules: NumberRules, numbers: tuple[str, ...]) -> tuple[int, list[str]]:
    """How many numbers get a quick yes, and those of them that are read otherwise the slow way."""
    quick = plans.quick_reader(rules)
    yes = {number: zones for number in numbers if (zones := quick(number)) is not None}
    wrong = [
        number
        for number, zones in yes.items()
        if not isinstance(slow := phone.read(number, rules), GoodNumber)
        or (slow.number, slow.time_zones, slow.repairs, slow.is_national) != (number, zones, (), False)
    ]
    return len(yes), wrong


def neighbours(countries: tuple[str, ...]) -> tuple[str, ...]:
    """Example numbers of all countries with the calling codes of these, and what lies around them."""
    codes = {phonenumbers.country_code_for_region(country) for country in countries}
    regions = [region for code in codes for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]]
    known = [number for region in regions for number in cells.examples(region)]
    around = [cell for region in regions for cell in cells.clean(Random(region), region, 100)]
    return tuple(dict.fromkeys([*known, *around]))


@pytest.mark.parametrize(
    ("blocked", "default_region"),
    [((), None), ((), "US"), (("voip",), "DE"), (("toll_free",), None), (("toll_free", "voip"), "US")],
)
def test_examples_of_all_types(blocked: tuple[str, ...], default_region: str | None) -> None:
    """An example number that gets a quick yes is the same, with the same zones, when read slowly."""
    accepted, wrong = misjudged(NumberRules(ALL, default_region, frozenset(blocked)), EXAMPLES)
    assert wrong == []
    assert accepted > 400


@pytest.mark.parametrize("countries", SHARED, ids="+".join)
def test_shared_calling_codes(countries: tuple[str, ...]) -> None:
    """Allowing one country allows no number of another with the same calling code."""
    accepted, wrong = misjudged(NumberRules(frozenset(countries)), neighbours(countries))
    assert wrong == []
    # Their numbers begin with what elsewhere in the plan is a prefix or another country's.
    assert accepted > 0 or countries in {("VA",), ("EH",)}


def test_each_country_alone() -> None:
    """With one country allowed, only its own numbers get a quick yes, of the examples of all."""
    silent = []
    for region in cells.REGIONS:
        rules = NumberRules(frozenset({region}))
        accepted, wrong = misjudged(rules, EXAMPLES)
        assert wrong == [], region
        if not accepted:
            silent.append(region)
    # The few whose numbers look as if they began with a prefix are left to the slow way.
    assert len(silent) < 10


def test_no_type_that_is_nobodys_phone() -> None:
    """Premium rate, shared cost, pager, personal, company and voicemail numbers never get a quick yes."""
    quick = plans.quick_reader(NumberRules(ALL))
    refused = [
        number for number in EXAMPLES if not isinstance(phone.read(number, NumberRules(ALL)), GoodNumber)
    ]
    assert len(refused) > 200
    assert [number for number in refused if quick(number) is not None] == []


@pytest.mark.parametrize(
    "cell",
    [
        "", "+", "+1", "15739693824", "+1 5739693824", " +15739693824", "+15739693824 ", "+15739693824\n",
        "+15739693824.0", "+15739693824x5", "'+15739693824", "+157396938244", "+1573969382", "+115739693824",
        "\uff0b15739693824", "+1573969382\u0664",
        "+\u0661\u0665\u0667\u0663\u0669\u0666\u0669\u0663\u0668\u0662\u0664",
        "+1573969382\uff14", "+4980926188964864",
        "+9991234567", "+8816123456789", "+80012345678", "+1911", "+19116666666", "911",
        "+4402071838750", "+37031234567", "+1573\u200b9693824", "+15739693824;+12025550123", "abc", "\x00",
    ],
)  # fmt: skip
def test_no_quick_yes(cell: str) -> None:
    """Whatever is not a plus and the digits of one number that may be called is left to the slow way."""
    assert plans.quick_reader(NumberRules(ALL, "US"))(cell) is None


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+15739693824", ("America/Chicago",)),
        ("+12085550100", ("America/Boise", "America/Los_Angeles")),
        ("+442071838750", ("Europe/London",)),
        ("+447911123456", ("Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey", "Europe/London")),
    ],
)
def test_zones(number: str, zones: tuple[str, ...]) -> None:
    """A quick yes comes with every zone in which people with this number's prefix live."""
    found = plans.quick_reader(NumberRules(ALL))(number)
    assert found is not None
    assert tuple(sorted(found)) == tuple(sorted(zones))


def test_most_clean_numbers_are_quick() -> None:
    """Nine of ten example numbers that may be called at all get a quick yes, or it would be of no use."""
    rules = NumberRules(ALL)
    quick = plans.quick_reader(rules)
    good = [number for number in EXAMPLES if isinstance(phone.read(number, rules), GoodNumber)]
    assert sum(quick(number) is not None for number in good) > 0.9 * len(good)


def seconds(read: Callable[[str], object], column: list[str]) -> float:
    """The processor time for a column, the best of three."""
    times = []
    for _ in range(3):
        start = process_time()
        for cell in column:
            read(cell)
        times.append(process_time() - start)
    return min(times)


@pytest.mark.alone
def test_ten_times_as_fast() -> None:
    """The quick way reads a column of clean numbers in a tenth of the time of the slow way, or less."""
    rng = Random(1)
    numbers = [f"+1573{rng.randrange(2_000_000, 9_999_999)}" for _ in range(4_000)]
    numbers += [f"+4420{rng.randrange(70_000_000, 79_999_999)}" for _ in range(1_000)]
    rules = NumberRules(frozenset({"US", "GB"}))
    ratio = seconds(lambda cell: phone.read(cell, rules), numbers) / seconds(
        plans.quick_reader(rules), numbers
    )
    assert ratio >= 10


@pytest.mark.parametrize("region", cells.REGIONS)
def test_a_lost_plus_is_named_as_quickly(region: str) -> None:
    """What is said at once of digits without a plus is what `phone.read` says of them."""
    rules = NumberRules(phone.all_regions())
    quick = plans.quick_reader(rules)
    for number in cells.examples(region):
        for cell in (number.removeprefix("+"), "00" + number.removeprefix("+"), number[1:7], number):
            verdict = plans.quick_lost_plus(cell, quick, rules)
            assert verdict is None or verdict == phone.read(cell, rules)


def test_a_lost_plus_is_named() -> None:
    """The quick verdict is there for a number of an allowed country, and only without a default region."""
    rules = NumberRules(frozenset({"US"}))
    found = plans.quick_lost_plus("12025550143", plans.quick_reader(rules), rules)
    assert found == phone.read("12025550143", rules)
    assert found is not None
    national = NumberRules(frozenset({"US"}), "US")
    assert plans.quick_lost_plus("12025550143", plans.quick_reader(national), national) is None
