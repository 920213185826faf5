"""Verbs that no run reaches, called as a command that has them will: with a real ledger and real HTTP."""

import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaign.calls.run import Signs
from campaign.calls.stall import StallRule
from campaign.errors import CampaignError, LedgerError, NotFinishedError, UsageError
from campaign.ledger import (
    attempts,
    calls,
    campaigns,
    disk,
    ending,
    hints,
    known_calls,
    moves,
    presence,
    suppression,
    trouble,
    waiting,
)
from campaign.ledger.generation import Generation, Mark
from campaign.ledger.ledger import Ledger
from campaign.ledger.review import Decision, Ruling, decide
from campaign.models import E164, Call, CallRequest, Disposition, RowStatus, TranscriptStatus
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError
from campaign.settings import Environment
from tests.ledger.case import ANNA, Case, people
from tests.support import nothing_left

NOBODY = 999_999


def suppress_people(ledger: str, _url: str) -> None:
    """Put people on the do-not-call list, one of them twice."""
    with Ledger.open(ledger) as opened:
        for _ in range(2):
            numbers = ["+12125550177", "+12125550178"]
            opened.write(suppression.suppress, numbers, reason="asked", now=datetime.now(UTC)).result()


def leave_last_night(ledger: str, _url: str) -> None:
    """A campaign of an earlier night: one person was tried, two were not, and all still wait."""
    long_ago = datetime.now(UTC) - timedelta(days=1)
    result = Path.cwd() / "night.csv"
    result.write_text("an older result", encoding="utf-8")
    with Ledger.open(ledger) as opened:
        night = opened.write(
            campaigns.start,
            name="night-2001-01-01",
            name_pattern="night-{date}",
            agent_id="agt_test",
            intake=people("+12125550187", "+12125550188", "+12125550189"),
            now=long_ago,
        ).result()
        opened.write(ending.remember_output, night, str(result)).result()
        case = Case(opened, night)
        attempt = case.intend("+12125550187", now=long_ago)
        case.place(attempt, "call-of-last-night", now=long_ago)
        call = Call(id="call-of-last-night", status="no-answer", has_ended=True)
        opened.write(calls.record_ended, call, long_ago).result()
        opened.write(
            calls.record_settled,
            call,
            disposition=Disposition.NO_ANSWER,
            transcript_status=TranscriptStatus.EMPTY,
            status=RowStatus.WAITING,
            reason="",
            not_before=long_ago,
            with_others=nothing_left,
            now=long_ago,
        ).result()


def move_nobody(ledger: str, _url: str) -> None:
    """Ask for moves that are not legal, and write to a ledger that is closed."""
    now = datetime.now(UTC)
    with Ledger.open(ledger) as opened:
        for work in (
            opened.write(moves.move_row, NOBODY, to=RowStatus.DIALING, now=now),
            opened.write(attempts.record_refused, NOBODY, error="none", now=now),
        ):
            with suppress(moves.IllegalMoveError):
                work.result()
    with suppress(LedgerError):
        opened.write(attempts.doubt_interrupted, now).result()


def open_wrong_ledgers(ledger: str, _url: str) -> None:
    """Open what is no ledger, or none yet."""
    for location in (
        ":memory:",
        "what://is.this",
        "://",
        "mysql://host/name",
        f"{ledger}-none",
        "/proc/none/ledger.db",
    ):
        with suppress(CampaignError):
            Ledger.open(location, create=False).close()
    with suppress(CampaignError):
        Ledger.open("/proc/none/ledger.db")


def hang_up(_ledger: str, _url: str) -> None:
    """Hang up on calls that there are not."""

    async def stop() -> None:
        environment = Environment()
        async with OneInbox(environment.base_url(), SecretStr("oi_sk_simulator")) as api:
            with suppress(ApiError):
                await api.stop_call("call/none")

    anyio.run(stop)


def copy_ledger(ledger: str, _url: str) -> None:
    """Put a copy of the ledger in its place, as somebody who restores a backup does."""
    path = Path(ledger)
    aside = path.with_suffix(".copy")
    shutil.copy(path, aside)
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        file.unlink(missing_ok=True)
    aside.rename(path)


def doubt_twice(ledger: str, url: str) -> None:
    """Two campaigns are in doubt about the one call that a person got."""

    with Ledger.open(ledger) as opened:
        for name in ("autumn", "winter"):
            _doubt(opened, name)
    _ring(url, ANNA)


def give_up_twice(ledger: str, _url: str) -> None:
    """Both calls of one request are given up: the second time nothing is left to do."""
    with Ledger.open(ledger) as opened:
        attempt = _doubt(opened, "autumn")
        for _ in range(2):
            opened.write(attempts.give_up, attempt, reason="no end was seen", now=datetime.now(UTC)).result()


def give_up_doubts(ledger: str, _url: str) -> None:
    """Whatever a killed run has left in mid-request is for a human, although its calls may well be listed."""
    now = datetime.now(UTC)
    with Ledger.open(ledger) as opened:
        opened.write(attempts.doubt_interrupted, now).result()
        for doubt in opened.read(attempts.doubts):
            opened.write(attempts.give_up, doubt.attempt_id, reason="not in the list", now=now).result()


