"""One call outside any campaign: by which rules it is made, whether it may be, and what is seen of it.

It goes the way of every dial. Nothing of it counts for a campaign, and it counts as a call to its person.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaign.calls.person import Known, look_at
from campaign.calls.ports import CallsApi
from campaign.calls.timing import Timing
from campaign.ledger.ledger import Connection
from campaign.ledger.waiting import DueContact
from campaign.models import TOKEN_KEY, Call, CallRequest, Contact
from campaign.oneinbox.listing import CallPage
from campaign.oneinbox.usage import Usage
from campaign.rules import gates
from campaign.rules.gate import Verdict
from campaign.settings import BudgetSettings, CampaignSettings, NumberCap, RetrySettings

PATIENCE_S = 30.0
"""Somebody waits for this call, or its moment is over."""


def rules_for(
    settings: CampaignSettings, name: str, *, forgiven: Sequence[datetime] = (), now: datetime
) -> CampaignSettings:
    """The rules of one call by this campaign file.

    What protects people stays: hours, profile, suppression, caps, peace after a conversation, consent, hook.
    What plans a campaign does not: its times, its further tries, its stages and its budget, but for the calls
    that are left to others.

    Args:
        settings: The campaign file.
        name: The name under which the ledger keeps the call.
        forgiven: Earlier calls to this person that its caps are not to count.
        now: The time.
    """

    def widened(cap: NumberCap) -> NumberCap:
        extra = sum(at > now - cap.within for at in forgiven)
        return cap.model_copy(update={"calls": cap.calls + extra})

    caps = tuple(map(widened, settings.caps.per_number))
    return settings.model_copy(
        update={
            "name": name,
            "not_before": None,
            "valid_until": None,
            "valid_for": None,
            "retry": RetrySettings(),
            "budget": BudgetSettings(reserve_calls=settings.budget.reserve_calls),
            "pace": settings.pace.model_copy(update={"stages": ()}),
            "caps": settings.caps.model_copy(update={"per_number": caps}),
        }
    )


def hurried(timing: Timing) -> Timing:
    """The waits of one call: it is made now or not at all."""
    return replace(
        timing,
        longest_idle_s=0.0,
        api_patience_s=min(timing.api_patience_s, PATIENCE_S),
        throttle_patience_s=min(timing.throttle_patience_s, PATIENCE_S),
    )


def judge(connection: Connection, contact: Contact, known: Known, now: datetime) -> Verdict:
    """What the gates would say now, before there is a row in the ledger. At the dial they are asked again."""
    due = DueContact(
        contact_id=0,
        row_number=contact.row.number,
        to_number=contact.to_number,
        variables=dict(contact.variables),
        time_zones=contact.time_zones,
        zone_source=contact.zone_source,
        tries=0,
        not_before=contact.not_before,
        valid_until=contact.valid_until,
        from_number=contact.from_number,
        agent_id=contact.agent_id,
        state=contact.state,
        consent=contact.consent,
    )
    return gates.judge(look_at(connection, due, known, now), known.settings, now)


@dataclass
class Witness:
    """OneInbox, for the run of one call: it tells each status of that call as it is seen."""

    api: CallsApi
    tell: Callable[[str, str], None]
    """Is given the call's id and its status, once for each change."""
    call_id: str | None = None
    call: Call | None = None
    """As it was last seen."""
    _token: str | int | float | bool | None = None
    _told: str | None = field(default=None)

    @property
    def clock_ahead_s(self) -> float | None:
        """As `OneInbox`."""
        return self.api.clock_ahead_s

    async def create_call(self, request: CallRequest, last_check: Callable[[], object], /) -> str:
        """As `OneInbox`."""
        self._token = request.metadata.get(TOKEN_KEY)
        call_id = await self.api.create_call(request, last_check)
        self._is(call_id, "placed")
        return call_id

    async def get_call(self, call_id: str) -> Call:
        """As `OneInbox`. Another call is asked for as well when a request has made two."""
        call = await self.api.get_call(call_id)
        # Where lists show no tokens, the first call that is asked for tells which one it is.
        if self.call_id in (None, call_id):
            self._see(call)
        return call

    async def stop_call(self, call_id: str) -> Call | None:
        """As `OneInbox`."""
        return await self.api.stop_call(call_id)

    async def get_usage(self) -> Usage:
        """As `OneInbox`."""
        return await self.api.get_usage()

    async def recent_calls(self, agent_id: str) -> AsyncGenerator[CallPage, None]:
        """As `OneInbox`."""
        async with aclosing(self.api.recent_calls(agent_id)) as pages:
            async for page in pages:
                for call in page.calls:
                    is_ours = self._token is not None and call.metadata.get(TOKEN_KEY) == self._token
                    if is_ours or call.id == self.call_id:
                        self._see(call)
                yield page

    def _see(self, call: Call) -> None:
        # A page may leave out what was said.
        if self.call is None or not (self.call.transcript and not call.transcript):
            self.call = call
        self._is(call.id, call.status)

    def _is(self, call_id: str, status: str) -> None:
        self.call_id = call_id
        if status and status != self._told:
            self._told = status
            self.tell(call_id, status)
