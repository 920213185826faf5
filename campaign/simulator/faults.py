"""Faults: what the simulator does wrong on request, by rate or by rule."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

KINDS = {
    "throttle": "answer 429 without acting; value: Retry-After in seconds, or `date:SECONDS`, or nothing",
    "status": "answer this status without acting; value: the status",
    "act_then_status": "act, then answer this status; value: the status",
    "lose_reply": "act, then close the connection without a byte",
    "drop": "close the connection without acting",
    "stall": "act, then keep silent; value: seconds",
    "cut": "act, then send half a reply and close",
    "garble": "act, then answer 201 with something that is not JSON",
    "no_id": "act, then answer 201 without an id",
    "duplicate": "act twice, then answer with the first call",
    "refuse": "answer 422 about to_number without acting",
    "refuse_country": "answer 400 about international calls for numbers that begin with these digits",
    "refuse_setup": "answer 400 about what all rows share; value: agent, from_number, carrier or overrides",
    "fail_call": "the call cannot be put through; value: the end reason",
    "queue": "the call is queued for so many seconds before it rings; value: seconds",
    "never_end": "the call never ends",
    "odd_status": "the call ends with a status that nobody has documented; value: the status",
    "bad_carrier": "answer that the carrier's credentials are invalid; value: the status, or 422",
    "no_search": "answer that the carrier has no number search; value: the status, or 400",
    "bad_number": "answer 422 about phone_number without acting",
    "inactive": "registered numbers are shown as inactive, with @numbers",
    "no_trunk": "registered numbers are shown without a trunk for calls that go out, with @numbers",
    "no_agent": "registered numbers are shown without an agent for calls that come in, with @numbers",
    "repeat": "an event is posted twice",
    "reorder": "an event is posted after the call's next one",
}

COUNTRY_REFUSED = "International calls to this country are not enabled"
SETUP_REFUSED = {
    "agent": "The agent does not exist",
    "from_number": "from_number is not registered",
    "carrier": "The carrier credential is invalid",
    "overrides": "overrides.llm.model: not a known model",
}

ENDPOINTS = (
    *("create", "get", "list", "usage", "stop", "agent", "outcomes"),
    *("add_carrier", "carriers", "search", "register", "numbers", "webhooks", "event", "recording"),
)
"""What faults strike: kinds of requests, and `event`, which is one that the simulator itself makes."""

_FORM = re.compile(
    r"(?P<kind>[a-z_]+)(?:=(?P<value>[\w:.-]+))?(?:@(?P<endpoint>" + "|".join(ENDPOINTS) + "))?"
    r"(?:%(?P<rate>\d+(?:\.\d+)?))?(?:#(?P<first>\d+)(?:-(?P<last>\d+))?)?(?:~(?P<digits>\d+))?"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and which requests it strikes. All conditions must hold."""

    kind: str
    value: str | None = None
    endpoint: str = "create"
    rate: float = 1.0
    """Share of the requests that it strikes."""
    first: int = 1
    last: int | None = None
    """The first and the last request of this endpoint that it may strike, counted from 1."""
    digits: str | None = None
    """Only requests for numbers that end in these digits."""

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read `KIND[=VALUE][@ENDPOINT][%PERCENT][#FIRST[-LAST]][~DIGITS]`, like `lose_reply%10` or
        `throttle=3#20-20`. Raises ValueError with the known kinds."""
        match = _FORM.fullmatch(text.strip())
        if match is None or match["kind"] not in KINDS:
            raise ValueError(
                f"{text!r} is not a fault; write KIND[=VALUE][@ENDPOINT][%PERCENT][#FIRST[-LAST]][~DIGITS] "
                f"with one of the kinds {', '.join(KINDS)}"
            )
        first = int(match["first"] or 1)
        last = int(match["last"]) if match["last"] else None
        if match["first"] and last is None:
            last = first
        return cls(
            kind=match["kind"],
            value=match["value"],
            endpoint=match["endpoint"] or "create",
            rate=float(match["rate"]) / 100 if match["rate"] else 1.0,
            first=first,
            last=last,
            digits=match["digits"],
        )


@dataclass(slots=True)
class FaultPlan:
    """Decides for each request which faults strike it; the same seed decides alike."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0
    _requests: dict[str, int] = field(default_factory=dict)

    def strike(self, endpoint: str, number: str = "") -> dict[str, str | None]:
        """Count one request, and return the kinds that strike it with their values."""
        nth = self._requests[endpoint] = self._requests.get(endpoint, 0) + 1
        return {
            fault.kind: fault.value
            for at, fault in enumerate(self.faults)
            if fault.endpoint == endpoint
            and fault.first <= nth <= (fault.last or nth)
            and (fault.digits is None or number.endswith(fault.digits))
            and (fault.rate >= 1 or Random(f"{self.seed}:{at}:{endpoint}:{nth}").random() < fault.rate)
        }


def country_refused(number: str, struck: Mapping[str, str | None]) -> bool:
    """Whether the carrier may not call the country of this number."""
    digits = struck.get("refuse_country")
    return digits is not None and number.startswith(f"+{digits}")
