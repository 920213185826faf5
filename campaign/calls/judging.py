"""Judging: a call is judged by the rules of the campaign that has made it, whichever run reads it."""

from campaign.calls import schedule
from campaign.calls.run import Run
from campaign.ledger import judging
from campaign.ledger.judging import Kept
from campaign.models import Call, Disposition
from campaign.rules import opt_out
from campaign.rules.judging import Judging
from campaign.settings import RetrySettings
from campaign.settings.dispositions import kept_lines, read_lines_kept
from campaign.settings.opt_out import as_kept, read_kept


async def keep(run: Run) -> None:
    """Put into the ledger by what this campaign judges: other runs may have to judge its calls."""
    settings = run.settings
    kept = Kept(
        as_kept(settings.opt_out), kept_lines(settings.dispositions), tuple(settings.retry.never_after)
    )
    await run.commit(judging.keep, run.campaign_id, kept)


async def judging_of(run: Run, campaign_id: int, call_id: str) -> Judging:
    """By what the calls of a campaign are judged, as its latest run had it.

    Args:
        run: The run that judges.
        campaign_id: The campaign.
        call_id: One of its calls, known to the ledger.
    """
    if campaign_id not in run.judgings:
        kept = await run.fetch(judging.kept_of, call_id)
        is_own = campaign_id == run.campaign_id
        # What another campaign left behind is brought to its end, and not dialled again.
        retry = run.settings.retry if is_own else RetrySettings.of_others(kept.never_after)
        run.judgings[campaign_id] = Judging(
            read_kept(kept.opt_out), read_lines_kept(kept.dispositions), retry
        )
    return run.judgings[campaign_id]


async def wish_in(run: Run, campaign_id: int, call: Call) -> str:
    """How the person has asked not to be called again, for the ledger; empty when they have not.

    What the campaign of the call looks for counts, and what the running one looks for.

    Args:
        run: The run that judges.
        campaign_id: The campaign that has made the call.
        call: The call, known to the ledger, with its results.
    """
    theirs = await judging_of(run, campaign_id, call.id)
    return opt_out.asked(call, theirs.looked_for, run.settings.opt_out)


async def may_get_results(run: Run, campaign_id: int, call: Call, disposition: Disposition) -> bool:
    """Whether a call of this campaign that has settled lacks results that may still come.

    A field that tells a wish is one of them, whichever of the two campaigns looks for it.
    """
    theirs = await judging_of(run, campaign_id, call.id)
    lacks_field = opt_out.may_be_told_later(call, theirs.looked_for, run.settings.opt_out)
    return schedule.may_get_results(call, disposition, lacks_field=lacks_field)
