"""What opens the breaker, for whom, and what it says: the table of signs, row by row."""

import pytest

from campaign.models import Call, Disposition
from campaign.rules import blame
from campaign.rules.breaker import Breaker
from campaign.rules.breaker_events import (
    ClocksApart,
    ClockSet,
    Denied,
    Doubled,
    Ended,
    Event,
    FirstCallsFailed,
    Found,
    Lost,
    NoReply,
    NotReached,
    Placed,
    Refused,
    Talked,
)
from campaign.rules.opening import Opening, Rule, Scope
from campaign.settings import BreakerSettings

A, B = "+12025550100", "+12025550101"


def breaker(numbers: int = 1, **settings: object) -> Breaker:
    return Breaker(BreakerSettings.model_validate(settings), from_numbers=numbers)


def opened(seen: Breaker, *events: Event) -> list[Opening]:
    """What these events open, each once."""
    return [opening for event in events if (opening := seen.see(event)) is not None]


def well(number: str = A, country: str = "US") -> Ended:
    return Ended(number, country, has_failed=False, reason="user_hangup")


def badly(number: str = A, country: str = "US", reason: str = "sip_503") -> Ended:
    return Ended(number, country, has_failed=True, reason=reason)


@pytest.mark.parametrize("rule", [Rule.KEY, Rule.CREDIT, Rule.SETUP])
def test_what_all_requests_share_opens_at_the_first(rule: Rule) -> None:
    """Key, credit, set-up: for the whole campaign, and closed by a human alone."""
    [opening] = opened(breaker(), Placed(), Denied(rule, "HTTP 4xx", "mend it"))
    assert (opening.scope, opening.needs_reset) == (Scope.CAMPAIGN, True)
    assert opening.is_of_account is (rule is not Rule.SETUP)
    assert opening.evidence == {"requests before it": 1}


def test_the_same_sign_opens_once() -> None:
    """What is in flight meets the same, and changes nothing."""
    denied = Denied(Rule.KEY, "HTTP 401", "mend it")
    assert len(opened(breaker(), denied, denied)) == 1


def test_a_country_stops_alone() -> None:
    """Other countries, and other numbers, go on."""
    seen = breaker()
    opened(seen, Denied(Rule.COUNTRY, "HTTP 400", "allow it", Scope.COUNTRY, "NP"))
    assert seen.stopping(A, "NP") is not None
    assert seen.stopping(A, "US") is None
    assert seen.stopping() is None


@pytest.mark.parametrize(("numbers", "scope"), [(1, Scope.CAMPAIGN), (3, Scope.FROM_NUMBER)])
def test_one_from_number_of_several_stops_alone(numbers: int, scope: Scope) -> None:
    """Where there is no other, the campaign stops."""
    denied = Denied(Rule.SETUP, "not registered", "register it", Scope.FROM_NUMBER, A)
    [opening] = opened(breaker(numbers), denied)
    assert opening.scope is scope


@pytest.mark.parametrize("field", ["variables", "to_number", ""])
def test_three_refusals_for_one_field_open(field: str) -> None:
    """A template or a mapping is at fault; a call that is placed in between starts the count anew."""
    refused = Refused(field, "HTTP 422")
    assert opened(breaker(), refused, refused, Placed(), refused, refused) == []
    [opening] = opened(breaker(), refused, refused, refused)
    assert (opening.rule, opening.needs_reset) == (Rule.REFUSALS, True)
    assert "refused 3 rows in a row" in opening.cause


def test_many_refusals_for_many_fields_open() -> None:
    """Twenty in a row, whatever they complain of."""
    assert len(opened(breaker(), *[Refused(f"field {at}", "HTTP 422") for at in range(20)])) == 1
    assert opened(breaker(), *[Refused(f"field {at}", "HTTP 422") for at in range(19)]) == []


