"""Recordings: beside the run, what was recorded is fetched onto the shelf while its links live.

A recording that cannot be had is a note in the ledger, which the next run takes up; it never stops a
campaign, and dialling does not wait for it.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import ParamSpec, TypeVar

import anyio

from campaign.calls.agenda import Agenda
from campaign.calls.beside import run_beside
from campaign.calls.run import Bell, Run
from campaign.ledger import recordings
from campaign.ledger.calls import OpenCall
from campaign.ledger.recordings import Wanted
from campaign.logs import get_logger
from campaign.models import Call, Disposition
from campaign.oneinbox.errors import ApiError, NotFound, Throttled
from campaign.oneinbox.recordings import NotFetched
from campaign.results.recordings import NoRoom, Shelf, in_words

log = get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

AT_A_TIME = 4
LINK_LIFE_S = 3 * 3600.0
"""OneInbox's links work for four hours; an older one is not tried any more. [doc]"""
MOST_FAILURES = 3
"""A recording is tried so often in one run."""
MOST_RUNS = 5
"""In so many runs."""
TRIED_FOR = timedelta(days=30)
"""What was wanted longer ago is not tried any more."""
LOOK_MAX_S = 30.0


@dataclass(frozen=True, slots=True)
class Keeping:
    """What it takes to keep recordings."""

    fetch: Callable[[str], AsyncGenerator[bytes, None]]
    """The recording behind a link; `RecordingClient.fetch` says what it raises."""
    shelf: Shelf
    agent_records: bool | None = None
    """Whether the agent records its calls; None when that is not known."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run has kept."""

    saved: int
    missing: int
    """Of those it wanted; a later run tries again, unless it was given up."""


@dataclass(slots=True)
class _Open:
    """A recording that is not kept yet, on the event loop's clock."""

    wanted: Wanted
    ended_at: float
    link: str | None = None
    link_at: float = 0.0
    failures: int = 0


