"""Clients that break the promise, which the suites must find out."""

from collections.abc import Callable

from campaign.models import Call, CallRequest
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound, NotSent, OutcomeUnknown, Unsupported


class Hasty(OneInbox):
    """Takes a request whose outcome is unknown for one that was not sent."""

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        try:
            return await super().create_call(request, *last_check)
        except OutcomeUnknown as error:
            raise NotSent(str(error)) from error


class Stubborn(OneInbox):
    """Sends a request again when its outcome is unknown."""

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        try:
            return await super().create_call(request, *last_check)
        except OutcomeUnknown:
            return await super().create_call(request, *last_check)


class Sloppy(OneInbox):
    """Cleans up the id that it was given, and lets errors of its own escape."""

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        try:
            return (await super().create_call(request, *last_check)).upper()
        except KeyRefused as error:
            raise ValueError from error


class Timid(OneInbox):
    """Gives every dial up as a doubt."""

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        await super().create_call(request, *last_check)
        raise OutcomeUnknown("better safe than sorry")


class Deaf(OneInbox):
    """Takes a broken line for the answer that there is no such call."""

    error: type[ApiError] = NotFound

    async def get_call(self, call_id: str) -> Call:
        try:
            return await super().get_call(call_id)
        except OutcomeUnknown as unknown:
            raise self.error(str(unknown)) from unknown


class Unable(Deaf):
    """Takes a broken line for the answer that nobody can ask for a call there."""

    error = Unsupported
