"""Whole runs that keep recordings, with real files and sockets, in real time."""

import dataclasses
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from campaign.calls.agenda import Agenda
from campaign.calls.recordings import Keeping, Kept, may_have_recording
from campaign.errors import ExitCode
from campaign.ledger import rows
from campaign.ledger.ledger import Ledger
from campaign.models import Call, Disposition
from campaign.oneinbox.recordings import RecordingClient
from campaign.results.recordings import Shelf
from campaign.simulator import recordings as simulated_recordings
from campaign.simulator import server
from campaign.simulator.faults import Fault
from campaign.simulator.people import Behaviour
from tests.calls.harness import QUICK, Stage, numbers, simulated
from tests.support import make_settings

pytestmark = pytest.mark.anyio

ALL_ANSWER = Behaviour(answer=1, voicemail=0, busy=0, no_answer=0)
TIMING = dataclasses.replace(QUICK, recording_drain_s=30.0)
IN_VAIN = dataclasses.replace(QUICK, recording_wait_s=0.2, recording_drain_s=30.0)
PACE = {"calls_per_second": 100, "burst": 20, "max_live_calls": 50}


@pytest.fixture
def anyio_backend() -> str:
    """Sockets and files take real time."""
    return "asyncio"


@pytest.fixture
def ledger(sqlite_location: str) -> Iterator[Ledger]:
    """One database is enough here: the verbs are tested on both."""
    with Ledger.open(sqlite_location) as opened:
        yield opened


@pytest.fixture
async def recorded(ledger: Ledger, tmp_path: Path) -> AsyncGenerator[Any, None]:
    """Set up a run against an account whose calls are recorded, with its store on a real port."""
    running: list[Any] = []

    async def make(*faults: str, **options: Any) -> Stage:
        simulator = simulated(
            *faults, behaviour=options.pop("behaviour", ALL_ANSWER), records=True, **options
        )
        running.append(server.running(simulator))
        url = await anyio.to_thread.run_sync(running[-1].__enter__)
        settings = make_settings(pace=PACE)
        return Stage(ledger, tmp_path, simulator, settings=settings, timing=TIMING, base_url=url)

    yield make
    for each in running:
        await anyio.to_thread.run_sync(each.__exit__, None, None, None)


async def run(stage: Stage, *, deadline: datetime | None = None, **changes: Any) -> Any:
    """One run that keeps recordings."""
    async with RecordingClient(allow_loopback=True) as client:
        shelf = await anyio.to_thread.run_sync(Shelf, stage.folder / "recordings")
        stage.keeping = dataclasses.replace(Keeping(client.fetch, shelf), **changes)
        return await stage.run(deadline=deadline)


def on_shelf(stage: Stage) -> dict[str, bytes]:
    """Every file of the folder."""
    folder = stage.folder / "recordings"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


async def expected(stage: Stage) -> dict[str, bytes]:
    """A file for every call of the result, as the provider has it."""
    calls = stage.simulator.provider.calls
    return {
        f"{row.row_number:06d}-{row.call_id}.wav": simulated_recordings.content(calls[str(row.call_id)])
        for row in await stage.rows()
        if row.call_id
    }


async def history(stage: Stage, number: str) -> list[tuple[str, str]]:
    """What the ledger tells of recordings of a row."""

    def read(connection: Any) -> list[tuple[str, str]]:
        [contact_id] = connection.exec_driver_sql(
            f"SELECT id FROM contacts WHERE to_number = '{number}'"  # noqa: S608 - of this test
        ).scalars()
        return [(event.event, event.detail) for event in rows.history(connection, contact_id)]

    told = await stage.read(read)
    return [(event, detail) for event, detail in told if event.startswith("recording")]


async def test_every_recording_is_kept_while_the_campaign_runs(recorded: Any) -> None:
    """One file per call, named by row and call, exactly as it was; nobody saw the key; the history tells."""
    spring = await recorded()
    await spring.enrol(*numbers(12))
    report = await run(spring)
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(saved=12, missing=0))
    assert on_shelf(spring) == await expected(spring)
    assert (spring.simulator.store.fetched, spring.simulator.store.with_key) == (12, 0)
    [(event, name)] = await history(spring, numbers(1)[0])
    assert event == "recording.saved"
    assert name in on_shelf(spring)
    assert all("recordings" in str(row.recording_url) for row in await spring.rows())


