"""All stories: between them they pass every line that a run, or a command beside it, can pass."""

from collections.abc import Mapping

from tests.torture.errand_stories import ERRAND_STORIES
from tests.torture.ledger_stories import LEDGER_STORIES
from tests.torture.provider_stories import PROVIDER_STORIES
from tests.torture.step import Step
from tests.torture.story import BEN, Story

BROKEN_STORIES: Mapping[str, Story] = {
    "a ledger that is thrown away": Story(before=(Step(), Step(program="throw_ledger_away"))),
    "a result that is thrown away": Story(resume=Step(program="throw_result_away")),
    "somebody whom nobody may call": Story(forbidden=frozenset({BEN["phone"]})),
    "a command that only looks, and dials": Story(step=Step(program="ring_ben")),
    "a life before that ends otherwise": Story(before=(Step(options={"deadline": "never"}),)),
}
"""What must never happen does: whoever looks has to find it."""

WHOLE_STORIES: Mapping[str, Story] = {**PROVIDER_STORIES, **LEDGER_STORIES, **ERRAND_STORIES}

STORIES: Mapping[str, Story] = {**WHOLE_STORIES, **BROKEN_STORIES}
