"""Numbers as a spreadsheet shows them, by their format code."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.contacts.files import shown


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (14155551234, "General", "14155551234"),
        (999_999_999_999_999, "General", "999999999999999"),
        (0.1 + 0.2, "General", "0.3"),
        (-2.5, "General", "-2.5"),
        (1 / 3, "General", "0.333333333333333"),
        (5, "@", "5"),
        (2.5, 'General" pcs"', "2.5 pcs"),
        (5, "0", "5"),
        (42, "00000", "00042"),
        (1.005, "0.00", "1.01"),
        (-5.5, "0.0", "-5.5"),
        (-0.001, "0.00", "0.00"),
        (0.5, ".00", ".50"),
        (1.5, "0.##", "1.5"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (12, "0,000", "0,012"),
        (0.256, "0%", "26%"),
        (0.256, "0.0 %", "25.6 %"),
        (1, "0%", "100%"),
        (-5, "0;[Red](0)", "(5)"),
        (-5, "0;-0;nil", "-5"),
        (5551234, "[<=9999999]###-####;(###) ###-####", "555-1234"),
        (4155551234, "[<=9999999]###-####;(###) ###-####", "(415) 555-1234"),
        (123456789, "000-00-0000", "123-45-6789"),
        (14155551234, '"+"0', "+14155551234"),
        (14155551234, "+0", "+14155551234"),
        (14155551234, "\\+0", "+14155551234"),
        (12, '0"a;b"', "12a;b"),
        (1234.5, "#,##0.00\\ [$€-407]", "1,234.50 €"),
        (7, "[$-409]0", "7"),
        (7, "$0.00", "$7.00"),
        (7, "[Color 10]0", "7"),
        (-1234.5, "_($* #,##0.00_);_($* (#,##0.00)", "$(1,234.50)"),
        (12345678.9, "0.0,,", "12.3"),
    ],
)
def test_numbers(value: float, code: str, text: str) -> None:
    """A number has the text that its format gives it in an English spreadsheet."""
    assert shown.number(float(value), code) == text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (45000, "yyyy-mm-dd", "2023-03-15"),
        (45000.5, "yyyy-mm-dd hh:mm", "2023-03-15 12:00"),
        (45000, "d/m/yy", "15/3/23"),
        (45000, "dddd, mmmm d, yyyy", "Wednesday, March 15, 2023"),
        (45000, "ddd d-mmm", "Wed 15-Mar"),
        (45000, "mmmmm", "M"),
        (45000.123456789, "h:mm AM/PM", "2:57 AM"),
        (0.75, "h A/P", "6 P"),
        (45000.123456789, "mm:ss.0", "57:46.7"),
        (1.5, "[h]:mm:ss", "36:00:00"),
        (0.5, "[mm]", "720"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (45000, "[$-F800]dddd\\,\\ mmmm", "2023-03-15"),
        (45000, '[$-411]ggge"年"m"月"d"日"', "2023-03-15"),
        (45000.25, "[$-411]ggge d", "2023-03-15 06:00:00"),
        (0.25, "[$-F400]h:mm:ss AM/PM", "06:00:00"),
    ],
)
def test_moments(value: float, code: str, text: str) -> None:
    """A date or a time has the text of its format in English, or ISO 8601 where the format is not known."""
    assert shown.number(float(value), code) == text


def test_epoch_1904() -> None:
    """A workbook that counts from 1904 has its dates four years and a day later."""
    assert shown.number(43538.0, "yyyy-mm-dd", epoch_1904=True) == "2023-03-15"


@pytest.mark.parametrize(
    "code",
    [
        "0.00E+00",
        "##0.0E+0",
        "0,",
        "0,,",
        "#,",
        ";;;",
        "yyyy-mm-dd",
        "[h]:mm",
        "[$-411]ggge",
        "# ?/?",
        "0 km",
        "@",
    ],
)
@pytest.mark.parametrize("value", [14155551234, 100_000_000_000_000])
def test_whole_numbers_keep_their_digits(value: int, code: str) -> None:
    """No format takes a digit from a whole number: not powers of ten, not thousands, not dates."""
    assert shown.number(float(value), code) == str(value)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1e15, "0", "1e+15"),
        (1234567890123456, "General", "1.23456789012346e+15"),
        (123456789012345678, "General", "1.23456789012346e+17"),
        (123456789012345678, "#,##0", "1.23456789012346e+17"),
        (123456789012345.5, "General", "123456789012345.5"),
        (0.00001, "General", "1e-05"),
        (2.5, "# ?/?", "2.5"),
        (-2.5, "# ?/?", "-2.5"),
        (2.5, "0 km", "2.5"),
        (2.5, "[DBNum1]0", "2.5"),
        (-2.5, "yyyy", "-2.5"),
        (60, "yyyy-mm-dd", "60"),
        (0, "#", "0"),
        (-5.5, "[>100]0;[>0]0.0;0", "-5.5"),
    ],
)
def test_plain_forms(value: float, code: str, text: str) -> None:
    """What is too large for its digits, or has a format that is not known, never looks like other digits."""
    assert shown.number(float(value), code) == text


CODES = st.one_of(
    st.sampled_from(
        ["0", "General", "@", '"+"0', "###-###-####", '000"."000"."0000', '0"0"', "yyyymmdd", "[h]"]
    ),
    st.text('0#?.,%;/@ +-()_*E[]<>=$hmsydAP"\\GeneralRed:', max_size=60),
    st.integers(0, 255).map(lambda n: "0." + "0" * n),
    st.integers(0, 300).map(lambda n: "0" + "%" * n),
    st.integers(0, 300).map(lambda n: "0.0" + "," * n),
)


@given(st.floats(allow_nan=False, allow_infinity=False), CODES, st.booleans())
def test_any_number_has_a_text(value: float, code: str, epoch_1904: bool) -> None:
    """No number and no format code stops the reading."""
    assert shown.number(value, code, epoch_1904)


@given(st.floats(1e6, 1e14).filter(lambda value: not value.is_integer()), CODES, st.booleans())
def test_a_fraction_is_never_lost(value: float, code: str, is_negative: bool) -> None:
    """A number with a fraction never comes out as something that is taken for a phone number."""
    text = shown.number(-value if is_negative else value, code)
    layout = re.sub(r"[\s()+/-]", "", text)
    assert not layout.isdecimal()
    assert layout.count(".") < 2


@pytest.mark.parametrize(
    ("value", "code", "epoch_1904"),
    [
        (2958465.9999999, "yyyy-mm-dd hh:mm:ss", False),
        (2957100, "yyyy-mm-dd", True),
        (2957100, "[$-411]gg", True),
    ],
)
def test_after_the_last_day(value: float, code: str, epoch_1904: bool) -> None:
    """A moment beyond the year 9999 is no date, but the number that it is."""
    assert shown.number(float(value), code, epoch_1904) == shown.plain(float(value))