async def test_the_next_run_fetches_nothing_again(recorded: Any) -> None:
    """What is kept is kept: a run with nothing left to do asks for nothing, also when files were moved."""
    spring = await recorded()
    await spring.enrol(*numbers(3))
    await run(spring)
    spring.simulator.faults.faults = (Fault.parse("status=500@get"), Fault.parse("status=500@list"))
    for path in (spring.folder / "recordings").iterdir():
        await anyio.to_thread.run_sync(path.unlink)
    report = await run(spring)
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(0, 0))
    assert spring.simulator.store.fetched == 3


async def test_without_the_option_nothing_is_kept_and_a_later_run_makes_up_for_it(recorded: Any) -> None:
    """Links are renewed by asking for the call again."""
    spring = await recorded()
    await spring.enrol(*numbers(4))
    report = await spring.run()
    assert report.kept is None
    assert spring.simulator.store.fetched == 0
    report = await run(spring)
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(4, 0))
    assert on_shelf(spring) == await expected(spring)


async def test_a_file_that_a_killed_run_has_kept_is_not_fetched_again(recorded: Any) -> None:
    """It is on disk, and the ledger does not know yet."""
    spring = await recorded()
    await spring.enrol(*numbers(2))
    await spring.run()
    [first, second] = [str(row.call_id) for row in await spring.rows()]
    shelf = await anyio.to_thread.run_sync(Shelf, spring.folder / "recordings")
    draft = await anyio.to_thread.run_sync(shelf.begin)
    await anyio.to_thread.run_sync(draft.write, b"RIFF....WAVE as it was")
    await anyio.to_thread.run_sync(draft.keep, 2, first)
    assert (await run(spring)).kept == Kept(2, 0)
    assert spring.simulator.store.fetched == 1
    assert on_shelf(spring)[f"000002-{first}.wav"] == b"RIFF....WAVE as it was"
    assert (await run(spring)).kept == Kept(0, 0)
    assert second in "".join(on_shelf(spring))


async def test_a_link_that_has_expired_is_renewed(recorded: Any) -> None:
    """403 leads to a fresh link, at once and without a word to the operator."""
    spring = await recorded("status=403@recording#1-2")
    await spring.enrol(*numbers(2))
    report = await run(spring)
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(2, 0))


@pytest.mark.parametrize("fault", ["status=500", "cut", "drop", "throttle"])
async def test_a_store_that_fails_now_and_then_is_asked_again(recorded: Any, fault: str) -> None:
    """Half a recording is none; a few tries later it is there."""
    spring = await recorded(f"{fault}@recording#1-2")
    await spring.enrol(*numbers(3))
    report = await run(spring)
    assert report.kept == Kept(3, 0)
    assert on_shelf(spring) == await expected(spring)


async def test_what_cannot_be_had_is_a_note_for_the_next_run(recorded: Any) -> None:
    """The campaign ends as it would have; the next run tries again, and succeeds when the store works."""
    spring = await recorded("status=500@recording")
    await spring.enrol(*numbers(2))
    report = await run(spring)
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(saved=0, missing=2))
    assert await history(spring, numbers(1)[0]) == [("recording.missing", "HTTP 500")]
    assert on_shelf(spring) == {}
    spring.simulator.faults.faults = ()
    assert (await run(spring)).kept == Kept(2, 0)
    assert on_shelf(spring) == await expected(spring)


async def test_a_call_without_a_recording_is_not_asked_for_for_ever(recorded: Any) -> None:
    """When no link comes, a few runs ask for it; those of an agent that records nothing never do."""
    spring = await recorded()
    spring.simulator.records = False
    spring.timing = IN_VAIN
    await spring.enrol(*numbers(1))
    for _ in range(5):
        assert (await run(spring)).kept == Kept(0, 1)
    assert (await run(spring)).kept == Kept(0, 0)
    assert await history(spring, numbers(1)[0]) == [("recording.missing", "OneInbox shows no recording")] * 5
    await spring.enrol(*numbers(1), name="silent")
    spring.settings = make_settings(pace=PACE, caps={"per_number": {"calls": 9, "within": "1h"}})
    assert (await run(spring, agent_records=False)).kept == Kept(0, 0)


