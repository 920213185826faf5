"""Synthetic people: who answers, how long they talk, what they say. The same seed gives the same people."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

OUTCOMES = ("Interested", "Not Interested", "Appointment Booked")

_REPLIES = (
    "Yes, that works for me.",
    "Thank you, that is good to know.",
    "Could you send me an email about it?",
    "I am at work, but go on.",
    "No, thank you, not this time.",
)


_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How likely each end of a call is, and how long calls take. Shares are of all calls."""

    answer: float = 0.7
    voicemail: float = 0.1
    busy: float = 0.07
    no_answer: float = 0.1
    """What is left fails."""
    talk_median_s: float = 40.0
    talk_sigma: float = 0.5
    ring_s: float = 6.0
    results_late_s: float = 1.5
    """Messages and analysis appear so long after the end."""
    replies: tuple[str, ...] = _REPLIES
    """What those who answer may say to the agent."""

    @classmethod
    def answering(cls, share: float) -> "Behaviour":
        """So many answer; the others are busy, away or unlucky in the usual proportions."""
        rest = (1 - share) / 0.3
        return cls(answer=share, voicemail=0.1 * rest, busy=0.07 * rest, no_answer=0.1 * rest)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The whole course of one call, decided when it is placed. Times are seconds from there."""

    ending: str
    """answered, voicemail, busy, no_answer or failed."""
    connects_after_s: float | None
    ends_after_s: float
    results_after_s: float
    messages: tuple[Mapping[str, object], ...]
    outcome: str | None
    summary: str | None


def converse(
    *,
    seed: int,
    to_number: str,
    nth_call: int,
    variables: Mapping[str, object],
    behaviour: Behaviour,
    first_message: str | None = None,
) -> Conversation:
    """How the nth call to this person goes, opened by a first message where the call has one of its own."""
    rng = Random(f"{seed}:{to_number}:{nth_call}")
    draw = rng.random()
    ring_s = behaviour.ring_s * rng.uniform(0.5, 1.5)
    talk_s = behaviour.talk_median_s * math.exp(rng.gauss(0.0, behaviour.talk_sigma))
    late_s = behaviour.results_late_s * rng.uniform(0.5, 1.5)
    for ending in ("answer", "voicemail", "busy", "no_answer"):
        draw -= getattr(behaviour, ending)
        if draw < 0:
            break
    else:
        ending = "failed"
    if ending in ("busy", "no_answer", "failed"):
        ends_s = ring_s * (3 if ending == "no_answer" else 1)
        outcome = "Not Connected" if ending != "failed" else None
        return Conversation(ending, None, ends_s, ends_s + late_s, (), outcome, None)
    customer = str(variables.get("customer_name") or variables.get("name") or "there")
    about = ", ".join(f"{key} {value}" for key, value in variables.items() if key != "customer_name")
    opening = f"Hello {customer}, this is the assistant of your service team."
    if first_message:
        opening = _PLACEHOLDER.sub(lambda match: str(variables.get(match[1], match[0])), first_message)
    if ending == "voicemail":
        messages: list[dict[str, object]] = [
            {"role": "agent", "content": f"{opening} I am leaving a message about {about or 'your account'}."}
        ]
        outcome, summary = "Voicemail", f"Left a message for {customer}."
        talk_s = min(talk_s, 20.0)
    else:
        outcome = rng.choice(OUTCOMES)
        messages = [
            {"role": "agent", "content": opening},
            {"role": "user", "content": "Hello, who is calling?"},
            {
                "role": "agent",
                "content": f"I am calling about {about or 'your account'}. Is now a good time?",
            },
            {"role": "user", "content": rng.choice(behaviour.replies)},
            {"role": "tool_call", "tool_call_id": "t1", "name": "end_call", "arguments": "{}"},
            {"role": "tool_result", "tool_call_id": "t1", "content": "ok", "is_error": False},
        ]
        summary = f"Spoke with {customer}: {outcome.lower()}."
    ends_s = ring_s + talk_s
    kind = "answered" if ending == "answer" else ending
    return Conversation(kind, ring_s, ends_s, ends_s + late_s, tuple(messages), outcome, summary)
