"""What goes wrong for everybody, and its first sign: seen on both sides of the line, by rules of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaign.errors import ExitCode
from campaign.models import Call, CallRequest
from campaign.oneinbox.errors import ApiError
from campaign.rehearsal.account import VirtualAccount
from campaign.simulator.people import Conversation
from campaign.simulator.provider import Provider, SimulatedCall

LOOKED_BACK, TOO_MANY_FAILED = 20, 16
UNKNOWN = 3
"""So many requests of unknown fate are borne."""
UNKNOWN_SHARE = 0.02


@dataclass(slots=True)
class Sent:
    """One create-call request, as the line sees it."""

    number: str
    at: float
    came_back_at: float | None = None
    error: str = ""
    """The kind of error that came back; empty for a call id."""


@dataclass(slots=True)
class Watch:
    """What the oracle has seen of one campaign."""

    sent: list[Sent] = field(default_factory=list)
    shown: dict[str, float] = field(default_factory=dict)
    """When the end of each call was first shown to the run, in that order."""


class WatchedAccount(VirtualAccount):
    """Notes when each request leaves, what comes back, and when a call's end is shown."""

    watch: Watch

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        """As it is, with a note of it."""
        note = Sent(request.to_number, self._provider.monotonic())
        self.watch.sent.append(note)
        try:
            return await super().create_call(request, *last_check)
        except ApiError as error:
            note.error = type(error).__name__
            raise
        finally:
            note.came_back_at = self._provider.monotonic()

    def _shown(self, call: SimulatedCall) -> Call:
        if call.has_ended(self._provider.now()):
            self.watch.shown.setdefault(call.id, self._provider.monotonic())
        return super()._shown(call)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong, how one knows, and how the run has to end."""

    faults: Callable[[int], Sequence[str]]
    """For the nth request."""
    first_sign: Callable[[Watch, Provider], float | None]
    """When it could be known; None when it could not."""
    exit_code: ExitCode
    resets: bool
    """Whether a human has to close the breaker."""
    provider: type[Provider] = Provider


def _first_error(kind: str) -> Callable[[Watch, Provider], float | None]:
    """The first reply that says it."""

    def at(watch: Watch, _provider: Provider) -> float | None:
        return min((each.came_back_at or 0.0 for each in watch.sent if each.error == kind), default=None)

    return at


def many_failed(watch: Watch, provider: Provider) -> float | None:
    """Of the last 20 calls that were over, so many could not be put through.

    Ends within one look are shown in another order than they came. Which calls were the last 20 is asked of
    that order, too, when theirs has no sign.
    """
    ended = sorted((call.ends_at(), call.failure is not None) for call in provider.calls.values())
    came = _too_many(ended)
    return came if came is not None else many_shown(watch, provider)


def many_shown(watch: Watch, provider: Provider) -> float | None:
    """The same in the order of the looks: by then the run has been told."""
    return _too_many(
        [(at, provider.calls[call_id].failure is not None) for call_id, at in watch.shown.items()]
    )


def _too_many(ended: Sequence[tuple[float, bool]]) -> float | None:
    """When too many of the last 20 ends were failures."""
    for at in range(LOOKED_BACK, len(ended) + 1):
        last = ended[at - LOOKED_BACK : at]
        if sum(failed for _, failed in last) >= TOO_MANY_FAILED:
            return last[-1][0]
    return None


def _many_unknown(watch: Watch, _provider: Provider) -> float | None:
    """From when on there are more requests of unknown fate than may be: none of these is ever found.

    A reply that was on its way may bring their share down to what is allowed once more.
    """
    unknown, since = 0, None
    # Who was asked to wait, or refused, was certainly not called: that is no request by which to measure.
    counted = [each for each in watch.sent if each.error in ("", "OutcomeUnknown")]
    back = sorted(counted, key=lambda each: each.came_back_at or 0.0)
    for at, each in enumerate(back, start=1):
        unknown += each.error == "OutcomeUnknown"
        is_too_many = unknown > max(UNKNOWN, UNKNOWN_SHARE * at)
        since = (since or each.came_back_at) if is_too_many else None
    return since


@dataclass(slots=True)
class Breaking(Provider):
    """An account whose agent breaks conversations off after some seconds; they count as completed."""

    breaks_from: int = 1

    def place(self, **request: Any) -> SimulatedCall:
        """As it is, but for its course from some call on."""
        # Named, as a class with slots is made anew and no `super()` knows it.
        call = Provider.place(self, **request)
        if len(self.dials) >= self.breaks_from:
            call.failure = "llm_timeout"
            lasts_s = 1.0 if len(self.dials) % 2 else 15.0
            call.conversation = Conversation("answered", 5.0, 5.0 + lasts_s, 7.0 + lasts_s, (), None, None)
        return call


def _always(kind: str) -> Callable[[int], Sequence[str]]:
    return lambda first: (f"{kind}#{first}-99999",)


def _rising(first: int) -> Sequence[str]:
    """More and more requests are cut off: a fifth of them, then half, then all."""
    return (
        f"drop%20#{first}-{first + 15}",
        f"drop%50#{first + 16}-{first + 30}",
        f"drop#{first + 31}-99999",
    )


TROUBLES: Mapping[str, Trouble] = {
    "key refused (401)": Trouble(
        _always("status=401"), _first_error("KeyRefused"), ExitCode.KEY_REFUSED, resets=True
    ),
    "key refused (403)": Trouble(
        _always("status=403"), _first_error("KeyRefused"), ExitCode.KEY_REFUSED, resets=True
    ),
    "no credit (402)": Trouble(
        _always("status=402"), _first_error("AccountRefused"), ExitCode.API_UNAVAILABLE, resets=True
    ),
    "carrier refused": Trouble(
        _always("refuse_setup=carrier"), _first_error("SetupRefused"), ExitCode.CONFIG, resets=True
    ),
    "country refused": Trouble(
        _always("refuse_country=1"), _first_error("CountryRefused"), ExitCode.API_UNAVAILABLE, resets=True
    ),
    "all calls fail": Trouble(
        _always("fail_call=sip_503"), many_failed, ExitCode.API_UNAVAILABLE, resets=False
    ),
    "all calls break off": Trouble(
        lambda _first: (), many_failed, ExitCode.API_UNAVAILABLE, resets=False, provider=Breaking
    ),
    "requests cut off, more and more": Trouble(
        _rising, _many_unknown, ExitCode.API_UNAVAILABLE, resets=False
    ),
    "replies of 503": Trouble(_always("status=503"), _many_unknown, ExitCode.API_UNAVAILABLE, resets=False),
}
