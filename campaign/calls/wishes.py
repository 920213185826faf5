"""Wishes: whether a person has asked in a call not to be called again, whichever campaign has made it."""

from campaign.calls.run import Run
from campaign.ledger import opt_outs
from campaign.models import Call
from campaign.rules import opt_out
from campaign.settings.opt_out import as_kept, read_kept


async def keep(run: Run) -> None:
    """Put into the ledger what this campaign looks for: other runs may have to judge its calls."""
    await run.commit(opt_outs.keep, run.campaign_id, as_kept(run.settings.opt_out))


async def asked(run: Run, campaign_id: int, call: Call) -> str:
    """How the person has asked for it, for the ledger; empty when they have not.

    What the campaign of the call looks for counts, and what the running one looks for.

    Args:
        run: The run that judges.
        campaign_id: The campaign that has made the call.
        call: The call, known to the ledger, with its results.
    """
    if campaign_id not in run.kept_opt_outs:
        run.kept_opt_outs[campaign_id] = read_kept(await run.fetch(opt_outs.kept_of, call.id))
    return opt_out.asked(call, run.kept_opt_outs[campaign_id], run.settings.opt_out)
