"""Outcomes: the labels of an account are read from any reply, and set on calls."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from campaign.models import OutcomeLabel
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound, OutcomeUnknown, Refused, Unsupported
from campaign.oneinbox.outcomes import parse_outcomes

pytestmark = pytest.mark.anyio


def answering(status: int, body: Any, seen: list[httpx.Request] | None = None) -> OneInbox:
    """A client whose every request is answered alike."""

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, json=body)

    return OneInbox("http://127.0.0.1", SecretStr("oi_sk_test"), transport=httpx.MockTransport(handle))


@pytest.mark.parametrize(
    ("body", "labels"),
    [
        ({"builtin": ["Interested"]}, (OutcomeLabel("Interested", "interested"),)),
        (
            {"builtin": None, "items": [{"name": "cb", "label": "Call Back", "is_active": False}]},
            (OutcomeLabel("Call Back", "cb", is_own=True, is_active=False),),
        ),
        ({"items": [{"label": "Call Back"}]}, (OutcomeLabel("Call Back", "call_back", is_own=True),)),
        ({"items": [{"name": "call_back"}]}, (OutcomeLabel("call_back", "call_back", is_own=True),)),
        ({"builtin": [5, None, {}, ""], "items": [5, None, {}, {"label": []}]}, (OutcomeLabel("5", "5"),)),
        ({"builtin": ["Odd\x07"]}, (OutcomeLabel("Odd\ufffd", "odd\ufffd"),)),
        ({}, None),
        ({"builtin": "Interested"}, None),
        ([], None),
        (None, None),
    ],
)
def test_labels_are_read_from_any_reply(body: Any, labels: tuple[OutcomeLabel, ...] | None) -> None:
    """What cannot be understood is left out, and a reply without any list is none."""
    assert parse_outcomes(body) == labels


async def test_the_request_says_the_name() -> None:
    """A PATCH of the call with the label's name, and nothing else."""
    seen: list[httpx.Request] = []
    async with answering(200, {"id": "call_1", "outcome": "Interested"}, seen) as client:
        assert (await client.set_outcome("call_1", "interested")).outcome == "Interested"
    [request] = seen
    assert (request.method, request.url.path) == ("PATCH", "/v1/calls/call_1")
    assert request.read() == b'{"outcome":"interested"}'


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"id": "call_2"}, OutcomeUnknown),
        (200, {}, OutcomeUnknown),
        (401, {"detail": "no"}, KeyRefused),
        (404, {"detail": "Call not found"}, NotFound),
        (405, {}, Unsupported),
        (422, {"detail": [{"loc": ["body", "outcome"], "msg": "unknown"}]}, Refused),
        (400, {"detail": "no such outcome"}, Refused),
        (503, {}, OutcomeUnknown),
    ],
)
async def test_how_setting_a_label_may_end(status: int, body: Any, kind: type[ApiError]) -> None:
    """Whoever sets one is told whether the label, the call or the account is at fault."""
    async with answering(status, body) as client:
        with pytest.raises(kind):
            await client.set_outcome("call_1", "interested")