class Recorder:
    """Keeps the recordings of one run, or none at all."""

    def __init__(self, run: Run, keeping: Keeping | None) -> None:
        self._run = run
        self._keeping = keeping
        self._agenda = Agenda[_Open]()
        self._less = Bell()
        self._free = anyio.Semaphore(AT_A_TIME)
        self._disk_hangs = False
        self._less_at = 0.0
        self._open = 0
        self._saved = 0
        self._missing = 0

    @property
    def kept(self) -> Kept | None:
        """How it stands; None when recordings are not kept."""
        return Kept(self._saved, self._missing + self._open) if self._keeping is not None else None

    async def take_up(self) -> None:
        """What earlier runs have left, and this campaign's calls of runs that kept no recordings."""
        run = self._run
        if self._keeping is None:
            return
        for wanted in await run.fetch(recordings.wanted, run.campaign_id, since=run.now() - TRIED_FOR):
            self._add(wanted, link=None)

    async def offer(self, record: OpenCall, call: Call, disposition: Disposition) -> None:
        """A call has settled: if it may have a recording, that is wanted from now on."""
        keeping = self._keeping
        if keeping is None or not may_have_recording(call, disposition, agent_records=keeping.agent_records):
            return
        await self._run.commit(recordings.want, call.id, self._run.now())
        wanted = Wanted(
            call.id,
            record.attempt_id,
            record.campaign_id,
            record.contact_id,
            record.row_number,
            call.ended_at or self._run.now(),
        )
        self._add(wanted, link=call.recording_url)

    def hint(self, call_id: str) -> None:
        """Something has happened to the call: if its recording is awaited, look now."""
        self._agenda.hasten(lambda recording: recording.wanted.call_id == call_id)

    async def run(self) -> None:
        """Keep what is due, a few at a time, for as long as the run lasts."""
        async with anyio.create_task_group() as group:
            while self._keeping is not None:
                await self._free.acquire()
                group.start_soon(self._handle, self._keeping, await self._agenda.next())

    async def work_alone(self) -> None:
        """Nothing is left of the campaign but recordings, if that."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.run)
            await self.finish()
            group.cancel_scope.cancel()

    async def finish(self) -> None:
        """At the end of the run: wait for what is still open, as long as it gets less, and within a bound."""
        run, timing = self._run, self._run.timing
        began_at = self._less_at = anyio.current_time()
        while self._open and not run.leave_at_once:
            now = anyio.current_time()
            longest_s = timing.recording_drain_s if run.is_stopping else timing.recording_drain_longest_s
            if now - self._less_at > timing.recording_drain_s or now - began_at > longest_s:
                break
            await self._less.wait(1.0)

    def _add(self, wanted: Wanted, *, link: str | None) -> None:
        now = anyio.current_time()
        ago_s = max((self._run.now() - wanted.ended_at).total_seconds(), 0.0) if wanted.ended_at else 0.0
        self._open += 1
        self._agenda.put(_Open(wanted, now - ago_s, link, now), at=now)

    async def _handle(self, keeping: Keeping, recording: _Open) -> None:
        try:
            await self._keep(keeping, recording)
        finally:
            self._free.release()

    async def _keep(self, keeping: Keeping, recording: _Open) -> None:
        """One try. Whatever comes of it is put down, or the recording is put back to be tried later."""
        now = anyio.current_time()
        if name := keeping.shelf.find(recording.wanted.call_id):
            # A run was killed before it could say so.
            await self._is_saved(recording, name, link=None)
            return
        is_new = recording.link is None or now - recording.link_at > LINK_LIFE_S
        try:
            await self._on_disk(keeping.shelf.check_room)
            if is_new:
                recording.link = await self._ask_for_link(recording)
            if recording.link is not None:
                name = await self._fetch(keeping, recording.wanted, recording.link)
        except Throttled as error:
            self._agenda.put(recording, at=now + (error.retry_after_s or self._run.timing.backoff_max_s))
        except NotFound:
            await self._is_missing(recording, "OneInbox does not know the call any more", most_runs=1)
        except ApiError as error:
            await self._failed(recording, error.what)
        except NotFetched as error:
            recording.link = None
            if error.may_be_expired and not is_new:
                self._agenda.put(recording, at=now)
            else:
                await self._failed(recording, str(error))
        except NoRoom as error:
            await self._is_missing(recording, str(error), most_runs=MOST_RUNS)
        except Exception as error:
            # Whatever it is: no recording is worth a campaign.
            await self._failed(recording, in_words(error))
        else:
            if name is None:
                await self._await_link(recording)
            else:
                await self._is_saved(recording, name, link=recording.link)

    async def _ask_for_link(self, recording: _Open) -> str | None:
        """A fresh link. While OneInbox has asked everybody to wait, recordings wait as well."""
        if (pause_s := self._run.pace.paused_for) > 0:
            raise Throttled("the account is paused", retry_after_s=pause_s)
        call = await self._run.api.get_call(recording.wanted.call_id)
        recording.link_at = anyio.current_time()
        return call.recording_url

    async def _await_link(self, recording: _Open) -> None:
        """A link may come later than the other results; after a while there is none for this run."""
        since_end_s = anyio.current_time() - recording.ended_at
        if since_end_s > self._run.timing.recording_wait_s:
            await self._is_missing(recording, "OneInbox shows no recording", most_runs=MOST_RUNS)
            return
        wait_s = min(max(since_end_s / 2, self._run.timing.look_min_s), LOOK_MAX_S)
        self._agenda.put(recording, at=anyio.current_time() + wait_s)

    async def _fetch(self, keeping: Keeping, wanted: Wanted, link: str) -> str:
        """Fetch it onto the shelf. Returns the name of its file."""
        draft = await self._on_disk(keeping.shelf.begin)
        try:
            with anyio.fail_after(self._run.timing.recording_longest_s):
                async with aclosing(keeping.fetch(link)) as pieces:
                    async for piece in pieces:
                        await self._on_disk(draft.write, piece)
                return await self._on_disk(draft.keep, wanted.row_number, wanted.call_id)
        finally:
            with anyio.CancelScope(shield=True):
                await self._on_disk(draft.discard)

    async def _on_disk(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._disk_hangs:
            raise NoRoom("the disk does not answer")
        try:
            with anyio.fail_after(self._run.timing.recording_disk_s):
                return await run_beside(partial(work, *args, **kwargs))
        except TimeoutError as error:
            self._disk_hangs = True
            raise NoRoom("the disk does not answer") from error

    async def _failed(self, recording: _Open, why: str) -> None:
        recording.failures += 1
        if recording.failures < MOST_FAILURES:
            pause_s = self._run.timing.backoff_s * 4**recording.failures
            self._agenda.put(recording, at=anyio.current_time() + pause_s)
        else:
            await self._is_missing(recording, why, most_runs=MOST_RUNS)

    async def _is_saved(self, recording: _Open, name: str, *, link: str | None) -> None:
        run, wanted = self._run, recording.wanted
        await run.commit(recordings.record_saved, wanted, file=name, link=link, now=run.now())
        self._saved += 1
        log.debug("recording.saved", row=wanted.row_number, call=wanted.call_id)
        self._is_over()

    async def _is_missing(self, recording: _Open, why: str, *, most_runs: int) -> None:
        run, wanted = self._run, recording.wanted
        await run.commit(recordings.record_missing, wanted, why=why, most_tries=most_runs, now=run.now())
        self._missing += 1
        log.warning("recording.missing", row=wanted.row_number, call=wanted.call_id, error=why)
        self._is_over()

    def _is_over(self) -> None:
        self._open -= 1
        self._less_at = anyio.current_time()
        self._less.ring()


def may_have_recording(call: Call, disposition: Disposition, *, agent_records: bool | None) -> bool:
    """Whether an ended call may have one: it says so, or somebody was connected and the agent may record."""
    if call.recording_url is not None:
        return True
    was_connected = disposition in (Disposition.ANSWERED, Disposition.VOICEMAIL) or bool(
        call.duration_seconds
    )
    return was_connected and agent_records is not False
