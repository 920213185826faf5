"""The simulator over real HTTP: lost replies are lost as a network loses them."""

import http.client
import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from campaign.errors import UsageError
from campaign.simulator.app import Simulator
from campaign.simulator.server import listen, running, url_of
from tests.simulator.machinery import BODY, HEADERS, account


@contextmanager
def connected(simulator: Simulator) -> Iterator[http.client.HTTPConnection]:
    """One connection to the running simulator."""
    with running(simulator) as url, closing(plain_client(url, timeout_s=60)) as wire:
        yield wire


def plain_client(url: str, *, timeout_s: float) -> http.client.HTTPConnection:
    """A client that retries nothing and hides nothing."""
    parts = urlsplit(url)
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout_s)


def dial(wire: http.client.HTTPConnection) -> http.client.HTTPResponse:
    wire.request("POST", "/v1/calls", json.dumps(BODY), HEADERS)
    return wire.getresponse()


def test_a_call_over_http() -> None:
    """A call is placed over a socket, and the judge sees it there."""
    with connected(account()) as wire:
        reply = dial(wire)
        assert (reply.status, json.load(reply)["status"]) == (201, "initiated")

        wire.request("GET", "/simulator/dials")
        assert [told["to_number"] for told in json.load(wire.getresponse())] == ["+12025550111"]


@pytest.mark.parametrize(("fault", "dials"), [("lose_reply", 1), ("drop", 0)])
def test_a_lost_reply_closes_the_connection(fault: str, dials: int) -> None:
    """The connection ends without a byte, and the dial counts when it was made."""
    simulator = account(fault)
    with connected(simulator) as wire, pytest.raises(http.client.RemoteDisconnected):
        dial(wire)

    assert len(simulator.provider.dials) == dials


def test_a_cut_reply() -> None:
    """Half of what was announced comes, then the connection ends."""
    simulator = account("cut")
    with connected(simulator) as wire:
        reply = dial(wire)
        with pytest.raises(http.client.IncompleteRead) as caught:
            reply.read()

    assert reply.status == 201
    assert 0 < len(caught.value.partial) <= int(str(reply.headers["content-length"])) // 2
    assert len(simulator.provider.dials) == 1


def test_garbled_replies() -> None:
    """A garbled reply is a 201 that is not JSON, after the dial."""
    simulator = account("garble")
    with connected(simulator) as wire:
        reply = dial(wire)
        assert (reply.status, reply.read()[:6]) == (201, b"<html>")

    assert len(simulator.provider.dials) == 1


def test_a_stalled_reply_is_counted_before_it_comes() -> None:
    """While a reply is held back the dial counts already, and the server still ends in time."""
    simulator = account("stall=60")
    with running(simulator) as url:
        with closing(plain_client(url, timeout_s=60)) as wire:
            wire.request("POST", "/v1/calls", json.dumps(BODY), HEADERS)
            give_up_at = time.monotonic() + 60
            while not simulator.provider.dials and time.monotonic() < give_up_at:
                time.sleep(0.01)
            assert select.select([wire.sock], [], [], 0.1)[0] == []
        assert len(simulator.provider.dials) == 1


def test_the_server_is_gone_afterwards() -> None:
    """When the block ends, nobody listens any more."""
    with running(account()) as url:
        port = urlsplit(url).port
        assert port is not None

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1).close()


def test_a_taken_port() -> None:
    """A port that is taken is an error in one line with the cure."""
    with closing(listen(0)) as first:
        port = urlsplit(url_of(first)).port
        assert port is not None
        with pytest.raises(UsageError, match=r"^port \d+: [^\n]+--port$"):
            listen(port)
