"""Small decisions of `campaign run`."""

import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaign.calls.report import RunReport
from campaign.cli import job as jobs
from campaign.cli import output
from campaign.cli.app import guarded
from campaign.cli.deadline import read_deadline
from campaign.cli.options import named
from campaign.cli.summary import summarise
from campaign.errors import KeyRefusedError, UsageError
from campaign.ledger import campaigns, waiting
from campaign.ledger.ledger import Ledger
from campaign.models import Intake, RowStatus
from campaign.rules.opening import Opening, Rule, Scope
from campaign.settings import Environment

EVENING = datetime(2026, 6, 3, 22, 0, tzinfo=UTC)


@pytest.fixture
def in_zone() -> Iterator[Callable[[str], None]]:
    """Takes this process to a zone until the test is over."""
    with pytest.MonkeyPatch.context() as patch:

        def go_to(zone: str) -> None:
            patch.setenv("TZ", zone)
            time.tzset()

        yield go_to
    time.tzset()


@pytest.mark.parametrize(
    ("text", "hours"), [("23:30", 1.5), ("06:30", 8.5), ("22:00", 24.0), ("90m", 1.5), ("8h", 8.0)]
)
def test_a_deadline_is_a_time_or_a_span(in_zone: Callable[[str], None], text: str, hours: float) -> None:
    """A time of day is the next one that comes."""
    in_zone("UTC")
    assert read_deadline(text, now=EVENING) == EVENING + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("now", "text", "deadline"),
    [
        # On 8 March 2026 the clocks of New York go from 02:00 to 03:00, on 1 November from 02:00 to 01:00.
        ("2026-03-07T20:00-05:00", "06:30", "2026-03-08T06:30-04:00"),
        ("2026-03-07T20:00-05:00", "23:30", "2026-03-07T23:30-05:00"),
        ("2026-03-07T20:00-05:00", "02:30", "2026-03-08T01:30-05:00"),
        ("2026-03-08T01:45-05:00", "02:30", "2026-03-08T03:30-04:00"),
        ("2026-03-08T07:00-04:00", "06:30", "2026-03-09T06:30-04:00"),
        ("2026-03-07T20:00-05:00", "11h", "2026-03-08T08:00-04:00"),
        ("2026-10-31T20:00-04:00", "06:30", "2026-11-01T06:30-05:00"),
        ("2026-10-31T20:00-04:00", "01:30", "2026-11-01T01:30-04:00"),
        ("2026-11-01T01:45-04:00", "01:30", "2026-11-01T01:30-05:00"),
        ("2026-11-01T01:45-05:00", "01:30", "2026-11-02T01:30-05:00"),
    ],
)
def test_a_deadline_in_a_night_in_which_clocks_change(
    in_zone: Callable[[str], None], now: str, text: str, deadline: str
) -> None:
    """It is by the clock on the wall; of a time that comes twice or not at all it is the earlier instant."""
    in_zone("America/New_York")
    read = read_deadline(text, now=datetime.fromisoformat(now))
    assert read == datetime.fromisoformat(deadline)


@pytest.mark.parametrize("text", ["soon", "25:00", "8", "-1h", ""])
def test_a_deadline_that_is_neither_is_refused(text: str) -> None:
    """The error shows both forms."""
    with pytest.raises(UsageError, match=r"06:30.*8h"):
        read_deadline(text, now=EVENING)


def test_an_empty_folder_is_not_this_one() -> None:
    """Where an option names none, nothing is written to the folder in which the command was started."""
    assert (named("--recordings", None), named("--recordings", "r")) == (None, Path("r"))
    with pytest.raises(
        UsageError, match=r"^--recordings: it is empty; name a place, or leave the option out$"
    ):
        named("--recordings", "")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (45, "45 s"), (100, "2 min"), (12_000, "3 h 20 min")]
)
def test_spans_are_told_in_units_that_people_use(seconds: float, text: str) -> None:
    """Seconds, minutes or hours, whichever says it best."""
    assert output.span(seconds) == text


def test_who_has_to_resume_is_told_the_whole_command(capsys: pytest.CaptureFixture[str]) -> None:
    """With the campaign's own name, and the ledger where it is not the usual one."""
    opening = Opening(Rule.COUNTRY, "calls to NP are not allowed", "allow them", Scope.COUNTRY, "NP")
    report = RunReport(
        name="spring 2026",
        counts={RowStatus.WAITING: 1},
        dispositions={},
        dials=0,
        elapsed_s=1.0,
        stop_error=None,
        stop_notice="",
        next_due=None,
        openings=(opening,),
    )
    summarise(report, Path("out.csv"), ledger="/srv/my ledger.db")
    said = " ".join(capsys.readouterr().err.split())
    command = "campaign resume 'spring 2026' --reason TEXT --ledger '/srv/my ledger.db'"
    assert f"calls to NP are not allowed; allow them, then `{command}`" in said


@pytest.fixture
def garbage_as_before() -> Iterator[None]:
    """How often a command looks for garbage is forgotten."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def raising(error: BaseException) -> Callable[[], object]:
    def command() -> object:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyRefusedError("HTTP 401; check\nONEINBOX_API_KEY"), 77, "HTTP 401; check ONEINBOX_API_KEY"),
        (KeyboardInterrupt(), 130, "run the same command again"),
        (ExceptionGroup("tasks", [ValueError("x"), KeyRefusedError("no")]), 77, "campaign: no"),
        (BaseExceptionGroup("tasks", [ValueError("x"), KeyboardInterrupt()]), 130, "left at once"),
        (ZeroDivisionError("+12025550143"), 70, "a fault in this program (ZeroDivisionError)"),
    ],
)
def test_every_error_is_one_line_and_one_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str], garbage_as_before: None
) -> None:
    """The one that matters most of several is told; a bug's traceback shows no number."""
    with pytest.raises(SystemExit) as ended:
        guarded(raising(error))
    assert ended.value.code == code
    printed = capsys.readouterr().err
    assert said in printed.splitlines()[0]
    assert "12025550143" not in printed


def test_a_dated_campaign_is_continued_after_midnight(
    make_intake: Callable[..., Intake], tmp_path: Path
) -> None:
    """The name of the first start is kept, as long as the same list is unfinished."""
    config = tmp_path / "campaign.yaml"
    config.write_text(
        'name: nightly-{date}\nagent_id: agt_test\nfrom_numbers: ["+12025550100"]\n', encoding="utf-8"
    )
    intake = make_intake("phone", "+12025550143")
    location = str(tmp_path / "own.db")
    yesterday = datetime.now(UTC) - timedelta(hours=5)
    with Ledger.open(location) as own:
        campaign_id = own.write(
            campaigns.start,
            name="nightly-yesterday",
            name_pattern="nightly-{date}",
            agent_id="agt_test",
            intake=intake,
            now=yesterday,
        ).result()

    def name_of_run() -> str:
        with jobs.prepare(
            Path(intake.path),
            config,
            name=None,
            ledger=location,
            create_ledger=True,
            environment=Environment(),
        ) as job:
            return job.name

    assert name_of_run() == "nightly-yesterday"
    with Ledger.open(location) as own:
        (due,) = own.read(waiting.due, campaign_id, yesterday, skip=(), limit=2)
        own.write(
            waiting.hold,
            due.contact_id,
            status=RowStatus.SUPPRESSED,
            reason="",
            now=yesterday,
            not_before=None,
        ).result()
        own.write(campaigns.finish_settled, yesterday).result()
    assert name_of_run() == f"nightly-{datetime.now().astimezone().date()}"
