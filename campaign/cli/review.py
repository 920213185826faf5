"""`campaign review`: the rows whose fate only a human can find out, and the human's decision."""

import logging
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from campaign.cli import output, views
from campaign.cli.options import JsonOption, LedgerOption, refuse_far_rows
from campaign.cli.reasons import checked_reason, login_name
from campaign.cli.review_views import Advice, decided_as_data, row_as_data, say_decided, show_rows
from campaign.errors import UsageError

if TYPE_CHECKING:
    from campaign.ledger.review import Decision


def review(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")],
    rows: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="ROW",
            help="Rows to decide about, as your spreadsheet numbers them.",
            min=1,
            callback=refuse_far_rows,
            show_default=False,
        ),
    ] = None,
    mark_called: Annotated[
        bool, typer.Option("--mark-called", help="The person was called: nobody dials the row again.")
    ] = False,
    mark_not_called: Annotated[
        bool, typer.Option("--mark-not-called", help="Nobody was called: the row waits again.")
    ] = False,
    redial: Annotated[
        bool, typer.Option("--redial", help="Call once more, although the person may have been called.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Decide about all rows that are in review.")] = False,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", metavar="TEXT", help="Why, needed for a decision; kept with your login name."
        ),
    ] = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the rows that need review, or decide about them. Calls nobody."""
    from campaign import logs
    from campaign.ledger import review as reviews
    from campaign.ledger.in_review import rows_in_review
    from campaign.ledger.review import Decision, Ruling

    asked = {
        Decision.CALLED: mark_called,
        Decision.NOT_CALLED: mark_not_called,
        Decision.REDIAL: redial,
    }
    decision, why = check_request(
        [decision for decision, is_asked in asked.items() if is_asked], rows or [], every=every, reason=reason
    )
    logs.configure(level=logging.WARNING)
    with views.open_ledger(ledger) as opened:
        record = views.find_campaign(opened, name, ledger)
        advice = Advice(record, ledger)
        if decision is None:
            found = opened.read(rows_in_review, record.id)
            if as_json:
                output.say_json({"campaign": name, "rows": [row_as_data(row) for row in found]})
            else:
                show_rows(found, advice)
            return
        who = login_name()
        with opened.run_lock(f"campaign review {name}"):
            decided = opened.write(
                reviews.decide,
                record.id,
                None if every else rows,
                Ruling(decision, why, who, datetime.now(UTC)),
            ).result()
        left = len(opened.read(rows_in_review, record.id))
    if as_json:
        told = [decided_as_data(each) for each in decided]
        output.say_json(
            {"campaign": name, "decision": decision, "reason": why, "by": who, "rows": told, "left": left}
        )
    else:
        say_decided(decided, advice, left=left)


def check_request(
    decisions: Sequence["Decision"], rows: Collection[int], *, every: bool, reason: str | None
) -> tuple["Decision | None", str]:
    """One decision with its reason, or None for a listing. Raises UsageError when parts do not fit."""
    if not decisions:
        if rows or every or reason is not None:
            raise UsageError("say what is true of these rows: --mark-called, --mark-not-called or --redial")
        return None, ""
    decision = decisions[0]
    if len(decisions) > 1:
        raise UsageError(f"one decision at a time: --{decision} or --{decisions[1]}")
    if bool(rows) is every:
        raise UsageError(f"--{decision}: name the rows, or give --all for all that are in review")
    return decision, checked_reason(f"--{decision}", reason)
