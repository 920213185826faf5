"""`campaign calls`: single calls of the account, whoever made them: looked at, stopped, labelled."""

from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import call_views, output
from campaign.cli.known_ledger import ledger_if_any
from campaign.cli.options import JsonOption, LedgerOption
from campaign.cli.reasons import login_name
from campaign.cli.setting_up import confirm
from campaign.cli.talking import talk
from campaign.errors import ApiUnavailableError, CampaignError, ExitCode, LedgerError, UsageError

if TYPE_CHECKING:
    from campaign.models import Call, OutcomeLabel
    from campaign.oneinbox.client import OneInbox

MOST_SHOWN = 1_000
MOST_PAGES = 50
"""Of the list are read so many at most,"""
LIST_S = 60.0
"""and within this time."""
LOOK_S = 5.0
"""A call that is to be stopped is looked at for so long at most."""

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The call, as OneInbox names it.")]

app = typer.Typer(
    help="Single calls of this account, and their outcomes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def show(
    call_id: IdArgument,
    recording: Annotated[
        bool, typer.Option("--recording", help="With the link to the recording: it opens it to anybody.")
    ] = False,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a call stands or ended, and what was said.

    What OneInbox makes of it is shown as well.
    """
    from campaign.ledger import known_calls

    call = talk("looking at the call", lambda api: api.get_call(call_id))
    with ledger_if_any(ledger) as opened:
        whose = opened.read(known_calls.whose, call_id) if opened is not None else None
    if as_json:
        output.say_json(call_views.as_whole(call, whose, with_recording=recording))
    else:
        output.say_data("\n".join(call_views.lines(call, whose, with_recording=recording)))


@app.command("list")
def list_calls(
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="Only calls of this agent.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=MOST_SHOWN, help="How many at most.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the latest calls of the account.

    Those of other tools and incoming ones are among them.
    """
    found = talk("listing the calls", lambda api: latest(api, agent, limit))
    if as_json:
        output.say_json([call_views.as_data(call) for call in found.calls])
    elif found.calls:
        output.say_data("\n".join(call_views.rows(found.calls)))
    elif not found.is_cut:
        output.say("this account has no calls" + (" of that agent" if agent else ""))
    if found.is_cut:
        seen = "call was" if found.looked_at == 1 else f"{found.looked_at:,} calls were"
        output.say(f"only the newest {seen} looked at, as the list of this account does not come to its end")


@app.command()
def stop(
    call_id: IdArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hang up: whoever is on the line is cut off. Never needed to read what was said."""
    from campaign.models import Call

    before = talk("looking at the call", lambda api: _look(api, call_id, is_needed=not yes))
    if before is not None and before.has_ended and not yes:
        output.say(f"the call has ended already ({output.visible(before.status)}); nothing was done")
        if as_json:
            output.say_json(call_views.as_data(before))
        return
    if before is not None:
        to = f" to {before.to_number}" if before.to_number else ""
        confirm(
            f"Hang up on the person in this call{output.visible(to)} ({output.visible(before.status)})?",
            yes=yes,
        )
    look = f"campaign calls show {call_id}"
    stopped = talk("stopping the call", lambda api: _stop(api, call_id), look=look)
    call = stopped or before or Call(call_id, "", has_ended=False)
    had_ended = before is not None and before.has_ended
    status = f" ({output.visible(call.status)})" if call.status else ""
    output.say(
        f"the call had ended already{status}; the stop changes nothing"
        if had_ended
        else f"the call is stopped{status}"
    )
    if as_json:
        output.say_json(call_views.as_data(call))
    if not had_ended:
        _record_hung_up(call_id, ledger)


@app.command()
def outcome(
    call_id: IdArgument,
    label: Annotated[
        str, typer.Argument(metavar="LABEL", help="Like 'Interested'; `calls outcomes` shows all.")
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="Campaign file whose opt_out.outcomes count."),
    ] = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a call another outcome, at OneInbox and in the ledger.

    With a label like Do Not Call the person is suppressed first, in every campaign of the ledger.
    """
    from campaign.cli import labelling

    if not label.strip():
        raise UsageError("LABEL is empty; `campaign calls outcomes` shows those that there are")
    wishes = labelling.wishes(config)
    labelled = labelling.give(call_id, label, wishes=wishes, location=ledger)
    if as_json:
        output.say_json(call_views.as_data(labelled.call) | {"is_suppressed": labelled.is_suppressed})
    else:
        output.say_data(output.visible(labelled.shown))
    for note in labelled.notes:
        output.say(note)
    if labelled.is_left_to_human:
        raise typer.Exit(ExitCode.NEEDS_REVIEW)


@app.command()
def outcomes(as_json: JsonOption = False) -> None:
    """Show the outcomes that calls of this account may have.

    These are the built-in ones and its own.
    """
    found = talk("listing the outcomes", lambda api: _outcomes(api))
    if as_json:
        output.say_json([_outcome_as_data(each) for each in found])
        return
    output.say_data("\n".join(map(_outcome_line, found)))


@dataclass(frozen=True, slots=True)
class Latest:
    """The head of the account's list."""

    calls: "list[Call]"
    """The newest first, no more than were wanted."""
    looked_at: int
    is_cut: bool
    """Whether the list went on where nobody looked any further."""


async def latest(api: "OneInbox", agent: str | None, limit: int, *, within_s: float = LIST_S) -> Latest:
    """So many calls from the head of the account's list, in so much time. Raises as `recent_calls`."""
    import anyio

    found: dict[str, Call] = {}
    seen: set[str] = set()
    pages_read, is_cut = 0, False
    with anyio.move_on_after(within_s) as time:
        async with aclosing(api.recent_calls(agent)) as pages:
            async for page in pages:
                pages_read += 1
                seen.update(call.id for call in page.calls)
                # A list that selects no agent gives everybody's.
                found |= {
                    call.id: call for call in page.calls if agent is None or call.agent_id in (agent, None)
                }
                # Cursors may go round in circles.
                is_cut = pages_read == MOST_PAGES and not page.is_last and len(found) < limit
                if is_cut or len(found) >= limit:
                    break
    oldest = datetime.min.replace(tzinfo=UTC)
    newest_first = sorted(found.values(), key=lambda call: call.created_at or oldest, reverse=True)
    return Latest(newest_first[:limit], len(seen), is_cut or time.cancelled_caught)


async def _look(api: "OneInbox", call_id: str, *, is_needed: bool) -> "Call | None":
    """The call as it is now; None when that cannot be told soon and need not be. Raises as `get_call`."""
    import anyio

    from campaign.oneinbox.errors import ApiError, NotFound

    if is_needed:
        return await api.get_call(call_id)
    with anyio.move_on_after(LOOK_S):
        try:
            return await api.get_call(call_id)
        except NotFound:
            raise
        except ApiError:
            return None
    return None


async def _stop(api: "OneInbox", call_id: str) -> "Call | None":
    from campaign.oneinbox.errors import ApiError

    # Not every generation answers with the call.
    if (stopped := await api.stop_call(call_id)) is not None:
        return stopped
    with suppress(ApiError):
        return await api.get_call(call_id)
    return None


def _record_hung_up(call_id: str, location: str | None) -> None:
    """Journal it where a ledger is. Raises LedgerError, which says that the call is stopped all the same."""
    from campaign.ledger import known_calls

    try:
        with ledger_if_any(location) as opened:
            if opened is not None:
                now = datetime.now(UTC)
                opened.write(known_calls.record_hung_up, call_id, who=login_name(), now=now).result()
    except (CampaignError, OSError) as error:
        raise LedgerError(f"the call is stopped, but the ledger does not know it: {error}") from error


async def _outcomes(api: "OneInbox") -> tuple["OutcomeLabel", ...]:
    from campaign.oneinbox.errors import NotFound

    try:
        return await api.outcomes()
    except NotFound as error:
        raise ApiUnavailableError("this account's API has no outcomes of its own to list") from error


def _outcome_as_data(outcome: "OutcomeLabel") -> dict[str, Any]:
    return {
        "label": outcome.label,
        "name": outcome.name,
        "is_own": outcome.is_own,
        "is_active": outcome.is_active,
        "description": outcome.description,
    }


def _outcome_line(outcome: "OutcomeLabel") -> str:
    told = (
        f"{outcome.label:24}",
        "own" if outcome.is_own else "built in",
        "" if outcome.is_active else "not in use",
        outcome.description or "",
    )
    return output.visible("  ".join(filter(None, told)))
