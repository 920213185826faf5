"""What an account has shown of itself: answers to the questions that no documentation settles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

QUESTIONS: Mapping[str, str] = {
    "generation": "which generation of the API it speaks",
    "create_status": "status of the reply to a create-call request",
    "id_form": "what ids look like",
    "metadata_in_get": "metadata comes back when a call is fetched",
    "metadata_in_list": "metadata comes back in the list: calls in doubt are found by token",
    "variables_in_get": "variables come back, long ones and braces as they were sent",
    "list_after_s": "seconds until a new call is in the list",
    "cursor_list": "there is a cursor list",
    "offset_list": "the list takes limit and offset",
    "list_envelope": "what a list comes in",
    "newest_first": "the list is sorted, the newest first",
    "statuses": "statuses that a call went through",
    "connecting_s": "seconds until a call was no longer queued or initiated",
    "stopped_status": "status of a call that was stopped at once",
    "stopped_reason": "its end reason",
    "transcript_type": "what a transcript is",
    "duration_type": "what a duration is",
    "results_after_s": "seconds from the end of a call to its results",
    "throttled_after": "GETs in a row until 429 (at most 40 were tried)",
    "retry_after": "what Retry-After held then",
    "error_404": "keys of an error for an unknown call",
    "error_422": "keys of an error for a bad number",
    "usage": "keys that tell of the daily quota",
    "credentials_path": "where carriers' credentials are",
    "webhooks": "there are webhooks",
    "webhook_secret": "a webhook has a secret",
    "webhook_headers": "headers of a test event, one of which may sign it",
}
"""By the name of the answer."""

_A_NUMBER = "no number to call was named (CONTRACT_TO_NUMBER, with an agent and a from number)"
NEEDED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("create_status", "id_form", "metadata_in_get", "metadata_in_list", "variables_in_get"),
            *("list_after_s", "statuses", "connecting_s", "stopped_status", "stopped_reason"),
            *("transcript_type", "duration_type", "results_after_s", "error_422"),
        ),
        _A_NUMBER,
    ),
    "newest_first": "fewer than two calls were listed",
    "retry_after": "no 429 came",
    "webhook_secret": "no address for events was named (CONTRACT_WEBHOOK_URL)",
    "webhook_headers": "no port where events arrive was named (CONTRACT_WEBHOOK_URL, CONTRACT_WEBHOOK_PORT)",
}
"""What was missing when such a question has no answer."""

NOT_ASKED = "not asked"

LEFT_OPEN: Mapping[str, str] = {
    "a 429 to a create-call request means that no call was placed": "only a great many calls would bring one",
    "which code means no credit": "an account would have to be emptied",
    "which code, or which end, means that the carrier refuses": "a carrier would have to be broken",
    "one body twice within seconds makes two calls": "it would ring somebody twice",
    "a call that is queued for long can be stopped": "that needs a carrier whose queue is backed up",
    "how long a call can be queued at most": "that needs a carrier whose queue is backed up",
    "how large variables may be": "what is too large may be cut in the middle of a call to somebody",
    "how an event is signed": "its headers tell the name; the form is seen by who has the secret",
    "how many calls may start in a second": "only a great many calls would tell",
    "how many calls may be live": "only a great many calls would tell",
}
"""Questions that stay open, and why they are not asked."""


@dataclass(slots=True)
class Report:
    """The answers of one account."""

    account: str
    answers: dict[str, Any] = field(default_factory=dict)

    def note(self, name: str, answer: Any) -> None:
        """One answer."""
        assert name in QUESTIONS, name
        self.answers[name] = answer

    def finished(self) -> dict[str, Any]:
        """All answers with the conclusion from them, in the order of the questions."""
        found = {**self.answers, "generation": generation(self.answers)}
        return {name: found.get(name, NOT_ASKED) for name in QUESTIONS}

    def lines(self) -> list[str]:
        """For people: every question, with its answer or with why it has none."""
        told = []
        for name, answer in self.finished().items():
            shown = json.dumps(answer, default=str)
            if answer == NOT_ASKED:
                shown = f"{NOT_ASKED}, because {NEEDED.get(name, 'what it needs did not come about')}"
            told.append(f"{QUESTIONS[name]}: {shown}")
        return told + [f"{question}: {NOT_ASKED}, because {why}" for question, why in LEFT_OPEN.items()]


def generation(answers: Mapping[str, Any]) -> str:
    """The generation that most signs point to. A tie is named as such."""
    signs = {"v1": 0, "v2": 0, "v3": 0}
    for name, by_answer in _SIGNS.items():
        for pointed_to in by_answer.get(_plain(answers.get(name)), ()):
            signs[pointed_to] += 1
    most = max(signs.values())
    likely = [name for name, number in signs.items() if number == most]
    return " or ".join(likely) if most else "unknown"


def _plain(answer: Any) -> Any:
    return " ".join(sorted(answer)) if isinstance(answer, list) else answer


_SIGNS: Mapping[str, Mapping[Any, tuple[str, ...]]] = {
    "cursor_list": {True: ("v3",), False: ("v1", "v2")},
    "id_form": {"uuid": ("v3",), "prefixed": ("v1", "v2")},
    "variables_in_get": {True: ("v2", "v3"), False: ("v1",)},
    "transcript_type": {"list": ("v1", "v2"), "str": ("v3",)},
    "error_404": {"error message": ("v1",), "detail": ("v2", "v3")},
    "credentials_path": {"/v1/integrations": ("v3",), "/v1/credentials": ("v1", "v2")},
    "webhook_secret": {True: ("v3",), False: ("v1", "v2")},
}
"""What each answer says about the generation, by the vendor's documentation."""
