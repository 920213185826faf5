"""What `campaign review` shows: rows in review, rows decided about, and the commands that come next."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from campaign.cli import output, views
from campaign.models import TOKEN_KEY, RowStatus

if TYPE_CHECKING:
    from campaign.ledger.campaigns import CampaignRecord
    from campaign.ledger.in_review import PlacedCall, ReviewRow, UnknownAttempt
    from campaign.ledger.review import DecidedRow

_ROWS_SHOWN = 20
_GONE = "(no longer in the list)"

_HOW_TO_DECIDE = """\
Look the calls up at OneInbox or ask the person, then say for one row or more what is true:
  {review} --mark-called ROW... --reason TEXT      nobody dials the row again
  {review} --mark-not-called ROW... --reason TEXT  no call was made: it was no try, the row waits again
  {review} --redial ROW... --reason TEXT           it was a try, the row waits for one more call
Only a run of this campaign dials a row that waits: {run}"""

_HOW_TO_DECIDE_SINGLE = """\
Look the call up at OneInbox or ask the person, then say what is true:
  {review} --mark-called ROW --reason TEXT      it was a call to that person
  {review} --mark-not-called ROW --reason TEXT  no call was made
After either the person can be called with `campaign call`; after a call within a cap that needs --again."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The commands that come next, to be copied: the campaign's own name and list, and the same ledger."""

    record: "CampaignRecord"
    location: str | None
    """What `--ledger` says; None when it was not given."""

    @property
    def review(self) -> str:
        """Decide about rows of this campaign."""
        return self.review_of(self.record.name)

    def review_of(self, name: str) -> str:
        """List the rows in review of another campaign of the ledger."""
        return f"campaign review {shlex.quote(name)}{views.ledger_flag(self.location)}"

    @property
    def run(self) -> str:
        """Go on with this campaign, however old it is and whatever pattern its name is from."""
        name, contact_list = shlex.quote(self.record.name), shlex.quote(self.record.list_path)
        flag = views.ledger_flag(self.location)
        return f"`campaign run {contact_list} --config FILE --name {name}{flag}` with the list as it was"

    @property
    def results(self) -> str:
        """Write the result file now."""
        flag = views.ledger_flag(self.location)
        return f"`campaign results {shlex.quote(self.record.name)} --output FILE{flag}`"


def show_rows(rows: Sequence["ReviewRow"], advice: Advice) -> None:
    """What is known of each row, for people, and what they can do. Raises OutputError as `say_data` does."""
    name = advice.record.name
    if not rows:
        output.say(f"no row of {name} needs review")
        return
    lines = [f"{name}: {_some(len(rows))} review", ""]
    for row in rows:
        lines.append(f"row {row.row_number}  {row.to_number}{'' if row.is_in_list else f'  {_GONE}'}")
        lines += [f"  {label:<8} {output.visible(text)}" for label, text in _facts(row, advice)]
        lines.append("")
    output.say_data("\n".join(lines))
    how = _HOW_TO_DECIDE_SINGLE if advice.record.is_single_call else _HOW_TO_DECIDE
    output.say(how.format(review=advice.review, run=advice.run))


def _facts(row: "ReviewRow", advice: Advice) -> list[tuple[str, str]]:
    facts = [("why", row.reason)]
    if row.attempt is not None:
        facts += _attempt_facts(row.attempt, advice)
    for other in row.elsewhere:
        where = f"row {other.row_number} of {other.campaign}"
        facts.append(("first", f"{where}: {advice.review_of(other.campaign)}"))
    if row.attempt is None and not row.elsewhere:
        facts.append(
            ("by now", "that call is decided, or read; after --mark-not-called a run asks every rule again")
        )
    return facts