async def test_a_call_that_is_gone_is_given_up_at_once(recorded: Any) -> None:
    """OneInbox does not know it any more, so no run will find its recording."""
    spring = await recorded()
    await spring.enrol(*numbers(1))
    await spring.run()
    spring.simulator.faults.faults = (Fault.parse("status=404@get"),)
    assert (await run(spring)).kept == Kept(0, 1)
    assert (await run(spring)).kept == Kept(0, 0)


async def test_an_account_that_is_busy_or_refuses_is_asked_later(recorded: Any) -> None:
    """A 429 for a link makes the recordings wait, and nobody else; other trouble is a note."""
    spring = await recorded()
    await spring.enrol(*numbers(2))
    await spring.run()
    spring.simulator.faults.faults = (Fault.parse("throttle=1@get#3-4"), Fault.parse("status=503@get#5-7"))
    assert (await run(spring)).kept == Kept(2, 0)


@pytest.mark.parametrize("link", ["http://10.0.0.1/a", "https://localhost/a", "https://169.254.169.254/a"])
async def test_a_link_into_a_private_network_is_a_note(recorded: Any, link: str) -> None:
    """Whoever can change what OneInbox says cannot make this machine ask its neighbours."""
    spring = await recorded()
    await spring.enrol(*numbers(1))

    async def elsewhere(_link: str) -> AsyncGenerator[bytes, None]:
        async with RecordingClient() as strict, aclosing(strict.fetch(link)) as pieces:
            async for piece in pieces:
                yield piece

    report = await run(spring, fetch=elsewhere)
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(0, 1))


async def test_a_fault_in_keeping_recordings_stops_no_campaign(recorded: Any) -> None:
    """Whatever goes wrong with them, everybody is called and the run ends well."""
    spring = await recorded()
    await spring.enrol(*numbers(3))

    async def broken(_link: str) -> AsyncGenerator[bytes, None]:
        raise ZeroDivisionError
        yield b""

    report = await run(spring, fetch=broken)
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(0, 3))
    [(_, why), *_] = await history(spring, numbers(1)[0])
    assert why == "a fault in this program (ZeroDivisionError)"


async def test_pages_of_text_and_disks_that_fail_are_notes(recorded: Any) -> None:
    """What is no sound is not kept, and a full disk is named."""
    spring = await recorded()
    await spring.enrol(*numbers(1))

    async def page(_link: str) -> AsyncGenerator[bytes, None]:
        yield b"<html>Sign in</html>"

    assert (await run(spring, fetch=page)).kept == Kept(0, 1)
    full = await anyio.to_thread.run_sync(lambda: Shelf(spring.folder / "recordings", spare_bytes=2**62))
    assert (await run(spring, shelf=full)).kept == Kept(0, 1)
    (spring.folder / "recordings").rmdir()
    gone = full
    gone._spare_bytes = 0
    spring.keeping = None
    async with RecordingClient(allow_loopback=True) as client:
        spring.keeping = Keeping(client.fetch, gone)
        assert (await spring.run()).kept == Kept(0, 1)
    assert [why for _, why in await history(spring, numbers(1)[0])] == [
        "a page of text in place of a recording",
        "the disk is nearly full",
        "the disk: No such file or directory",
    ]


async def test_a_download_that_never_ends_is_left(recorded: Any) -> None:
    """Each takes so long at most, however slowly it drips."""
    spring = await recorded()
    spring.timing = dataclasses.replace(TIMING, recording_longest_s=0.2)
    await spring.enrol(*numbers(1))

    async def dripping(_link: str) -> AsyncGenerator[bytes, None]:
        while True:
            yield b"RIFF"
            await anyio.sleep(0.02)

    assert (await run(spring, fetch=dripping)).kept == Kept(0, 1)
    assert [why for _, why in await history(spring, numbers(1)[0])] == ["it took too long"]
    assert on_shelf(spring) == {}


async def test_dialling_never_waits_for_recordings(recorded: Any) -> None:
    """While four downloads hang, everybody is called; at the end they are waited for within a bound."""
    spring = await recorded("stall=3600@recording")
    spring.timing = dataclasses.replace(TIMING, recording_drain_s=0.5)
    await spring.enrol(*numbers(20))
    report = await run(spring)
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(0, 20))
    assert len(spring.simulator.provider.dials) == 20
    assert on_shelf(spring) == {}


