"""What an agent will say aloud is text, complete and harmless."""

import pytest

from campaign.contacts import values


def reasons(*cells: str, required: bool = False) -> dict[int, str]:
    """What is wrong with the values of a variable, by their position."""
    found = values.objections(cells, name="city", required=required)
    return {at: f"{problem.code}: {problem.reason}" for at, problem in found.items()}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    "cells",
    [
        ["Ann"],
        ["NA", "None", "null", "nan", "TRUE", "0", "-", "1.50"],
        ["O'Brien", 'Ann "Nan" Lee', "a, b; c | d", "50%", "<b>", "$x", "[x]", "(x)", "\\n", "=1+1", "@x"],
        ["Jos\u00e9", "\u5f20\u4f1f", "\u0645\u062d\u0645\u062f", "\U0001f600", "e\u0301"],
        ["no. #5", "#1", "C#", "# N/A", "see #N/A there", "####x"],
        ["x" * 1_000],
    ],
)
def test_plain_columns(cells: list[str], required: bool) -> None:
    """A column of ordinary text has nothing wrong with it, whatever words or signs it uses."""
    assert values.objections(cells, name="city", required=required) == {}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("a\nb", "a line break"),
        ("a\rb", "a line break"),
        ("a\r\nb", "a line break"),
        ("a\u2028b", "a line break"),
        ("a\u2029b", "a line break"),
        ("a\tb", "a tab"),
        ("a\x00b", "a control character (U+0000)"),
        ("\x07", "a control character (U+0007)"),
        ("a\x0bb", "a control character (U+000B)"),
        ("a\x1b[0m", "a control character (U+001B)"),
        ("a\x7f", "a control character (U+007F)"),
        ("a\x85b", "a control character (U+0085)"),
        ("{{name}}", "a curly brace, as templates have"),
        ("{", "a curly brace, as templates have"),
        ("a}", "a curly brace, as templates have"),
        ("#N/A", "the spreadsheet error #N/A"),
        (" #REF! ", "the spreadsheet error #REF!"),
        ("#DIV/0!", "the spreadsheet error #DIV/0!"),
        ("########", "the spreadsheet error ########"),
    ],
)
def test_unsafe_values(value: str, what: str) -> None:
    """What would break out of a line or a template, or is an error of the spreadsheet, is named."""
    assert reasons("fine", value, "fine") == {1: f"unsafe_value: the value has {what}"}


def test_an_error_of_a_formula_in_another_spreadsheet() -> None:
    """An error as LibreOffice shows it is found although it has no number sign."""
    assert reasons("fine", "Err:502") == {1: "unsafe_value: the value has the spreadsheet error Err:502"}


def test_a_value_may_have_a_thousand_characters() -> None:
    """A value longer than any agent would say is refused, at the first character too many."""
    found = reasons("x" * 1_000, "x" * 1_001, "x" * 100_000)
    assert set(found) == {1, 2}
    assert found[1] == "value_too_long: the value is longer than 1,000 characters"


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "   \u2003"])
def test_required_values(blank: str) -> None:
    """A blank is wrong only where the agent says the variable."""
    assert reasons("Ann", blank, "Ben") == {}
    assert reasons("Ann", blank, "Ben", required=True) == {
        1: "value_missing: no value for city, which the agent needs"
    }


def test_each_value_has_its_own_problem() -> None:
    """All wrong values of a column are found at once, by their position, and the others are left alone."""
    found = reasons("Ann", "", "a\tb", "{x}", "Ben", "#N/A", "y" * 2_000, required=True)
    assert set(found) == {1, 2, 3, 5, 6}


@pytest.mark.parametrize("value", ["", "a\nb", "\x00", "{", "#N/A", "x" * 2_000])
def test_problems_are_one_line_with_a_cure(value: str) -> None:
    """Whatever the value holds, what is said about it can be printed on one line."""
    for problem in values.objections([value], name="city", required=True).values():
        assert problem.reason.isprintable()
        assert problem.cure.isprintable()
        assert problem.cure
