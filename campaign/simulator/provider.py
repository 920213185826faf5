"""The provider: calls, their course in time, and the count of real dials. No HTTP here.

A dial counts at the instant at which a create-call request is accepted; the count never depends on what
the runner says.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from campaign.simulator.people import Behaviour, Conversation, converse

STOPPED = "api_stop"


@dataclass(slots=True)
class SimulatedCall:
    """One call that was really placed."""

    id: str
    agent_id: str
    to_number: str
    from_number: str
    variables: Mapping[str, Any]
    metadata: Mapping[str, Any]
    placed_at: float
    conversation: Conversation
    never_ends: bool = False
    odd_status: str | None = None
    failure: str | None = None
    """The end reason of a call that could not be put through."""
    queued_s: float = 0.0
    """So long after it was placed it begins to ring."""
    stopped_at: float | None = None
    outcome: str | None = None
    """The label that somebody has given the call, in place of the provider's own."""
    webhook_url: str | None = None
    """Where this call's events go, too."""
    recorded_by: str | None = None
    """The address of the store that keeps its recording; None when it is not recorded."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """What the agent had otherwise in this call."""

    def rings_at(self) -> float | None:
        """When the person's telephone begins to ring; None when the call was stopped before."""
        at = self.placed_at + self.queued_s
        return at if self.stopped_at is None or at < self.stopped_at else None

    def ends_at(self) -> float:
        """When it ends, in the provider's seconds."""
        natural = float("inf") if self.never_ends else self.placed_at + self.conversation.ends_after_s
        return min(natural, self.stopped_at if self.stopped_at is not None else float("inf"))

    def has_ended(self, now: float) -> bool:
        return now >= self.ends_at()

    @property
    def late_s(self) -> float:
        """So long after its end its results are there."""
        return self.conversation.results_after_s - self.conversation.ends_after_s

    def results_at(self) -> float:
        """When its transcript and its analysis are there."""
        return self.ends_at() + self.late_s

    def has_results(self, now: float) -> bool:
        return now >= self.results_at()

    def recorded_at(self) -> float | None:
        """When its recording can be had: later than its results. None when there is none."""
        if self.recorded_by is None or self.conversation.connects_after_s is None:
            return None
        return self.ends_at() + 2 * self.late_s


@dataclass(frozen=True, slots=True)
class Dial:
    """One real dial, as the oracle counts it."""

    sequence: int
    at: float
    """Real monotonic seconds."""
    to_number: str
    call_id: str
    metadata: Mapping[str, Any]


