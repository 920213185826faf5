"""Replies: every status has its error, for a create-call request and for a GET."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from campaign import logs
from campaign.oneinbox import wire
from campaign.oneinbox.errors import (
    AccountRefused,
    ApiError,
    CountryRefused,
    KeyRefused,
    NotFound,
    OutcomeUnknown,
    Part,
    Refused,
    SetupRefused,
    Throttled,
    Unsupported,
)
from campaign.oneinbox.replies import check_create, check_get

NOW = datetime(2026, 8, 2, 9, 0, tzinfo=UTC)

# By hand from the design's table; what is not named here is in doubt.
CREATE: dict[int, type[ApiError]] = {
    400: Refused,
    401: KeyRefused,
    402: AccountRefused,
    403: KeyRefused,
    404: SetupRefused,
    413: Refused,
    422: Refused,
    429: Throttled,
}
GET: dict[int, type[ApiError]] = {
    400: Unsupported,
    401: KeyRefused,
    403: KeyRefused,
    404: NotFound,
    405: Unsupported,
    410: NotFound,
    422: Unsupported,
    429: Throttled,
    501: Unsupported,
}
ERRORS = [*range(100, 200), *range(300, 600)]


def reply(status: int, body: Any = None) -> httpx.Response:
    """A reply with this body as JSON; bytes stand for themselves."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, content=content)


def create_error(status: int, body: Any = None) -> ApiError:
    """How a create-call request ends."""
    with pytest.raises(ApiError) as caught:
        check_create(reply(status, body), now=NOW)
    return caught.value


@pytest.mark.parametrize("body", [{}, None, b"<html>", {"id": "call_1"}], ids=["{}", "null", "html", "id"])
def test_every_status_of_a_create(body: Any) -> None:
    """Only the statuses that say so are safe; every other one is in doubt, whatever its body claims."""
    ends = {status: type(create_error(status, body)) for status in ERRORS}

    assert ends == dict.fromkeys(ERRORS, OutcomeUnknown) | CREATE


def test_every_status_of_a_get() -> None:
    """A GET tells what is missing from what this API does not know, and from trouble."""
    ends = {}
    for status in ERRORS:
        with pytest.raises(ApiError) as caught:
            check_get(reply(status, {}), now=NOW)
        ends[status] = type(caught.value)

    assert ends == dict.fromkeys(ERRORS, OutcomeUnknown) | GET


def test_success() -> None:
    """Any 2xx with an id is a placed call; without one it is in doubt."""
    for status in range(200, 300):
        assert check_create(reply(status, {"id": "call_1"}), now=NOW) == "call_1"
        assert check_get(reply(status, {"id": "call_1"}), now=NOW) == {"id": "call_1"}
        assert type(create_error(status, {"status": "initiated"})) is OutcomeUnknown
        assert type(create_error(status, b"")) is OutcomeUnknown


def about(*location: Any) -> dict[str, Any]:
    return {"detail": [{"loc": ["body", *location], "msg": "not valid", "type": "value_error"}]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (about("to_number"), Refused),
        (about("variables", "agent_name"), Refused),
        (about("agent_id"), SetupRefused),
        (about("from_number"), SetupRefused),
        ({"detail": about("to_number")["detail"] + about("agent_id")["detail"]}, SetupRefused),
        ({"detail": "from_number is not registered"}, SetupRefused),
        ({"detail": "Carrier credentials are invalid"}, SetupRefused),
        ({"error": "invalid", "message": "from_number: unknown"}, SetupRefused),
        ({"error": "invalid", "message": "to_number: not a callable number"}, Refused),
        ({"detail": {"code": "SIP_TRUNK_PROVISION_FAILED"}}, Refused),
        ({"detail": {"message": "no SIP trunk for this account"}}, SetupRefused),
        (b"<html>Unprocessable</html>", Refused),
        ({"detail": [17, None, {"loc": "to_number"}, {"loc": None, "msg": None}]}, Refused),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_whom_a_refusal_is_about(status: int, body: Any, kind: type[ApiError]) -> None:
    """A refusal about one row lets the others go on; one about what all rows share stops the campaign."""
    assert type(create_error(status, body)) is kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"detail": "Agent not found"}, SetupRefused),
        ({"detail": "Not Found"}, SetupRefused),
        ({"detail": "to_number not found"}, Refused),
        (b"", SetupRefused),
    ],
)
def test_what_a_404_is_about(body: Any, kind: type[ApiError]) -> None:
    """What a create-call request does not find is shared by all rows, unless it names the row."""
    assert type(create_error(404, body)) is kind


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"detail": "No credit"}, "No credit"),
        ({"detail": [{"loc": ["body", "to_number"], "msg": "bad"}]}, "to_number: bad"),
        ({"detail": [{"message": "bad"}, {"msg": "worse"}]}, "bad; worse"),
        ({"detail": [{"loc": ["body", "variables", 0], "msg": "bad"}]}, "variables.0: bad"),
        ({"detail": ["plain", 17]}, "plain; 17"),
        ({"detail": {"message": "no trunk", "code": "X"}}, "no trunk"),
        ({"detail": {"code": "SIP_TRUNK"}}, "SIP_TRUNK"),
        ({"error": "quota", "message": "Not enough credit"}, "Not enough credit"),
        ({"error": "quota"}, "quota"),
        ({"detail": None, "message": "later"}, "later"),
        ({}, "Payment Required"),
        ([], "Payment Required"),
        (None, "Payment Required"),
        ("text", "Payment Required"),
        ({"detail": []}, "Payment Required"),
        ({"detail": "two\r\n lines\x00 \x1b[31m"}, "two lines\ufffd \ufffd[31m"),
        ({"detail": "x" * 999}, "x" * 200),
    ],
)
def test_error_texts(body: Any, text: str) -> None:
    """Every documented form of an error body gives its message, on one short clean line."""
    assert wire.error_text(body, "Payment Required") == text


