"""Cells: phone numbers as lists have them, tidy, mutilated and hostile; the same ones for the same seed."""

from functools import cache
from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

KINDS = tuple(sorted(PhoneNumberType.values()))
REGIONS = tuple(sorted(phonenumbers.SUPPORTED_REGIONS))

_FULL_WIDTH = str.maketrans(
    "+0123456789()-", "\uff0b\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff08\uff09\uff0d"
)
_ARABIC = str.maketrans("0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669")
_PERSIAN = str.maketrans("0123456789", "\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9")
_DEVANAGARI = str.maketrans("0123456789", "\u0966\u0967\u0968\u0969\u096a\u096b\u096c\u096d\u096e\u096f")
_ONE_ARABIC = str.maketrans("7", "\u0667")
_SCRIPTS = (*[{}] * 12, _FULL_WIDTH, _ARABIC, _PERSIAN, _DEVANAGARI, _ONE_ARABIC)
_AROUND = (
    *[("", "")] * 8, (" ", ""), ("", " "), ("\t", "\n"), ("'", ""), ("\ufeff", ""), ("\u202a", "\u202c"),
    ("tel:", ""), ('="', '"'), ("\u00a0", "\u200b"), (" '", " "), ("\u202e", ""),
)  # fmt: skip
_GAPS = ("", "", "", " ", "  ", "-", "\u00a0", "\u2009", ") ", " (", "/", " - ")
_INSERTED = (
    *"0123456789", *"ABCXxeEO", "+", ".", ",", ";", "/", "#", "*", "\n", "\u200b", "\u202e", " ext. 12",
    " x5", ";ext=7", ",,8#", "\u0663", "\uff14", " / 030 1234567", "\u00ad", "&", "|",
)  # fmt: skip
_DECIMAL_MARKS = (".", ".", ".", ",", ",", "\uff0e", "\uff0c", "\u066b")
_EXPONENTS = (
    "{}.{}E+{}", "{}.{}e{}", "{},{}E+{}", "+{}.{}E{}", "{}{}E+{}", "{}.{} E +{}", "{}{}e-{}",
    "{},{}\uff25+{}",
)  # fmt: skip


@cache
def examples(region: str) -> tuple[str, ...]:
    """The library's example numbers of one region, one of each type, as E.164."""
    numbers = (phonenumbers.example_number_for_type(region, kind) for kind in KINDS)
    return tuple(
        dict.fromkeys(
            phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in numbers if number
        )
    )


@cache
def people(region: str) -> tuple[str, ...]:
    """Example numbers of one region that belong to people: fixed line and mobile, as E.164."""
    kinds = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)
    numbers = (phonenumbers.example_number_for_type(region, kind) for kind in kinds)
    return tuple(phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in numbers if number)


def clean(rng: Random, region: str, count: int) -> list[str]:
    """A plus and digits: at and beside the edges of the ranges of a region, and anywhere in its plan."""
    code = len(str(phonenumbers.country_code_for_region(region)))
    known = examples(region)
    cells = []
    for draw in rng.choices(range(2**62), k=count):
        number = known[draw % len(known)]
        length = len(number) + (0, 0, 1, -1, 2)[draw // 32 % 5]
        tail = f"{draw:019d}"[-12:]
        kind = draw // 256 % 8
        known_digits = 1 + code + draw // 4096 % (len(number) - code - (1 if kind < 2 else 4))
        head = number[:known_digits]
        if kind == 0:
            tail = "0" * 12
        elif kind == 1:
            tail = "9" * 12
        elif kind == 2:
            # The neighbour of a range: one step up or down where the known digits end.
            head = f"+{int(head) + (1, -1)[draw // 2048 % 2]}"
        cells.append((head + tail)[: max(length, len(head))])
    return cells


def layouts(rng: Random, region: str, count: int) -> list[str]:
    """Numbers of people in one region in every layout, with and without plus, most of them mutilated."""
    code = str(phonenumbers.country_code_for_region(region))
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    heads = (
        *[f"+{code} "] * 4, f"+{code}", f"(+{code}) ", f"+{code} (0)", f"+{code} {trunk}",
        f"+{code} ({trunk})", f"00{code} ", f"011 {code} ", f"0011 {code}", code, *[trunk] * 3, "",
        f"0 15 {trunk}",
    )  # fmt: skip
    known = people(region)
    cells = []
    for _ in range(count):
        number = known[rng.getrandbits(1) % len(known)][1 + len(code) :]
        national = number[:-4] + f"{rng.getrandbits(13):04d}"
        cut = 1 + rng.getrandbits(3) % (len(national) - 1)
        cell = rng.choice(heads) + national[:cut] + rng.choice(_GAPS) + national[cut:]
        if rng.random() < 0.7:
            at = rng.randrange(len(cell) + 1)
            cell = cell[:at] + rng.choice(_INSERTED) + cell[at + rng.getrandbits(1) :]
        cells.append(_decorated(rng, cell))
    return cells


def floats(rng: Random, region: str, count: int) -> list[str]:
    """Cells with one dot, a decimal comma or an exponent, made of numbers that would be good without."""
    known = tuple(number[1:] for number in people(region))
    cells = []
    for _ in range(count):
        number = known[rng.getrandbits(1) % len(known)][:-4] + f"{rng.getrandbits(13):04d}"
        at = 1 + rng.getrandbits(4) % (len(number) - 1)
        shape = rng.random()
        if shape < 0.25:
            cell = rng.choice(_EXPONENTS).format(number[:1], number[1:at], rng.getrandbits(4))
        elif shape < 0.3:
            cell = rng.choice(("", "+")) + number + rng.choice((".0", ",0", ".", ".00"))
        else:
            cell = rng.choice(("", "+")) + number[:at] + rng.choice(_DECIMAL_MARKS) + number[at:]
            if shape < 0.6:
                gap = rng.randrange(1, len(cell))
                # A blank beside the comma would make it a mark between two numbers, not a decimal one.
                if "," not in cell and "\uff0c" not in cell:
                    cell = cell[:gap] + rng.choice((" ", "-", "'", "\u00a0", "(")) + cell[gap:]
        cells.append(_decorated(rng, cell))
    return cells


def _decorated(rng: Random, cell: str) -> str:
    before, after = rng.choice(_AROUND)
    return before + cell.translate(rng.choice(_SCRIPTS)) + after
