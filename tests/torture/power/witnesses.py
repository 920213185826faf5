"""Witnesses: the product's ledger and client, which note in the record what leaves and what is answered."""

from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import aclosing
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import anyio
from sqlalchemy import Connection

from campaign.ledger import attempts, calls, campaigns
from campaign.ledger.ledger import Ledger
from campaign.models import TOKEN_KEY, AttemptState, Call, CallRequest, RowStatus
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import OutcomeUnknown
from campaign.oneinbox.listing import CallPage
from campaign.oneinbox.usage import Usage
from tests.torture.power.knowledge import Enrolled, Lost, MayTryAgain, Reached, Sent, Settled, Stored
from tests.torture.power.record import Record

P = ParamSpec("P")
T = TypeVar("T")


class NotedLedger(Ledger):
    """The product's ledger; what it answers is noted in the thread and at the moment of the answer."""

    record: Record
    is_hasty: bool
    tokens: dict[str, str]

    def write(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """As the ledger."""
        self._before(verb, args, kwargs)
        answer = super().write(verb, *args, **kwargs)
        answer.add_done_callback(lambda done: self._answered(verb, done, args, kwargs))
        return answer

    def _before(self, verb: object, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        """What must be noted before the ledger is asked."""
        if verb is attempts.record_intent:
            self.tokens[f"contact {args[0]}"] = given["token"]
            if self.is_hasty:
                self.record.note(Sent(given["token"], given["to_number"]))
        elif verb is calls.record_ended and TOKEN_KEY in args[0].metadata:
            self.tokens[args[0].id] = args[0].metadata[TOKEN_KEY]
        elif verb is calls.record_settled and given["status"] == RowStatus.WAITING:
            self.record.note(MayTryAgain(self.tokens[args[0].id]))
        elif verb in (attempts.record_not_called, attempts.record_refused):
            self.record.note(MayTryAgain(self.tokens[f"attempt {args[0]}"]))

    def _answered(
        self, verb: object, done: Future[Any], args: tuple[Any, ...], given: dict[str, Any]
    ) -> None:
        if done.exception() is not None:
            return
        note, answer = self.record.note, done.result()
        if verb is campaigns.start:
            note(Enrolled(answer, tuple(contact.to_number for contact in given["intake"].contacts)))
        elif verb is attempts.record_intent:
            self.tokens[f"attempt {answer[0]}"] = given["token"]
            note(Reached(answer[0], AttemptState.DIALING, given["token"]))
        elif verb is attempts.record_in_doubt:
            note(self._reached(args[0], AttemptState.IN_DOUBT))
        elif verb is attempts.record_placed and answer:
            note(self._reached(args[0], AttemptState.LIVE), Stored(tuple(given["call_ids"])))
        elif verb in (attempts.record_not_called, attempts.record_refused):
            note(self._reached(args[0], AttemptState.TURNED_AWAY))
        elif verb is calls.record_settled:
            call: Call = args[0]
            is_final = given["status"] != RowStatus.WAITING
            note(Settled(call.id, self.tokens[call.id], call.transcript, is_final))

    def _reached(self, attempt_id: int, state: AttemptState) -> Reached:
        return Reached(attempt_id, state, self.tokens[f"attempt {attempt_id}"])


class NotedApi:
    """The product's client; a request is noted before it leaves."""

    def __init__(self, api: OneInbox, record: Record, *, cut_after: int | None) -> None:
        """`cut_after`: the power fails with the reply to so many requests; None for never."""
        self._api = api
        self._record = record
        self._left = cut_after
        self.is_cut = anyio.Event()

    async def __aenter__(self) -> Self:
        await self._api.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        await self._api.__aexit__(*failure)

    @property
    def clock_ahead_s(self) -> float | None:
        """As the client."""
        return self._api.clock_ahead_s

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        """As the client."""
        self._record.note(Sent(str(request.metadata[TOKEN_KEY]), request.to_number))
        try:
            call_id = await self._api.create_call(request, *last_check)
        except OutcomeUnknown:
            self._record.note(Lost(str(request.metadata[TOKEN_KEY])))
            raise
        finally:
            if self._left is not None:
                self._left -= 1
                if self._left == 0:
                    self._record.fail()
                    self.is_cut.set()
        return call_id

    async def get_call(self, call_id: str) -> Call:
        """As the client."""
        return await self._api.get_call(call_id)

    async def stop_call(self, call_id: str) -> Call | None:
        """As it is."""
        return await self._api.stop_call(call_id)

    async def get_usage(self) -> Usage:
        """As the client."""
        return await self._api.get_usage()

    async def recent_calls(self, agent_id: str) -> AsyncGenerator[CallPage, None]:
        """As the client."""
        async with aclosing(self._api.recent_calls(agent_id)) as pages:
            async for page in pages:
                yield page
