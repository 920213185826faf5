"""A sample of the odd replies, and clients that are found out."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

from campaign.models import CallRequest
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import OutcomeUnknown, Throttled, Unsupported
from campaign.oneinbox.listing import CallPage
from tests.torture import replies
from tests.torture.replies import ALL, ASK_LIST, CREATE, DIAL, DOUBT, Case
from tests.torture.reply_shapes import BODIES, ENVELOPES, ID, LISTS, Says, Shape, framed
from tests.torture.tally import Effort
from tests.torture.wrong_clients import Hasty, Sloppy, Stubborn


def test_a_sample(tmp_path: Path) -> None:
    """Whatever the reply, the client ends as the tables say, and sends a create-call request once."""
    tally = replies.run(Effort(tmp_path, share=0.04, jobs=1))

    assert tally.is_clean, tally.failures
    assert tally.injected["replies to a dial"] > 1500
    assert tally.injected["replies to a GET"] >= 100
    assert tally.injected["replies to a list"] >= 15


class Impatient(OneInbox):
    """Waits as long as it likes when it is asked to wait."""

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        try:
            return await super().create_call(request, *last_check)
        except Throttled as error:
            raise Throttled(str(error), retry_after_s=None) from error


class Trusting(OneInbox):
    """Takes the first id that it sees."""

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        try:
            return await super().create_call(request, *last_check)
        except OutcomeUnknown:
            return ID


class Resigned(OneInbox):
    """Takes a list that cannot be read now for one that does not exist."""

    async def recent_calls(self, agent_id: str | None) -> AsyncGenerator[CallPage, None]:
        try:
            async with aclosing(super().recent_calls(agent_id)) as pages:
                async for page in pages:
                    yield page
        except OutcomeUnknown as error:
            raise Unsupported(str(error)) from error


@pytest.mark.parametrize("client", [Hasty, Stubborn, Sloppy])
def test_a_wrong_client_is_found_out(tmp_path: Path, client: type[OneInbox]) -> None:
    """The suite can fail: a client that sorts replies wrongly, or sends twice, is not clean."""
    tally = replies.run(Effort(tmp_path, share=0.004, jobs=1), client)

    assert not tally.is_clean
    assert tally.double_dials if client is Stubborn else tally.wrong


def test_every_reply_is_shown_once_in_however_many_processes(tmp_path: Path) -> None:
    """Several processes share the replies out between them, and what one of them finds out is told."""
    alone = replies.run(Effort(tmp_path, share=0.001, jobs=1), Sloppy)
    together = replies.run(Effort(tmp_path, share=0.001, jobs=3), Sloppy)
    assert together.injected == alone.injected
    assert together.wrong == alone.wrong > 0


WAITS = [Case(DIAL, 429, shape) for shape in ENVELOPES if shape.retry_after_s is not None]
TWO_IDS = [
    Case(DIAL, 201, Shape(name, says, framed(body)))
    for name, (says, body) in BODIES.items()
    if says is Says.TWO
]
OUTAGES = [
    Case(ASK_LIST, status, Shape(name, says, framed(body)))
    for status in (500, 503)
    for name, (says, body) in LISTS.items()
]


@pytest.mark.parametrize(("cases", "client"), [(WAITS, Impatient), (TWO_IDS, Trusting), (OUTAGES, Resigned)])
def test_each_of_these_replies_finds_out_a_wrong_client(cases: list[Case], client: type[OneInbox]) -> None:
    """A wait not kept, an id guessed and an outage taken for "no list" are wrong each time."""
    assert anyio.run(replies.show, cases, OneInbox).is_clean
    assert anyio.run(replies.show, cases, client).wrong == len(cases) >= 2


def test_every_status_and_every_meaning_has_a_rule() -> None:
    """No reply is left out of the table, and what is not certain is a doubt."""
    for status in ALL:
        for says in Says:
            ends = next(ends for statuses, said, ends in CREATE if status in statuses and says in said)
            if says is Says.BROKEN or status not in {
                *replies.SUCCESS,
                400,
                401,
                402,
                403,
                404,
                413,
                422,
                429,
            }:
                assert ends == DOUBT
