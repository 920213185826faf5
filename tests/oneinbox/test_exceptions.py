"""Every exception of the HTTP library has its place, a new one included."""

import inspect

import httpx
import pytest

from campaign.oneinbox.errors import NotSent, OutcomeUnknown, Throttled
from campaign.oneinbox.replies import translated

BASES = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict)
EVERY_CLASS = sorted(
    (value for _, value in inspect.getmembers(httpx, inspect.isclass) if issubclass(value, BASES)),
    key=lambda value: value.__name__,
)
NEVER_SENT = {httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError}
NOT_HTTPX = (OSError, ConnectionRefusedError, ConnectionResetError, TimeoutError, ValueError, RuntimeError)


def made(kind: type[BaseException]) -> BaseException:
    """An instance, whatever its constructor wants."""
    error = kind.__new__(kind)
    error.args = ("to +12025550111 with oi_sk_test",)
    return error


@pytest.mark.parametrize("kind", [*EVERY_CLASS, *NOT_HTTPX], ids=lambda kind: str(kind.__name__))
def test_every_exception_class(kind: type[Exception]) -> None:
    """Only the four classes from before the first byte are safe; all else, also what is new, is in doubt."""
    with pytest.raises((NotSent, OutcomeUnknown)) as caught, translated():
        raise made(kind)

    assert type(caught.value) is (NotSent if kind in NEVER_SENT else OutcomeUnknown)
    assert "12025550111" not in str(caught.value)
    assert "oi_sk" not in str(caught.value)


def test_the_list_of_classes_is_whole() -> None:
    """The classes are really found, so that the test above cannot pass by testing nothing."""
    assert {kind.__name__ for kind in EVERY_CLASS} >= {
        "ReadError",
        "ReadTimeout",
        "WriteError",
        "StreamError",
    }
    assert set(EVERY_CLASS) >= NEVER_SENT


def test_a_subclass_of_a_later_version() -> None:
    """An exception class that does not exist yet is in doubt."""

    class BrandNewError(httpx.TransportError):
        pass

    with pytest.raises(OutcomeUnknown), translated():
        raise BrandNewError("new")


def test_our_own_errors_pass() -> None:
    """What was classified already is not classified again."""
    with pytest.raises(Throttled), translated():
        raise Throttled("later", retry_after_s=3)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_program_passes(kind: type[BaseException]) -> None:
    """An interrupt is not an answer of the API."""
    with pytest.raises(kind), translated():
        raise kind
