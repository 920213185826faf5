"""What the contract tests themselves rely on: calls that end, and a report that leaves no question out."""

from dataclasses import replace

import anyio
import pytest

from campaign.models import CallRequest
from tests.contract.conftest import Account, waited_for
from tests.contract.report import LEFT_OPEN, NEEDED, QUESTIONS, Report, generation


@pytest.mark.anyio
@pytest.mark.parametrize("is_too_long", [False, True])
async def test_nobody_is_kept_by_a_test_that_fails(account: Account, is_too_long: bool) -> None:
    """Whatever is not as expected, and however long that takes to see: the call is ended."""
    if not account.is_simulated or account.to_number is None or account.agent_id is None:
        pytest.skip("this is of the tests themselves, and not worth a real call")
    brief = replace(account, hangs_up_after_s=0.1 if is_too_long else 600.0)
    request = CallRequest(account.agent_id, account.to_number, account.from_number or "", {}, {})

    async def fail() -> None:
        async with account.client() as client:
            began = anyio.current_time()
            call_id = await client.create_call(request)
            made.append(call_id)

            async def ended() -> bool:
                return (await client.get_call(call_id)).has_ended

            async with brief.hanging_up(client, call_id, began):
                if is_too_long:
                    assert (await waited_for(account, ended))[0]
                raise AssertionError("another thing was expected")

    made: list[str] = []
    with pytest.raises(ExceptionGroup):
        await fail()
    async with account.client() as client:
        call = await client.get_call(made[0])
    # At once, while a conversation takes seconds here; the first generation tells no reason.
    assert call.has_ended
    assert call.end_reason in ("api_stop", None)


def test_a_report_without_answers_knows_no_generation() -> None:
    """And one with signs of two says so."""
    assert generation({}) == "unknown"
    assert generation({"id_form": "prefixed"}) == "v1 or v2"
    assert generation({"cursor_list": True}) == "v3"
    empty = Report("nobody")
    assert set(empty.finished().values()) == {"not asked", "unknown"}


def test_every_open_question_is_in_the_report() -> None:
    """With its answer, or with why it was not asked: nobody takes silence for an answer."""
    told = Report("nobody").lines()
    assert len(told) == len(QUESTIONS) + len(LEFT_OPEN)
    assert told[0] == 'which generation of the API it speaks: "unknown"'
    assert all(": not asked, because " in line for line in told[1:]), told
    assert NEEDED.keys() <= QUESTIONS.keys()
    answered = Report("somebody", {"webhooks": True, "webhook_headers": None}).lines()
    assert "there are webhooks: true" in answered
    assert f"{QUESTIONS['webhook_headers']}: null" in answered
