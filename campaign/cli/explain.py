"""`campaign explain`: why one row was or was not dialled, gate by gate, and when it may be."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import output, views
from campaign.cli.options import JsonOption, LedgerOption, refuse_far_rows
from campaign.errors import UsageError
from campaign.models import FINAL_STATUSES, RowStatus

if TYPE_CHECKING:
    from campaign.ledger.campaigns import CampaignRecord
    from campaign.ledger.ledger import Ledger
    from campaign.ledger.rows import Event, RowNow
    from campaign.rules.person import Person
    from campaign.settings import CampaignSettings, HookSettings


def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")],
    row: Annotated[
        int,
        typer.Argument(
            metavar="ROW", help="As your spreadsheet numbers it.", min=1, callback=refuse_far_rows
        ),
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="The campaign file, for what every rule says."),
    ] = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how a row stands, and what every rule says of it. Calls nobody.

    All that has happened to it is told as well.
    """
    from campaign import logs
    from campaign.ledger import rows

    logs.configure(level=logging.WARNING)
    # Before the ledger is looked at: what is wrong with the file is what the operator can mend.
    settings = None
    if config is not None:
        from campaign.settings import load_campaign_file

        settings = load_campaign_file(config, name=name)
    with views.open_ledger(ledger) as opened:
        record = views.find_campaign(opened, name, ledger)
        found = opened.read(rows.rows_numbered, record.id, row)
        if not found:
            raise UsageError(
                f"campaign {name} has no row {row}; rows are numbered as your spreadsheet shows them"
            )
        told = [_story(each, opened.read(rows.history, each.contact_id)) for each in found]
        if settings is not None:
            notes = _ask_rules(opened, record, settings, found, told)
        elif any(map(_is_asked, found)):
            notes = ["with --config FILE it also says what every rule says of the row now"]
        else:
            notes = []
    if as_json:
        output.say_json({"campaign": name, "row": row, "rows": told, "notes": notes})
        return
    for each in told:
        output.say_data("\n".join(map(output.visible, _lines(row, each, by_file=settings is not None))))
    for note in notes:
        output.say(f"note: {note}")


def _story(row: "RowNow", events: "list[Event]") -> dict[str, Any]:
    """What the ledger has of a row, for programs."""
    return {
        "to_number": str(row.contact.to_number) if row.contact else None,
        "is_in_list": row.is_in_list,
        "status": row.status,
        "reason": row.reason,
        "not_before": row.not_before.isoformat() if row.not_before else None,
        "tries": row.contact.tries if row.contact else 0,
        "zone_source": row.contact.zone_source if row.contact else None,
        "gates": [],
        "next_eligible": None,
        "hook": None,
        "events": [
            {"at": each.at.isoformat(), "event": each.event, "detail": each.detail} for each in events
        ],
    }


def _ask_rules(
    ledger: "Ledger",
    record: "CampaignRecord",
    settings: "CampaignSettings",
    found: Sequence["RowNow"],
    told: Sequence[dict[str, Any]],
) -> list[str]:
    """Add to what is told of each row what the rules say about it now. Returns what could not be asked."""
    from campaign.calls.breaker import opening_of
    from campaign.calls.person import Known, look_at
    from campaign.calls.prospect import means_of
    from campaign.cli.agent import ask_account
    from campaign.contacts.suppression import SuppressionLists
    from campaign.doctor.row_agents import ask_agents
    from campaign.ledger import hook
    from campaign.ledger.breakers import open_breakers
    from campaign.models import Agent
    from campaign.rules.words import as_heard
    from campaign.settings import Environment, make_calendar

    now, environment = datetime.now(UTC), Environment()
    lists = SuppressionLists(settings.suppression, default_region=settings.contacts.default_region)
    account = ask_account(settings, environment, with_usage=False)
    own = {row.contact.agent_id for row in found if row.contact and row.contact.agent_id}
    agents = ask_agents(sorted(own - {settings.agent_id}), environment)
    # What passes by itself is closed when the next run begins.
    stopped = [each for each in ledger.read(open_breakers, record.id) if each.needs_reset]
    means = means_of(ledger, record, settings, longest_call_s=account.longest_call_s, usage=None)
    known = Known(
        record.id,
        settings,
        lists.read(now),
        account.spoken,
        openings=list(map(opening_of, stopped)),
        outlay=means.outlay,
        started_at=record.started_at,
        calendar=make_calendar(settings.hours, now),
        spoken_by={
            agent_id: as_heard(agent, settings).placeholders
            for agent_id, agent in agents.items()
            if isinstance(agent, Agent)
        },
    )
    for row, story in zip(found, told, strict=True):
        if row.contact is None:
            continue
        if settings.hook:
            story["hook"] = _hook(settings.hook, ledger.read(hook.last_answer, row.contact_id))
        if _is_asked(row):
            person = ledger.read(look_at, row.contact, known, now)
            story["gates"] = _gates(person, settings, now)
            story["next_eligible"] = _next_eligible(person, settings, now)
    unread = (agent_id for agent_id in agents if agent_id not in known.spoken_by)
    return [
        *account.notes,
        *(
            f"the first message of agent {agent_id} was not read, so its variables are not checked"
            for agent_id in unread
        ),
    ]


