"""What a link may lead to, and that a recording comes whole or not at all: real sockets, real TLS."""

import ssl
from typing import Any

import anyio
import pytest

from campaign.oneinbox.recordings import NotFetched, RecordingClient, is_allowed
from tests.oneinbox.sockets import (
    CERTIFICATE,
    HOST,
    Handler,
    Wire,
    answering,
    close_after_acting,
    close_at_once,
    reply,
    reset_half_way,
    serving,
    speak_no_tls,
    tls_server,
)

pytestmark = pytest.mark.anyio

SOUND = b"RIFF" + bytes(range(256)) * 5_000
OK = "200 OK"


async def fetched(client: RecordingClient, link: str) -> bytes:
    """The whole recording."""
    with anyio.fail_after(60):
        return b"".join([piece async for piece in client.fetch(link)])


async def refused(client: RecordingClient, link: str) -> NotFetched:
    """Why it could not be had."""
    with pytest.raises(NotFetched) as failure:
        await fetched(client, link)
    return failure.value


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
        *("0.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "64:ff9b::7f00:1"),
        *("fec0::1", "fec0::1%eth0", "feff::1", "192.88.99.1", "::ffff:192.88.99.1", "64:ff9b::c058:6301"),
        *("2002:a00:1::1", "2002:c058:6301::1", "2002:7f00:1::1", "2001:0:53aa:64c::1", "no address", ""),
    ],
)
async def test_private_addresses_are_never_gone_to(address: str) -> None:
    """Not where loopback is allowed either, and not by an IPv6 address that stands for one."""
    assert not is_allowed(address, allow_loopback=False)
    assert not is_allowed(address, allow_loopback=True) or "7f00" in address


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
async def test_this_machine_only_where_oneinbox_itself_is(address: str) -> None:
    """A simulator's links lead here; those of the real OneInbox never do."""
    assert is_allowed(address, allow_loopback=True)
    assert not is_allowed(address, allow_loopback=False)


@pytest.mark.parametrize(
    "address", ["52.216.1.1", "8.8.8.8", "2600:1f00::1", "64:ff9b::808:808", "192.88.98.1"]
)
async def test_public_addresses_are_gone_to(address: str) -> None:
    """Where recordings are."""
    assert is_allowed(address, allow_loopback=False)


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("http://recordings.example/a.wav", "not https"),
        ("http://localhost:1/a.wav", "not https"),
        ("ftp://recordings.example/a.wav", "not https"),
        ("file:///etc/passwd", "no plain URL"),
        ("https://user:secret@recordings.example/a", "no plain URL"),
        ("https://recordings.example\\@10.0.0.1/a", "no plain URL"),
        ("https://recordings.example/a b", "no plain URL"),
        ("https://recordings.example/\r\nHost: other", "no plain URL"),
        ("https://bücher.example/a", "no plain URL"),
        ("https:///a", "no plain URL"),
        ("https://recordings.example:99999/a", "no URL"),
        ("https://[::1/a", "no URL"),
        ("", "no plain URL"),
    ],
)
async def test_a_link_that_is_none_is_not_followed(link: str, why: str) -> None:
    """Nothing is looked up, and the error repeats nothing of it."""

    async def nobody_asks(_host: str, _port: int) -> list[str]:
        raise AssertionError("looked up")

    async with RecordingClient(resolve=nobody_asks) as client:
        error = await refused(client, link)
    assert why in str(error)
    assert "recordings.example" not in str(error)


async def test_plain_http_leads_to_this_machine_only_where_that_is_allowed() -> None:
    """Over plain HTTP to the simulator, and to no other host."""
    async with serving(answering(reply(OK, SOUND))) as server, RecordingClient(allow_loopback=True) as client:
        assert await fetched(client, f"{server.url}/a.wav?signature=x") == SOUND
        assert "not https" in str(await refused(client, "http://recordings.example/a.wav"))
    [request] = server.requests
    assert request.startswith(b"GET /a.wav?signature=x HTTP/1.1\r\n")
    assert b"authorization" not in request.lower()
    assert b"oi_sk" not in request


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["52.216.1.1", "10.0.0.1"], ["10.0.0.1", "52.216.1.1"], ["::1"]]
)
async def test_one_private_address_of_a_host_is_one_too_many(addresses: list[str]) -> None:
    """Whoever names such a host means harm: not even its public addresses are gone to."""

    async def resolve(_host: str, _port: int) -> list[str]:
        return addresses

    async with serving(close_at_once) as server, RecordingClient(resolve=resolve) as client:
        error = await refused(client, f"https://recordings.example:{server.port}/a")
    assert str(error) == "the link leads into a private network"
    assert server.connections == 0


async def test_a_host_without_an_address_is_not_reached() -> None:
    """Neither one that does not exist nor one that has none."""

    async def nothing(_host: str, _port: int) -> list[str]:
        return []

    async with RecordingClient(resolve=nothing) as client:
        assert "no address" in str(await refused(client, "https://recordings.example/a"))
    async with RecordingClient() as client:
        assert "gaierror" in str(await refused(client, "https://recordings.invalid/a"))


async def loopback(_host: str, _port: int) -> list[str]:
    return [HOST]


def trusting() -> dict[str, Any]:
    """A client that is led to this machine, and takes the certificate."""
    return {
        "allow_loopback": True,
        "resolve": loopback,
        "ssl_context": ssl.create_default_context(cafile=str(CERTIFICATE)),
    }