@dataclass(slots=True)
class Provider:
    """All calls of one simulated account."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    seed: int = 1
    speed: float = 1.0
    """Provider seconds per real second."""
    list_lag_s: float = 0.0
    """A call appears in lists so many real seconds after it was placed."""
    daily_quota: int | None = None
    """Calls that the account may make on one day, from 00:00 UTC on; None for any number."""
    over_quota: int = 402
    """The status that answers a call beyond it. The documentation does not say which it is."""
    link_life_s: float = 4 * 3600.0
    """So many real seconds the link to a recording can be used."""
    dial_log: Path | None = None
    """Where each dial is appended as a JSON line, for judges in other processes."""
    monotonic: Callable[[], float] = time.monotonic
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    calls: dict[str, SimulatedCall] = field(default_factory=dict)
    dials: list[Dial] = field(default_factory=list)
    refused_by_quota: int = 0
    """Requests beyond the daily quota."""
    _origin: float = 0.0
    _dialled: dict[str, int] = field(default_factory=dict)
    _per_day: dict[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._origin = self.monotonic()

    def now(self) -> float:
        """Seconds of the provider's own clock."""
        return (self.monotonic() - self._origin) * self.speed

    def clock_time(self, seconds: float) -> datetime:
        """The wall-clock time that the provider reports for one of its instants.

        Reported times run in real time, whatever the speed, as the runner compares them with its own clock.
        """
        return self.started_at + timedelta(seconds=seconds / self.speed)

    def today(self) -> date:
        """The day that it counts calls for."""
        return self.clock_time(self.now()).astimezone(UTC).date()

    @property
    def made_today(self) -> int:
        """Calls since 00:00 UTC."""
        return self._per_day.get(self.today(), 0)

    def is_over_quota(self) -> bool:
        """Whether no more call may be made today. Counted as one that was asked for in vain."""
        is_over = self.daily_quota is not None and self.made_today >= self.daily_quota
        self.refused_by_quota += is_over
        return is_over

    def place(
        self,
        *,
        agent_id: str,
        to_number: str,
        from_number: str,
        variables: Mapping[str, Any],
        metadata: Mapping[str, Any],
        call_id: str | None = None,
        webhook_url: str | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> SimulatedCall:
        """Ring a person. This is the dial."""
        nth_call = self._dialled[to_number] = self._dialled.get(to_number, 0) + 1
        call = SimulatedCall(
            id=call_id or str(uuid.uuid4()),
            agent_id=agent_id,
            to_number=to_number,
            from_number=from_number,
            variables=variables,
            metadata=metadata,
            placed_at=self.now(),
            conversation=converse(
                seed=self.seed,
                to_number=to_number,
                nth_call=nth_call,
                variables=variables,
                behaviour=self.behaviour,
                first_message=(overrides or {}).get("first_message"),
            ),
            webhook_url=webhook_url,
            overrides=overrides or {},
        )
        self.calls[call.id] = call
        today = self.today()
        self._per_day[today] = self._per_day.get(today, 0) + 1
        dial = Dial(len(self.dials) + 1, self.monotonic(), to_number, call.id, metadata)
        self.dials.append(dial)
        if self.dial_log is not None:
            line = {"sequence": dial.sequence, "at": dial.at, "to_number": to_number, "call_id": call.id}
            with self.dial_log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line | {"metadata": dict(metadata)}) + "\n")
        return call

    def fail(self, call: SimulatedCall, reason: str) -> None:
        """The call rings for as long as it would have, and is not put through."""
        late_s = call.conversation.results_after_s - call.conversation.ends_after_s
        ends_after_s = call.conversation.connects_after_s or call.conversation.ends_after_s
        call.failure = reason
        call.conversation = Conversation(
            "failed", None, ends_after_s, ends_after_s + late_s, (), outcome=None, summary=None
        )

    def queue(self, call: SimulatedCall, seconds: float) -> None:
        """The call waits so long before it rings, and takes its course then."""
        course = call.conversation
        connects = course.connects_after_s
        call.queued_s = seconds
        call.conversation = replace(
            course,
            connects_after_s=None if connects is None else connects + seconds,
            ends_after_s=course.ends_after_s + seconds,
            results_after_s=course.results_after_s + seconds,
        )

    def suffer(self, call: SimulatedCall, struck: Mapping[str, str | None]) -> None:
        """What the faults that strike a create-call request do to the call that it has made.

        Args:
            call: Just placed.
            struck: Kinds of faults with their values (see `faults`); of other kinds it takes no notice.
        """
        call.never_ends = "never_end" in struck
        call.odd_status = struck.get("odd_status")
        if "fail_call" in struck:
            self.fail(call, struck["fail_call"] or "failed")
        if "queue" in struck:
            self.queue(call, float(struck["queue"] or 60))

    def listed(self, agent_id: str | None, status: str | None = None) -> list[SimulatedCall]:
        """What the list shows now, the newest first."""
        horizon = self.now() - self.list_lag_s * self.speed
        shown = [
            call
            for call in self.calls.values()
            if call.placed_at <= horizon
            and (agent_id is None or call.agent_id == agent_id)
            and (status is None or self.status_of(call) == status)
        ]
        return shown[::-1]

    def status_of(self, call: SimulatedCall) -> str:
        """The status as the API words it."""
        now = self.now()
        if not call.has_ended(now):
            if now < call.placed_at + call.queued_s:
                return "queued"
            connects = call.conversation.connects_after_s
            return "in_progress" if connects is not None and now >= call.placed_at + connects else "initiated"
        if call.stopped_at is not None:
            return "completed"
        if call.odd_status:
            return call.odd_status
        return {"busy": "busy", "no_answer": "no_answer", "failed": "failed"}.get(
            call.conversation.ending, "completed"
        )

    def stop(self, call: SimulatedCall) -> None:
        """Hang up; on an ended call this does nothing. Who was not connected yet never will be."""
        now = self.now()
        if call.has_ended(now):
            return
        call.stopped_at = now
        connects = call.conversation.connects_after_s
        if connects is None or now < call.placed_at + connects:
            call.conversation = replace(
                call.conversation,
                ending="canceled",
                connects_after_s=None,
                messages=(),
                outcome=None,
                summary=None,
            )
