"""Spending: every call of a campaign that counts, and the budget that its latest run had."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, update

from campaign.ledger import schema
from campaign.models import HARMLESS_ATTEMPTS, AttemptState

_PAGE_ROWS = 5_000
_RECENT = 1_000

_COUNTED = (
    select(
        schema.attempts.c.id,
        schema.attempts.c.state,
        schema.calls.c.call_id,
        schema.calls.c.settled_at,
        schema.calls.c.status,
        schema.calls.c.duration_seconds,
        schema.calls.c.cost_cents,
        schema.calls.c.credits_used,
    )
    .select_from(schema.attempts)
    .outerjoin(schema.calls, schema.calls.c.attempt_id == schema.attempts.c.id)
    .where(
        schema.attempts.c.campaign_id == bindparam("campaign"),
        ~schema.is_one_of(schema.attempts.c.state, HARMLESS_ATTEMPTS),
    )
    .order_by(schema.attempts.c.id, schema.calls.c.id)
    .execution_options(yield_per=_PAGE_ROWS)
)
_KEEP_BUDGET = (
    update(schema.campaigns)
    .where(schema.campaigns.c.id == bindparam("campaign"))
    .values(budget=bindparam("budget"))
)
_SETTLED = (
    select(
        schema.calls.c.status,
        schema.calls.c.duration_seconds,
        schema.calls.c.cost_cents,
        schema.calls.c.credits_used,
    )
    .select_from(schema.calls)
    .join(schema.attempts)
    .where(
        and_(schema.attempts.c.agent_id == bindparam("agent"), schema.calls.c.settled_at.is_not(None)),
    )
    .order_by(schema.calls.c.id.desc())
    .limit(_RECENT)
)


@dataclass(frozen=True, slots=True)
class CountedCall:
    """A call that was made or may have been made. An attempt without a known call is one call."""

    attempt_id: int
    call_id: str | None
    """None when no call of the attempt is known."""
    is_over: bool
    """Whether all that will ever be known of it is known."""
    status: str = ""
    duration_seconds: float | None = None
    cost_cents: float | None = None
    credits_used: float | None = None


def counted_calls(connection: Connection, campaign_id: int) -> Iterator[CountedCall]:
    """Complete: every call of the campaign over all its runs, without those where nobody was called."""
    for row in connection.execute(_COUNTED, {"campaign": campaign_id}):
        if row.call_id is None:
            yield CountedCall(row.id, None, is_over=row.state == AttemptState.ENDED)
        else:
            yield CountedCall(
                row.id,
                row.call_id,
                is_over=row.settled_at is not None,
                status=row.status,
                duration_seconds=row.duration_seconds,
                cost_cents=row.cost_cents,
                credits_used=row.credits_used,
            )


def recent_calls_of(connection: Connection, agent_id: str) -> list[CountedCall]:
    """The newest settled calls of an agent, a thousand at the most, whichever campaign made them."""
    rows = connection.execute(_SETTLED, {"agent": agent_id})
    return [CountedCall(0, "", is_over=True, **row) for row in rows.mappings()]


def record_budget(connection: Connection, campaign_id: int, budget: Mapping[str, Any]) -> None:
    """Kept for whoever looks later: what the campaign may spend, and at how much a call is counted."""
    connection.execute(_KEEP_BUDGET, {"campaign": campaign_id, "budget": dict(budget)})


def budget_of(connection: Connection, campaign_id: int) -> dict[str, Any] | None:
    """As its latest run had it; None when no run of a version that knows budgets has begun."""
    found: dict[str, Any] | None = connection.scalar(
        select(schema.campaigns.c.budget).where(schema.campaigns.c.id == campaign_id)
    )
    return found
