"""Signatures: every usual way to write one is taken, and no wrong one."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.listener.signature import is_right

SECRET, BODY = "whsec_4711", b'{"event": "call.ended"}'
DIGEST = hmac.new(SECRET.encode(), BODY, hashlib.sha256).digest()
HEX, BASE64 = DIGEST.hex(), base64.b64encode(DIGEST).decode()


@pytest.mark.parametrize(
    "header",
    [
        HEX,
        HEX.upper(),
        BASE64,
        f"sha256={HEX}",
        f"SHA256={HEX}",
        f"v1,{BASE64}",
        f"v1={HEX}",
        f"v1,AAAA v1,{BASE64}",
        f"sha256={HEX} other",
    ],
)
def test_a_right_signature_is_taken(header: str) -> None:
    """As hex or base64, with the usual prefixes, or one of several as after a change of the secret."""
    assert is_right(SECRET, header, BODY)


@pytest.mark.parametrize(
    "header", ["", "sha256=", HEX[:-1], HEX + "0", BASE64.lower(), f"md5={HEX}", "ä" * 64, "v1,", "\x00"]
)
def test_a_wrong_signature_is_not(header: str) -> None:
    """Nor is none."""
    assert not is_right(SECRET, header, BODY)
    assert not is_right("another", HEX, BODY)
    assert not is_right(SECRET, HEX, BODY + b" ")


@given(st.text(max_size=200))
def test_whatever_the_header_holds(header: str) -> None:
    """Nothing makes the check fail otherwise than by saying no."""
    assert not is_right(SECRET, header, BODY)