@pytest.mark.parametrize(("placed", "allowed"), [(0, 3), (100, 3), (480, 10)])
def test_requests_that_stay_lost_open(placed: int, allowed: int) -> None:
    """More than three, or than 2% of the requests; those in a row are at most four."""
    seen = breaker()
    opened(seen, *[Placed()] * placed)
    for _ in range(allowed):
        # Never so many in a row, nor so many of the last requests.
        assert opened(seen, NoReply(), Lost(), Placed(), Placed()) == []
    assert not seen.has_doubts
    [opening] = opened(seen, NoReply(), Lost())
    assert (opening.rule, opening.needs_reset) == (Rule.LOST, False)


def test_too_many_doubts_hold_up_dialling_until_they_are_found() -> None:
    """Not more than three may be of unknown fate at a time; what is found was no loss."""
    seen = breaker()
    opened(seen, *[NoReply()] * 4)
    assert seen.has_doubts
    opened(seen, Found())
    assert not seen.has_doubts


def test_five_lost_in_a_row_open_however_many_were_placed_before() -> None:
    """A share would let through too many after a long run."""
    seen = breaker()
    opened(seen, *[Placed()] * 5000)
    lost: list[Event] = [NoReply(), Lost()]
    assert opened(seen, *lost * 4) == []
    assert len(opened(seen, *lost)) == 1


@pytest.mark.parametrize("event", [NoReply(), NotReached()])
def test_half_of_the_last_requests_without_an_answer_open(event: Event) -> None:
    """Ten at least are looked at; a GET that is answered closes it, and starts the count anew."""
    seen = breaker()
    assert opened(seen, *[event] * 9) == []
    [opening] = opened(seen, event)
    assert (opening.rule, opening.passes) == (Rule.UNANSWERED, True)
    assert seen.is_waiting
    assert seen.lasting == []
    seen.answered_again()
    assert not seen.is_waiting
    assert opened(seen, *[event] * 9) == []


def test_fewer_than_half_do_not_open() -> None:
    """Nine of twenty are borne, and older ones are forgotten."""
    seen = breaker()
    assert opened(seen, *[NotReached()] * 9, *[Placed()] * 11, *[NotReached()] * 9) == []
    assert len(opened(seen, NotReached())) == 1


def test_failed_calls_open_with_their_cause() -> None:
    """16 of the last 20; the cause and the cure come from the end reasons."""
    seen = breaker()
    assert opened(seen, *[well()] * 4, *[badly(reason="carrier_auth_failed")] * 15) == []
    [opening] = opened(seen, badly(reason="carrier_auth_failed"))
    assert opening.rule is Rule.FAILED
    assert opening.cause == "16 of the last 20 calls have failed (the carrier: carrier_auth_failed)"
    assert "credentials" in opening.cure
    assert opening.evidence == {"failed calls": 16, "calls": 20}
    assert not opening.needs_reset


def test_one_of_several_from_numbers_is_stopped_alone() -> None:
    """When every call that failed came from it; the others go on, and what it did before is forgotten."""
    seen = breaker(2)
    [opening] = opened(seen, *[well(B)] * 4, *[badly(A)] * 16)
    assert (opening.scope, opening.subject) == (Scope.FROM_NUMBER, A)
    assert seen.stopping(A, "US") is not None
    assert seen.stopping(B, "US") is None
    assert opened(seen, *[well(B)] * 20) == []


def test_a_from_number_that_fails_among_good_ones_is_found() -> None:
    """Its calls are few among all, and 16 of its own last 20 have failed."""
    mixed = [badly(A), well(B), well("+12025550102")] * 20
    [opening] = opened(breaker(3), *mixed)
    assert (opening.scope, opening.subject) == (Scope.FROM_NUMBER, A)


def test_failures_of_several_numbers_stop_the_campaign() -> None:
    """Then it is not the number."""
    both = [badly(number) for _ in range(10) for number in (A, B)]
    [opening] = opened(breaker(2), *both)
    assert opening.scope is Scope.CAMPAIGN


def test_three_calls_that_geo_permissions_stop_close_their_country() -> None:
    """A call that the carrier may not make looks like one that failed."""
    geo = badly(country="NP", reason="geo_permission_denied")
    seen = breaker()
    assert opened(seen, geo, geo, well(country="NP"), geo, geo) == []
    [opening] = opened(seen, geo)
    assert (opening.rule, opening.subject, opening.needs_reset) == (Rule.COUNTRY, "NP", True)
    assert "geo permissions" in opening.cure
    assert seen.stopping(A, "US") is None


