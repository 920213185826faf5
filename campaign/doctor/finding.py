"""Findings: what one check has seen, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from campaign.errors import CampaignError, ExitCode

NO_CURE = "mend it, then look again with `campaign doctor`"
"""What is said of an error whose line has no cure."""


class Verdict(StrEnum):
    """What a check comes to."""

    OK = "ok"
    NOTE = "note"
    """Calls can be made; something may not be as it was meant."""
    PROBLEM = "problem"
    """A campaign would not start, or do harm."""
    UNKNOWN = "unknown"
    """It could not be checked: neither ok nor a problem."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found, for people: a line, and a line with the cure where there is one."""

    check: str
    verdict: Verdict
    seen: str
    """Of a problem, its cause."""
    cure: str = ""
    exit_code: ExitCode = ExitCode.OK
    """What the command ends with because of this."""


def ok(check: str, seen: str) -> Finding:
    """All is well."""
    return Finding(check, Verdict.OK, seen)


def note(check: str, seen: str, cure: str) -> Finding:
    """Something to know."""
    return Finding(check, Verdict.NOTE, seen, cure)


def problem(check: str, cause: str, cure: str, exit_code: ExitCode = ExitCode.CONFIG) -> Finding:
    """Something to mend before anybody is called."""
    return Finding(check, Verdict.PROBLEM, cause, cure, exit_code)


def unknown(check: str, because: str) -> Finding:
    """A check that cannot be made."""
    return Finding(check, Verdict.UNKNOWN, f"could not be checked, because {because}")


def of_error(check: str, error: CampaignError) -> Finding:
    """The problem that an error tells, with the cure that stands in its line."""
    cause, _, cure = str(error).partition("; ")
    code = ExitCode.KEY_REFUSED if error.exit_code is ExitCode.KEY_REFUSED else ExitCode.CONFIG
    return problem(check, cause, cure or NO_CURE, code)


def exit_code(findings: list[Finding]) -> ExitCode:
    """How the command ends: 77 for the key, 78 for any other problem, else 0."""
    return max(
        (finding.exit_code for finding in findings if finding.exit_code), key=_by_weight, default=ExitCode.OK
    )


def _by_weight(code: ExitCode) -> bool:
    return code is ExitCode.KEY_REFUSED
