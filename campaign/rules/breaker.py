"""The breaker: from what requests and calls come to, whether dialling may go on; if not, the cause and cure.

Events in, a decision out. All thresholds are of the campaign file, and nothing here knows the time or the
world: the runner tells what it sees and acts upon what is decided.
"""

from collections import Counter, deque

from campaign.rules import blame
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

WINDOW = 20
"""So many requests, and so many ended calls, are looked back on."""
ENOUGH_REQUESTS = 10
LOST_IN_A_ROW = 5
REFUSED_IN_A_ROW = 20
"""Whatever the fields are."""
GEO_IN_A_ROW = 3
"""Calls to one country that the carrier does not put through, with no other end of one in between."""


class Breaker:
    """What has been seen in one run, and what it has opened."""

    def __init__(self, settings: BreakerSettings, *, from_numbers: int = 1) -> None:
        self._settings = settings
        self._from_numbers = from_numbers
        self.openings: list[Opening] = []
        """What is open, in the order in which it opened."""
        self._requests = 0
        self._answered: deque[bool] = deque(maxlen=WINDOW)
        self._refused: Counter[str] = Counter()
        self._in_doubt = 0
        self._lost = 0
        self._lost_in_a_row = 0
        self._ended: deque[Ended] = deque(maxlen=WINDOW)
        self._of_number: dict[str, deque[Ended]] = {}
        self._geo: Counter[str] = Counter()
        self._talks = 0
        self._opt_outs = 0

    def stopping(self, from_number: str = "", country: str = "") -> Opening | None:
        """What keeps a call from this number to this country from starting; None when nothing does."""
        return next((each for each in self.openings if each.covers(from_number, country)), None)

    @property
    def lasting(self) -> list[Opening]:
        """What is open until the end of the run at least."""
        return [opening for opening in self.openings if not opening.passes]

    @property
    def is_waiting(self) -> bool:
        """Whether what is open passes by itself, when OneInbox answers again."""
        return any(opening.passes for opening in self.openings)

    @property
    def trusts_clock(self) -> bool:
        """Whether nobody has to see to the wall clock first."""
        return all(opening.rule not in (Rule.CLOCK, Rule.WRONG_CLOCK) for opening in self.openings)

    @property
    def has_doubts(self) -> bool:
        """Whether so many requests are of unknown fate that no other may follow until they are found."""
        return self._in_doubt + self._lost > self._doubts_allowed

    @property
    def lost_in_a_row(self) -> int:
        """Requests of unknown fate that were not found, with no call placed or found in between."""
        return self._lost_in_a_row

    def answered_again(self) -> None:
        """A GET has been answered: what had opened for want of answers is closed, and counts no more."""
        self.openings = [opening for opening in self.openings if not opening.passes]
        self._answered.clear()

    def see(self, event: Event) -> Opening | None:
        """Take an event into account.

        Returns:
            What it has opened; None when nothing, or when that is open already.
        """
        opening = self._weigh(event)
        if opening is None or any(
            (each.rule, each.scope, each.subject) == (opening.rule, opening.scope, opening.subject)
            for each in self.openings
        ):
            return None
        self.openings.append(opening)
        return opening

    def _weigh(self, event: Event) -> Opening | None:
        match event:
            case Denied():
                return self._denied(event)
            case Refused():
                return self._refusal(event)
            case Placed():
                self._requests += 1
                self._lost_in_a_row = 0
                self._refused.clear()
                self._answered.append(True)
            case NoReply():
                self._requests += 1
                self._in_doubt += 1
                return self._no_answer()
            case NotReached():
                return self._no_answer()
            case Found():
                self._in_doubt -= 1
                self._lost_in_a_row = 0
            case Lost():
                return self._loss()
            case Ended():
                return self._end(event)
            case Talked():
                return self._talk(event)
            case FirstCallsFailed():
                return self._first_calls(event)
            case Doubled():
                made = f"{event.calls} call{'s' if event.calls > 1 else ''} of "
                made += "a request that it had turned away" if event.was_turned_away else "one request"
                what = f"OneInbox made {made} (row {event.row})"
                return Opening(Rule.DUPLICATE, what, "ask OneInbox why", evidence={"calls": event.calls})
            case ClockSet():
                return self._clock(event)
            case ClocksApart():
                return self._clocks(event)
        return None

    def _denied(self, event: Denied) -> Opening:
        scope, subject = event.scope, event.subject
        if scope is Scope.FROM_NUMBER and self._from_numbers == 1:
            scope, subject = Scope.CAMPAIGN, ""
        counted = {"requests before it": self._requests}
        return Opening(event.rule, event.cause, event.cure, scope, subject, counted)

    def _refusal(self, event: Refused) -> Opening | None:
        self._refused[event.field] += 1
        same, all_of_them = self._refused[event.field], self._refused.total()
        if same < self._settings.same_refusals and all_of_them < REFUSED_IN_A_ROW:
            return None
        about = f"for {event.field}, " if event.field and same == all_of_them else ""
        return Opening(
            Rule.REFUSALS,
            f"OneInbox refused {all_of_them} rows in a row, {about}the last with {event.what}",
            "call_error in the result says why, mend the campaign file, the agent or the list",
            evidence={"refused in a row": all_of_them},
        )

    def _no_answer(self) -> Opening | None:
        self._answered.append(False)
        unanswered = self._answered.count(False)
        seen = len(self._answered)
        if seen < ENOUGH_REQUESTS or unanswered < self._settings.unanswered_share * seen:
            return None
        return Opening(
            Rule.UNANSWERED,
            f"{unanswered} of the last {seen} requests got no usable answer",
            "OneInbox is asked until it answers again",
            evidence={"unanswered": unanswered, "requests": seen},
        )

    @property
    def _doubts_allowed(self) -> float:
        return max(self._settings.lost_requests, self._settings.lost_share * self._requests)

    def _loss(self) -> Opening | None:
        self._in_doubt -= 1
        self._lost += 1
        self._lost_in_a_row += 1
        if self._lost <= self._doubts_allowed and self._lost_in_a_row < LOST_IN_A_ROW:
            return None
        return Opening(
            Rule.LOST,
            f"{self._lost} requests got no reply and are not in OneInbox's list",
            "see whether OneInbox works, look those calls up by hand, then run again",
            evidence={"lost": self._lost, "requests": self._requests},
        )

    def _end(self, event: Ended) -> Opening | None:
        is_geo = event.has_failed and blame.is_geo(event.reason)
        self._geo[event.country] = self._geo[event.country] + 1 if is_geo else 0
        if self._geo[event.country] >= GEO_IN_A_ROW and event.country:
            return self._country(event)
        self._ended.append(event)
        own = self._of_number.setdefault(event.from_number, deque(maxlen=WINDOW))
        own.append(event)
        of_all, of_own = self._failing(self._ended), self._failing(own)
        several = self._from_numbers > 1
        if (
            several
            and of_own
            and (not of_all or {each.from_number for each in of_all} == {event.from_number})
        ):
            self._forget(event.from_number)
            return self._failures(of_own, Scope.FROM_NUMBER, event.from_number)
        numbers = {each.from_number for each in of_all}
        if several and len(numbers) == 1:
            (number,) = numbers
            self._forget(number)
            return self._failures(of_all, Scope.FROM_NUMBER, number)
        return self._failures(of_all, Scope.CAMPAIGN, "") if of_all else None

    def _first_calls(self, event: FirstCallsFailed) -> Opening:
        cause, cure = blame.of_calls(event.reasons)
        failed, calls = len(event.reasons), event.calls
        which = (
            f"{failed} of {calls} first calls have" if failed < calls else f"the first {calls} calls have all"
        )
        counted = {"failed calls": failed, "calls": calls}
        return Opening(Rule.FIRST_CALLS, f"{which} failed ({cause})", cure, evidence=counted)

    def _country(self, event: Ended) -> Opening:
        calls = self._geo.pop(event.country)
        kept = [each for each in self._ended if each.country != event.country]
        self._ended = deque(kept, maxlen=WINDOW)
        for number, own in self._of_number.items():
            self._of_number[number] = deque(
                (each for each in own if each.country != event.country), maxlen=WINDOW
            )
        return Opening(
            Rule.COUNTRY,
            f"the carrier put none of the last {calls} calls to {event.country} through ({event.reason})",
            blame.GEO_CURE,
            Scope.COUNTRY,
            event.country,
            {"failed calls": calls},
        )

    def _failing(self, window: deque[Ended]) -> list[Ended]:
        """What speaks against going on in a full window: too many calls that failed, or ended oddly alike."""
        if len(window) < WINDOW:
            return []
        failed = [each for each in window if each.has_failed]
        odd = Counter(each.reason for each in window if each.is_odd).most_common(1)
        alike = [each for each in window if each.is_odd and each.reason == odd[0][0]]
        enough = self._settings.failed_share * WINDOW
        return next((calls for calls in (failed, alike) if len(calls) >= enough), [])

    def _failures(self, failed: list[Ended], scope: Scope, subject: str) -> Opening:
        cause, cure = blame.of_calls([each.reason for each in failed])
        where = f" from {subject}" if subject else ""
        how = "failed"
        if not all(each.has_failed for each in failed):
            how, cure = "ended alike", f"{cure}, or name it in breaker.ordinary_ends when good calls end so"
        return Opening(
            Rule.FAILED,
            f"{len(failed)} of the last {WINDOW} calls{where} have {how} ({cause})",
            cure,
            scope,
            subject,
            {"failed calls": len(failed), "calls": WINDOW},
        )

    def _forget(self, from_number: str) -> None:
        self._of_number.pop(from_number, None)
        kept = [each for each in self._ended if each.from_number != from_number]
        self._ended = deque(kept, maxlen=WINDOW)

    def _talk(self, event: Talked) -> Opening | None:
        self._talks += 1
        self._opt_outs += event.has_opted_out
        settings = self._settings
        if self._talks < settings.opt_out_conversations or not event.has_opted_out:
            return None
        if self._opt_outs <= settings.opt_out_share * self._talks:
            return None
        return Opening(
            Rule.OPT_OUTS,
            f"{self._opt_outs} of {self._talks} people asked not to be called again",
            "see whether these people expect the call, and what the agent says, before you run again",
            evidence={"opt-outs": self._opt_outs, "conversations": self._talks},
        )

    def _clock(self, event: ClockSet) -> Opening | None:
        if abs(event.seconds) <= self._settings.clock_jump.total_seconds():
            return None
        minutes = round(abs(event.seconds) / 60)
        direction = "forward" if event.seconds > 0 else "back"
        return Opening(
            Rule.CLOCK,
            f"the clock of this machine was set {direction} by {minutes} minutes during the run",
            "see that it is right, as calling hours depend on it",
            evidence={"seconds": round(event.seconds)},
        )

    def _clocks(self, event: ClocksApart) -> Opening | None:
        if abs(event.ahead_s) <= self._settings.clock_jump.total_seconds():
            return None
        minutes = round(abs(event.ahead_s) / 60)
        direction = "ahead of" if event.ahead_s > 0 else "behind"
        return Opening(
            Rule.WRONG_CLOCK,
            f"the clock of this machine is {minutes:,} minutes {direction} OneInbox's: nobody is called",
            "have it set by NTP (on systemd: timedatectl set-ntp true), then run again",
            evidence={"seconds": round(event.ahead_s)},
        )
