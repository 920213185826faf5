"""The breaker of a run: what its tasks see is told here, and what that opens stops dialling at once.

The decisions are made in `campaign.rules.breaker`; here they stop the run, and reach the ledger.
"""

from contextlib import aclosing

import anyio

from campaign.calls.run import Run
from campaign.contacts.phone import country_of
from campaign.errors import ApiUnavailableError, CampaignError, ConfigError, KeyRefusedError
from campaign.ledger import breakers
from campaign.ledger.breakers import BreakerRecord
from campaign.ledger.calls import OpenCall
from campaign.ledger.doubles import Doubling
from campaign.logs import get_logger, redact
from campaign.models import Call, CallRequest, Disposition
from campaign.oneinbox.errors import (
    KEY_CURE,
    AccountRefused,
    ApiError,
    CountryRefused,
    Fatal,
    KeyRefused,
    NotFound,
    Part,
    SetupRefused,
    Unsupported,
)
from campaign.rules import blame
from campaign.rules.breaker_events import ClocksApart, ClockSet, Denied, Ended, Event, FirstCallsFailed
from campaign.rules.dispositions import read_disposition
from campaign.rules.opening import Opening, Rule, Scope, closing_command

log = get_logger(__name__)

REASON_LENGTH = 80
"""What is quoted of an end reason, in characters."""

_CURES = {
    Part.AGENT: blame.AGENT_CURE,
    Part.FROM_NUMBER: blame.FROM_NUMBER_CURE,
    Part.CARRIER: blame.CARRIER_CURE,
    Part.CALL: "check call.webhook_url, call.metadata and call.overrides in the campaign file",
    None: "check agent_id and from_numbers in the campaign file",
}


def stop_error(opening: Opening, name: str, *, ledger_flag: str = "") -> CampaignError:
    """The line for people, with the exit code: cause, cure, and how it is closed.

    Args:
        opening: What has stopped dialling.
        name: The campaign.
        ledger_flag: As for a run.
    """
    text = f"{opening.cause}; {opening.cure}"
    if opening.needs_reset:
        text += f", then {closing_command(name, ledger_flag=ledger_flag)}"
    match opening.rule:
        case Rule.KEY:
            return KeyRefusedError(text)
        case Rule.SETUP:
            return ConfigError(text)
        case _:
            return ApiUnavailableError(text)


def opening_of(record: BreakerRecord) -> Opening:
    """What the ledger remembers, as the rules have it."""
    return Opening(
        Rule(record.rule), record.cause, record.cure, Scope(record.scope), record.subject, record.evidence
    )


async def tell(run: Run, event: Event) -> None:
    """Take an event into account. What it opens has stopped dialling before this waits for anything."""
    opening = run.breaker.see(event)
    if opening is None:
        return
    if opening.scope is Scope.CAMPAIGN and not opening.passes:
        run.halt(stop_error(opening, run.name, ledger_flag=run.ledger_flag))
    run.changed.ring()
    log.error("breaker.opened", rule=opening.rule.value, scope=opening.scope.value)
    await run.commit(
        breakers.record_open,
        run.campaign_id,
        rule=opening.rule,
        cause=opening.cause,
        cure=opening.cure,
        scope=opening.scope,
        subject=opening.subject,
        evidence=opening.evidence,
        needs_reset=opening.needs_reset,
        of_account=opening.is_of_account,
        now=run.now(),
    )


def denial(error: Fatal | CountryRefused, request: CallRequest) -> Denied:
    """What a refused create-call request says of all others.

    In our own words: those of the reply may name the person, and stand with the row as its `call_error`.
    """
    what, about = error.what, error.about if isinstance(error, SetupRefused) else None
    match error:
        case KeyRefused():
            return Denied(Rule.KEY, f"{what}, the key was refused", KEY_CURE)
        case AccountRefused():
            return Denied(Rule.CREDIT, f"{what}, the account cannot pay", blame.CREDIT_CURE)
        case CountryRefused():
            country = country_of(request.to_number) or ""
            scope = Scope.COUNTRY if country else Scope.CAMPAIGN
            cause = f"{what}, calls to {country or 'this country'} are refused"
            return Denied(Rule.COUNTRY, cause, blame.GEO_CURE, scope, country)
        case SetupRefused(about=Part.FROM_NUMBER):
            cause = f"{what} about the from number"
            return Denied(Rule.SETUP, cause, _CURES[about], Scope.FROM_NUMBER, request.from_number)
        case _:
            return Denied(Rule.SETUP, f"{what} about the {about or 'set-up'}", _CURES[about])


async def confirm_key(run: Run) -> None:
    """With one GET: is the key refused for everything? Then live calls cannot be followed either."""
    try:
        await ask(run)
    except KeyRefused:
        run.halt(KeyRefusedError(KEY_CURE), leave=True)
    except ApiError as error:
        log.info("breaker.unconfirmed", error=error.brief)


async def ask(run: Run) -> None:
    """One GET, in place of a dial. Raises ApiError."""
    async with aclosing(run.api.recent_calls(run.settings.agent_id)) as pages:
        await anext(pages)


