"""Clients that break the promise, which the suites must find out."""

from campaign.models import CallRequest
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import NotSent, OutcomeUnknown


class Hasty(OneInbox):
    """Takes a request whose outcome is unknown for one that was not sent."""

    async def create_call(self, request: CallRequest) -> str:
        try:
            return await super().create_call(request)
        except OutcomeUnknown as error:
            raise NotSent(str(error)) from error


class Stubborn(OneInbox):
    """Sends a request again when its outcome is unknown."""

    async def create_call(self, request: CallRequest) -> str:
        try:
            return await super().create_call(request)
        except OutcomeUnknown:
            return await super().create_call(request)
