"""Cases about phone numbers: one accident, or one lossless repair, between two good rows."""

import csv
import io
from collections.abc import Iterator

from campaign.contacts.layout import Repair
from tests.contacts.corpus.cases import GOOD, OTHER, Case, Readable, Refused
from tests.contacts.corpus.hazards import Hazard

ACCIDENTS: list[tuple[Hazard, str, str, str]] = [
    (Hazard.FLOAT_TAIL, "US", "+14155551234.0", "float_tail"),
    (Hazard.FLOAT_TAIL, "US", "14155551234.0", "float_tail"),
    (Hazard.FLOAT_TAIL, "DE", "+4930123456.0", "float_tail"),
    (Hazard.FLOAT_TAIL, "DE", "30123456,0", "float_tail"),
    (Hazard.FLOAT_TAIL, "US", "415.555.1234.0", "one_dot"),
    (Hazard.CUT_DIGIT, "US", "+1415555123", "too_few_digits"),
    (Hazard.CUT_DIGIT, "US", "+141555512345", "too_many_digits"),
    (Hazard.CUT_DIGIT, "US", "+15555550143", "no_such_range"),
    (Hazard.LETTERS, "US", "+1800FLOWERS", "letters"),
    (Hazard.LETTERS, "US", "call 4155551234 now", "letters"),
    (Hazard.LETTERS, "US", "+1O2025550145", "letters"),
    (Hazard.NO_PLUS, "", "7911123456", "no_country"),
    (Hazard.NO_PLUS, "", "14155551234", "lost_plus"),
    (Hazard.NO_PLUS, "", "4155551234", "no_country"),
    (Hazard.NO_PLUS, "", "0014155551234", "zeros_for_plus"),
    (Hazard.NO_PLUS, "GB", "7911123456", "lost_zero"),
    (Hazard.NO_PLUS, "DE", "4930123456", "lost_plus"),
    (Hazard.NO_PLUS, "IT", "3906123456", "lost_plus"),
    (Hazard.NO_PLUS, "IT", "390212345", "lost_plus"),
    (Hazard.EXTENSION, "US", "+14155551234 x123", "extension"),
    (Hazard.EXTENSION, "US", "+14155551234;ext=123", "extension"),
    (Hazard.EXTENSION, "US", "+14155551234,,123#", "extension"),
    (Hazard.NOBODYS, "US", "+19005551234", "special_number"),
    (Hazard.NOBODYS, "US", "+15005551234", "special_number"),
    (Hazard.NOBODYS, "GB", "+447012345678", "special_number"),
    (Hazard.NOBODYS, "GB", "+449098790000", "special_number"),
    (Hazard.NOBODYS, "US", "+881612345678", "no_countrys_number"),
    (Hazard.NOBODYS, "US", "+979123456789", "no_countrys_number"),
    (Hazard.LOST_DIGITS, "US", "123456789012345678", "beyond_15_digits"),
    (Hazard.EXPONENT, "US", "1.41556E+10", "scientific_notation"),
    (Hazard.EXPONENT, "DE", "4,93012E+10", "scientific_notation"),
    (Hazard.NAMES, "US", "NA", "letters"),
    (Hazard.NAMES, "US", "", "missing"),
    (Hazard.TYPED_CELLS, "US", "#N/A", "spreadsheet_error"),
    (Hazard.TYPED_CELLS, "US", "########", "spreadsheet_error"),
    (Hazard.TYPED_CELLS, "US", "TRUE", "letters"),
    (Hazard.TYPED_CELLS, "US", "2023-03-15", "not_a_number"),
    (Hazard.ESCAPE, "US", "_x002B_14155551234", "letters"),
    (Hazard.REFUSED_LAYOUT, "US", "415.5551234", "float_tail"),
    (Hazard.REFUSED_LAYOUT, "US", "+1 415.5551234", "one_dot"),
    (Hazard.REFUSED_LAYOUT, "US", "+12025550143 / +12025550144", "two_numbers"),
    (Hazard.REFUSED_LAYOUT, "DE", "030 123456/7", "two_numbers"),
    (Hazard.REFUSED_LAYOUT, "US", "+1202\u202e555\u202c0145", "hidden_characters"),
    (Hazard.REFUSED_LAYOUT, "US", "+1202\u200b5550145", "hidden_characters"),
    (Hazard.REFUSED_LAYOUT, "US", "\u22124155551234", "minus"),
    (Hazard.REFUSED_LAYOUT, "US", "\u20134155551234", "minus"),
    (Hazard.REFUSED_LAYOUT, "US", "+1202\u0665550145", "mixed_digits"),
    (Hazard.REFUSED_LAYOUT, "US", "+12025550145*", "odd_characters"),
    (Hazard.COUNTRY, "US", "+18765551234", "country_not_allowed"),
    (Hazard.COUNTRY, "US", "+442071838750", "country_not_allowed"),
    (Hazard.COUNTRY, "US", "+77011234567", "country_not_allowed"),
    (Hazard.COUNTRY, "US", "+99912345678", "country_code"),
    (Hazard.EMERGENCY, "US", "911", "emergency"),
    (Hazard.EMERGENCY, "US", "+1911", "emergency"),
    (Hazard.EMERGENCY, "DE", "110", "emergency"),
    (Hazard.EMERGENCY, "US", "12345", "short_number"),
    (Hazard.TEXT_TRICK, "", '="14155551234"', "lost_plus"),
    (Hazard.TEXT_TRICK, "US", "=14155551234", "odd_characters"),
]  # fmt: skip
"""Why, the default region (none where it is blank), the cell, and the code of its refusal."""