def test_opt_outs_above_their_share_open() -> None:
    """Of ten conversations at least."""
    stay, leave = Talked(has_opted_out=False), Talked(has_opted_out=True)
    assert opened(breaker(), *[leave] * 9) == []
    assert opened(breaker(), *[stay] * 8, leave, leave) == []
    [opening] = opened(breaker(), *[stay] * 7, leave, leave, leave)
    assert (opening.rule, opening.needs_reset) == (Rule.OPT_OUTS, False)


@pytest.mark.parametrize(("seconds", "opens"), [(299, False), (301, True), (-301, True), (0, False)])
def test_a_clock_that_was_set_opens(seconds: float, opens: bool) -> None:
    """By more than five minutes, forward or back."""
    found = opened(breaker(), ClockSet(seconds))
    assert bool(found) is opens
    assert all(opening.needs_reset and opening.is_of_account for opening in found)


@pytest.mark.parametrize(
    ("ahead_s", "told"),
    [
        (299, ""),
        (301, "5 minutes ahead of OneInbox's"),
        (-86_400, "1,440 minutes behind OneInbox's"),
        (-299, ""),
        (0, ""),
    ],
)
def test_a_clock_that_differs_from_oneinboxs_opens(ahead_s: float, told: str) -> None:
    """By more than five minutes; the next run asks again by itself, as no call was made by this clock."""
    seen = breaker()
    found = opened(seen, ClocksApart(ahead_s))
    assert [told in opening.cause for opening in found] == ([True] if told else [])
    assert not any(opening.needs_reset or opening.is_of_account for opening in found)
    assert seen.trusts_clock is not bool(told)


def test_a_provider_that_calls_twice_opens_for_the_account() -> None:
    """It would do so for other campaigns as well."""
    [opening] = opened(breaker(), Doubled(2, row=7))
    assert "2 calls of one request (row 7)" in opening.cause
    assert (opening.needs_reset, opening.is_of_account) == (True, True)


def test_first_calls_that_fail_open() -> None:
    """With what they blame."""
    [opening] = opened(breaker(), FirstCallsFailed(["agent_crashed"] * 3, 3))
    assert opening.cause == "the first 3 calls have all failed (the agent: agent_crashed)"
    [opening] = opened(breaker(), FirstCallsFailed(["sip_503", *["agent_crashed"] * 3], 5))
    assert opening.cause == "4 of 5 first calls have failed (the agent: agent_crashed)"
    assert opening.evidence == {"failed calls": 4, "calls": 5}


@pytest.mark.parametrize(
    ("status", "end_reason", "seconds", "disposition", "failed"),
    [
        ("failed", None, None, Disposition.FAILED, True),
        ("completed", "user_hangup", 31.0, Disposition.ANSWERED, False),
        ("completed", "user_hangup", 0.0, Disposition.UNKNOWN, True),
        ("completed", "pipeline_error", 4.0, Disposition.ANSWERED, True),
        ("no_answer", None, 0.0, Disposition.NO_ANSWER, False),
        ("busy", None, 0.0, Disposition.BUSY, False),
        ("completed", None, None, Disposition.UNKNOWN, False),
        # Statuses and reasons that nobody has described.
        ("error", None, None, Disposition.UNKNOWN, True),
        ("rejected", None, None, Disposition.UNKNOWN, True),
        ("unavailable", None, 0.0, Disposition.UNKNOWN, True),
        ("terminated", None, 40.0, Disposition.UNKNOWN, False),
        ("provider error", "user_hangup", 40.0, Disposition.UNKNOWN, True),
        ("completed", "llm_timeout", 1.0, Disposition.ANSWERED, True),
        ("completed", "worker_lost", 1.0, Disposition.ANSWERED, True),
        ("completed", "agent_disconnected", 1.0, Disposition.ANSWERED, True),
        ("completed", "no_credits", 0.4, Disposition.ANSWERED, True),
        ("completed", "carrier_down", 2.0, Disposition.ANSWERED, True),
        ("completed", "call_ended_by_llm_timeout", 1.0, Disposition.ANSWERED, True),
        ("completed", "llm_timeout", 40.0, Disposition.ANSWERED, False),
        ("completed", "user_hangup", 1.0, Disposition.ANSWERED, False),
        ("completed", "silence_timeout", 1.0, Disposition.ANSWERED, False),
        ("completed", "our_own_word", 1.0, Disposition.ANSWERED, False),
        ("completed", None, 1.0, Disposition.ANSWERED, False),
    ],
)
def test_what_a_failed_call_is(
    status: str, end_reason: str | None, seconds: float | None, disposition: Disposition, failed: bool
) -> None:
    """Not put through, broken, or over at once; nobody at home is no failure."""
    call = Call("call_1", status, has_ended=True, end_reason=end_reason, duration_seconds=seconds)
    assert blame.has_failed(call, disposition, ["our_own*"]) is failed


