"""What runs have learnt of an account, each fact with its time: after a while it is to be learnt anew."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from campaign.ledger import schema
from campaign.models import Habits

TRUSTED_FOR = timedelta(days=7)

_FACTS = frozenset(Habits.__dataclass_fields__)
_TABLE = schema.learnt


def habits(connection: Connection, account: str, now: datetime) -> Habits:
    """As committed: what was learnt lately of this account."""
    rows = connection.execute(
        select(_TABLE.c.fact, _TABLE.c.is_so).where(
            _TABLE.c.account == account, _TABLE.c.learnt_at > now - TRUSTED_FOR
        )
    )
    return Habits(**{row.fact: bool(row.is_so) for row in rows if row.fact in _FACTS})


def keep(connection: Connection, account: str, facts: Mapping[str, bool], now: datetime) -> None:
    """These facts replace what was known of them before."""
    connection.execute(delete(_TABLE).where(_TABLE.c.account == account, _TABLE.c.fact.in_(list(facts))))
    connection.execute(
        insert(_TABLE),
        [
            {"account": account, "fact": fact, "is_so": int(is_so), "learnt_at": now}
            for fact, is_so in facts.items()
        ],
    )
