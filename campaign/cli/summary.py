"""The summary: how a run ended, for people and for programs."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaign.cli import costs, leftovers, output, unmapped
from campaign.cli.breaker_views import opening_as_data
from campaign.cli.recordings import as_data as recordings_as_data
from campaign.cli.recordings import told
from campaign.cli.views import ledger_flag

if TYPE_CHECKING:
    from campaign.calls.report import RunReport


def summarise(
    report: "RunReport", result_path: Path, *, recordings: Path | None = None, ledger: str | None
) -> None:
    """How the run ended, in a few lines for people.

    Args:
        report: The end.
        result_path: Where the result is.
        recordings: Where recordings are, when they are kept.
        ledger: What `--ledger` says.
    """
    counts = output.listing({status.value: number for status, number in report.counts.items()})
    output.say(f"{report.name}: {sum(report.counts.values()):,} rows: {counts}")
    if report.dials:
        ends = output.listing({str(key): number for key, number in report.dispositions.items()})
        output.say(f"{report.dials:,} calls in this campaign: {ends or 'none has ended yet'}")
    if report.outlay is not None and (report.outlay.committed.calls or report.limits):
        output.say(costs.spent_line(report.outlay, report.limits))
    if report.opt_outs:
        who = "1 person has" if report.opt_outs == 1 else f"{report.opt_outs:,} people have"
        output.say(
            f"{who} asked not to be called again, and no campaign will: "
            f"`campaign suppress list{ledger_flag(ledger)}`"
        )
    for line in unmapped.lines(unmapped.as_data(report.unmapped)):
        output.say(line)
    output.say(f"results: {result_path}")
    if report.kept is not None and recordings is not None:
        output.say(told(report.kept, recordings))
    for closed in report.leftovers:
        output.say(leftovers.told(closed, report.name, ledger))
    if report.stop_error is not None:
        output.say(f"campaign: {report.stop_error}")
    elif report.openings and report.unfinished:
        from campaign.calls.breaker import stop_error

        for opening in report.openings:
            error = stop_error(opening, report.name, ledger_flag=ledger_flag(ledger))
            output.say(f"campaign: {error}")
        output.say(f"campaign: {report.unfinished:,} rows are not final: run the same command again")
    elif report.unfinished:
        why = report.stop_notice or "not every row may be dialled yet"
        when = f" from {report.next_due.astimezone():%Y-%m-%d %H:%M} on" if report.next_due else ""
        output.say(
            f"campaign: {why}; {report.unfinished:,} rows are not final: run the same command again{when}"
        )
    else:
        _finished(report, ledger)


def _finished(report: "RunReport", ledger: str | None) -> None:
    """Every row is final. What dialling had met on the way is told all the same."""
    for opening in report.openings:
        output.say(f"note: {opening.cause}; {opening.cure}")
    if report.exit_code:
        command = f"campaign review {shlex.quote(report.name)}{ledger_flag(ledger)}"
        output.say(f"campaign: finished, but some rows need review: `{command}`")


def as_data(report: "RunReport", result_path: Path, recordings: Path | None = None) -> dict[str, Any]:
    """The run's end for a program."""
    return {
        "campaign": report.name,
        "exit_code": int(report.exit_code),
        "rows": {status.value: number for status, number in report.counts.items()},
        "dispositions": {str(key): number for key, number in report.dispositions.items()},
        "calls": report.dials,
        "seconds": round(report.elapsed_s, 1),
        "results": str(result_path),
        "recordings": recordings_as_data(report.kept, recordings),
        "stopped_because": str(report.stop_error) if report.stop_error else report.stop_notice or None,
        "breakers": [opening_as_data(each) for each in report.openings],
        "followed": [
            {"campaign": each.name, "closed_rows": each.rows, "results": each.written_to}
            for each in report.leftovers
        ],
        "opt_outs": report.opt_outs,
        "budget": costs.spending_as_data(report.outlay, report.limits) if report.outlay else None,
        "unmapped": unmapped.as_data(report.unmapped),
        "next_due": report.next_due.isoformat() if report.next_due else None,
    }
