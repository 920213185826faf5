"""The schema, one for SQLite and PostgreSQL. What must never happen is a constraint, not an if."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import Insert

from campaign.models import (
    OPEN_ATTEMPTS,
    AttemptState,
    Disposition,
    Hold,
    RowStatus,
    TranscriptStatus,
    ZoneSource,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Utc(TypeDecorator[datetime]):
    """An aware datetime in UTC, also where the database knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not reach the ledger")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def is_one_of(column: ColumnElement[str], values: Iterable[StrEnum]) -> ColumnElement[bool]:
    """A condition of a query that is built once: its values are a part of it, and not given with each run."""
    return column.in_([literal_column(repr(value.value)) for value in sorted(values)])


def insert_unless_there(table: Table) -> Insert:
    """A statement: a row whose key is there, also by another process at the same moment, stays as it is."""
    # SQLite says the same in the same words.
    return Insert(table).on_conflict_do_nothing()


def _one_of(column: str, values: Iterable[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in sorted(values))})"


migrations = Table(
    "migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(100), nullable=False),
    Column("applied_at", Utc, nullable=False),
)

identity = Table(
    "identity",
    metadata,
    # There is one row.
    Column(
        "number", Integer, CheckConstraint("number = 1", name="single"), primary_key=True, autoincrement=False
    ),
    Column("ledger_id", String(32), nullable=False),
    # How often a SQLite ledger was written; on PostgreSQL, how often its run lock was taken.
    Column("generation", Integer, nullable=False),
    Column("since", Utc, nullable=False),
    Column("accepted_although", Text, nullable=False, server_default=""),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("name_pattern", String(200), nullable=False),
    Column("agent_id", String(200), nullable=False),
    Column("list_path", Text, nullable=False),
    Column("list_content", String(64), nullable=False),
    Column("list_fingerprint", String(64), nullable=False),
    Column("headers", JSON, nullable=False),
    Column("started_at", Utc, nullable=False),
    Column("finished_at", Utc),
    # Limits and the longest call, as the latest run had them.
    Column("budget", JSON),
    # What the latest run takes for a wish not to be called again, for whoever judges these calls later.
    Column("opt_out", JSON),
    # Likewise its own lines of the table of dispositions, and the outcomes after which it tries nobody again.
    Column("dispositions", JSON),
    Column("never_after", JSON),
    # Where the latest run wrote the result, for the run that closes this campaign.
    Column("output_path", Text),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("row_number", Integer, nullable=False),
    Column("in_list", Integer, nullable=False, server_default="1"),
    Column("to_number", String(16)),
    Column("person_key", Text, nullable=False, server_default=""),
    Column("cells", JSON, nullable=False),
    Column("variables", JSON, nullable=False),
    Column("time_zones", JSON, nullable=False),
    Column("zone_source", String(8), nullable=False, server_default=ZoneSource.NUMBER),
    Column("us_state", String(2)),
    Column("consent", Text),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("not_before", Utc),
    Column("hold", String(8)),
    # What the list says of this row's own call.
    Column("list_not_before", Utc),
    Column("list_valid_until", Utc),
    Column("list_from_number", String(16)),
    Column("list_agent_id", String(200)),
    # So many tries a human allows, whatever the campaign file says.
    Column("granted_tries", Integer),
    Column("changed_at", Utc, nullable=False),
    CheckConstraint(_one_of("status", RowStatus), name="status"),
    CheckConstraint(_one_of("hold", Hold), name="hold"),
    CheckConstraint("to_number IS NOT NULL OR status = 'rejected'", name="number"),
    UniqueConstraint("campaign_id", "position"),
    # A person stands in a campaign once, whatever the list says.
    Index(
        "uq_contacts_person",
        "campaign_id",
        "to_number",
        unique=True,
        sqlite_where=text("status NOT IN ('rejected', 'duplicate')"),
        postgresql_where=text("status NOT IN ('rejected', 'duplicate')"),
    ),
    Index("ix_contacts_due", "campaign_id", "status", "position"),
)

