"""A cell is tidied without losing a digit, and an accident has its name."""

import pytest

from campaign.contacts import layout
from campaign.contacts.layout import Repair

NUMBER = "+15739693824"
FULL_WIDTH = "\uff0b\uff11\uff15\uff17\uff13\uff19\uff16\uff19\uff13\uff18\uff12\uff14"


def accident(cell: str) -> str | None:
    """The code of the accident that happened to a cell."""
    problem = layout.accident(cell, layout.tidy(cell)[0])
    return problem.code if problem is not None else None


@pytest.mark.parametrize(
    ("cell", "text", "repairs"),
    [
        (NUMBER, NUMBER, ()),
        (f"  {NUMBER}\t", NUMBER, (Repair.BLANKS,)),
        (f"\r\n{NUMBER}\u00a0", NUMBER, (Repair.BLANKS,)),
        (f"\ufeff{NUMBER}\u200b", NUMBER, (Repair.MARKS,)),
        (f"\u202a{NUMBER}\u202c", NUMBER, (Repair.MARKS,)),
        (f"\u202d{NUMBER}\u202c", NUMBER, (Repair.MARKS,)),
        (f"\u200e{NUMBER}\u200f", NUMBER, (Repair.MARKS,)),
        (f"\u2066{NUMBER}\u2069", NUMBER, (Repair.MARKS,)),
        (f"{NUMBER}\u2060\u200d\u200c", NUMBER, (Repair.MARKS,)),
        (f"'{NUMBER}", NUMBER, (Repair.APOSTROPHE,)),
        (f" ' {NUMBER}", NUMBER, (Repair.BLANKS, Repair.APOSTROPHE)),
        (f'="{NUMBER}"', NUMBER, (Repair.TEXT_FORMULA,)),
        (f'=" {NUMBER}"', NUMBER, (Repair.BLANKS, Repair.TEXT_FORMULA)),
        (f"tel:{NUMBER}", NUMBER, (Repair.TEL,)),
        (f"TEL: {NUMBER}", NUMBER, (Repair.TEL,)),
        (f"'tel:{NUMBER}", NUMBER, (Repair.APOSTROPHE, Repair.TEL)),
        (FULL_WIDTH, NUMBER, (Repair.FULL_WIDTH,)),
        (
            "\uff08\uff15\uff17\uff13\uff09\uff19\uff16\uff19\uff0d\uff13\uff18\uff12\uff14",
            "(573)969-3824",
            (Repair.FULL_WIDTH,),
        ),
        ("\uff10\uff13\uff10\uff0f\uff11\uff12\uff13\uff14\uff15\uff16", "030/123456", (Repair.FULL_WIDTH,)),
        (
            "+\u0669\u0661\u0669\u0668\u0667\u0666\u0665\u0664\u0663\u0662\u0661\u0660",
            "+919876543210",
            (Repair.DIGITS,),
        ),
        (
            "+\u06f9\u06f1\u06f9\u06f8\u06f7\u06f6\u06f5\u06f4\u06f3\u06f2\u06f1\u06f0",
            "+919876543210",
            (Repair.DIGITS,),
        ),
        (
            "+\u096f\u0967\u096f\u096e\u096d\u096c\u096b\u096a\u0969\u0968\u0967\u0966",
            "+919876543210",
            (Repair.DIGITS,),
        ),
        (
            "\uff0b\u0669\u0661\u0669\u0668\u0667\u0666\u0665\u0664\u0663\u0662\u0661\u0660",
            "+919876543210",
            (Repair.FULL_WIDTH, Repair.DIGITS),
        ),
        ("+1\u00a0573\u2009969\u202f3824", "+1 573 969 3824", (Repair.BLANK_KINDS,)),
        ("+1\u3000573\u2003969 3824", "+1 573 969 3824", (Repair.BLANK_KINDS,)),
        ("(+1) 573 969 3824", "+1  573 969 3824", ()),
        ("( + 44 )20 7183 8750", "+44 20 7183 8750", ()),
        ("", "", ()),
        (" \t\u00a0", "", (Repair.BLANKS,)),
    ],
)
def test_tidy(cell: str, text: str, repairs: tuple[Repair, ...]) -> None:
    """What cannot carry meaning is taken away, every digit stays, and each change is named once."""
    assert layout.tidy(cell) == (text, repairs)


@pytest.mark.parametrize("repair", Repair)
def test_each_repair_reads_as_words(repair: Repair) -> None:
    """Every repair is told to the operator in words on one line."""
    assert " " in repair.value
    assert repair.value.isprintable()


@pytest.mark.parametrize(
    "cell",
    [
        NUMBER, "+1 (573) 969-3824", "573.969.3824", "+1.573.969.3824", "030/1234567", "+44 (0)20 7183 8750",
        "01 42 68 53 00", "0301234567", "00442071838750", "123456789012345", "+1--573", "573..9693824",
    ],
)  # fmt: skip
def test_layout_of_one_number(cell: str) -> None:
    """Blanks, brackets, hyphens, a slash behind the area code and two dots or more are a layout."""
    assert accident(cell) is None


