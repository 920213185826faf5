"""What calls are made through: the from numbers, their trunks, who answers them, and the carriers."""

from collections.abc import Sequence

from campaign.doctor.finding import Finding, note, ok, problem, unknown
from campaign.models import Carrier, PhoneNumber, plain
from campaign.oneinbox.errors import ApiError, Unsupported
from campaign.rules import blame

NUMBER, CARRIERS = "from number", "carriers"


def examine(numbers: Sequence[PhoneNumber] | ApiError, wanted: Sequence[str] | None) -> list[Finding]:
    """Every from number of the campaign, or every number of the account where none is wanted."""
    if isinstance(numbers, Unsupported):
        return [unknown(NUMBER, "this account's API has no list of phone numbers")]
    if isinstance(numbers, ApiError):
        return [unknown(NUMBER, str(numbers))]
    if wanted is None and not numbers:
        return [problem(NUMBER, "this account has no phone number to call from", blame.FROM_NUMBER_CURE)]
    known = {number.number: number for number in numbers}
    found: list[Finding] = []
    for each in wanted if wanted is not None else known:
        if each in known:
            found += _number(known[each])
        else:
            found.append(problem(NUMBER, f"{each} is not registered with OneInbox", blame.FROM_NUMBER_CURE))
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


def _number(number: PhoneNumber) -> list[Finding]:
    shown, found = number.number, []
    if number.status is not None and plain(number.status) != "active":
        cause = f"{shown} is {number.status} at OneInbox"
        found.append(problem(NUMBER, cause, f"look at it in the OneInbox dashboard, or {_ANOTHER}"))
    if number.has_outbound_trunk is False:
        cause = f"{shown} has no trunk for calls that go out"
        found.append(
            problem(NUMBER, cause, f"remove and register it anew (`campaign numbers`), or {_ANOTHER}")
        )
    if number.agent_id is None:
        found.append(
            note(
                NUMBER,
                f"{shown} has no agent for calls that come in: who calls back reaches nobody",
                f"`campaign numbers update {shown} --agent ID`",
            )
        )
    return found or [ok(NUMBER, f"{shown} is registered{'' if number.status is None else ' and active'}")]


_ANOTHER = "take another one in from_numbers"