REPAIRS: list[tuple[Hazard, str, str, str, tuple[Repair, ...]]] = [
    (Hazard.REPAIRED, "", "  +1 (415) 555-1234 ", "+14155551234", (Repair.BLANKS,)),
    (Hazard.REPAIRED, "", "\xa0+1\u2009415\xa0555\xa01234", "+14155551234",
        (Repair.BLANKS, Repair.BLANK_KINDS)),
    (Hazard.REPAIRED, "", "\u202a+14155551234\u202c", "+14155551234", (Repair.MARKS,)),
    (Hazard.REPAIRED, "", "\ufeff+14155551234\u200b", "+14155551234", (Repair.MARKS,)),
    (Hazard.REPAIRED, "", "'+14155551234", "+14155551234", (Repair.APOSTROPHE,)),
    (Hazard.REPAIRED, "", "tel:+1-415-555-1234", "+14155551234", (Repair.TEL,)),
    (Hazard.REPAIRED, "", "\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff11\uff12\uff13\uff14",
        "+14155551234", (Repair.FULL_WIDTH,)),
    (Hazard.REPAIRED, "", "+\u0661\u0664\u0661\u0665\u0665\u0665\u0665\u0661\u0662\u0663\u0664",
        "+14155551234", (Repair.DIGITS,)),
    (Hazard.REPAIRED, "", "+\u0967\u096a\u0967\u096b\u096b\u096b\u096b\u0967\u0968\u0969\u096a",
        "+14155551234", (Repair.DIGITS,)),
    (Hazard.TEXT_TRICK, "", '="+14155551234"', "+14155551234", (Repair.TEXT_FORMULA,)),
    (Hazard.REPAIRED, "US", "415.555.1234", "+14155551234", ()),
    (Hazard.REPAIRED, "GB", "+44 (0)20 7183 8750", "+442071838750", ()),
    (Hazard.REPAIRED, "DE", "004930123456", "+4930123456", ()),
    (Hazard.NO_PLUS, "IN", "7911123456", "+917911123456", ()),
    (Hazard.NO_PLUS, "IN", "2125551234", "+912125551234", ()),
    (Hazard.NO_PLUS, "IT", "3931234567", "+393931234567", ()),
]  # fmt: skip
"""Why, the default region, the cell, its number, and what was repaired."""


def rounded(*numbers: str) -> str:
    """A list of people whose numbers are these."""
    return "phone,name\n" + "".join(f"{number},Person {at}\n" for at, number in enumerate(numbers))


def cases() -> Iterator[Case]:
    """All cases about numbers."""
    for why, region, cell, code in ACCIDENTS:
        yield _between_good_rows(why, region, cell, Readable({2: GOOD, 3: code, 4: OTHER}))
    for why, region, cell, number, repairs in REPAIRS:
        is_national = not cell.startswith("00") and not {"+", "\uff0b"} & set(cell)
        notes = (f"numbers without a plus, read as numbers of {region}: 1",) if is_national else ()
        expected = Readable(
            {2: GOOD, 3: number, 4: OTHER}, notes=notes, repairs=dict.fromkeys(map(str, repairs), 1)
        )
        yield _between_good_rows(why, region, cell, expected)
    again = "export the list again with the column formatted as text"
    yield Case(
        "three people share a number with zeros at its end",
        Hazard.COLLAPSED,
        rounded("+14155550000", GOOD, "+1 415 555 0000", "+1-415-555-0000"),
        Refused(f"rows 2, 4, 5 have the same number with zeros at its end, so .*; {again} .*"),
    )
    yield Case(
        "six people of one rounded number in national form",
        Hazard.COLLAPSED,
        rounded(*["4155550000"] * 6),
        Refused(f"rows 2, 3, 4, 5, 6 \\.\\.\\. have the same number .*; {again} .*"),
        contacts={"default_region": "US"},
    )
    yield Case(
        "two people share a number with zeros at its end",
        Hazard.COLLAPSED,
        rounded("+14155550000", "+14155550000", GOOD),
        Readable(
            {2: "+14155550000", 3: "duplicate_number", 4: GOOD},
            notes=("numbers that end in four zeros or more: 2; compare some of them with their source",),
        ),
    )


def _between_good_rows(why: Hazard, region: str, cell: str, expected: Readable) -> Case:
    text = io.StringIO()
    csv.writer(text).writerows([("phone", "name"), (GOOD, "Ann"), (cell, "Bob"), (OTHER, "Cy")])
    countries = ("US", region) if region else ("US",)
    return Case(
        f"{cell!a} in {region or 'no region'}",
        why,
        text.getvalue(),
        expected,
        contacts={"default_region": region} if region else {},
        countries=countries,
    )
