"""Who may vouch for OneInbox: without that, nobody is talked to, and no byte of a request is sent."""

import ssl
from collections.abc import Awaitable, Callable

import pytest
from pydantic import SecretStr

from campaign.models import E164, CallRequest
from campaign.oneinbox.asking import authorities
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import NotSent
from campaign.oneinbox.setup import SetUp
from tests.oneinbox.sockets import CERTIFICATE, CREATED, HOST, answering, reply, tls_server

KEY = SecretStr("oi_sk_test")
REQUEST = CallRequest("agt_test", E164("+12025550111"), "+12025550100", {}, {})


async def dial(url: str) -> None:
    async with OneInbox(url, KEY) as client:
        await client.create_call(REQUEST)


async def ask(url: str) -> None:
    async with OneInbox(url, KEY) as client:
        await client.get_call("call_1")


async def set_up(url: str) -> None:
    async with SetUp(url, KEY) as client:
        await client.carriers()


@pytest.mark.anyio
@pytest.mark.parametrize("talk", [dial, ask, set_up])
async def test_whom_nobody_vouches_for_is_sent_nothing(talk: Callable[[str], Awaitable[None]]) -> None:
    """Neither the key nor a call goes to a server with a certificate of unknown authority."""
    async with tls_server(answering(reply("201 Created", CREATED))) as server:
        with pytest.raises(NotSent):
            await talk(f"https://{HOST}:{server.port}")
        assert server.requests == []


def test_certificates_and_names_are_checked_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A variable that somebody has set adds no authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("SSL_CERT_DIR", str(CERTIFICATE.parent))

    trusted = authorities.__wrapped__()

    assert trusted.verify_mode is ssl.CERT_REQUIRED
    assert trusted.check_hostname
    assert len(trusted.get_ca_certs()) > 50
    assert "recordings.example" not in str(trusted.get_ca_certs())
