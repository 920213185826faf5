"""The key and the address: do they have the right shape, and does OneInbox accept them?"""

from campaign.doctor.account import Account, Place
from campaign.doctor.finding import Finding, note, of_error, ok, problem
from campaign.errors import CampaignError, ExitCode
from campaign.oneinbox.errors import KEY_CURE, REACH_CURE, KeyRefused, Throttled

KEY, ADDRESS = "API key", "address"


def shape(place: Place) -> list[Finding]:
    """What is wrong with the key, the address or the proxy as they are written; nothing when they will do."""
    found = []
    for check, look in ((KEY, place.api_key), (ADDRESS, place.base_url), ("proxy", place.proxy)):
        try:
            look()
        except CampaignError as error:
            found.append(of_error(check, error))
    return found


def accepted(place: Place, account: Account) -> list[Finding]:
    """What OneInbox says to the key, and from where."""
    return [_key(place, account), ok(ADDRESS, place.base_url())]


def _key(place: Place, account: Account) -> Finding:
    is_documented = place.api_key().get_secret_value().startswith("oi_sk_")
    match account.trouble:
        case None if is_documented:
            return ok(KEY, "a secret key (oi_sk_), accepted by OneInbox")
        case None:
            return note(
                KEY,
                "accepted, but it does not begin with oi_sk_, as secret keys of OneInbox do",
                "see that it is the account's secret key",
            )
        case KeyRefused() as error:
            odd = "" if is_documented else " (it does not begin with oi_sk_)"
            return problem(KEY, f"OneInbox refuses it: {error}{odd}", KEY_CURE, ExitCode.KEY_REFUSED)
        case Throttled() as error:
            return problem(KEY, f"it could not be tried: {error}", "wait, then look again")
        case error:
            return problem(
                KEY, f"it could not be tried: {error}", f"{REACH_CURE}, and ONEINBOX_PROXY behind one"
            )