async def test_the_name_is_proved_although_the_address_is_pinned() -> None:
    """TLS and the request name the host of the link; the connection goes to the address that was checked."""
    async with tls_server(answering(reply(OK, SOUND))) as server, RecordingClient(**trusting()) as client:
        assert await fetched(client, f"https://recordings.example:{server.port}/a.wav") == SOUND
        [request] = server.requests
        assert f"Host: recordings.example:{server.port}\r\n".encode() in request
        wrong_name = await refused(client, f"https://other.example:{server.port}/a.wav")
        assert "ConnectError" in str(wrong_name)
        assert len(server.requests) == 1


async def test_whom_nobody_vouches_for_is_not_talked_to() -> None:
    """A certificate of unknown authority, and no TLS at all."""
    async with (
        tls_server(answering(reply(OK, SOUND))) as server,
        RecordingClient(allow_loopback=True, resolve=loopback) as client,
    ):
        assert "ConnectError" in str(await refused(client, f"https://recordings.example:{server.port}/a"))
        assert server.requests == []
    async with serving(speak_no_tls) as plain, RecordingClient(**trusting()) as client:
        assert "ConnectError" in str(await refused(client, f"https://recordings.example:{plain.port}/a"))


async def test_the_host_is_looked_up_once_for_each_connection() -> None:
    """A name that leads elsewhere the second time is caught the second time: what is checked is gone to."""
    answers = [[HOST], ["169.254.169.254"]]

    async def rebinding(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    async with (
        tls_server(answering(reply(OK, SOUND))) as server,
        RecordingClient(**{**trusting(), "resolve": rebinding}) as client,
    ):
        link = f"https://recordings.example:{server.port}/a"
        assert await fetched(client, link) == SOUND
        assert "private network" in str(await refused(client, link))
    assert answers == []


async def test_another_address_is_tried_when_the_first_does_not_answer() -> None:
    """A host with several addresses may have one that is down."""

    async def two(_host: str, _port: int) -> list[str]:
        return ["127.0.0.99", HOST, HOST]

    async with (
        tls_server(answering(reply(OK, SOUND))) as server,
        RecordingClient(**{**trusting(), "resolve": two}) as client,
    ):
        assert await fetched(client, f"https://recordings.example:{server.port}/a") == SOUND


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    """Wherever it leads."""
    asked: list[bytes] = []

    async def redirect(wire: Wire) -> None:
        asked.append(await wire.request())
        await wire.send(reply(f"{status} There", b"", f"Location: {wire.server.url}/secret"))

    async with serving(redirect) as server, RecordingClient(allow_loopback=True) as client:
        error = await refused(client, f"{server.url}/a")
    assert f"HTTP {status}" in str(error)
    assert not error.may_be_expired
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("status", "expired"), [(401, True), (403, True), (404, True), (410, True), (500, False), (206, False)]
)
async def test_a_status_says_whether_a_fresh_link_may_help(status: int, expired: bool) -> None:
    """Expired links are answered with 403 as a rule."""
    async with (
        serving(answering(reply(f"{status} So", b"x"))) as server,
        RecordingClient(allow_loopback=True) as client,
    ):
        error = await refused(client, f"{server.url}/a")
    assert (str(error), error.may_be_expired) == (f"HTTP {status}", expired)


async def endless(wire: Wire) -> None:
    """Send ever more, in pieces."""
    await wire.request()
    await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await wire.send(b"10000\r\n" + bytes(0x10000) + b"\r\n")


@pytest.mark.parametrize(
    "handler", [answering(reply(OK, b"", length=5_000_001)), endless], ids=["announced", "endless"]
)
async def test_what_is_too_large_is_not_read_to_its_end(handler: Handler) -> None:
    """A size that is announced is believed, one that is not is counted."""
    async with (
        serving(handler) as server,
        RecordingClient(allow_loopback=True, max_bytes=5_000_000) as client,
    ):
        assert "more than 5 MB" in str(await refused(client, f"{server.url}/a"))


@pytest.mark.parametrize(
    "handler",
    [close_at_once, close_after_acting, reset_half_way, answering(reply(OK, SOUND, length=len(SOUND) + 1))],
    ids=["closed", "closed after the request", "reset", "short"],
)
async def test_what_does_not_come_whole_is_no_recording(handler: Handler) -> None:
    """Nor is half of one."""
    async with serving(handler) as server, RecordingClient(allow_loopback=True) as client:
        error = await refused(client, f"{server.url}/a")
    assert server.url not in str(error)


async def test_a_packed_recording_is_not_unpacked() -> None:
    """It was asked for plain; what comes packed may unpack to a flood."""
    packed = reply(OK, b"x", "Content-Encoding: gzip")
    async with serving(answering(packed)) as server, RecordingClient(allow_loopback=True) as client:
        assert "packed" in str(await refused(client, f"{server.url}/a"))
    assert b"Accept-Encoding: identity" in server.requests[0]


async def test_who_stops_reading_lets_go_of_the_connection() -> None:
    """A caller that breaks off, or is cancelled, leaves nothing open."""
    async with serving(endless) as server, RecordingClient(allow_loopback=True) as client:
        for _ in range(3):
            with anyio.move_on_after(5):
                pieces = client.fetch(f"{server.url}/a")
                assert await anext(pieces)
                await pieces.aclose()
        assert server.connections == 3