@pytest.mark.parametrize(
    ("code", "cells"),
    [
        ("missing", ["", "   ", "\t\u00a0", "\u200b\ufeff", "'", '=""', "tel:"]),
        (
            "spreadsheet_error",
            [
                "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "########",
                "##",
                "Err:502", " #N/A ", "#GETTING_DATA",
            ],
        ),
        ("not_a_number", ["1" * 101, "+" + "x" * 200, "06.05.2024", "6.5.2024", "24/12/1999", "2024-05-06",
            "2024-05-06 12", "2024-05-0612", "06. 05. 2024", "06 05 2024 10 30", "06/05 2024", "06.05.24"]),
        (
            "hidden_characters",
            [
                "+1573\u200b9693824", "+1573\u00ad9693824", "+1573\u20609693824", "+1573\u200e9693824",
                "\u202e+15739693824", "+15739693824\u202e", "+1573\u202e9693824",
                "\u2067+15739693824\u2069",
                "\u202b+1573\u202c9693824", "+1573\ufeff9693824",
            ],
        ),
        ("mixed_digits", ["+1573969382\u0664", "\uff11573969382\u0664", "+\uff115739693824",
        "+9198765432\u0967\u0966", "1415555123\uff14.0"]),
        (
            "scientific_notation",
            [
                "1.41556E+10", "1.41556e10", "1,41556E+10", "+1.41556E+10", "1E10", "1.E10",
                "14155551234e0",
                "1.4 E + 10", "'1.41556E+10", '="1.41556E+10"', "\uff11.\uff14E+\uff11\uff10", "-1.5E+10",
                " 4.4E-7 ",
            ],
        ),
        (
            "float_tail",
            [
                "14155551234.0", "+14155551234.0", "14155551234.", "14155551234.00", "14155551234.5",
                "14155551234,0", "+14155551234,50", "'14155551234.0", " 14155551234.0\u00a0",
                '="14155551234.0"',
                "-14155551234.0",
                "\u0664\u0664\u0662\u0660\u0667\u0661\u0668\u0663\u0668\u0667\u0665\u0660.\u0660",
            ],
        ),
        ("minus", ["-15739693824", "\u221215739693824", "\u201315739693824", "\u2014 573 969 3824", "-"]),
        (
            "extension",
            [
                "+14155551234 x123", "+14155551234x123", "+14155551234 X 123", "+14155551234 ext 123",
                "+14155551234 ext. 123", "+14155551234 Ext: 123", "+14155551234 extn 123",
                "+14155551234 extension 123", "+14155551234 xtn 3", "+14155551234 int. 5",
                "+14155551234 anexo 5",
                "+49 30 123456 \u0434\u043e\u0431. 12", "+14155551234;ext=123", "+14155551234 ;ext=123",
                "+14155551234#123",
                "+14155551234 # 123", "+14155551234,,123#", "+14155551234, 123", "(415) 555-1234 x 123",
                "tel:+14155551234;ext=7",
            ],
        ),
        (
            "letters",
            [
                "+1800FLOWERS", "1-800-FLOWERS", "call 4155551234 now", "O4155551234", "+1415555123O",
                "l5739693824",
                "fax +14155551234", "+14155551234 (home)", "+14155551234p5", "+1573969\u0417824",
                "+15739693824 oder so",
                "John Smith", "N/A", "None", "nan", "TRUE", "+15739693824 or +12025550123",
                "\uff585739693824",
            ],
        ),
        ("one_dot", ["+1 415.5551234", "415 555.1234", "415.555.1234.0", "415.555.1234.", ".5739693824",
        "573 .0"]),
        (
            "two_numbers",
            [
                "+15739693824/+12025550123", "+15739693824;+12025550123", "+15739693824\n+12025550123",
                "+15739693824\r\n+12025550123", "+15739693824 +12025550123", "+15739693824, +12025550123",
                "+15739693824,+12025550123", "5739693824;2025550123", "5739693824, 2025550123",
                "5739693824 | 2025550123", "5739693824 & 2025550123", "573 969 3824\n202 555 0123",
                "++15739693824",
                "(030) 12345 (030) 54", "030 123456/7", "030 123456/57", "0221 12345/65432",
                "030 12345/67890", "+493012345/67890",
                "+49 30 12345/67890", "020 7183 8750/51", "030/123/4567", "5739693824 / 4",
                "+15739693824/",
            ],
        ),
        (
            "odd_characters",
            [
                "+4930123456(0)", "030(0)1234567", "+49 (0) (0) 30 123456",
                "*67", "#31#4155551234", "+1_573_969_3824", "+1*5739693824", "1,415,555,1234",
                "1'415'555'1234",
                "+15739693824;", "+1\u2013573\u2013969\u20133824",
                "+\u09e7\u09eb\u09ed\u09e9\u09ef\u09ec\u09ef\u09e9\u09ee\u09e8\u09ea",
                "14155551234\u00b70",
                "\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff11\uff12\uff13\uff14\uff0e\uff10",
                "=15739693824", "@15739693824", "+", "+15739693824\u2122", "$1 573 969 3824",
            ],
        ),
        (
            "beyond_15_digits",
            ["1234567890123456", "+1 4155551234567890", "4111 1111 1111 1111", "001234567890123456"],
        ),
    ],
)  # fmt: skip
def test_accident(code: str, cells: list[str]) -> None:
    """Every accident that a cell can suffer has its own name."""
    assert {cell: accident(cell) for cell in cells} == dict.fromkeys(cells, code)


@pytest.mark.parametrize(
    "cell", ["00123456789012345", "+123456789012345", "+44 (0)1234567890123", "0044 (0)1234567890123"]
)
def test_at_most_fifteen_digits(cell: str) -> None:
    """A leading 00 and a bracketed zero do not count among the fifteen digits."""
    assert accident(cell) is None


@pytest.mark.parametrize(
    ("text", "digits"), [("", ""), ("+1 (573) 9-6.9", "1573969"), ("no", ""), ("\u0664\u0664", "")]
)
def test_digits_of(text: str, digits: str) -> None:
    """The digits of a tidied text are its ASCII digits, in order."""
    assert layout.digits_of(text) == digits
