"""What came of one call outside any campaign, told to people."""

from typing import TYPE_CHECKING

from campaign.cli import call_views, output
from campaign.cli.views import ledger_flag
from campaign.errors import (
    ApiUnavailableError,
    CampaignError,
    ExitCode,
    LedgerError,
    ListError,
    NotFinishedError,
)

if TYPE_CHECKING:
    from campaign.calls.report import RunReport
    from campaign.calls.single import Witness
    from campaign.models import Call, Disposition, ResultRow
    from campaign.settings import CampaignSettings

NOT_MADE = "the call was not made"


def _obstacle(report: "RunReport", flag: str) -> CampaignError:
    """What has kept the call from being made, with its cure."""
    from campaign.calls.breaker import stop_error

    if report.openings:
        opening = report.openings[0]
        error = stop_error(opening, report.name, ledger_flag=flag)
        if opening.is_of_account:
            return error
        # It holds this one call alone, and that is over.
        return type(error)(f"{opening.cause}; {opening.cure}")
    return report.stop_error or NotFinishedError(NOT_MADE)


def say(
    row: "ResultRow",
    report: "RunReport",
    witness: "Witness",
    settings: "CampaignSettings",
    *,
    waits: bool,
    as_json: bool,
    ledger_location: str | None,
) -> ExitCode:
    """Say what came of it.

    Args:
        row: The call's row, as it stands in the ledger by now.
        report: How the run of this row ended.
        witness: What has been seen of the call.
        settings: The rules of the call.
        waits: Whether the call was to be followed to its transcript.
        as_json: Print an object in place of lines.
        ledger_location: What `--ledger` says.

    Raises:
        CampaignError: Why there was no call, or what made it fail.
    """
    from campaign.models import RowStatus

    name, call_id, flag = report.name, row.call_id, ledger_flag(ledger_location)
    match row.status:
        case RowStatus.REFUSED:
            # What it says beside the status may name the person.
            raise ApiUnavailableError(
                f"OneInbox refused the call ({row.error.partition(':')[0]}); its words are in the ledger: "
                f"`campaign results {name} --output FILE{flag}`"
            )
        case RowStatus.STOPPED | RowStatus.WAITING if report.openings or report.stop_error is not None:
            raise _obstacle(report, flag)
        case RowStatus.STOPPED | RowStatus.WAITING:
            why = row.reason if row.reason != NOT_MADE else ""
            raise NotFinishedError(
                f"{NOT_MADE}: {report.stop_notice or why or 'OneInbox could not be asked'}"
            )
        case RowStatus.SUPPRESSED | RowStatus.EXPIRED:
            raise ListError(f"{NOT_MADE}: {row.reason}")
        case _:
            pass
    is_open = row.status in (RowStatus.LIVE, RowStatus.SETTLING, RowStatus.DIALING, RowStatus.IN_DOUBT)
    seen = witness.call
    if as_json:
        output.say_json(
            {
                "campaign": name,
                "status": str(row.status),
                "reason": row.reason,
                "call_id": call_id,
                "disposition": str(row.disposition) if row.disposition else None,
                "call": call_views.as_whole(seen, None, with_recording=False) if seen is not None else None,
            }
        )
    elif seen is not None and not is_open:
        output.say_data("\n".join(call_views.lines(seen)))
    elif call_id is not None:
        output.say_data(call_id)
    if row.status is RowStatus.NEEDS_REVIEW:
        review = f"campaign review {name}{flag}"
        output.say(f"campaign: nobody knows whether the person was called: `{review}`")
        return ExitCode.NEEDS_REVIEW
    if is_open:
        output.say(f"the call goes on: `campaign calls show {call_id}`")
        if isinstance(report.stop_error, LedgerError):
            raise report.stop_error
        is_cut_off = waits or call_id is None
        return ExitCode.NOT_FINISHED if is_cut_off else ExitCode.OK
    output.say(f"{name}: {row.disposition or row.status}{f' ({row.reason})' if row.reason else ''}")
    if seen is not None and row.disposition is not None:
        _refuse_failed(seen, row.disposition, settings)
    return ExitCode.OK


def _refuse_failed(call: "Call", disposition: "Disposition", settings: "CampaignSettings") -> None:
    """Raise an error with cause and cure when the call could not be put through, or broke."""
    from campaign.rules import blame

    if blame.has_failed(call, disposition, settings.breaker.ordinary_ends):
        cause, cure = blame.of_reason(call.end_reason or call.status)
        raise ApiUnavailableError(f"the call failed: {cause}; {cure}")
