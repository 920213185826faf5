"""Errors tell the operator's next step by their exit code."""

import pytest

from campaign import errors
from campaign.errors import CampaignError, ExitCode

CLASSES = [
    thing
    for thing in vars(errors).values()
    if isinstance(thing, type) and issubclass(thing, CampaignError) and thing is not CampaignError
]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("UsageError", 64), ("ListError", 65), ("InputMissingError", 66), ("ApiUnavailableError", 69),
        ("OutputError", 73), ("LedgerError", 74), ("NotFinishedError", 75), ("KeyRefusedError", 77),
        ("ConfigError", 78),
    ],
)  # fmt: skip
def test_exit_codes(name: str, code: int) -> None:
    """Each error has the exit code that the design publishes."""
    assert getattr(errors, name).exit_code == code


def test_one_code_each() -> None:
    """No two sorts of errors share an exit code, and none looks like success or a bug."""
    codes = [error.exit_code for error in CLASSES if error.__base__ is CampaignError]
    assert len(set(codes)) == len(codes) == 9
    assert not {ExitCode.OK, ExitCode.BUG, ExitCode.INTERRUPTED} & set(codes)


def test_unsorted_error_is_a_bug() -> None:
    """An error of no sort counts as a bug."""
    assert CampaignError.exit_code == 70


def test_ends_without_an_error() -> None:
    """The ends that no error stands for have their published codes too."""
    assert (ExitCode.OK, ExitCode.BUG, ExitCode.NEEDS_REVIEW, ExitCode.INTERRUPTED) == (0, 70, 80, 130)