def _doubt(ledger: Ledger, campaign: str) -> int:
    """A campaign of one person, of whom nobody knows whether they were called. Returns the attempt."""
    now = datetime.now(UTC)
    campaign_id = ledger.write(
        campaigns.start,
        name=campaign,
        name_pattern=campaign,
        agent_id="agt_test",
        intake=people(ANNA),
        now=now,
    ).result()
    (due,) = ledger.read(waiting.due, campaign_id, now, skip=(), limit=1)
    attempt, _ = ledger.write(
        attempts.record_intent,
        due.contact_id,
        token=f"token of {campaign}",
        to_number=ANNA,
        from_number="+12025550100",
        agent_id="agt_test",
        now=now,
    ).result()
    ledger.write(attempts.record_in_doubt, attempt, error="lost", now=now).result()
    return attempt


def ring_ben(_ledger: str, url: str) -> None:
    """Call somebody, as no command but a run may."""
    _ring(url, E164("+12025550101"))


def _ring(url: str, number: E164) -> None:
    async def ring() -> None:
        async with OneInbox(url, SecretStr("oi_sk_simulator")) as api:
            await api.create_call(CallRequest("agt_test", number, "+12025550100", {}, {}))

    anyio.run(ring)


def look_at_disks(ledger: str, _url: str) -> None:
    """Judge disks of every kind, by a table of mounts with a line that is none."""
    mounts = Path("mounts")
    for kind in ("nfs4", "vfat", "tmpfs", "ext4"):
        mounts.write_text(f"nonsense\n1 0 0:1 / / rw - {kind} none rw\n", encoding="utf-8")
        disk.objection(disk.file_system_of(Path(ledger), mounts) or "")
    disk.file_system_of(Path(ledger), Path("no-mounts"))


def label_call(ledger: str, url: str) -> None:
    """Give a call an outcome by hand, and hang up on it; and on one that nobody has made."""

    async def label(call_id: str) -> None:
        async with OneInbox(url, SecretStr("oi_sk_simulator")) as api:
            for _ in range(2):
                with suppress(ApiError):
                    await api.outcomes()
            for _ in range(3):
                with suppress(ApiError):
                    await api.set_outcome(call_id, "interested")

    with Ledger.open(ledger) as opened:
        known = text("SELECT call_id FROM calls ORDER BY id")
        first = opened.read(lambda connection: connection.scalars(known).first())
        for call_id in filter(None, (first, "nobody's")):
            opened.read(known_calls.whose, call_id)
            number = opened.read(known_calls.number_of, call_id)
            opened.read(suppression.is_suppressed, number or ANNA)
            now = datetime.now(UTC)
            opened.write(known_calls.record_outcome, call_id, "interested", who="op", now=now).result()
            opened.write(known_calls.record_hung_up, call_id, who="op", now=now).result()
            anyio.run(label, call_id)


def redial_single_call(ledger: str, _url: str) -> None:
    """Ask that a run dials single calls again, which none does."""
    ruling = Ruling(Decision.REDIAL, "asked", who="op", at=datetime.now(UTC))
    with Ledger.open(ledger) as opened:
        for campaign in opened.read(campaigns.newest):
            with suppress(UsageError):
                opened.write(decide, campaign.id, None, ruling).result()


def fall_silent(_ledger: str, _url: str) -> None:
    """Look at a run in which nothing happens any more."""
    rule = StallRule(0.0, step_s=1e9, longest_steps={})
    assert rule.look(Signs(), 1e6, patience_s=60, is_paused=False) is not None


def listen(ledger: str, _url: str) -> None:
    """Be the listener for a moment, as a second one and after the ledger has gone as well."""
    now = datetime.now(UTC)
    with Ledger.open(ledger) as opened:
        opened.is_listened_to()
        with suppress(NotFinishedError, LedgerError), opened.listening() as check:
            opened.is_listened_to()
            for renew in (False, False, True):
                opened.write(hints.token, new="token", now=now, renew=renew).result()
            opened.read(hints.known_token)
            known = text("SELECT call_id FROM calls")
            ids = opened.read(lambda connection: list(connection.scalars(known)))
            opened.read(hints.awaited, [*ids, "nobody's"])
            for _ in range(2 if ids else 0):
                opened.write(hints.leave, ids, now).result()
            opened.read(hints.news, 0, most=2)
            with suppress(NotFinishedError), opened.listening():
                pass
            check()
            _lose_lock(ledger)
            check()


def _lose_lock(ledger: str) -> None:
    if "://" not in ledger:
        presence.lock_path(Path(ledger)).unlink()


def write_wrongly(ledger: str, _url: str) -> None:
    """Pieces of work that are at fault themselves, by a URL of the ledger."""
    with Ledger.open(f"sqlite:///{ledger}") as opened:
        start: dict[str, Any] = {
            "name": "twice",
            "name_pattern": "twice",
            "agent_id": "agt_test",
            "intake": people(ANNA),
        }
        opened.write(campaigns.start, **start, now=datetime.now(UTC)).result()
        for now in (datetime.now(UTC), datetime(2026, 1, 1)):  # noqa: DTZ001 - a time without a zone is the fault
            try:
                opened.write(campaigns.start, **start, now=now).result()
            except SQLAlchemyError as error:
                trouble.in_words(error)
        with suppress(LedgerError):
            opened.read(lambda connection: connection.execute(text("SELECT * FROM nothing")))
        with suppress(LedgerError):
            opened.write(lambda connection: connection.execute(text("ROLLBACK"))).result()
    with suppress(ValueError):
        Generation(Path(ledger)).record(Mark("", 0, 0))


def throw_ledger_away(ledger: str, _url: str) -> None:
    """What no program can know of: everything that says who was called is gone."""
    for file in Path(ledger).parent.glob(f"{Path(ledger).name}*"):
        file.unlink()


def throw_result_away(ledger: str, _url: str) -> None:
    """The result is gone."""
    (Path(ledger).parent / "results.csv").unlink(missing_ok=True)
