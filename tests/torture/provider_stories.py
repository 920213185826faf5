"""Stories of ordinary nights, and of a provider in trouble."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.machinery import people
from tests.torture import trouble
from tests.torture.accounts import Account
from tests.torture.step import Step
from tests.torture.story import (
    ANNA,
    BAD,
    BEN,
    CARA,
    EVE,
    LATER,
    PEOPLE,
    SIGKILLED,
    SUPPRESSED,
    UNREACHED,
    Story,
)

RETRIES: Mapping[str, Any] = {
    "max_attempts": 3,
    "no_answer": ["1s", "1s"],
    "busy": ["1s", "1s"],
    "failed": ["1s", "1s"],
}
LONG: Mapping[str, Any] = {"pace": {"calls_per_second": 1, "burst": 1, "max_live_calls": 4}}
"""The run lasts for some seconds."""
LISTED: Mapping[str, Any] = {
    "suppression": ["dnc.csv"],
    "pace": {"calls_per_second": 8, "burst": 1, "max_live_calls": 4},
}
LOOKS_OFTEN: Mapping[str, float] = {"suppression_look_s": 0.05}
PATIENT = Step(timing={"api_patience_s": 60, "throttle_patience_s": 60})
"""Trouble that passes is outlived, however slow the machine is."""
ENDLESS: Mapping[str, Any] = {"call": {"max_duration": "1s"}}
PROVIDER_STORIES: Mapping[str, Story] = {
    # What every night is like.
    "plain": Story(),
    "unreached": Story(account=UNREACHED),
    "bad rows": Story(
        rows=(ANNA, BAD, BEN, {**BEN, "order_id": "again"}, CARA),
        step=Step(options={"allow_invalid": True}),
        resume=Step(options={"allow_invalid": True}),
    ),
    "workbook of results": Story(step=Step(options={"output_file": Path("out.xlsx")})),
    "lines of results": Story(step=Step(options={"output_file": Path("out.jsonl")})),
    "columns of results": Story(step=Step(options={"output_file": Path("out.parquet")})),
    "name with a date": Story(settings={"name": "night-{date}"}),
    # Rows that come back.
    "retries": Story(account=UNREACHED, rows=PEOPLE[:4], settings={"retry": RETRIES}, tries=3),
    "suppressed": Story(
        before=(Step(program="suppress_people"),),
        rows=(*PEOPLE[:3], SUPPRESSED),
        forbidden=frozenset({SUPPRESSED["phone"]}),
    ),
    "suppressed at the last moment": Story(step=Step(actions={"_intend#2": f"suppress {BEN['phone']}"})),
    "a list that grows": Story(
        settings=LISTED,
        trouble=trouble.with_list,
        step=Step(
            actions={"record_placed#2": f"grow_list {EVE['phone']}"}, timing={"suppression_look_s": 0.05}
        ),
    ),
    "a list that goes": Story(
        settings=LISTED,
        trouble=trouble.with_list,
        step=Step(actions={"record_placed#2": "remove_list"}, timing=LOOKS_OFTEN),
        meets=66,
    ),
    "asked in a call": Story(account=Account(replies=("Stop calling me.",))),
    "closed": Story(step=Step(settings=LATER)),
    "never open": Story(
        settings={**LATER, "contacts": {"countries": ["US"], "timezone": "tz"}},
        rows=tuple({**row, "tz": "America/New_York"} for row in PEOPLE),
        ends=frozenset({75}),
    ),
    "deadline": Story(account=Account(speed=60), step=Step(options={"deadline": "1s"})),
    "deadline to come": Story(step=Step(options={"deadline": "1h"})),
    # Signals.
    "drained": Story(step=Step(actions={"record_placed#2": "SIGTERM"})),
    "drained before the request": Story(step=Step(actions={"record_intent#2": "SIGINT"})),
    "drained twice": Story(
        account=Account(speed=60),
        step=Step(actions={"record_placed#2": "SIGHUP", "drain#1": "SIGHUP"}),
        meets=130,
    ),
    # A provider in trouble.
    "throttled": Story(account=Account(faults=("throttle=1#2", "throttle#4")), step=PATIENT),
    "throttled for good": Story(account=Account(faults=("throttle",)), meets=69),
    "refused rows": Story(account=Account(faults=("refuse#2",))),
    "refused without a name": Story(account=Account(faults=("status=400",)), meets=69),
    "out of credit": Story(account=Account(quota=2), meets=69),
    "wrong key": Story(account=Account(api_key="oi_sk_other"), meets=77),
    "key refused on the way": Story(account=Account(faults=("status=401@create#3",)), meets=77),
    "lost replies": Story(account=Account(faults=("lose_reply#2", "cut#3", "no_id#4"))),
    "lost requests": Story(
        account=Account(faults=("drop",)),
        rows=people(8),
        settings={"pace": {"calls_per_second": 500, "burst": 5, "max_live_calls": 8}},
        meets=69,
    ),
    "replies after acting": Story(account=Account(faults=("act_then_status=502#1", "garble#2"))),
    "two calls of one request": Story(account=Account(faults=("duplicate#2", "lose_reply#2")), meets=69),
    # One call at a time: the id is known as the first person's when the second one gets it.
    "an id twice": Story(
        account=Account(repeats_id_at=2),
        settings={"pace": {"calls_per_second": 500, "burst": 1, "max_live_calls": 1}},
    ),
    "unreachable on the way": Story(doors=2, meets=69),
    "unreachable at the start": Story(doors=1, meets=69),
    # Lists of calls.
    "no cursor": Story(account=Account(has_cursor=False, page=2, speed=100)),
    "short pages": Story(account=Account(page=2, faults=("lose_reply#1",), speed=100)),
    "first generation": Story(account=Account(generation="v1", faults=("lose_reply#2",))),
    "no list": Story(account=Account(faults=("status=501@list", "lose_reply#2"), speed=100)),
    "list not found": Story(account=Account(faults=("status=404@list", "lose_reply#2"))),
    "list without items": Story(account=Account(faults=("no_id@list",)), meets=69),
    "list fails": Story(account=Account(faults=("status=503@list#2-99", "lose_reply#2")), meets=69),
    "list throttled": Story(account=Account(faults=("throttle=1@list#1",)), step=PATIENT),
    "list fails at first": Story(account=Account(faults=("status=503@list#1",)), step=PATIENT),
    "key refused for lists": Story(
        account=Account(faults=("status=401@list#2-99", "lose_reply#2")), meets=77
    ),
    "offset refused late": Story(
        account=Account(has_cursor=False, refuses_offsets=True, page=2, faults=("lose_reply#4",))
    ),
    "endless list": Story(account=Account(cursor="endless", faults=("lose_reply#1",)), rows=(ANNA,)),
    "list lags": Story(account=Account(list_lag_s=300, speed=20, faults=("lose_reply#2",))),
    # Following calls.
    "no results": Story(account=Account(slim_lists=True, speed=50)),
    "results gone": Story(
        account=Account(slim_lists=True, faults=("status=404@get",)),
        settings=ENDLESS,
    ),
    "calls unknown": Story(
        account=Account(faults=("status=404@get", "status=501@list")),
        settings=ENDLESS,
    ),
    "single looks fail": Story(
        account=Account(faults=("status=503@get#1-4", "status=501@list"), speed=100), step=PATIENT
    ),
    "single looks never work": Story(
        account=Account(faults=("status=503@get", "status=503@list#2-99")), meets=69
    ),
    "single looks are odd": Story(account=Account(faults=("no_id@get#1-3", "status=501@list")), step=PATIENT),
    "single looks throttled": Story(
        account=Account(faults=("throttle=1@get#2", "status=501@list")), step=PATIENT
    ),
    "key refused for looks": Story(
        account=Account(faults=("status=401@get#2-99", "status=501@list")), meets=77
    ),
    "endless calls": Story(
        account=Account(faults=("never_end#1-2", "status=404@get#1-2")),
        settings=ENDLESS,
    ),
    "no answer about the agent": Story(account=Account(faults=("no_id@agent",))),
    "a single look fails": Story(
        account=Account(faults=("status=503@get", "never_end#1")),
        rows=(ANNA,),
        settings=ENDLESS,
    ),
    "only single looks fail": Story(
        account=Account(slim_lists=True, faults=("status=503@get", "never_end#1")),
        settings=ENDLESS,
    ),
    "many looks throttled": Story(
        account=Account(speed=20, faults=("status=501@list", "throttle=1@get#1-60")),
        rows=people(20),
        settings={"pace": {"calls_per_second": 500, "burst": 20, "max_live_calls": 20}},
        step=Step(timing={**PATIENT.timing, "look_min_s": 0.5}),
    ),
    "two endless calls of one request": Story(
        account=Account(speed=0.05, faults=("duplicate#2", "lose_reply#2")),
        settings=ENDLESS,
        ambiguous=5,
        meets=69,
    ),
    "looked at again": Story(
        account=Account(faults=("never_end#1-2", "status=404@get#1-4")),
        settings=ENDLESS,
        before=(Step(),),
    ),
    "cursor that stands still": Story(account=Account(cursor="repeats", faults=("lose_reply#1",))),
    "cursor that goes": Story(account=Account(faults=("status=404@list#2-99", "lose_reply#1"))),
    "offset refused": Story(account=Account(has_cursor=False, faults=("status=422@list#1",))),
    "offset refused, no list": Story(
        account=Account(has_cursor=False, faults=("status=422@list#1", "status=404@list#2-99"))
    ),
    "offset refused, odd list": Story(
        account=Account(has_cursor=False, faults=("status=422@list#1", "no_id@list#2-99")), meets=69
    ),
    "key refused for doubts": Story(
        account=Account(faults=("status=401@list#3-99",)),
        before=(Step(actions={"create_call#1": "SIGKILL"}, ends=SIGKILLED),),
        meets=77,
    ),
    "slow pace": Story(settings={"pace": {"calls_per_second": 8, "burst": 1, "max_live_calls": 4}}),
    "pace that recovers": Story(
        account=Account(answer=0.0, faults=("throttle#1",)),
        rows=PEOPLE[:2],
        settings={"retry": {"max_attempts": 2, "no_answer": ["31s"], "busy": ["31s"], "failed": ["31s"]}},
        step=Step(timing={"longest_idle_s": 60}),
        tries=2,
        ends=frozenset({0, 75, 80}),
    ),
    "many doubts": Story(
        account=Account(faults=("lose_reply",), list_lag_s=60),
        rows=people(16),
        settings={"pace": {"calls_per_second": 5, "burst": 1, "max_live_calls": 16}},
        step=Step(timing={"doubt_wait_s": 8, "api_patience_s": 60}),
        meets=69,
    ),
    # A run in trouble with itself.
    "watched closely": Story(step=Step(timing={"stall_look_s": 0.02, "beat_s": 0.05})),
    "ledger too slow": Story(step=Step(timing={"stall_look_s": 0.01, "ledger_longest_s": 0.0}), meets=74),
    "results too slow": Story(
        account=Account(speed=60),
        step=Step(timing={"stall_look_s": 0.05, "step_longest_s": 10}, actions={"write_table#2": "sleep 20"}),
        meets=73,
    ),
    "hung": Story(
        step=Step(timing={"hang_s": 0.5, "beat_s": 0.05}, actions={"read_disposition#2": "sleep 20"}),
        may_fail=True,
    ),
    "stalled": Story(step=Step(program="fall_silent")),
    "lock taken away": Story(settings=LONG, step=Step(actions={"record_placed#1": "remove_lock"}), meets=74),
    "lock tangled": Story(settings=LONG, step=Step(actions={"record_placed#1": "tangle_lock"}), meets=74),
}
