"""One call outside any campaign, carried out: asked of every rule, kept in the ledger, made, and told."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from campaign.cli import output
from campaign.cli.call_end import NOT_MADE, say
from campaign.cli.question import is_agreed
from campaign.cli.unlimited import unlimited
from campaign.cli.views import ledger_flag
from campaign.errors import (
    ApiUnavailableError,
    ExitCode,
    ListError,
    NotFinishedError,
)

if TYPE_CHECKING:
    from campaign.calls.report import RunReport
    from campaign.calls.single import Witness
    from campaign.calls.timing import Timing
    from campaign.calls.watchdog import Watchdog
    from campaign.cli.agent import AskedAccount
    from campaign.contacts.suppression import SuppressionLists
    from campaign.ledger.ledger import Ledger, RunLock
    from campaign.ledger.single_calls import Unfinished
    from campaign.models import Contact
    from campaign.rules.gate import Verdict
    from campaign.settings import Calendar, CampaignSettings, DaysOff, Environment

CUT_OFF = "it was cut off before the call was made"
MOST_NOES = 10
"""One after the other, each until the next: more have no end that anybody could tell."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Everything that is known of the call before it is made."""

    contact: "Contact"
    settings: "CampaignSettings"
    environment: "Environment"
    account: "AskedAccount"
    days_off: "DaysOff"
    calendar: "Calendar"
    lists: "SuppressionLists"
    suppressed: Mapping[str, str]
    """Numbers of the campaign file's suppression lists, with the list they stand in."""
    timing: "Timing"
    waits: bool
    """Whether the call is followed to its transcript."""
    is_again: bool = False
    """Whether caps forgive earlier calls of this kind."""
    asks: bool = True
    as_json: bool = False
    ledger_location: str | None = None
    """What `--ledger` says."""

    def read_again(self) -> "Errand":
        """With suppression lists and days off as they are by now. Raises as the reading of either."""
        return replace(self, suppressed=self.lists.read(datetime.now(UTC)), calendar=self.days_off.read())


def carry_out(errand: Errand, ledger: "Ledger", held: "RunLock", watchdog: "Watchdog") -> ExitCode:
    """Make the call, under the ledger's run lock, and say what came of it.

    The watchdog is told how long each part of it may take, the closing of the ledger afterwards included.

    Raises:
        CampaignError: It was not made, or OneInbox refused it; the text says why.
    """
    from campaign.calls.single import rules_for
    from campaign.ledger import campaigns, results, single_calls

    now, number = datetime.now(UTC), errand.contact.to_number
    ledger.write(single_calls.give_up_waiting, CUT_OFF, now).result()
    _settle_earlier(errand, ledger, held, watchdog)
    name = f"call-{now:%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
    since = now - errand.settings.caps.longest
    forgiven = ledger.read(single_calls.called_at, number, since) if errand.is_again else ()
    rules = rules_for(errand.settings, name, forgiven=forgiven, now=now)
    _refuse_forbidden(errand, ledger, rules, now)
    with unlimited(
        watchdog, "the question", then="reading the lists again", limit_s=errand.timing.step_longest_s
    ):
        _confirm(errand)
    # It may have taken a while to answer, and the lock may have gone to another run.
    held.check()
    if errand.asks:
        # Every rule is asked once more at the dial.
        errand = errand.read_again()
    campaign_id = _enrol(errand, ledger, rules)
    try:
        report, witness = _run(errand, ledger, held, watchdog, campaign_id, rules, follow=errand.waits)
    finally:
        ended = datetime.now(UTC)
        ledger.write(single_calls.give_up_waiting, NOT_MADE, ended, campaign_id=campaign_id).result()
        ledger.write(campaigns.finish_settled, ended).result()
    [row] = ledger.read(lambda connection: list(results.result_rows(connection, campaign_id)))
    return say(
        row,
        report,
        witness,
        errand.settings,
        waits=errand.waits,
        as_json=errand.as_json,
        ledger_location=errand.ledger_location,
    )


def _enrol(errand: Errand, ledger: "Ledger", rules: "CampaignSettings") -> int:
    from campaign.contacts import single
    from campaign.ledger import campaigns

    now = datetime.now(UTC)
    campaign_id = ledger.write(
        campaigns.start,
        name=rules.name,
        name_pattern=campaigns.SINGLE_CALL,
        agent_id=rules.agent_id,
        intake=single.list_of(errand.contact),
        now=now,
    ).result()
    if basis := rules.contacts.consent_basis:
        ledger.write(campaigns.note_consent, campaign_id, basis, now).result()
    return campaign_id