@pytest.mark.parametrize("before", [0, 100, 180, 195, 300])
def test_an_error_text_holds_no_part_of_a_secret(before: int) -> None:
    """Wherever it stands, also where the text is cut."""
    secret = "Kanarienvogel-0815"
    logs.hide(secret)
    text = wire.error_text({"detail": "x" * before + " " + secret + " is wrong"}, "")
    assert secret[:6] not in text
    assert len(text) <= 200


def test_an_error_text_holds_no_number() -> None:
    """A number or a key that the reply echoes does not reach the text of the error."""
    for body in (
        {"detail": "+12025550111 is not a number"},
        {"detail": [{"loc": ["body", "to_number"], "msg": "'+12025550111' is not valid for oi_sk_test1234"}]},
    ):
        text = str(create_error(422, body))
        assert "2025550111" not in text
        assert "oi_sk" not in text


def test_the_words_of_a_reply_are_for_the_ledger_only() -> None:
    """What is logged or printed of an error names the status, and not whom the server speaks of."""
    error = Refused("HTTP 400: the agent has no line for Dana Canary")
    assert (error.what, error.brief) == ("HTTP 400", "Refused: HTTP 400")


@pytest.mark.parametrize(
    ("status", "body", "part"),
    [
        (404, {"detail": "Agent not found"}, Part.AGENT),
        (404, {}, Part.AGENT),
        (422, about("agent_id"), Part.AGENT),
        (422, about("from_number"), Part.FROM_NUMBER),
        (400, {"detail": "from_number is not registered"}, Part.FROM_NUMBER),
        (400, {"detail": "Carrier credentials are invalid"}, Part.CARRIER),
        (422, about("metadata"), Part.CALL),
        (422, about("overrides", "llm", "model"), Part.CALL),
        (422, {"message": "webhook_url: not a valid URL"}, Part.CALL),
    ],
)
def test_what_all_rows_share_is_named(status: int, body: Any, part: Part | None) -> None:
    """The agent, the from number or the carrier; the breaker may stop one number alone."""
    error = create_error(status, body)
    assert isinstance(error, SetupRefused)
    assert error.about is part


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "text",
    [
        "International calls to this country are not enabled",
        "to_number: geo permission missing",
        "Geographic permissions: the country is not allowed",
    ],
)
def test_a_country_that_the_carrier_may_not_call_is_no_bad_row(status: int, text: str) -> None:
    """Every other number of that country would be refused as well."""
    assert isinstance(create_error(status, {"detail": text}), CountryRefused)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (about("to_number"), "to_number"),
        (about("variables", "name"), "variables"),
        ({"detail": "the variable name is too long"}, "variables"),
        ({"detail": "bad recipient"}, "to_number"),
        ({"detail": "something is wrong"}, ""),
    ],
)
def test_a_refusal_names_its_field(body: Any, field: str) -> None:
    """Refusals for one field in a row are not about the rows."""
    error = create_error(422, body)
    assert isinstance(error, Refused)
    assert error.field == field
