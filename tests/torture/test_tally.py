"""What a suite has struck is enough, or the suite has failed."""

from collections import Counter

import pytest

from tests.torture.tally import Tally

STRUCK = {"kills at a line": 9, "dials cut": 4, "dials reset": 3}


@pytest.mark.parametrize(
    ("wanted", "failures"),
    [
        ({"kills at a line": 9}, []),
        ({"dials": 7}, []),
        ({"kills at a wait": 0}, []),
        ({"kills at a line": 10}, ["only 9 of 10 kills at a line"]),
        ({"kills at a line": 9, "kills at a wait": 1}, ["only 0 of 1 kills at a wait"]),
        ({"dials": 8}, ["only 7 of 8 dials"]),
        ({"": 17}, ["only 16 of 17 faults"]),
    ],
)
def test_what_is_missing_is_told(wanted: dict[str, int], failures: list[str]) -> None:
    """A suite that has struck less often than it has to has failed, and says of what there were too few."""
    tally = Tally(injected=Counter(STRUCK))
    tally.require(wanted)
    assert tally.failures == failures
    assert tally.wrong == len(failures)
