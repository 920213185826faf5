"""The campaign that most tests of this folder begin with."""

import pytest

from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, CARA, Case, people, start


@pytest.fixture
def case(ledger: Ledger) -> Case:
    """Three people who wait to be dialled."""
    return start(ledger, people(ANNA, BEN, CARA))
