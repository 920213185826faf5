"""`campaign calls`: single calls of the account, whoever made them: looked at, stopped, labelled."""

from contextlib import aclosing
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
from campaign.errors import ApiUnavailableError, ExitCode, UsageError

if TYPE_CHECKING:
    from campaign.models import Call, OutcomeLabel
    from campaign.oneinbox.client import OneInbox

MOST_SHOWN = 1_000

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The call, as OneInbox names it.")]

app = typer.Typer(
    help="Single calls of this account: show, list, stop, and their outcomes.",
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
    """Show a call: how it stands or ended, what was said, and what OneInbox makes of it."""
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
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST_SHOWN, help="How many at most.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the latest calls of the account, those of other tools and incoming ones among them."""
    found = talk("listing the calls", lambda api: latest(api, agent, limit))
    if as_json:
        output.say_json([call_views.as_data(call) for call in found])
    elif found:
        output.say_data("\n".join(call_views.rows(found)))
    else:
        output.say("this account has no calls" + (" of that agent" if agent else ""))


@app.command()
def stop(
    call_id: IdArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hang up: whoever is on the line is cut off. Never needed to read what was said."""
    from campaign.ledger import known_calls

    call = talk("looking at the call", lambda api: api.get_call(call_id))
    if call.has_ended:
        output.say(f"the call has ended already ({output.visible(call.status)}); nothing was done")
    else:
        to = f" to {call.to_number}" if call.to_number else ""
        confirm(
            f"Hang up on the person in this call{output.visible(to)} ({output.visible(call.status)})?",
            yes=yes,
        )
        look = f"campaign calls show {call_id}"
        call = talk("stopping the call", lambda api: _stop(api, call_id), look=look)
        with ledger_if_any(ledger) as opened:
            if opened is not None:
                now = datetime.now(UTC)
                opened.write(known_calls.record_hung_up, call_id, who=login_name(), now=now).result()
        output.say(f"the call is stopped ({output.visible(call.status)})")
    if as_json:
        output.say_json(call_views.as_data(call))


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
    """Show the outcomes that calls of this account may have: the built-in ones and its own."""
    found = talk("listing the outcomes", lambda api: _outcomes(api))
    if as_json:
        output.say_json([_outcome_as_data(each) for each in found])
        return
    output.say_data("\n".join(map(_outcome_line, found)))


async def latest(api: "OneInbox", agent: str | None, limit: int) -> list["Call"]:
    """So many calls from the head of the account's list, the newest first. Raises as `recent_calls`."""
    found: dict[str, Call] = {}
    async with aclosing(api.recent_calls(agent)) as pages:
        async for page in pages:
            # A list that selects no agent gives everybody's.
            found |= {call.id: call for call in page.calls if agent is None or call.agent_id in (agent, None)}
            if len(found) >= limit:
                break
    oldest = datetime.min.replace(tzinfo=UTC)
    newest_first = sorted(found.values(), key=lambda call: call.created_at or oldest, reverse=True)
    return newest_first[:limit]


async def _stop(api: "OneInbox", call_id: str) -> "Call":
    # Not every generation answers with the call.
    return await api.stop_call(call_id) or await api.get_call(call_id)


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
