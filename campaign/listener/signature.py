"""Signatures of events. Which header and which form OneInbox uses is not documented, so both are tolerant.

What is fixed: HMAC-SHA256 over the body as it came, with the webhook's secret, compared in constant time.
"""

import base64
import hashlib
import hmac
import re

HEADER = "X-OneInbox-Signature"
"""Where no other is named; the simulator uses it."""

_PREFIX = re.compile(r"^(?:sha256|v1)[=,]", re.IGNORECASE)


def is_right(secret: str, header: str, body: bytes) -> bool:
    """Whether one of the signatures in the header is that of the body.

    Args:
        secret: The webhook's.
        header: Signatures as hex or base64, perhaps after `sha256=` or `v1,`, with blanks between them.
        body: As it came.
    """
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    expected = (digest.hex().encode(), base64.b64encode(digest))
    found = False
    for given in header.split()[:10]:
        # Digits of a hex number may be capitals, those of base64 may not.
        plain = _PREFIX.sub("", given).encode(errors="replace")
        found |= hmac.compare_digest(plain.lower(), expected[0])
        found |= hmac.compare_digest(plain, expected[1])
    return found
