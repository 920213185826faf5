"""Stories of single calls, of the doctor, and of commands about one call."""

from collections.abc import Mapping
from typing import Any

from tests.torture import trouble
from tests.torture.accounts import Account
from tests.torture.step import Step
from tests.torture.story import ANNA, HAL, LATER, SIGKILLED, Story

TEST: Mapping[str, Any] = {"name": "test"}
"""A campaign file of its own, so that the one of the story stays as it is."""
OPEN: Mapping[str, Any] = {"hours": {"days": trouble.open_for_now()}}
HELD = frozenset({0, 69, 80})
DOCTOR = Step(program="doctor --config {config} --list {list}")
UNWELL = 78
"""The doctor's exit code for whatever it finds, be it only that people stand in the list who are not real."""


def _call(number: str, settings: Mapping[str, Any] = {}, **of_step: Any) -> Step:
    """A single call to somebody, with a list of its own; `wait` and `again` go to the command."""
    options: dict[str, Any] = {key: of_step.pop(key) for key in ("wait", "again") if key in of_step}
    return Step(
        program="call",
        settings={**TEST, **settings},
        rows=({**HAL, "phone": number},),
        options={"number": number, "wait": True, **options},
        **of_step,
    )


HALS = HAL["phone"]
CUT_OFF = _call(HALS, actions={"record_intent#1": "SIGKILL"}, ends=SIGKILLED)
LEFT = _call(HALS, actions={"record_placed#1": "SIGKILL"}, ends=SIGKILLED)

ERRAND_STORIES: Mapping[str, Story] = {
    "a single call": Story(step=_call(HALS)),
    "a single call to somebody of the list": Story(step=_call(ANNA["phone"]), ends=frozenset({0, 75, 80})),
    "a single call that nobody follows": Story(account=Account(speed=20), step=_call(HALS, wait=False)),
    "a single call whose reply is lost": Story(
        account=Account(faults=("lose_reply#1",)), step=_call(HALS), meets=75
    ),
    "a single call that is lost": Story(account=Account(faults=("drop#1",)), step=_call(HALS), meets=75),
    "a single call after one that was cut off": Story(before=(CUT_OFF,), step=_call(HALS)),
    "a single call after one that was left": Story(before=(LEFT,), step=_call(HALS)),
    "a single call that no run dials again": Story(
        before=(CUT_OFF,), step=Step(program="redial_single_call")
    ),
    "another single call to a person": Story(
        before=(_call(HALS),), step=_call(HALS, again=True), tries={HALS: 2}
    ),
    "a single call queued at closing": Story(
        account=Account(faults=("queue=2000#1",)),
        settings=OPEN,
        step=_call(HALS, timing={"closing_lead_s": 3 * 86_400}),
        resume=Step(timing={"closing_lead_s": 3 * 86_400}),
    ),
    "a single call out of credit": Story(
        account=Account(quota=0, daily_quota=100), step=_call(HALS), meets=69, ends=HELD
    ),
    # Who only looks.
    "the doctor": Story(before=(Step(),), step=DOCTOR, meets=UNWELL),
    "the doctor comes first": Story(step=DOCTOR, meets=UNWELL),
    "the doctor after a kill": Story(
        before=(Step(actions={"record_placed#2": "SIGKILL"}, ends=SIGKILLED),), step=DOCTOR, meets=UNWELL
    ),
    "the doctor beside a run": Story(
        before=(Step(actions={"record_placed#2": "SIGKILL"}, ends=SIGKILLED),),
        trouble=trouble.hold_lock,
        step=DOCTOR,
        meets=UNWELL,
    ),
    "the doctor finds no database": Story(trouble=trouble.no_database, step=DOCTOR, meets=UNWELL),
    "the doctor finds a lock that is a folder": Story(
        before=(Step(settings=LATER),), trouble=trouble.lock_is_folder, step=DOCTOR, meets=UNWELL
    ),
    "the doctor finds an older schema": Story(
        before=(Step(settings=LATER),), trouble=trouble.older_schema, step=DOCTOR, meets=UNWELL
    ),
    "the doctor finds an open breaker": Story(
        account=Account(faults=("status=401@create#3",)),
        before=(Step(ends=frozenset({77})),),
        step=DOCTOR,
        meets=UNWELL,
        ends=frozenset({69}),
    ),
    "the doctor on PostgreSQL": Story(on_postgresql=True, before=(Step(),), step=DOCTOR, meets=UNWELL),
    "the doctor without a PostgreSQL": Story(
        on_postgresql=True,
        step=Step(program=f"{DOCTOR.program} --ledger postgresql://127.0.0.1:1/none"),
        meets=UNWELL,
    ),
    "disks looked at": Story(step=Step(program="look_at_disks")),
    # Commands about one call.
    "a call labelled and hung up": Story(
        account=Account(faults=("no_id@outcomes#2", "garble@outcomes#3", "no_id@outcomes#4")),
        before=(Step(),),
        step=Step(program="label_call"),
    ),
}
