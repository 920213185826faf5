"""What the account's latest calls say: why some have failed, and what has worked since."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from campaign.contacts.phone import country_of
from campaign.doctor.finding import Finding, note, ok, problem, unknown
from campaign.logs import redact
from campaign.models import Call, bare_number
from campaign.oneinbox.errors import ApiError, NotFound, Unsupported
from campaign.rules import blame
from campaign.rules.dispositions import read_disposition
from campaign.settings import CampaignSettings

RECENT, COUNTRIES = "recent calls", "geo permissions"
REASON_LENGTH = 80
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_ABOUT_PEOPLE = (blame.LIST_CURE,)
"""What is no sign that the next call would fail as well."""


@dataclass(frozen=True, slots=True)
class PastCall:
    """One call that has ended."""

    at: datetime
    country: str
    from_number: str
    has_failed: bool
    reason: str
    cause: str
    cure: str
    is_geo: bool
    """Whether the carrier may not call the country."""


def read(calls: Sequence[Call], settings: CampaignSettings | None, ours: Collection[str]) -> list[PastCall]:
    """The calls that went out and have ended, the newest first.

    Args:
        calls: As OneInbox lists them.
        settings: Whose lines say how a call ended, beside the program's own.
        ours: The account's own numbers: a call to one of them has come in.
    """
    own = settings.dispositions if settings is not None else ()
    found = []
    for call in calls:
        if not call.has_ended or not call.to_number or bare_number(call.to_number) in ours:
            continue
        words = call.end_reason or call.status
        cause, cure = blame.of_reason(words)
        found.append(
            PastCall(
                at=call.created_at or call.ended_at or _LONG_AGO,
                country=_country(call.to_number),
                from_number=bare_number(call.from_number or ""),
                has_failed=blame.has_failed(call, read_disposition(call, own).disposition),
                reason=redact(words)[:REASON_LENGTH],
                cause=cause,
                cure=cure,
                is_geo=blame.is_geo(words),
            )
        )
    return sorted(found, key=lambda past: past.at, reverse=True)


def examine(calls: Sequence[Call] | ApiError, past: Sequence[PastCall]) -> list[Finding]:
    """Each cause of which calls have failed: a problem until a call of its kind has gone through since."""
    if isinstance(calls, NotFound | Unsupported):
        return [unknown(RECENT, "this account's API has no list of calls")]
    if isinstance(calls, ApiError):
        return [unknown(RECENT, str(calls))]
    failed = [call for call in past if call.has_failed]
    if not past:
        return [unknown(RECENT, "this account has made none yet: `campaign call NUMBER` makes one")]
    if not failed:
        return [ok(RECENT, f"none of the last {len(past)} has failed")]
    return [_cause(cause, past) for cause in dict.fromkeys(call.cause for call in failed)]


def works(past: Sequence[PastCall]) -> bool:
    """Whether calls get through at present, as far as the latest one tells."""
    return bool(past) and not past[0].has_failed


def went_through(past: Sequence[PastCall], from_number: str) -> int:
    """How many calls from this number the carrier has put through, whoever answered."""
    return sum(call.from_number == from_number and not call.has_failed for call in past)


def countries(wanted: Collection[str], home: Collection[str], past: Sequence[PastCall]) -> Finding:
    """Whether calls to these countries can be put through: at home they can, abroad only calls show it.

    Args:
        wanted: The countries of the list.
        home: Those of the from numbers.
        past: Earlier calls.
    """
    reached = {call.country for call in past if not call.has_failed}
    open_ones = sorted(set(wanted) - set(home) - reached)
    if not open_ones:
        return ok(COUNTRIES, "all people are at home, or in countries that calls have reached lately")
    abroad = ", ".join(open_ones)
    return unknown(
        COUNTRIES,
        f"only a call shows whether the carrier may call {abroad}: try one person with `campaign call`",
    )


def _cause(cause: str, past: Sequence[PastCall]) -> Finding:
    calls = [call for call in past if call.has_failed and call.cause == cause]
    latest = calls[0]
    where = sorted({call.country for call in calls if call.country})
    to = f", to {', '.join(where)}" if latest.is_geo and where else ""
    when = f", at last on {latest.at:%Y-%m-%d %H:%M} UTC" if latest.at != _LONG_AGO else ""
    seen = f"{len(calls)} of the last {len(past)} have failed{to}{when}: {cause} ({latest.reason})"
    since = [call for call in past if not call.has_failed and call.at > latest.at and _alike(latest)(call)]
    if since or latest.cure in _ABOUT_PEOPLE:
        return note(
            RECENT, f"{seen}{f'; {len(since)} have gone through since' if since else ''}", latest.cure
        )
    return problem(RECENT, seen, latest.cure)


def _alike(failed: PastCall) -> Callable[[PastCall], bool]:
    """Which calls, going through, show that a cause is mended."""
    if failed.is_geo:
        return lambda call: call.country == failed.country
    if failed.cure == blame.FROM_NUMBER_CURE:
        return lambda call: call.from_number == failed.from_number
    return lambda _call: True


def _country(number: str) -> str:
    try:
        return country_of(number) or ""
    except ValueError:
        return ""
