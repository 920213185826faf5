"""Classification of replies to requests that set an account up, as the errors of this folder.

Nobody is called by these, so a conflict is a refusal here, and only what has no clear answer is unknown.
"""

import re
from datetime import datetime
from typing import Any

import httpx

from campaign.oneinbox import replies, wire
from campaign.oneinbox.errors import (
    AccountRefused,
    NotFound,
    OutcomeUnknown,
    Part,
    Refused,
    SetupRefused,
    Unsupported,
)

_FIELDS = frozenset(
    {
        *("name", "provider", "api_key", "metadata", "credential_id", "agent_id", "friendly_name"),
        *("country", "area_code", "contains", "limit", "phone_number"),
        *("provider_config", "trunk_address", "auth_username", "auth_password"),
        *("url", "events"),
    }
)
_SECRET_FIELDS = frozenset({"api_key", "provider_config", "trunk_address", "auth_username", "auth_password"})
_CREDENTIAL_WORDS = re.compile(r"credentials?\b|authenticat", re.IGNORECASE)
_TRUNK_WORDS = re.compile(r"trunk|\bsip\b", re.IGNORECASE)
_UNSUPPORTED_WORDS = re.compile(
    r"\bnot (?:be )?(?:supported|available|implemented|offered)|unsupported|unavailable"
    r"|(?:no|not|n't) (?:number )?(?:support|search)",
    re.IGNORECASE,
)


def check(response: httpx.Response, *, now: datetime) -> Any:
    """The JSON body of a request that looks for or changes what calls are made through; None without a body.

    Raises:
        Throttled: 429.
        KeyRefused, AccountRefused: 401, 403; 402.
        NotFound: 404, 410.
        Unsupported: 405, 501.
        SetupRefused: 400, 409, 413 or 422 about the carrier's credentials or the trunk.
        Refused: The same about anything else; `field` is what it complains of, as far as it says.
        OutcomeUnknown: Everything else. What was to be changed may have been.
    """
    status, body = response.status_code, replies.read_json(response)
    if response.is_success:
        if body is None and response.content.strip():
            raise OutcomeUnknown(f"HTTP {status} without JSON")
        return body
    message = wire.error_text(body, response.reason_phrase)
    text = f"HTTP {status}: {message}"
    replies.raise_for_all(response, text, now=now)
    match status:
        case 402:
            raise AccountRefused(text)
        case 404 | 410:
            raise NotFound(text)
        case 405 | 501:
            raise Unsupported(text)
        case 400 | 409 | 413 | 422:
            fields = wire.error_fields(body) & _FIELDS or _named_first(message)
            if fields <= _SECRET_FIELDS and _CREDENTIAL_WORDS.search(text):
                raise SetupRefused(text, about=Part.CARRIER)
            if not fields and _TRUNK_WORDS.search(text):
                raise SetupRefused(text, about=Part.CARRIER)
            raise Refused(text, field=" and ".join(sorted(fields)))
        case _:
            raise OutcomeUnknown(text)


def says_unsupported(text: str) -> bool:
    """Whether a refusal says that there is no such thing, rather than what is wrong with the request."""
    return _UNSUPPORTED_WORDS.search(text) is not None


def _named_first(message: str) -> set[str]:
    """Older generations name a field in front of what is wrong with it."""
    return set(re.split(r"[.:]", message.partition(": ")[0])) & _FIELDS