@pytest.mark.parametrize(
    ("reason", "disposition", "odd"),
    [
        ("user_hangup", Disposition.ANSWERED, False),
        ("Customer ended call", Disposition.ANSWERED, False),
        ("CLIENT_INITIATED", Disposition.ANSWERED, False),
        ("api_stop", Disposition.ANSWERED, False),
        ("silence_timeout", Disposition.ANSWERED, False),
        ("max_duration", Disposition.ANSWERED, False),
        ("transferred", Disposition.ANSWERED, False),
        ("completed", Disposition.ANSWERED, False),
        (None, Disposition.ANSWERED, False),
        ("something", Disposition.NO_ANSWER, False),
        ("our_own_word", Disposition.ANSWERED, False),
        ("llm_timeout", Disposition.ANSWERED, True),
        ("agent_disconnected", Disposition.ANSWERED, True),
        ("call_ended_worker_lost", Disposition.ANSWERED, True),
        ("sip_503", Disposition.FAILED, True),
        ("something", Disposition.UNKNOWN, True),
    ],
)
def test_ends_that_are_not_known_as_ordinary(reason: str | None, disposition: Disposition, odd: bool) -> None:
    """By words, as there is no closed list, and by those of the campaign file."""
    call = Call("call_1", "completed", has_ended=True, end_reason=reason)
    assert blame.is_odd(call, disposition, ["our_own*"]) is odd


def oddly(reason: str, number: str = A) -> Ended:
    return Ended(number, "US", has_failed=False, reason=reason, is_odd=True)


def test_calls_that_all_end_in_one_odd_way_open() -> None:
    """16 of the last 20 with one end reason that no good call is known to have; several are chance."""
    assert opened(breaker(), *[well()] * 4, *[oddly("llm_timeout")] * 15, oddly("worker_lost")) == []
    [opening] = opened(breaker(), *[well()] * 4, *[oddly("llm_timeout")] * 16)
    assert (opening.rule, opening.scope) == (Rule.FAILED, Scope.CAMPAIGN)
    assert opening.cause == "16 of the last 20 calls have ended alike (the agent: llm_timeout)"
    assert opening.cure.endswith("or name it in breaker.ordinary_ends when good calls end so")
    assert opened(breaker(), *[Ended(A, "US", has_failed=False, reason="user_hangup")] * 40) == []


def test_one_odd_from_number_of_several_is_stopped_alone() -> None:
    """As one whose calls fail."""
    [opening] = opened(breaker(2), *[well(B)] * 4, *[oddly("stir_shaken_c", A)] * 16)
    assert (opening.scope, opening.subject) == (Scope.FROM_NUMBER, A)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("international_permission", "geo permissions"),
        ("caller_id_unverified", "the from number"),
        ("insufficient_credit", "no credit"),
        ("twilio_auth_error", "the carrier"),
        ("llm_timeout", "the agent"),
        ("sip_404", "the list"),
        ("sip_503", "OneInbox or the carrier"),
        ("", "OneInbox or the carrier"),
    ],
)
def test_end_reasons_name_a_cause(reason: str, words: str) -> None:
    """By words, as there is no closed list; what nobody knows blames nobody else."""
    assert words in blame.of_calls([reason, reason])[0]
