"""Judging: by what each campaign judges its calls, for whoever has to judge them in its place."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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
    .values(
        opt_out=bindparam("opt_out"),
        dispositions=bindparam("dispositions"),
        never_after=bindparam("never_after"),
    )
)
_KEPT = (
    select(_CAMPAIGNS.opt_out, _CAMPAIGNS.dispositions, _CAMPAIGNS.never_after)
    .select_from(schema.calls)
    .join(schema.attempts, schema.attempts.c.id == schema.calls.c.attempt_id)
    .join(schema.campaigns, _CAMPAIGNS.id == schema.attempts.c.campaign_id)
    .where(schema.calls.c.call_id == bindparam("call"))
)


class Kept(NamedTuple):
    """What a campaign has kept; None what none of its runs has, as older versions kept less or nothing."""

    opt_out: Mapping[str, Any] | None = None
    """What it takes for a wish not to be called again."""
    dispositions: Sequence[Mapping[str, Any]] | None = None
    """Its own lines of the table that says how a call ended."""
    never_after: Sequence[str] | None = None
    """The outcomes after which it tries nobody again."""


def keep(connection: Connection, campaign_id: int, kept: Kept) -> None:
    """Kept as the latest run of the campaign has it; of a single call, as the run has it that dials it."""
    connection.execute(_KEEP, {"campaign": campaign_id, **kept._asdict()})


def kept_of(connection: Connection, call_id: str) -> Kept:
    """As committed: what is kept of the campaign that has made this call; nothing when no campaign has."""
    found = connection.execute(_KEPT, {"call": call_id}).one_or_none()
    return Kept(*found) if found else Kept()
