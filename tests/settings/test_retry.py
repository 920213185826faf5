"""Further tries: what holds for calls of campaigns that the running one does not dial for."""

from collections.abc import Sequence

import pytest

from campaign.settings import RetrySettings


@pytest.mark.parametrize(
    ("kept", "final"),
    [
        (None, {"not_interested", "do_not_call"}),
        ([], set()),
        (["Moved Away", ""], {"moved_away"}),
    ],
)
def test_for_others_nobody_is_tried_again(kept: Sequence[str] | None, final: set[str]) -> None:
    """By their own outcomes, as far as the ledger has any; of older campaigns the default is known."""
    retry = RetrySettings.of_others(kept)
    assert (retry.max_attempts, set(retry.final_outcomes)) == (1, final)
