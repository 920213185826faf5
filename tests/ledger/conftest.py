"""The campaign that most tests of this folder begin with, and a PostgreSQL that is quick to reset."""

import uuid
from typing import Any

import psycopg
import pytest

from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, CARA, Case, people, start


@pytest.fixture(scope="session")
def postgresql_server(postgresql_server: Any) -> Any:
    """The real PostgreSQL, without waiting for the disk: no test here cuts the power."""
    postgresql_server.psql("ALTER SYSTEM SET fsync = off;")
    postgresql_server.psql("SELECT pg_reload_conf();")
    return postgresql_server


@pytest.fixture
def postgresql_location(postgresql_server: Any) -> str:
    """An empty database of the test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgresql_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    uri: str = postgresql_server.get_uri(database=name)
    return uri


@pytest.fixture
def case(ledger: Ledger) -> Case:
    """Three people who wait to be dialled."""
    return start(ledger, people(ANNA, BEN, CARA))