def _hook(hook: "HookSettings", last: "Event | None") -> dict[str, Any]:
    """Who is asked before a dial, and what it said last. It is not asked here."""
    from campaign.ledger.hook import FAILED

    said = None if last is None else f"failed: {last.detail}" if last.event == FAILED else last.detail
    return {"name": hook.name, "said": said, "said_at": last.at.isoformat() if last else None}


def _is_asked(row: "RowNow") -> bool:
    """Whether a run would ask the gates about this row."""
    return row.status is RowStatus.WAITING


def _gates(person: "Person", settings: "CampaignSettings", now: datetime) -> list[dict[str, Any]]:
    from campaign.rules.gates import GATES

    told = []
    for gate in GATES:
        verdict = gate.ask(person, settings, now)
        told.append(
            {
                "gate": gate.name,
                "looked_at": gate.looks_at(person, settings, now),
                "may_dial": verdict.may_dial,
                "reason": verdict.reason,
                "becomes": None if verdict.may_dial else verdict.status,
                "not_before": verdict.not_before.isoformat() if verdict.not_before else None,
            }
        )
    return told


def _next_eligible(person: "Person", settings: "CampaignSettings", now: datetime) -> str | None:
    from campaign.rules.gates import next_yes

    at = next_yes(person, settings, now)
    return at.isoformat() if at is not None else None


def _lines(number: int, row: dict[str, Any], *, by_file: bool) -> list[str]:
    """What people read of a row.

    Args:
        number: Of the row.
        row: Its story.
        by_file: Whether a campaign file was given, so that rules are expected to be asked.
    """
    gone = "" if row["is_in_list"] else "  (no longer in the list)"
    stands = f"{row['status']}{': ' + row['reason'] if row['reason'] else ''}"
    lines = [f"row {number}  {row['to_number'] or 'no usable number'}{gone}", f"  {stands}"]
    if row["not_before"]:
        lines.append(f"  not before {_time(row['not_before'])}")
    if by_file and not row["gates"]:
        is_final = row["status"] in FINAL_STATUSES
        lines.append(
            f"  {'the row is final' if is_final else 'a call is under way'}: no rule is asked about it"
        )
    for gate in row["gates"]:
        answer = "yes" if gate["may_dial"] else "no"
        lines.append(f"  {gate['gate']:<18} {answer:<4} {gate['looked_at']}{_until(gate)}")
    if hook := row["hook"]:
        last = (
            f"last it said: {hook['said']} ({_time(hook['said_at'])})" if hook["said"] else "never asked yet"
        )
        lines.append(f"  {'hook':<18} {'?':<4} {hook['name']}, {last}; this command does not ask it")
    if row["gates"]:
        may_dial = all(gate["may_dial"] for gate in row["gates"])
        would = "would ask the hook, and dial it now after a yes" if hook else "would dial it now"
        lines.append(f"  a run {would}" if may_dial else f"  {_when(row['next_eligible'])}")
    for event in row["events"]:
        lines += _event_lines(event)
    return lines


def _event_lines(event: dict[str, Any]) -> list[str]:
    """What has happened; of a dial, what each gate looked at stands in a line of its own."""
    what, detail = f"  {_time(event['at'])}  {event['event']}", event["detail"]
    if event["event"] == "call.intended" and detail:
        return [what, *(f"    {looked_at}" for looked_at in detail.split("; "))]
    return [f"{what}  {detail}".rstrip()]


def _when(next_eligible: str | None) -> str:
    if next_eligible is None:
        return "a run would not dial it now, and no time is known at which one would"
    return f"a run would not dial it now, but from {_time(next_eligible)} on, as things stand"


def _until(gate: dict[str, Any]) -> str:
    if gate["may_dial"]:
        return ""
    because = f"; {gate['reason']}" if gate["reason"] and gate["reason"] not in gate["looked_at"] else ""
    return because + _then(gate)


def _then(gate: dict[str, Any]) -> str:
    if gate["becomes"] != RowStatus.WAITING:
        return f"; the row becomes {gate['becomes']}"
    return f"; not before {_time(gate['not_before'])}" if gate["not_before"] else ""


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
