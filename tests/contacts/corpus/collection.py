"""The whole corpus: every case, under a name of its own."""

from itertools import chain

from tests.contacts.corpus import (
    hostile_cases,
    number_cases,
    object_cases,
    other_kind_cases,
    refused_text_cases,
    refused_workbook_cases,
    text_cases,
    workbook_cases,
)
from tests.contacts.corpus.cases import Readable, Refused

CASES = tuple(
    chain(
        number_cases.cases(),
        text_cases.cases(),
        refused_text_cases.cases(),
        object_cases.cases(),
        workbook_cases.cases(),
        refused_workbook_cases.cases(),
        hostile_cases.cases(),
        other_kind_cases.cases(),
    )
)
READABLE = tuple(case for case in CASES if isinstance(case.expected, Readable))
REFUSED = tuple(case for case in CASES if isinstance(case.expected, Refused))
