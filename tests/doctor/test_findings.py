"""Findings: what the command ends with, and what the checks say that no account is needed for."""

import pytest

from campaign.doctor import machine
from campaign.doctor.finding import Finding, Verdict, exit_code, note, of_error, ok, problem, unknown
from campaign.errors import ConfigError, ExitCode, KeyRefusedError

BAD = problem("agent", "none", "make one")
KEY = of_error("API key", KeyRefusedError("refused; look at it"))


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([], ExitCode.OK),
        ([ok("a", "b"), note("a", "b", "c"), unknown("a", "b")], ExitCode.OK),
        ([ok("a", "b"), BAD], ExitCode.CONFIG),
        ([BAD, KEY, BAD], ExitCode.KEY_REFUSED),
        ([KEY, BAD], ExitCode.KEY_REFUSED),
    ],
)
def test_the_exit_code(findings: list[Finding], code: ExitCode) -> None:
    """The key before all else; notes and checks that could not be made are no problem."""
    assert exit_code(findings) is code


def test_an_error_is_a_cause_and_a_cure() -> None:
    """Its line has both; where it has no cure, there is still something to do."""
    assert (KEY.seen, KEY.cure) == ("refused", "look at it")
    assert of_error("a", ConfigError("broken")).cure


@pytest.mark.parametrize(
    ("version", "verdict"), [("2026.1", Verdict.OK), ("2025.2", Verdict.OK), ("2024.2", Verdict.NOTE)]
)
def test_old_time_zones(version: str, verdict: Verdict) -> None:
    """Countries change their clocks now and then."""
    assert machine.time_zones(2026, version=version).verdict is verdict


def test_time_zones_that_are_missing() -> None:
    """Without their rules nobody can say when people may be called."""
    assert machine.time_zones(2026, zones=["Nowhere/At_All"]).verdict is Verdict.PROBLEM
