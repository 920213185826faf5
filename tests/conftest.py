"""Fixtures that several suites share: real ledgers on both databases, and small lists."""

import gc
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, cycle
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
from blockbuster import BlockBuster
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from campaign import logs
from campaign.contacts.intake import take_in
from campaign.ledger.ledger import Ledger
from campaign.models import Intake
from campaign.settings import CampaignSettings
from tests.command_line import make_once
from tests.compiled import share_compiled_statements
from tests.postgresql import SHARED_FOLDER, Databases, leave_server, start_server, stop_left_over
from tests.support import make_settings

# How long an example takes says how busy the machine is, and nothing about the product. The same examples
# every time: a check that fails by chance is a check that is tried again until it passes.
hypothesis_settings.register_profile(
    "steady", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("steady")
share_compiled_statements()
make_once()
BLOCKBUSTER = BlockBuster("campaign")
FOLDERS = count()

Kind = Literal["waits long", "works long", "is short"]


def pytest_configure(config: pytest.Config) -> None:
    """Whoever starts the workers makes the folder in which they share a PostgreSQL.

    Not below pytest's own folder: run by root, the server belongs to another user, from whom every further
    pytest that starts on this machine would close that folder.
    """
    if SHARED_FOLDER not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="campaign-postgresql-")
        os.environ[SHARED_FOLDER] = folder.name
        config.add_cleanup(folder.cleanup)
        config.add_cleanup(partial(stop_left_over, Path(folder.name) / "data"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the tests out to the workers: who steals work begins with a stretch of its own.

    Every worker gets its share of those that mostly wait and of those that mostly work, mixed from the start,
    so that some work while others wait. It has the long ones behind it when three quarters are done: else the
    last of them would be left to one worker alone.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0"))
    if not workers:
        return
    groups: dict[Kind, list[pytest.Item]] = {"waits long": [], "works long": [], "is short": []}
    for item in items:
        groups[_kind(item)].append(item)
    stretches: list[list[tuple[float, pytest.Item]]] = [[] for _ in range(workers)]
    turns = cycle(stretches)
    for kind, group in groups.items():
        done_by = 1.0 if kind == "is short" else 0.75
        for at, item in enumerate(group):
            next(turns).append((at / len(group) * done_by, item))
    items[:] = [item for stretch in stretches for _, item in sorted(stretch, key=itemgetter(0))]


def pytest_collection_finish() -> None:
    """All that is here by now stays, and is not looked through for garbage again and again."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _kind(item: pytest.Item) -> Kind:
    if "torture" in item.path.parts:
        return "works long"
    return "waits long" if item.get_closest_marker("e2e") is not None else "is short"


@pytest.fixture
def anyio_backend() -> str:
    """The product runs on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    """Product code that blocks the event loop fails the test."""
    BLOCKBUSTER.activate()
    yield BLOCKBUSTER
    BLOCKBUSTER.deactivate()


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """How a test, or a command in this process, sets up the logs is forgotten with it, as are its keys."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    secrets = set(logs._secrets)
    yield
    logs._secrets.intersection_update(secrets)
    if structlog.is_configured():
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(autouse=True)
def clean_environment(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """No test sees the developer's account, ledger or proxy."""
    for name in ("ONEINBOX_API_KEY", "ONEINBOX_API_KEY_FILE", "ONEINBOX_BASE_URL", "ONEINBOX_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CAMPAIGN_LEDGER", "CAMPAIGN_WEBHOOK_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    # Many tests have no files, and to make a folder takes longer than some of them.
    if "tmp_path" in request.fixturenames:
        own: Path = request.getfixturevalue("tmp_path")
    else:
        own = tmp_path_factory.getbasetemp() / f"without-files-{next(FOLDERS)}"
    monkeypatch.setenv("XDG_STATE_HOME", str(own / "state"))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Any]:
    """A real PostgreSQL, started once for all processes that test beside each other."""
    server = start_server(Path(os.environ[SHARED_FOLDER]) / "data")
    yield server
    leave_server(server)


@pytest.fixture
def sqlite_location(tmp_path: Path) -> str:
    """Where a new SQLite ledger may be made."""
    return str(tmp_path / "ledger.db")


@pytest.fixture(scope="session")
def databases(postgresql_server: Any) -> Iterator[Databases]:
    """The databases of that server."""
    with Databases(postgresql_server) as databases:
        yield databases


@pytest.fixture
def postgresql_location(databases: Databases) -> str:
    """A new ledger on PostgreSQL."""
    return databases.new_ledger()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_location(request: pytest.FixtureRequest) -> str:
    """A new ledger on each of the two databases."""
    location: str = request.getfixturevalue(f"{request.param}_location")
    return location


@pytest.fixture
def ledger(ledger_location: str) -> Iterator[Ledger]:
    """An open ledger, once on SQLite and once on PostgreSQL."""
    with Ledger.open(ledger_location) as opened:
        yield opened


@pytest.fixture
def settings() -> CampaignSettings:
    """A campaign that calls people in the US at any hour."""
    return make_settings()


@pytest.fixture
def make_intake(tmp_path: Path) -> Callable[..., Intake]:
    """Turn lines of a CSV file into an intake."""

    def make(*lines: str, settings: CampaignSettings | None = None, name: str = "list.csv") -> Intake:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return take_in(path, settings or make_settings())

    return make
