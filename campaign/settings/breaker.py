"""The settings of the breaker: what is taken for a sign that going on would do harm to everybody."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from campaign.settings.dispositions import Pattern
from campaign.settings.sections import Section
from campaign.settings.values import Duration, Share, Whole


def _more_than_none(value: float) -> float:
    if value == 0:
        raise ValueError("a share of 0 would stop every campaign; write more, like 0.2 for 20%")
    return value


def _at_least_a_minute(value: timedelta) -> timedelta:
    if value < timedelta(minutes=1):
        raise ValueError("clocks are set right by less than that all the time; write 1m or more, like 5m")
    return value


SomeShare = Annotated[Share, AfterValidator(_more_than_none)]


class BreakerSettings(Section):
    """When dialling stops because something is wrong for more than one row."""

    same_refusals: Whole = Field(default=3, ge=1, le=100)
    """So many rows in a row refused for the same field."""
    lost_requests: Whole = Field(default=3, ge=0, le=100)
    lost_share: SomeShare = 0.02
    """More requests than these two allow, by number and by share, whose fate is unknown."""
    unanswered_share: SomeShare = 0.5
    """This share of the last 20 requests, ten at least, without a usable answer."""
    failed_share: SomeShare = 0.8
    """This share of the last 20 calls failed, or of the calls of a stage."""
    ordinary_ends: tuple[Pattern, ...] = ()
    """End reasons that good calls have, beside the usual ones; `*` and `?` as in `dispositions`."""
    opt_out_share: SomeShare = 0.2
    opt_out_conversations: Whole = Field(default=10, ge=1, le=10_000)
    """A larger share of the conversations, of so many at least, ended with a wish not to be called again."""
    clock_jump: Annotated[Duration, AfterValidator(_at_least_a_minute)] = timedelta(minutes=5)
    """The wall clock was set by more than this during the run, or differs from OneInbox's as it begins."""
