"""Ask the hook about one call: one document goes there, and one answer comes back within the time limit."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import anyio

from campaign.hook.answer import Answer, HookFailed, read_answer
from campaign.hook.command import ask_command
from campaign.hook.url import ask_url
from campaign.settings import HookSettings


@dataclass(frozen=True, slots=True)
class Question:
    """What the hook is told of a call."""

    campaign: str
    row: int
    """As the operator's spreadsheet numbers it."""
    to_number: str
    variables: Mapping[str, str]
    """As the agent gets them."""
    attempt: int
    """The number of this try, from 1."""

    def as_json(self) -> bytes:
        """One line, in ASCII."""
        return json.dumps(asdict(self)).encode() + b"\n"


async def ask(hook: HookSettings, question: Question) -> Answer:
    """The hook's answer about one call.

    Raises:
        HookFailed: There is none: the hook failed, was too slow, or said something that is no answer.
    """
    document, limit_s = question.as_json(), hook.timeout.total_seconds()
    try:
        with anyio.fail_after(limit_s):
            output = await (ask_url if hook.command is None else ask_command)(hook, document)
    except HookFailed:
        raise
    except TimeoutError:
        raise HookFailed(f"no answer within {limit_s:g} s") from None
    except Exception as error:
        raise HookFailed(f"it cannot be asked ({type(error).__name__})") from error
    return read_answer(output, empty_is_yes=hook.command is not None)