async def wait_for_answers(run: Run) -> None:
    """Dialling has stopped for want of answers: GETs find out when OneInbox works again, and no dial does."""
    patience_s, pause_s = run.timing.api_patience_s, run.timing.backoff_s
    give_up_at = anyio.current_time() + patience_s
    run.waiting_for = "OneInbox to answer again"
    while run.breaker.is_waiting:
        await anyio.sleep(pause_s)
        pause_s = min(2 * pause_s, run.timing.backoff_max_s)
        try:
            await ask(run)
        except (Unsupported, NotFound):
            pass
        except ApiError as error:
            log.warning("breaker.still_open", error=error.brief)
            if anyio.current_time() > give_up_at:
                run.halt(ApiUnavailableError(f"{error.what}; run again when OneInbox works"), leave=True)
            continue
        run.breaker.answered_again()
        await run.commit(
            breakers.close_rule,
            run.campaign_id,
            Rule.UNANSWERED,
            because="OneInbox has answered a GET",
            now=run.now(),
        )


async def take_up(run: Run) -> None:
    """At the start of a run: what a human has to close stays open, and the first calls are counted."""
    found = await run.commit(breakers.begin_run, run.campaign_id, run.now())
    run.breaker.openings = [opening_of(record) for record in found]
    sizes = run.settings.pace.stages
    if sizes:
        most = sum(sizes) + 3 * len(sizes)
        for end in await run.fetch(breakers.first_ends, run.campaign_id, most=most):
            disposition = end.disposition or (_disposition(run, end.call) if end.call else None)
            has_failed = (
                end.call is None
                or disposition is None
                or blame.has_failed(end.call, disposition, run.settings.breaker.ordinary_ends)
            )
            run.stages.ended(has_failed=has_failed, reason=_reason(end.call) if end.call else "")


def stay_open(run: Run) -> None:
    """Dial nobody in this run when a breaker that an earlier one opened holds the whole campaign."""
    if (opening := run.breaker.stopping()) is not None:
        log.error("breaker.still_open", rule=opening.rule.value)
        error = stop_error(opening, run.name, ledger_flag=run.ledger_flag)
        run.halt(ApiUnavailableError(f"dialling was stopped: {error}"))


async def ended(run: Run, record: OpenCall, call: Call, disposition: Disposition) -> None:
    """A call of this run's campaign has ended, and this is how it reads."""
    if record.campaign_id != run.campaign_id:
        return
    reason, ordinary = _reason(call), run.settings.breaker.ordinary_ends
    has_failed = blame.has_failed(call, disposition, ordinary)
    is_odd = blame.is_odd(call, disposition, ordinary)
    country = country_of(record.to_number) or ""
    if run.breaker.stopping(record.from_number, country) is not None:
        # Known to fail, or not: it says nothing about the others.
        return
    await tell(run, Ended(record.from_number, country, has_failed, reason, is_odd))
    if run.breaker.stopping(record.from_number, country) is not None:
        run.stages.begin_stage_anew()
    else:
        await first_call_over(run, has_failed=has_failed, reason=reason)


async def ended_by_itself(run: Run, found: Doubling, call: Call) -> None:
    """A list shows that a call is over which nobody has followed, as its request was turned away."""
    country = country_of(found.to_number) or ""
    is_open = run.breaker.stopping(found.from_number, country) is not None
    has_failed = blame.has_failed(call, _disposition(run, call), run.settings.breaker.ordinary_ends)
    if found.campaign_id == run.campaign_id and not is_open:
        await tell(run, Ended(found.from_number, country, has_failed, _reason(call)))


def _reason(call: Call) -> str:
    # It is quoted for people, and OneInbox may have put a number into it.
    return redact(call.end_reason or call.status)[:REASON_LENGTH]


def _disposition(run: Run, call: Call) -> Disposition:
    return read_disposition(call, run.settings.dispositions).disposition


async def first_call_over(run: Run, *, has_failed: bool, reason: str = "") -> None:
    """One of the first calls has ended, or is left to a human."""
    if run.stages.ended(has_failed=has_failed, reason=reason):
        await tell(run, FirstCallsFailed(tuple(run.stages.failed), run.stages.seen))


async def check_clock(run: Run) -> None:
    """Compare the wall clock with the steady one. When it was set, dialling has stopped."""
    await tell(run, ClockSet(run.clock_set_by_s()))


def is_clock_right(run: Run) -> bool:
    """Compare the wall clock with OneInbox's, before anybody is called. When they differ, the run is halted.

    The ledger hears nothing of it: no call was made by this clock, and the next run compares them again.
    """
    opening = run.breaker.see(ClocksApart(run.api.clock_ahead_s or 0.0))
    if opening is not None:
        run.halt(stop_error(opening, run.name, ledger_flag=run.ledger_flag), leave=True)
    return all(each.rule is not Rule.WRONG_CLOCK for each in run.breaker.openings)
