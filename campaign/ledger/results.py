"""The result of a campaign as rows: a view of the ledger, at any time."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, case, func, select

from campaign.ledger import schema
from campaign.ledger.campaigns import counts, in_result
from campaign.logs import redact
from campaign.models import HARMLESS_ATTEMPTS, Disposition, ResultRow, RowStatus, TranscriptStatus

PAGE_ROWS = 2_000

# Built once, as every look at the progress runs them.
_ATTEMPTS = schema.attempts.c
_BY_DISPOSITION = (
    select(
        _ATTEMPTS.disposition,
        func.count().label("attempts"),
        func.sum(case((schema.is_one_of(_ATTEMPTS.state, HARMLESS_ATTEMPTS), 0), else_=1)).label("dials"),
    )
    .where(_ATTEMPTS.campaign_id == bindparam("campaign"))
    .group_by(_ATTEMPTS.disposition)
)
_UNMAPPED = (
    select(schema.calls.c.status, schema.calls.c.end_reason, func.count())
    .join(schema.attempts)
    .where(_ATTEMPTS.campaign_id == bindparam("campaign"), schema.calls.c.disposition == Disposition.UNKNOWN)
    .group_by(schema.calls.c.status, schema.calls.c.end_reason)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a campaign stands."""

    counts: Mapping[RowStatus, int]
    """Its rows by status, each row counted once."""
    dispositions: Mapping[Disposition, int]
    """Its ended attempts."""
    dials: int
    """Its attempts that count as a try."""


def result_rows(connection: Connection, campaign_id: int) -> Iterator[ResultRow]:
    """Each row once, in the list's order, with its latest call that counts.

    Of several calls of one request that is the one that was answered, else one with a transcript, else the
    newest whose end is known.
    """
    for row in connection.execute(_rows(), {"campaign": campaign_id}).mappings():
        yield _result_row(dict(row))


@cache
def _rows() -> Select[Any]:
    """Built once, as that takes longer than to run it on a short list; not at import, for few need it."""
    contacts, calls = schema.contacts, schema.calls
    campaign: BindParameter[int] = bindparam("campaign")
    counted = schema.attempts.alias("counted")
    newest = schema.attempts.alias("newest")
    tries = (
        select(
            counted.c.contact_id,
            func.count().label("tries"),
            func.max(counted.c.number).label("number"),
        )
        .where(counted.c.campaign_id == campaign, ~schema.is_one_of(counted.c.state, HARMLESS_ATTEMPTS))
        .group_by(counted.c.contact_id)
        .subquery("tries")
    )
    last = schema.attempts.alias("last")
    was_answered = case((calls.c.disposition == Disposition.ANSWERED, 1), else_=0)
    has_words = case((calls.c.transcript != "", 1), else_=0)
    is_known = case((calls.c.disposition.is_not(None), 1), else_=0)
    best_first = (was_answered.desc(), has_words.desc(), is_known.desc(), calls.c.id.desc())
    ranked = (
        select(
            calls.c.id,
            calls.c.attempt_id,
            func.row_number().over(partition_by=calls.c.attempt_id, order_by=best_first).label("rank"),
        )
        .join(schema.attempts)
        .where(schema.attempts.c.campaign_id == campaign)
        .subquery("ranked")
    )
    newest_error = (
        select(newest.c.error)
        .where(newest.c.contact_id == contacts.c.id)
        .order_by(newest.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            contacts.c.row_number,
            contacts.c.cells,
            contacts.c.status,
            contacts.c.reason,
            contacts.c.to_number,
            func.coalesce(tries.c.tries, 0).label("attempts"),
            last.c.from_number,
            last.c.disposition,
            func.coalesce(newest_error, "").label("error"),
            calls.c.call_id,
            calls.c.status.label("provider_status"),
            calls.c.end_reason,
            calls.c.outcome,
            calls.c.summary,
            calls.c.started_at,
            calls.c.ended_at,
            calls.c.duration_seconds,
            calls.c.cost_cents,
            calls.c.credits_used,
            calls.c.transcript,
            calls.c.transcript_status,
            calls.c.recording_url,
        )
        .select_from(contacts)
        .outerjoin(tries, tries.c.contact_id == contacts.c.id)
        .outerjoin(last, and_(last.c.contact_id == contacts.c.id, last.c.number == tries.c.number))
        .outerjoin(ranked, and_(ranked.c.attempt_id == last.c.id, ranked.c.rank == 1))
        .outerjoin(calls, calls.c.id == ranked.c.id)
        .where(contacts.c.campaign_id == campaign, in_result())
        .order_by(contacts.c.position)
        .execution_options(yield_per=PAGE_ROWS)
    )


def _result_row(values: dict[str, Any]) -> ResultRow:
    disposition, transcript = values["disposition"], values["transcript_status"]
    return ResultRow(
        **values
        | {
            "cells": tuple(values["cells"]),
            "status": RowStatus(values["status"]),
            "disposition": Disposition(disposition) if disposition else None,
            "transcript_status": TranscriptStatus(transcript) if transcript else None,
        }
    )


def standing(connection: Connection, campaign_id: int) -> Standing:
    """Adds up, as committed at one moment."""
    rows = connection.execute(_BY_DISPOSITION, {"campaign": campaign_id}).all()
    return Standing(
        counts=counts(connection, campaign_id),
        dispositions={Disposition(row.disposition): row.attempts for row in rows if row.disposition},
        dials=sum(row.dials for row in rows),
    )


def unmapped(connection: Connection, campaign_id: int) -> dict[tuple[str, str], int]:
    """Adds up: the calls of the campaign of which no line of the table of dispositions says how they ended.

    By status and end reason, the most first. These are OneInbox's words, without keys and phone numbers.
    """
    found: Counter[tuple[str, str]] = Counter()
    for status, end_reason, number in connection.execute(_UNMAPPED, {"campaign": campaign_id}):
        found[redact(status), redact(end_reason or "")] += number
    return dict(found.most_common())
