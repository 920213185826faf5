"""Three properties of the number reader, each over as many generated cells as are asked for."""

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from random import Random

import phonenumbers

from campaign.contacts import phone, plans
from campaign.contacts.phone import GoodNumber, NumberRules
from campaign.contacts.plans import QuickReader
from tests.contacts import cells

SHARDS = range(20)
CELLS = 50_000
"""Of each property in each shard, at the full count."""

ALL = phone.all_regions()
HOMES = (
    "US", "DE", "GB", "IT", "IN", "BR", "AU", "NG", "FR", "ES", "RU", "HU", "JP", "KE", "AR", "MX", "CH",
    "AT", "ZA", None,
)  # fmt: skip
"""The default region of each shard."""
ABROAD = ("US", "DE", "IT")
PREFIXES_ABROAD = ("00", "011", "0011", "009", "010", "000", "810")
"""International prefixes of all of `HOMES`."""

Reader = Callable[[str, NumberRules], str | None]
Checked = tuple[int, list[str]]
"""How many cells were accepted, and those that break the property."""


def read_well(cell: str, rules: NumberRules) -> str | None:
    """The product's reader."""
    verdict = phone.read(cell, rules)
    return verdict.number if isinstance(verdict, GoodNumber) else None


def shares(
    shard: int, regions: Sequence[str], make: Callable[[Random, str, int], list[str]], count: int = CELLS
) -> list[str]:
    """So many cells of one shard, region after region."""
    rng = Random(shard)
    each, more = divmod(count, len(regions))
    made = [cell for at, region in enumerate(regions) for cell in make(rng, region, each + (at < more))]
    assert len(made) == count
    return made


def home_rules(shard: int) -> tuple[NumberRules, tuple[str, ...]]:
    """Any country may be called, from the home of a shard; and where its numbers are from."""
    home = HOMES[shard]
    return NumberRules(ALL, home), ((home,) * 3 if home else ()) + ABROAD


def quick_yes_is_slow_yes(shard: int, count: int) -> Checked:
    """What the quick way accepts, the slow way accepts as the same number with the same time zones."""
    regions = cells.REGIONS[shard :: len(SHARDS)]
    rules = NumberRules(
        countries=ALL if shard % 2 else frozenset(regions),
        default_region=HOMES[shard],
        block_types=frozenset({"voip", "toll_free"}) if shard % 3 == 0 else frozenset(),
    )
    return differences(plans.quick_reader(rules), rules, shares(shard, regions, cells.clean, count))


def digits_are_preserved(shard: int, count: int) -> Checked:
    """Whatever surrounds the digits of an accepted cell, they are the number's, save one known prefix."""
    rules, regions = home_rules(shard)
    return changed(read_well, shares(shard, regions, cells.layouts, count), rules)


def floats_are_no_numbers(shard: int, count: int) -> Checked:
    """No cell with one dot, a decimal comma or an exponent is ever accepted, whatever is around it."""
    rules, regions = home_rules(shard)
    made = shares(shard, regions, cells.floats, count)
    accepted = [cell for cell in made if read_well(cell, rules) is not None]
    return len(accepted), accepted


def differences(quick: QuickReader, rules: NumberRules, made: Sequence[str]) -> Checked:
    """How many cells got a quick yes, and those to which the slow way says something else."""
    yes = [(cell, zones) for cell in made if (zones := quick(cell)) is not None]
    wrong = [cell for cell, zones in yes if phone.read(cell, rules) != GoodNumber(cell, zones)]  # type: ignore[arg-type]
    return len(yes), wrong


@cache
def trunks_of(code: int) -> frozenset[str]:
    """What people may write in front of the area code in the countries of one calling code."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    return frozenset({"", *(phonenumbers.ndd_prefix_for_region(region, True) or "" for region in regions)})


def keeps_digits(cell: str, number: str, home: str | None) -> bool:
    """Whether a number has all digits of its cell and no others, but for one recognised prefix.

    Knows nothing of how the reader finds out: it makes every text of digits that may stand for the number.
    """
    given = "".join(str(unicodedata.decimal(character)) for character in cell if character.isdecimal())
    parsed = phonenumbers.parse(number)
    code = str(parsed.country_code)
    national = number[1 + len(code) :]
    trunks = trunks_of(int(code))
    abroad = {code + trunk + national for trunk in trunks}
    if "+" in cell or "\uff0b" in cell:
        return given in abroad
    if home is None:
        return False
    inland = (
        {trunk + national for trunk in trunks}
        if phonenumbers.country_code_for_region(home) == int(code)
        else set()
    )
    own_code = {code + national} if inland else set()
    return given in inland | own_code | {prefix + text for prefix in PREFIXES_ABROAD for text in abroad}


def changed(read: Reader, made: Sequence[str], rules: NumberRules) -> Checked:
    """How many cells a reader accepts, and those whose digits it does not keep."""
    read_as = [(cell, number) for cell in made if (number := read(cell, rules)) is not None]
    return len(read_as), [
        cell for cell, number in read_as if not keeps_digits(cell, number, rules.default_region)
    ]
