"""Opt-outs: what each campaign takes for a wish not to be called again, for whoever judges its calls."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, exists, or_, select, update

from campaign.ledger import schema
from campaign.ledger.campaigns import SINGLE_CALL

_CAMPAIGNS = schema.campaigns.c
_IS_DIALLED = exists().where(schema.attempts.c.campaign_id == _CAMPAIGNS.id)
_KEEP = (
    update(schema.campaigns)
    .where(
        _CAMPAIGNS.id == bindparam("campaign"),
        # Another command that brings a single call to its end has a campaign file of its own.
        or_(_CAMPAIGNS.name_pattern != SINGLE_CALL, ~_IS_DIALLED),
    )
    .values(opt_out=bindparam("opt_out"))
)
_KEPT = (
    select(_CAMPAIGNS.opt_out)
    .select_from(schema.calls)
    .join(schema.attempts, schema.attempts.c.id == schema.calls.c.attempt_id)
    .join(schema.campaigns, _CAMPAIGNS.id == schema.attempts.c.campaign_id)
    .where(schema.calls.c.call_id == bindparam("call"))
)


def keep(connection: Connection, campaign_id: int, opt_out: Mapping[str, Any]) -> None:
    """Kept as the latest run of the campaign has it; of a single call, as the run has it that dials it."""
    connection.execute(_KEEP, {"campaign": campaign_id, "opt_out": dict(opt_out)})


def kept_of(connection: Connection, call_id: str) -> dict[str, Any] | None:
    """As committed: what is kept of the campaign that has made this call.

    Returns:
        None when no run of a version that keeps it has begun, or the call is of no campaign of this ledger.
    """
    found: dict[str, Any] | None = connection.scalar(_KEPT, {"call": call_id})
    return found
