"""What calls are made through: the from numbers, their trunks, who answers them, and the carriers.

What OneInbox's list of numbers has to look like is written nowhere, and older generations let calls go out
from numbers that are not in it. So nothing that this list shows, or lacks, is called a problem; that a number
is refused, the account's latest calls say, and a run stops at the first refusal.
"""

from collections.abc import Sequence

from campaign.doctor.finding import Finding, note, ok, unknown
from campaign.doctor.history import PastCall, went_through
from campaign.models import Carrier, PhoneNumber, plain
from campaign.oneinbox.errors import ApiError, Unsupported
from campaign.rules import blame

NUMBER, CARRIERS = "from number", "carriers"


def examine(
    numbers: Sequence[PhoneNumber] | ApiError, wanted: Sequence[str] | None, past: Sequence[PastCall]
) -> list[Finding]:
    """Every from number of the campaign, or every number of the account where none is wanted.

    Args:
        numbers: As OneInbox lists them.
        wanted: Those of the campaign file, if there is one.
        past: The account's latest calls.
    """
    if isinstance(numbers, Unsupported):
        return [unknown(NUMBER, "this account's API has no list of phone numbers")]
    if isinstance(numbers, ApiError):
        return [unknown(NUMBER, str(numbers))]
    if wanted is None and not numbers:
        return [note(NUMBER, "OneInbox lists no number of this account", blame.FROM_NUMBER_CURE)]
    known = {number.number: number for number in numbers}
    found: list[Finding] = []
    for each in wanted if wanted is not None else known:
        calls = went_through(past, each)
        found += _number(known[each], calls) if each in known else [_missing(each, calls, is_any=bool(known))]
    return found


def carriers(known: Sequence[Carrier] | ApiError, *, works: bool) -> Finding:
    """The stored credentials. OneInbox does not tell whether they are right; calls do."""
    if isinstance(known, Unsupported):
        return unknown(CARRIERS, "this account's API keeps no credentials")
    if isinstance(known, ApiError):
        return unknown(CARRIERS, str(known))
    if not known:
        return ok(CARRIERS, "no credentials are stored: calls go by trunks, or by OneInbox's own carrier")
    names = ", ".join(carrier.name or carrier.provider or carrier.id for carrier in known)
    if works:
        return ok(CARRIERS, f"{names}; calls have gone through lately")
    return unknown(CARRIERS, f"only a call shows whether {names} still works: `campaign call NUMBER`")


def _missing(number: str, calls: int, *, is_any: bool) -> Finding:
    """A number that the list does not have."""
    why = "is not among the numbers that OneInbox lists" if is_any else "is not listed: OneInbox lists none"
    return _doubt(f"{number} {why}", calls, blame.FROM_NUMBER_CURE)


def _number(number: PhoneNumber, calls: int) -> list[Finding]:
    shown, found = number.number, []
    if number.status is not None and plain(number.status) != "active":
        cause = f"{shown} is {number.status} at OneInbox"
        found.append(_doubt(cause, calls, f"look at it in the OneInbox dashboard, or {_ANOTHER}"))
    if number.has_outbound_trunk is False:
        cause = f"{shown} has no trunk for calls that go out"
        found.append(_doubt(cause, calls, f"remove and register it anew (`campaign numbers`), or {_ANOTHER}"))
    if number.agent_id is None:
        found.append(
            note(
                NUMBER,
                f"{shown} has no agent for calls that come in: who calls back reaches nobody",
                f"`campaign numbers update {shown} --agent ID`",
            )
        )
    return found or [ok(NUMBER, f"{shown} is registered{'' if number.status is None else ' and active'}")]


def _doubt(seen: str, calls: int, cure: str) -> Finding:
    """What speaks against a number, beside the calls from it that have gone through lately."""
    if calls:
        gone = f"{calls:,} of the account's latest calls went through from it"
        return note(NUMBER, f"{seen}, yet {gone}", f"leave it while calls go through; else {cure}")
    return note(NUMBER, f"{seen}: its calls may be refused", cure)


_ANOTHER = "take another one in from_numbers"