_OPEN = text(_one_of("state", OPEN_ATTEMPTS))

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("token", String(32), nullable=False, unique=True),
    Column("to_number", String(16), nullable=False),
    Column("from_number", String(16), nullable=False),
    Column("agent_id", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("disposition", String(16)),
    # Whether the person has talked, or may have: whatever the disposition says, campaigns give peace by it.
    Column("talked", Integer, nullable=False, server_default="0"),
    # Why no further try may follow, where late results tell it, and what the row is then; empty otherwise.
    Column("no_further_try", Text, nullable=False, server_default=""),
    Column("no_further_status", String(16), nullable=False, server_default=""),
    Column("intent_at", Utc, nullable=False),
    # When the person's hours close: a call that has not been connected by then may not ring any more.
    Column("closes_at", Utc),
    Column("closed_at", Utc),
    Column("error", Text, nullable=False, server_default=""),
    Column("looks", Integer, nullable=False, server_default="0"),
    CheckConstraint(_one_of("state", AttemptState), name="state"),
    CheckConstraint(_one_of("disposition", Disposition), name="disposition"),
    # The fence: one create-call request per attempt, since an attempt exists once ...
    UniqueConstraint("contact_id", "number"),
    # ... and no second attempt while the fate of one is open.
    Index("uq_attempts_open", "contact_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_attempts_to_number", "to_number", "intent_at"),
    Index("ix_attempts_from_number", "from_number", "intent_at"),
    Index("ix_attempts_state", "campaign_id", "state"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(200), nullable=False, unique=True),
    Column("attempt_id", ForeignKey("attempts.id"), nullable=False, index=True),
    Column("placed_at", Utc, nullable=False),
    Column("status", String(100), nullable=False, server_default=""),
    Column("end_reason", Text),
    Column("outcome", Text),
    # Of this very call: those of one attempt may have ended differently. Unknown when no line of the table
    # of dispositions fits.
    Column("disposition", String(16)),
    Column("summary", Text),
    Column("started_at", Utc),
    Column("ended_at", Utc),
    Column("duration_seconds", Float),
    Column("cost_cents", Float),
    Column("credits_used", Float),
    Column("messages", JSON),
    Column("transcript", Text, nullable=False, server_default=""),
    Column("transcript_status", String(16), nullable=False),
    Column("recording_url", Text),
    Column("settled_at", Utc),
    # So often is a call looked at again that has settled before all of its results were there.
    Column("looks_left", Integer, nullable=False, server_default="0"),
    CheckConstraint(_one_of("transcript_status", TranscriptStatus), name="transcript_status"),
    Index(
        "ix_calls_incomplete",
        "settled_at",
        sqlite_where=text("looks_left > 0"),
        postgresql_where=text("looks_left > 0"),
    ),
)

recordings = Table(
    "recordings",
    metadata,
    Column("call_id", ForeignKey("calls.call_id"), primary_key=True),
    # A run was told to keep it. Until it is kept, or given up, later runs try again.
    Column("wanted_at", Utc, nullable=False),
    # Runs that have tried in vain.
    Column("tries", Integer, nullable=False, server_default="0"),
    # Its name in the folder; empty while it is not there.
    Column("file", Text, nullable=False, server_default=""),
    Column("given_up", Integer, nullable=False, server_default="0"),
    CheckConstraint("file = '' OR given_up = 0", name="end"),
    Index(
        "ix_recordings_open",
        "wanted_at",
        sqlite_where=text("file = '' AND given_up = 0"),
        postgresql_where=text("file = '' AND given_up = 0"),
    ),
)

listener = Table(
    "listener",
    metadata,
    # There is one row.
    Column(
        "number", Integer, CheckConstraint("number = 1", name="single"), primary_key=True, autoincrement=False
    ),
    # Whoever knows it can leave hints.
    Column("token", String(64), nullable=False),
    Column("made_at", Utc, nullable=False),
    # Of the newest hint. It never goes back, also when old hints are cleared away.
    Column("serial", Integer, nullable=False, server_default="0"),
)

learnt = Table(
    "learnt",
    metadata,
    # The base URL of its API, and a digest of its key.
    Column("account", String(300), primary_key=True),
    Column("fact", String(40), primary_key=True),
    Column("is_so", Integer, nullable=False),
    Column("learnt_at", Utc, nullable=False),
)

hints = Table(
    "hints",
    metadata,
    # One for each call, whatever comes.
    Column("call_id", ForeignKey("calls.call_id"), primary_key=True),
    Column("serial", Integer, nullable=False, unique=True),
    Column("at", Utc, nullable=False),
)

suppression = Table(
    "suppression",
    metadata,
    Column("to_number", String(16), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("added_at", Utc, nullable=False),
)

suppression_changes = Table(
    "suppression_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("to_number", String(16), nullable=False),
    Column("change", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False, server_default=""),
    CheckConstraint("change IN ('added', 'removed')", name="change"),
)

breakers = Table(
    "breakers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("cause", Text, nullable=False),
    Column("cure", Text, nullable=False),
    Column("scope", String(16), nullable=False),
    # The from number or the country, where the scope is one.
    Column("subject", String(20), nullable=False, server_default=""),
    Column("evidence", JSON, nullable=False),
    Column("needs_reset", Integer, nullable=False),
    # What is wrong is wrong for every campaign of the ledger.
    Column("of_account", Integer, nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("closed_at", Utc),
    Column("closed_by", Text, nullable=False, server_default=""),
    Column("closed_because", Text, nullable=False, server_default=""),
    CheckConstraint("scope IN ('campaign', 'from_number', 'country')", name="scope"),
    # One sign is open once.
    Index(
        "uq_breakers_open",
        "campaign_id",
        "rule",
        "scope",
        "subject",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("contact_id", ForeignKey("contacts.id")),
    Column("attempt_id", ForeignKey("attempts.id")),
    Column("event", String(40), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Index("ix_events_contact", "contact_id"),
)