def _refuse_forbidden(errand: Errand, ledger: "Ledger", rules: "CampaignSettings", now: datetime) -> None:
    """Raise an error with the reason when a rule says no. At the moment of the dial all are asked again."""
    from campaign.calls.breaker import opening_of, stop_error
    from campaign.calls.person import Known
    from campaign.calls.single import judge
    from campaign.ledger.breakers import open_breakers
    from campaign.models import RowStatus
    from campaign.rules import quota
    from campaign.rules.caps import CAP

    for held in ledger.read(open_breakers, None):
        if held.needs_reset:
            flag = ledger_flag(errand.ledger_location)
            error = stop_error(opening_of(held), held.campaign, ledger_flag=flag)
            raise ApiUnavailableError(f"{NOT_MADE}: {error}")
    usage = errand.account.usage
    left = usage.left_today if usage is not None else None
    reserve = rules.budget.reserve_calls
    if left is not None and quota.left_to_campaign(left, on_the_way=0, reserve=reserve) <= 0:
        raise NotFinishedError(f"{NOT_MADE}: the account has no call left today; from 00:00 UTC on it has")
    known = Known(
        0,
        rules,
        errand.suppressed,
        errand.account.spoken,
        started_at=now,
        calendar=errand.calendar,
    )

    def ask(at: datetime) -> "Verdict":
        return ledger.read(judge, errand.contact, known, at)

    verdict = ask(now)
    if verdict.may_dial:
        return
    if verdict.status not in (RowStatus.WAITING, RowStatus.NEEDS_REVIEW):
        raise ListError(f"{NOT_MADE}: the person is {verdict.status}: {verdict.reason}")
    opening = _opening_after(verdict, ask)
    when = f"; from {opening.astimezone():%Y-%m-%d %H:%M %Z} on it may be" if opening else ""
    more = ", or with --again" if verdict.gate == CAP.name and not errand.is_again else ""
    raise NotFinishedError(f"{NOT_MADE}: {verdict.reason}{when}{more}")


def _opening_after(verdict: "Verdict", ask: Callable[[datetime], "Verdict"]) -> datetime | None:
    """When every rule says yes, as things stand; None when no time is known.

    Until then a no may follow another, as when a cap ends in the night; and a time at which a rule is to be
    asked again is no opening by itself.
    """
    for _ in range(MOST_NOES):
        at = verdict.not_before
        if at is None:
            return None
        verdict = ask(at)
        if verdict.may_dial:
            return at
    return None


def _settle_earlier(errand: Errand, ledger: "Ledger", held: "RunLock", watchdog: "Watchdog") -> None:
    """Bring an earlier call to this person to its end, where it was left. Raises when it is still on."""
    from campaign.calls.single import rules_for
    from campaign.ledger import single_calls

    for left in ledger.read(single_calls.unfinished, errand.contact.to_number):
        _refuse_live(left)
        rules = rules_for(errand.settings, left.name, now=datetime.now(UTC))
        with output.busy("settling the earlier call"):
            _run(errand, ledger, held, watchdog, left.campaign_id, rules, follow=True, is_quiet=True)


def _refuse_live(left: "Unfinished") -> None:
    from campaign.cli.talking import talk

    call_id = left.call_id
    if call_id is None:
        return
    before = talk("looking at the earlier call", lambda api: api.get_call(call_id))
    if not before.has_ended:
        raise NotFinishedError(
            f"an earlier call to this person is still on ({output.visible(before.status)}): "
            f"wait for its end, or hang up with `campaign calls stop {output.visible(call_id)}`"
        )


def _confirm(errand: Errand) -> None:
    contact = errand.contact
    if not errand.asks:
        return
    names = ", ".join(map(output.visible, errand.settings.call.variables_for(contact.variables)))
    says = f", with values for {names}" if names else ""
    question = f"Call {contact.to_number} now with agent {errand.settings.agent_id}{says}?"
    if not is_agreed(question, patience_s=errand.timing.question_longest_s):
        output.say("Nobody was called.")
        raise typer.Exit(ExitCode.NOT_FINISHED)


def _run(
    errand: Errand,
    ledger: "Ledger",
    held: "RunLock",
    watchdog: "Watchdog",
    campaign_id: int,
    rules: "CampaignSettings",
    *,
    follow: bool,
    is_quiet: bool = False,
) -> tuple["RunReport", "Witness"]:
    """The run of one row, as of any campaign."""
    import anyio
    import anyio.to_thread

    from campaign.calls.ports import LedgerBesideLoop
    from campaign.calls.runner import run_campaign
    from campaign.calls.single import Witness
    from campaign.oneinbox.client import OneInbox

    def tell(call_id: str, status: str) -> None:
        if not is_quiet:
            output.say(
                f"{datetime.now().astimezone():%H:%M:%S}  {output.visible(status)}  {output.visible(call_id)}"
            )

    async def nothing() -> None:
        """No file is written of one call."""

    environment = errand.environment

    async def main() -> tuple["RunReport", "Witness"]:
        api = OneInbox(environment.base_url(), environment.api_key(), proxy=environment.proxy())
        async with api, anyio.create_task_group() as beside:
            beside.start_soon(watchdog.follow_loop)
            witness = Witness(api, tell)
            report = await run_campaign(
                campaign_id=campaign_id,
                name=rules.name,
                settings=rules,
                ledger=LedgerBesideLoop(ledger),
                api=witness,
                write_results=nothing,
                check_lock=lambda: anyio.to_thread.run_sync(held.check),
                epoch=held.epoch,
                on_progress=lambda _progress: None,
                on_stall=watchdog.end,
                suppressed=errand.suppressed,
                spoken=errand.account.spoken,
                longest_call_s=errand.account.longest_call_s,
                calendar=errand.calendar,
                timing=errand.timing,
                follow=follow,
                follow_others=False,
            )
            beside.cancel_scope.cancel()
        return report, witness

    try:
        return anyio.run(main)
    finally:
        watchdog.allow("closing the ledger", errand.timing.step_longest_s)
