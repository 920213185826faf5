"""The words of the product as types: numbers, rows, states and their legal moves, calls.

What crosses from one folder to another is defined here, frozen. Nothing here does I/O.
"""

from campaign.models.account import Habits
from campaign.models.calls import OUR_METADATA, TOKEN_KEY, Agent, Call, CallRequest
from campaign.models.lists import Contact, Intake, ListRows, RejectedRow, Row, ZoneSource
from campaign.models.outcomes import OutcomeLabel
from campaign.models.results import CHECK_COLUMNS, OUR_COLUMNS, REJECT_COLUMNS, RESULT_COLUMNS, ResultRow
from campaign.models.states import (
    ATTEMPT_DECISIONS,
    ATTEMPT_MOVES,
    FINAL_STATUSES,
    HARMLESS_ATTEMPTS,
    OPEN_ATTEMPTS,
    OPEN_STATUSES,
    ROW_DECISIONS,
    ROW_MOVES,
    AttemptState,
    Disposition,
    Hold,
    RowStatus,
    TranscriptStatus,
)
from campaign.models.telephony import Carrier, NewCarrier, NewNumber, OfferedNumber, PhoneNumber, Trunk
from campaign.models.tries import NEVER_TRIED, Ending, Tries, Try, plausible_end
from campaign.models.words import E164, bare_number, forms_of, known_form, person_of, plain

__all__ = [
    "ATTEMPT_DECISIONS",
    "ATTEMPT_MOVES",
    "CHECK_COLUMNS",
    "E164",
    "FINAL_STATUSES",
    "HARMLESS_ATTEMPTS",
    "NEVER_TRIED",
    "OPEN_ATTEMPTS",
    "OPEN_STATUSES",
    "OUR_COLUMNS",
    "OUR_METADATA",
    "REJECT_COLUMNS",
    "RESULT_COLUMNS",
    "ROW_DECISIONS",
    "ROW_MOVES",
    "TOKEN_KEY",
    "Agent",
    "AttemptState",
    "Call",
    "CallRequest",
    "Carrier",
    "Contact",
    "Disposition",
    "Ending",
    "Habits",
    "Hold",
    "Intake",
    "ListRows",
    "NewCarrier",
    "NewNumber",
    "OfferedNumber",
    "OutcomeLabel",
    "PhoneNumber",
    "RejectedRow",
    "ResultRow",
    "Row",
    "RowStatus",
    "TranscriptStatus",
    "Tries",
    "Trunk",
    "Try",
    "ZoneSource",
    "bare_number",
    "forms_of",
    "known_form",
    "person_of",
    "plain",
    "plausible_end",
]