def _attempt_facts(attempt: "UnknownAttempt", advice: Advice) -> list[tuple[str, str]]:
    facts = [
        (
            "tried",
            f"{_time(attempt.intent_at)}, attempt {attempt.number}, from {attempt.from_number}, "
            f"agent {attempt.agent_id}",
        ),
        ("token", f"{TOKEN_KEY}={attempt.token} in the call's metadata"),
    ]
    if attempt.error:
        facts.append(("error", attempt.error))
    for label, calls in (("call", attempt.calls), ("another", attempt.other_calls)):
        for call in calls:
            end = f"ended {_time(call.ended_at)}" if call.ended_at else "no end was seen"
            facts.append((label, f"{call.call_id}, placed {_time(call.placed_at)}, {end}"))
    if attempt.calls and not (attempt.is_over or advice.record.is_single_call):
        facts.append(("or wait", "each run of this campaign looks at the call once more"))
    if not attempt.calls:
        times = "once" if attempt.looks == 1 else f"{attempt.looks} times"
        facts.append(("looked", f"{times} through OneInbox's list, and did not find it"))
    return facts


def say_decided(decided: Sequence["DecidedRow"], advice: Advice, *, left: int) -> None:
    """What has become of the rows, who dials those that wait, and how it comes into the result file."""
    if not decided:
        output.say(f"no row of {advice.record.name} needs review")
        return
    ends: dict[tuple[bool, str], list[int]] = {}
    for each in decided:
        ends.setdefault((each.row.is_in_list, _end(each, advice)), []).append(each.row.row_number)
    for (is_in_list, end), numbers in ends.items():
        shown = ", ".join(str(number) for number in numbers[:_ROWS_SHOWN])
        more = f" and {len(numbers) - _ROWS_SHOWN:,} more" if len(numbers) > _ROWS_SHOWN else ""
        gone = "" if is_in_list else f" {_GONE}"
        output.say(f"row{'s' if len(numbers) > 1 else ''} {shown}{more}{gone}: {end}")
    if left:
        output.say(f"{_some(left)} review still")
    if any(each.status is RowStatus.WAITING for each in decided):
        output.say(f"only a run of this campaign dials what waits: {advice.run}")
    when = "" if advice.record.is_single_call else " after a run of this campaign, or now"
    output.say(f"the result file has it{when}: {advice.results}")


def _end(each: "DecidedRow", advice: Advice) -> str:
    match each.status:
        case RowStatus.STOPPED if advice.record.is_single_call:
            return "stopped, as no call was made; `campaign call` may make it now"
        case RowStatus.COMPLETED:
            return "completed, nobody dials it again"
        case RowStatus.STOPPED:
            return "stopped, nobody dials it unless a later list has the person"
        case _ if each.row.elsewhere:
            return f"waits, but decide first in {each.row.elsewhere[0].campaign}, or it is in review again"
        case _:
            end = "waits, and a run of this campaign dials it as soon as every rule allows"
            calls = " and ".join(each.row.open_calls)
            return f"{end}; the earlier call may still be on: {calls}" if calls else end


def decided_as_data(decided: "DecidedRow") -> dict[str, Any]:
    """A decided row as plain data; `open_calls` are the ids of calls that may still be on."""
    return {
        "row": decided.row.row_number,
        "is_in_list": decided.row.is_in_list,
        "status": decided.status,
        "reason": decided.reason,
        "open_calls": list(decided.row.open_calls),
    }


def row_as_data(row: "ReviewRow") -> dict[str, Any]:
    """A row in review as plain data; times are ISO 8601 in UTC."""
    attempt = row.attempt
    return {
        "row": row.row_number,
        "to_number": row.to_number,
        "is_in_list": row.is_in_list,
        "since": row.since.isoformat(),
        "reason": row.reason,
        "attempt": None
        if attempt is None
        else {
            "number": attempt.number,
            "intent_at": attempt.intent_at.isoformat(),
            "from_number": attempt.from_number,
            "agent_id": attempt.agent_id,
            "token": attempt.token,
            "error": attempt.error,
            "looks": attempt.looks,
            "is_over": attempt.is_over,
            "calls": [_call_as_data(call) for call in attempt.calls],
            "other_calls": [_call_as_data(call) for call in attempt.other_calls],
        },
        "elsewhere": [{"campaign": other.campaign, "row": other.row_number} for other in row.elsewhere],
    }


def _call_as_data(call: "PlacedCall") -> dict[str, str | None]:
    return {
        "call_id": call.call_id,
        "placed_at": call.placed_at.isoformat(),
        "ended_at": call.ended_at.isoformat() if call.ended_at else None,
    }


def _some(rows: int) -> str:
    return "1 row needs" if rows == 1 else f"{rows:,} rows need"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
