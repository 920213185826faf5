"""The start of a run: what earlier runs left and spent, what is left to do, and whether OneInbox is there."""

from contextlib import aclosing, suppress
from dataclasses import asdict
from datetime import datetime

import anyio

from campaign.calls import breaker
from campaign.calls.run import Run
from campaign.calls.spending import Spending
from campaign.calls.track import Tracker
from campaign.errors import ApiUnavailableError
from campaign.ledger import attempts, calls, campaigns, spending
from campaign.ledger.attempts import Doubt
from campaign.ledger.late import LONGEST
from campaign.ledger.ledger import Connection
from campaign.logs import get_logger
from campaign.models import FINAL_STATUSES
from campaign.oneinbox.errors import ApiError, Fatal, NotFound, Throttled, Unsupported
from campaign.rules.budget import corrected

log = get_logger(__name__)


async def recover(run: Run, tracker: Tracker, *, others: bool) -> None:
    """Take up what earlier runs left: requests cut off in the middle, doubts, calls that have not settled.

    Those of other campaigns are brought to their end as well, since nobody else would, unless they are left
    to the next run; none of their rows is dialled.
    """
    interrupted = await run.commit(attempts.doubt_interrupted, run.now())
    doubts, run.lost = await run.fetch(_unknown, run.now() - LONGEST)
    for doubt in doubts:
        run.doubt(doubt.attempt_id, own=False)
    found = await run.fetch(calls.open_calls)
    left_over = [record for record in found if others or record.campaign_id == run.campaign_id]
    for record in left_over:
        tracker.follow(record)
    if interrupted or left_over:
        log.info("run.recovered", in_doubt=interrupted, calls=len(left_over))


def _unknown(connection: Connection, since: datetime) -> tuple[list[Doubt], dict[str, datetime]]:
    return attempts.doubts(connection), attempts.lost(connection, since)


async def take_stock(run: Run) -> None:
    """Read what the campaign has spent by now, and keep its limits; what a killed run has left live counts.

    Why dialling ended is told by what is known now.
    """
    terms = run.spending.terms
    run.spending = await run.fetch(Spending.read, run.campaign_id, terms)
    run.stop_notice = corrected(run.stop_notice, run.spending.outlay(), run.settings.budget)
    kept = {**run.settings.budget.limits, **asdict(terms)}
    await run.commit(spending.record_budget, run.campaign_id, kept)


async def has_work(run: Run) -> bool:
    """Whether a call is to be followed or looked for, or a row of the campaign is not final."""
    counts = await run.fetch(campaigns.counts, run.campaign_id)
    return run.has_open_attempts or any(status not in FINAL_STATUSES for status in counts)


async def confirm_clock(run: Run) -> bool:
    """Whether the clock is OneInbox's, as far as any reply tells the time. When not, the run is halted."""
    if run.api.clock_ahead_s is None:
        with suppress(ApiError):
            async with aclosing(run.api.recent_calls(run.settings.agent_id)) as pages:
                await anext(pages)
    return breaker.is_clock_right(run)


async def reach_api(run: Run, tracker: Tracker) -> bool:
    """Ask OneInbox for one page before anybody is called: is it there, and does it take the key?

    What the page shows may be a further call of a request, which an earlier run has not seen.

    Returns:
        False when the run has been halted instead, with the reason.
    """
    give_up_at = anyio.current_time() + run.timing.preflight_s
    while not run.is_stopping:
        try:
            async with aclosing(run.api.recent_calls(run.settings.agent_id)) as pages:
                page = await anext(pages)
        except (Unsupported, NotFound):
            # Without a list, calls are followed one by one.
            return True
        except Fatal as error:
            run.halt(error.stop_reason(), leave=True)
        except Throttled as error:
            run.pace.pause(error.retry_after_s or run.timing.backoff_s)
            return True
        except ApiError as error:
            if anyio.current_time() + run.timing.backoff_s > give_up_at:
                problem = f"{error.what}; check ONEINBOX_BASE_URL and the network. Nobody was called"
                run.halt(ApiUnavailableError(problem), leave=True)
            else:
                await anyio.sleep(run.timing.backoff_s)
        else:
            await tracker.listed(page.calls)
            return True
    return False
