"""Recordings of calls that were answered: how they sound, and links that are signed and expire. No I/O."""

import hashlib
import hmac
import io
import wave
from random import Random

from campaign.simulator.provider import Provider, SimulatedCall

PATH = "simulator/recordings"
_RATE, _SECONDS = 8_000, 0.25


def link(provider: Provider, call: SimulatedCall) -> str | None:
    """A fresh link to the recording of a call; None while there is none, or when it is not recorded."""
    at, now = call.recorded_at(), provider.now()
    if at is None or now < at:
        return None
    expires = provider.clock_time(now).timestamp() + provider.link_life_s
    stamp = f"{expires:.3f}"
    return f"{call.recorded_by}/{call.id}.wav?expires={stamp}&signature={signature(provider, call, stamp)}"


def content(call: SimulatedCall) -> bytes:
    """What was recorded: a short noise, another one for each call."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(1)
        recording.setframerate(_RATE)
        recording.writeframes(Random(call.id).randbytes(int(_RATE * _SECONDS)))
    return file.getvalue()


def signature(provider: Provider, call: SimulatedCall, expires: str) -> str:
    """By which the store knows a link that the API has given."""
    secret = f"recordings of {provider.seed}".encode()
    return hmac.new(secret, f"{call.id} {expires}".encode(), hashlib.sha256).hexdigest()
