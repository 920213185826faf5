"""How what the breaker holds is told: lines for people, and data for programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from campaign.cli.views import ledger_flag
from campaign.rules.opening import ONE_CALL_FIRST, closing_command

if TYPE_CHECKING:
    from campaign.ledger.breakers import BreakerRecord
    from campaign.rules.opening import Opening


def opening_as_data(opening: "Opening") -> dict[str, Any]:
    """What a run has opened, or found open."""
    return {
        "rule": opening.rule.value,
        "cause": opening.cause,
        "cure": opening.cure,
        "scope": opening.scope.value,
        "subject": opening.subject or None,
        "evidence": dict(opening.evidence),
        "needs_reset": opening.needs_reset,
        "all_campaigns": opening.is_of_account,
    }


def record_as_data(record: "BreakerRecord") -> dict[str, Any]:
    """What the ledger knows of an open breaker."""
    return {
        "rule": record.rule,
        "cause": record.cause,
        "cure": record.cure,
        "scope": record.scope,
        "subject": record.subject or None,
        "evidence": dict(record.evidence),
        "needs_reset": record.needs_reset,
        "all_campaigns": record.of_account,
        "opened_by": record.campaign,
        "since": record.opened_at.isoformat(timespec="seconds"),
    }


def told(breaker: dict[str, Any], name: str, ledger: str | None) -> Sequence[str]:
    """The lines of one open breaker.

    Args:
        breaker: As data.
        name: The campaign that is looked at.
        ledger: What `--ledger` says, for the advice.
    """
    whom = {"from_number": f"from {breaker['subject']}: ", "country": f"to {breaker['subject']}: "}
    since = f"{breaker['since'][:16].replace('T', ' ')} UTC"
    by = f", met by {breaker['opened_by']}" if breaker["opened_by"] != name else ""
    if breaker["needs_reset"]:
        closing = f"{closing_command(name, ledger_flag=ledger_flag(ledger))} closes it"
    else:
        closing = "the next run dials again"
        if breaker["rule"] in ONE_CALL_FIRST:
            closing += ", with one call first"
    return (
        f"{name}: dialling stopped since {since}{by}: {whom.get(breaker['scope'], '')}{breaker['cause']}",
        f"  cure: {breaker['cure']}; {closing}",
    )