async def test_a_run_that_has_to_leave_waits_for_no_recording(recorded: Any) -> None:
    """As after a signal: what is not kept by then is kept by the next run."""
    spring = await recorded("stall=3600@recording#1-4", "never_end#6")
    spring.timing = dataclasses.replace(TIMING, recording_drain_s=3600.0)
    await spring.enrol(*numbers(6))

    async def take_key_back() -> None:
        while spring.simulator.store.fetched < 4:  # noqa: ASYNC110 - another thread counts
            await anyio.sleep(0.01)
        spring.simulator.api_key = "oi_sk_other"

    async with RecordingClient(allow_loopback=True) as client:
        shelf = await anyio.to_thread.run_sync(Shelf, spring.folder / "recordings")
        spring.keeping = Keeping(client.fetch, shelf)
        report = await spring.run(alongside=take_key_back)
    assert report.exit_code is ExitCode.KEY_REFUSED
    assert report.kept is not None
    assert report.kept.missing >= 4
    assert on_shelf(spring) == {}


async def test_after_the_deadline_recordings_are_waited_for_within_a_bound(recorded: Any) -> None:
    """However many come one after the other."""
    spring = await recorded()
    await spring.enrol(*numbers(40))
    await spring.run()
    spring.timing = dataclasses.replace(TIMING, recording_drain_s=0.5)

    async def slow(_link: str) -> AsyncGenerator[bytes, None]:
        await anyio.sleep(0.3)
        yield b"RIFF....WAVE"

    report = await run(spring, deadline=spring.now(), fetch=slow)
    assert report.exit_code is ExitCode.OK
    assert report.kept.missing > 0


async def test_a_disk_that_hangs_is_left_alone(recorded: Any) -> None:
    """Work on it is left behind, the rest of the recordings are notes, and the run ends."""
    spring = await recorded()
    spring.timing = dataclasses.replace(TIMING, recording_disk_s=0.2)
    await spring.enrol(*numbers(6))
    over = threading.Event()

    class Hanging(Shelf):
        def check_room(self) -> None:
            over.wait()

    hanging = await anyio.to_thread.run_sync(Hanging, spring.folder / "recordings")
    try:
        report = await run(spring, shelf=hanging)
    finally:
        over.set()
    assert (report.exit_code, report.kept) == (ExitCode.OK, Kept(0, 6))
    assert {why for _, why in await history(spring, numbers(1)[0])} == {"the disk does not answer"}


@pytest.mark.parametrize(
    ("call", "disposition", "agent_records", "expected"),
    [
        ({"recording_url": "https://x.example"}, Disposition.UNKNOWN, False, True),
        ({}, Disposition.ANSWERED, None, True),
        ({}, Disposition.VOICEMAIL, True, True),
        ({}, Disposition.ANSWERED, False, False),
        ({"duration_seconds": 3.0}, Disposition.UNKNOWN, None, True),
        ({"duration_seconds": 0.0}, Disposition.NO_ANSWER, True, False),
        ({}, Disposition.BUSY, None, False),
    ],
)
async def test_which_calls_may_have_a_recording(
    call: dict[str, Any], disposition: Disposition, agent_records: bool | None, expected: bool
) -> None:
    """Where somebody was connected to an agent that may record, or where a link says so."""
    ended = Call(id="call_1", status="completed", has_ended=True, **call)
    assert may_have_recording(ended, disposition, agent_records=agent_records) is expected


async def test_the_agenda_gives_what_is_due_first_first() -> None:
    """What is put off comes later, and may be hastened."""
    agenda, now = Agenda[str](), anyio.current_time()
    for item, at in (("late", now + 3600), ("first", now - 2), ("second", now - 1)):
        agenda.put(item, at=at)
    assert [await agenda.next() for _ in range(2)] == ["first", "second"]
    with anyio.move_on_after(0.05) as waiting:
        await agenda.next()
    assert waiting.cancelled_caught
    agenda.hasten(lambda item: item == "late")
    with anyio.fail_after(60):
        assert await agenda.next() == "late"
