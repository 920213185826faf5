"""Stories of ordinary nights, and of a provider in trouble."""

from collections.abc import Mapping
from dataclasses import replace
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
    DONE,
    DORA,
    EVE,
    FAY,
    GUS,
    HAL,
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
    "per_day": 3,
}
LONG: Mapping[str, Any] = {"pace": {"calls_per_second": 1, "burst": 1, "max_live_calls": 4}}
"""The run lasts for some seconds."""
LISTED: Mapping[str, Any] = {
    "suppression": ["dnc.csv"],
    "pace": {"calls_per_second": 8, "burst": 1, "max_live_calls": 4},
}
CLOSED_LATER: Mapping[str, Any] = {
    "hours": {"days": {"mon-sun": "00:00-24:00"}, "blackout": "closed.csv"},
    "pace": {"calls_per_second": 8, "burst": 1, "max_live_calls": 4},
}
LOOKS_OFTEN: Mapping[str, float] = {"suppression_look_s": 0.05}
PATIENT = Step(timing={"api_patience_s": 60, "throttle_patience_s": 60})
"""Trouble that passes is outlived, however slow the machine is."""
QUICKLY_AGAIN = Step(timing={"hook_retry_s": 0.2})
STAGED: Mapping[str, Any] = {"calls_per_second": 500, "burst": 5, "max_live_calls": 4}
SILENCE = ("stall=1", "garble")
"""No request gets a usable answer, and many are under way before the first one is known to have none: else
what is of unknown fate keeps the others from being sent."""
CROWDED: Mapping[str, Any] = {"pace": {"calls_per_second": 500, "burst": 16, "max_live_calls": 16}}
AWAITS_RESULTS = Step(timing={"results_wait_s": 3})
ABOUT_TO_CLOSE = Step(timing={"closing_lead_s": 3 * 86_400})
"""Every call that is still queued when it is looked at is too late."""
AUTUMN: Mapping[str, Any] = {"name": "autumn"}
SEEMS_A_MACHINE: Mapping[str, Any] = {
    "dispositions": [{"status": "completed", "has_transcript": False, "is": "voicemail"}]
}
"""Until its transcript is there, a call reads as one that nobody has answered."""
HELD = DONE | {69}
"""A human has to close the breaker, and nobody does."""
ENDLESS: Mapping[str, Any] = {"call": {"max_duration": "1s"}}
RECORDED = Account(records=True)
KEPT: Mapping[str, Any] = {"recordings": Path("recordings")}
KEEPS = Step(options=KEPT)
QUEUED_WHEN_DRAINED = Story(
    account=Account(faults=("queue=2000#1-6", "status=503@get#1-6")),
    settings={"hours": {"days": trouble.open_for_now()}},
    before=(
        Step(settings=AUTUMN, rows=(FAY, GUS, HAL), actions={"record_placed#3": "SIGKILL"}, ends=SIGKILLED),
    ),
    step=Step(actions={"record_placed#3": "SIGTERM"}, timing={"drain_s": 2}),
)
HEARS = Step(timing={"hint_look_s": 0.05})
HEARS_AND_KEEPS = Step(options=KEPT, timing=HEARS.timing)
LATE: Mapping[str, float] = {"late_first_s": 8}
"""Calls have settled by then, and their results come three seconds after the end, also on a busy machine."""
SOON: Mapping[str, float] = {"recording_wait_s": 0.3, "recording_drain_s": 3}
DECIDES = """
case $(cat) in
    *'"row": 2,'*) echo '{"dial": false, "reason": "at lunch"}';;
    *'"row": 3,'*) echo '{"dial": false, "not_before": "2199-01-01T00:00:00Z"}';;
    *'"row": 4,'*) echo '{"dial": false, "final": true}';;
    *'"row": 5,'*) echo '{"dial": true, "reason": "a good customer"}';;
esac
"""


def asked(script: str, timeout: str = "30s") -> Mapping[str, Any]:
    """A hook that is a script."""
    return {"command": ["sh", "-c", script], "timeout": timeout}


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
    "last night's leftovers": Story(
        before=(Step(program="leave_last_night"),),
        settings={"name": "night-{date}"},
        forbidden=frozenset({"+12125550187", "+12125550188", "+12125550189"}),
        decided=frozenset({"+12125550187"}),
    ),
    "limits of rows and numbers": Story(
        rows=(
            {**ANNA, "from_number": "+12025550100", "valid_until": "", "not_before": "2001-01-01"},
            {**BEN, "from_number": "+12025550100", "valid_until": "", "not_before": ""},
            {**CARA, "from_number": "+12025550100", "valid_until": "", "not_before": "2199-01-01"},
            {**DORA, "from_number": "", "valid_until": "2001-01-01", "not_before": ""},
            {**EVE, "from_number": "+12025550100", "valid_until": "2199-01-01", "not_before": ""},
        ),
        settings={"from_number_limits": {"calls_per_second": 5, "per_day": 2}},
        forbidden=frozenset({CARA["phone"], DORA["phone"]}),
        ends=frozenset({75}),
    ),
    "agents of rows": Story(
        account=Account(faults=("refuse_setup=agent~0101", "lose_reply~0102", "status=503@list#3-5")),
        rows=tuple(
            {**row, "agent": agent}
            for row, agent in zip(PEOPLE, ("agt_b", "agt_b", "agt_c", "", "agt_c"), strict=True)
        ),
        settings={"contacts": {"countries": ["US"], "agent_id": "agent"}},
        step=PATIENT,
    ),
    "numbers used up": Story(
        settings={"from_number_limits": {"per_day": 1}},
        step=Step(timing={"longest_idle_s": 0}),
        ends=frozenset({75, 80}),
    ),
    "queued at closing": Story(
        account=Account(faults=("queue=2000#1-3", "status=503@stop#1")),
        settings={"hours": {"days": trouble.open_for_now()}},
        step=ABOUT_TO_CLOSE,
        resume=ABOUT_TO_CLOSE,
    ),
    "queued at closing by another campaign": Story(
        account=Account(faults=("queue=2000#1-3",)),
        settings={"hours": {"days": trouble.open_for_now()}},
        before=(
            Step(
                settings=AUTUMN, rows=(FAY, GUS, HAL), actions={"record_placed#3": "SIGKILL"}, ends=SIGKILLED
            ),
        ),
        step=ABOUT_TO_CLOSE,
        resume=ABOUT_TO_CLOSE,
    ),
    "queued at closing while OneInbox asks to wait": Story(
        account=Account(faults=("queue=2000#1-3", "throttle=1@list#2-3", "throttle=1@get#1")),
        settings={"hours": {"days": trouble.open_for_now()}},
        step=Step(timing={**PATIENT.timing, **ABOUT_TO_CLOSE.timing}),
        resume=ABOUT_TO_CLOSE,
    ),
    "queued for longer than a call may last": Story(
        account=Account(longest_call_s=1, faults=("queue=20000#1-2",)), settings=ENDLESS
    ),
    "queued when drained": QUEUED_WHEN_DRAINED,
    "queued when drained, and not to be seen": replace(
        QUEUED_WHEN_DRAINED, account=Account(faults=("queue=2000#1-6", "status=503@get#1-40"))
    ),
    # Results that come after their call has settled.
    "late results": Story(
        account=Account(late_s=400, replies=("Stop calling me.",), faults=("status=503@get#12",)),
        settings=SEEMS_A_MACHINE,
        step=Step(timing={"late_first_s": 2}),
    ),
    "late results of a killed run": Story(
        account=Account(answer=1.0, late_s=1200),
        settings={**SEEMS_A_MACHINE, "retry": {"max_attempts": 2, "voicemail": ["1h"]}},
        ends=frozenset({0, 75, 80}),
        before=(Step(timing=LATE, actions={"record_results#1": "SIGKILL"}, ends=SIGKILLED),),
    ),
    "late results of another campaign": Story(
        account=Account(answer=1.0, late_s=1200, replies=("Stop calling me.",)),
        before=(
            Step(
                settings=AUTUMN,
                rows=(FAY, GUS, HAL),
                options={"output_file": Path("autumn-results.csv")},
                timing=LATE,
                actions={"record_results#1": "SIGKILL"},
                ends=SIGKILLED,
            ),
        ),
    ),
    "a wish that comes between two tries": Story(
        account=Account(answer=1.0, late_s=800, replies=("Stop calling me.",)),
        settings={**SEEMS_A_MACHINE, "retry": {"max_attempts": 2, "voicemail": ["4s"]}},
        step=Step(timing={"late_first_s": 2, "longest_idle_s": 10, "unread_wait_s": 0.3}),
        resume=Step(timing={"longest_idle_s": 10, "unread_wait_s": 0.3}),
    ),
    "what an earlier call has said cannot be read": Story(
        account=Account(answer=1.0, late_s=10**6, faults=("status=503@get%50",)),
        settings={**SEEMS_A_MACHINE, "retry": {"max_attempts": 2, "voicemail": ["3s"]}},
        step=Step(timing={"late_first_s": 1, "longest_idle_s": 10, "unread_wait_s": 0.3}),
        resume=Step(timing={"longest_idle_s": 10, "unread_wait_s": 0.3}),
        # Who has answered may be called again here, as no transcript ever says that they did.
        tries={person["phone"]: 2 for person in PEOPLE},
    ),
    "results that never come": Story(account=Account(late_s=10**6, faults=("status=404@get#7",))),
    "late results while OneInbox asks to wait": Story(
        account=Account(late_s=10**6, faults=("throttle=0@get#6-9999",)),
        step=Step(timing={"throttle_patience_s": 3}),
    ),
    # Rows that come back.
    "retries": Story(account=UNREACHED, rows=PEOPLE[:4], settings={"retry": RETRIES}, tries=3),
    "tries of a day": Story(
        account=UNREACHED,
        rows=PEOPLE[:3],
        settings={"retry": {**RETRIES, "per_day": 1}},
        ends=frozenset({75, 80}),
    ),
    "ends that no line knows": Story(account=Account(faults=("odd_status=hung-up",))),
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
    "a list that is too old": Story(
        settings=LISTED,
        trouble=trouble.with_list,
        step=Step(
            actions={"lists#1": "sleep 0.2"},
            timing={"suppression_look_s": 0.4, "suppression_stale_s": 0.1},
        ),
    ),
    "a list that goes": Story(
        settings=LISTED,
        trouble=trouble.with_list,
        step=Step(actions={"record_placed#2": "remove_list"}, timing=LOOKS_OFTEN),
        meets=66,
    ),
    "days off that grow": Story(
        settings=CLOSED_LATER,
        trouble=trouble.with_days_off,
        step=Step(actions={"record_placed#2": "close_today"}, timing=LOOKS_OFTEN),
    ),
    "days off that go": Story(
        settings=CLOSED_LATER,
        trouble=trouble.with_days_off,
        step=Step(actions={"record_placed#2": "remove_days_off"}, timing=LOOKS_OFTEN),
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
    # The hook.
    "a hook that decides": Story(
        settings={"hook": asked(DECIDES)},
        forbidden=frozenset({ANNA["phone"], BEN["phone"], CARA["phone"]}),
        ends=frozenset({75}),
    ),
    "a hook that fails": Story(
        settings={"hook": asked("exit 3")},
        forbidden=frozenset(person["phone"] for person in PEOPLE),
        meets=69,
        ends=frozenset({69}),
    ),
    "a hook that fails now and then": Story(
        settings={"hook": asked("test -e asked || { touch asked; exit 3; }")},
        step=QUICKLY_AGAIN,
        resume=QUICKLY_AGAIN,
    ),
    "a hook at a slow pace": Story(
        rows=PEOPLE[:4],
        settings={
            "hook": asked("exit 0", timeout="2s"),
            "pace": {"calls_per_second": 0.4, "burst": 1, "max_live_calls": 4},
        },
        step=QUICKLY_AGAIN,
        resume=QUICKLY_AGAIN,
    ),
    "a hook that is asked ahead": Story(
        settings={
            "hook": asked("exit 0", timeout="2s"),
            "pace": {"calls_per_second": 1.5, "burst": 1, "max_live_calls": 5},
        },
        step=QUICKLY_AGAIN,
        resume=QUICKLY_AGAIN,
    ),
    "a hook whose yes grows old": Story(
        account=Account(faults=("throttle=5#1",)),
        settings={
            "hook": asked("exit 0", timeout="1s"),
            "pace": {"calls_per_second": 2, "burst": 1, "max_live_calls": 4},
        },
        step=Step(timing={**QUICKLY_AGAIN.timing, **PATIENT.timing, "stale_s": 1}),
        resume=QUICKLY_AGAIN,
    ),
    "a hook and one from number": Story(
        rows=PEOPLE[:3],
        settings={
            "hook": asked("case $(cat) in *'\"row\": 2,'*) sleep 1.6;; esac"),
            "from_numbers": ["+12025550100"],
            "from_number_limits": {"calls_per_second": 1},
        },
    ),
    "suppressed before the hook is asked": Story(
        settings={"hook": asked("exit 0")},
        step=Step(actions={"until_due#1": f"suppress {BEN['phone']}"}),
    ),
    "drained while the hook is asked": Story(
        settings={"hook": asked("test -e asked || { touch asked; sleep 60; }", timeout="60s")},
        step=Step(actions={"exit_code#1": "SIGTERM"}),
    ),
    # What may be spent.
    "budget used up": Story(step=Step(settings={"budget": {"calls": 2}})),
    "budget that live calls may use up": Story(step=Step(settings={"budget": {"minutes": 21}})),
    # They count as long as a call can be; two of them leave no room for a third call, and the run says so.
    "budget that rows in review may use up": Story(settings={"budget": {"minutes": 21}}, ends=DONE | {75}),
    "budget with retries": Story(
        account=UNREACHED,
        rows=PEOPLE[:2],
        settings={"retry": RETRIES},
        step=Step(settings={"budget": {"calls": 2}}),
        tries=3,
    ),
    "the day used up": Story(account=Account(daily_quota=2)),
    "the next day is near": Story(
        account=Account(daily_quota=2),
        step=Step(
            actions={"_wait_for_reset#3": "SIGTERM"},
            timing={"longest_idle_s": 90_000, "clock_skew_s": 0.2},
        ),
    ),
    "no usage": Story(account=Account(faults=("status=404@usage",))),
    "odd usage": Story(account=Account(daily_quota=100, faults=("status=503@usage#3-9", "throttle#2"))),
    "requests held back while the quota is asked": Story(
        account=Account(quota=2, daily_quota=100, faults=("stall=0.5@usage#2-9",)),
        rows=people(8),
        settings={"pace": {"calls_per_second": 500, "burst": 1, "max_live_calls": 8}},
        step=Step(actions={"record_intent#6": "sleep 0.3"}),
        meets=69,
        ends=HELD,
    ),
    "out of credit with calls left": Story(account=Account(quota=2, daily_quota=100), meets=69, ends=HELD),
    # Signals.
    "drained": Story(step=Step(actions={"record_placed#2": "SIGTERM"})),
    "drained before the request": Story(step=Step(actions={"record_intent#2": "SIGINT"})),
    "drained twice": Story(
        account=Account(speed=60),
        step=Step(actions={"record_placed#2": "SIGTERM", "drain#1": "SIGTERM"}),
        meets=130,
    ),
    # A provider in trouble.
    "throttled": Story(account=Account(faults=("throttle=1#2", "throttle#4")), step=PATIENT),
    "throttled for good": Story(account=Account(faults=("throttle",)), meets=69),
    "refused rows": Story(account=Account(faults=("refuse#2",))),
    "refused without a name": Story(account=Account(faults=("status=400",)), meets=69, ends=HELD),
    "out of credit": Story(account=Account(quota=2), meets=69, ends=HELD),
    "wrong key": Story(account=Account(api_key="oi_sk_other"), meets=77),
    "key refused on the way": Story(account=Account(faults=("status=401@create#3",)), meets=77, ends=HELD),
    "set-up refused": Story(account=Account(faults=("refuse_setup=carrier#2",)), meets=78, ends=HELD),
    "one from number refused": Story(
        account=Account(faults=("refuse_setup=from_number#2",)), meets=69, ends=HELD
    ),
    "country refused": Story(account=Account(faults=("refuse_country=1",)), meets=69, ends=HELD),
    "key refused for all": Story(
        account=Account(faults=("status=401@create#3", "status=401@list#2-99")), meets=77, ends=HELD
    ),
    "held by an earlier run": Story(
        account=Account(faults=("status=401@create#3",)),
        before=(Step(ends=frozenset({77})),),
        meets=69,
        ends=frozenset({69}),
    ),
    "resumed by a human": Story(
        account=Account(faults=("status=401@create#3",)),
        before=(Step(ends=frozenset({77})),),
        step=Step(program="resume spring --reason mended"),
        ends=HELD,
    ),
    "a few calls first": Story(settings={"pace": {**STAGED, "stages": [1, 2]}}),
    "first calls fail": Story(
        account=Account(faults=("fail_call=geo_permission#1-9",)),
        settings={"pace": {**STAGED, "stages": [1, 2]}},
        meets=69,
        ends=HELD,
    ),
    "calls that the agent fails": Story(
        account=Account(faults=("fail_call=llm_error#1-9",)),
        settings={"pace": {**STAGED, "stages": [1, 2]}},
        meets=69,
        ends=HELD,
    ),
    "a few calls first, on two nights": Story(
        account=Account(faults=("drop~0100",)),
        settings={"pace": {**STAGED, "stages": [1, 2, 3]}},
        before=(Step(actions={"record_placed#2": "SIGTERM"}),),
    ),
    "a few calls first, of which one has ended when the run is cut off": Story(
        settings={"pace": {**STAGED, "stages": [1, 2]}},
        before=(Step(actions={"record_settled#1": "SIGKILL"}, ends=SIGKILLED),),
    ),
    "a few calls first, on two nights with an older version between": Story(
        settings={"pace": {**STAGED, "stages": [1, 2, 3]}},
        before=(Step(actions={"record_placed#2": "SIGTERM"}),),
        trouble=trouble.older_schema,
    ),
    "begun anew after failures": Story(
        account=Account(faults=("fail_call=llm_error#1-3",)),
        rows=people(8),
        settings={"pace": {**STAGED, "stages": [1, 2]}},
        before=(Step(ends=frozenset({69})),),
        ends=HELD,
        meets=69,
    ),
    "many without an answer": Story(
        account=Account(faults=(*SILENCE, "status=503@list#4-6")),
        rows=people(30),
        settings=CROWDED,
        meets=69,
        ends=HELD,
    ),
    "many without an answer and without a list": Story(
        account=Account(faults=(*SILENCE, "status=501@list")),
        rows=people(30),
        settings=CROWDED,
        meets=69,
        ends=HELD,
    ),
    # The breaker loses patience before the search for what is of unknown fate does.
    "no answers any more": Story(
        account=Account(faults=(*SILENCE, "status=503@list#2-999")),
        rows=people(30),
        settings=CROWDED,
        step=Step(timing={"backoff_max_s": 0.05, "doubt_look_min_s": 3, "doubt_look_max_s": 3}),
        meets=69,
        ends=HELD,
    ),
    "key refused while lists fail": Story(
        account=Account(faults=("status=401@create#3", "status=503@list#2-9")), meets=77, ends=HELD
    ),
    "lost replies": Story(account=Account(faults=("lose_reply#2", "cut#3", "no_id#4"))),
    "one lost request": Story(account=Account(faults=("drop#3",))),
    "lost requests": Story(
        account=Account(faults=("drop",)),
        rows=people(8),
        settings={"pace": {"calls_per_second": 500, "burst": 5, "max_live_calls": 8}},
        meets=69,
    ),
    "replies after acting": Story(account=Account(faults=("act_then_status=502#1", "garble#2"))),
    "two calls of one request": Story(
        account=Account(faults=("duplicate#2", "lose_reply#2")), meets=69, ends=HELD
    ),
    "two calls of an answered request": Story(account=Account(faults=("duplicate#2",)), meets=69, ends=HELD),
    "a call of a refused request": Story(
        account=Account(faults=("act_then_status=422#2",)), meets=69, ends=HELD
    ),
    # It may be made again before a list has shown that call. Mostly the call has rung in vain by then.
    "a throttled request that is listed as a failed call": Story(
        account=Account(faults=("act_then_status=429#2", "fail_call=no_answer#2"), answer=1.0, speed=60),
        step=Step(timing={"doubles_look_s": 0.1, "look_min_s": 0.3}),
        resume=Step(timing={"doubles_look_s": 0.1, "look_min_s": 0.3}),
        tries={row["phone"]: 2 for row in PEOPLE},
        meets=69,
        ends=HELD,
    ),
    # The list shows them when the first one has settled.
    "two calls, the other one listed late": Story(
        account=Account(faults=("duplicate#1",), list_lag_s=0.7),
        settings=LONG,
        meets=69,
        ends=HELD,
    ),
    # The same while the results of the first one are awaited.
    "two calls, the other one listed a little late": Story(
        account=Account(faults=("duplicate#1",), list_lag_s=0.7, late_s=800),
        settings=LONG,
        step=AWAITS_RESULTS,
        resume=AWAITS_RESULTS,
        meets=69,
        ends=HELD,
    ),
    # One call at a time: the id is known as the first person's when the second one gets it.
    "an id twice": Story(
        account=Account(repeats_id_at=2),
        settings={"pace": {"calls_per_second": 500, "burst": 1, "max_live_calls": 1}},
    ),
    "a clock that differs": Story(
        account=Account(clock_ahead_s=-86_400.0, faults=("no_id@agent#1",)), meets=69
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
        account=Account(longest_call_s=1, slim_lists=True, faults=("status=404@get",)),
        settings=ENDLESS,
    ),
    "calls unknown": Story(
        account=Account(longest_call_s=1, faults=("status=404@get", "status=501@list")),
        settings=ENDLESS,
    ),
    "calls unknown while lists fail": Story(
        account=Account(longest_call_s=1, faults=("never_end#1", "status=404@get", "status=503@list#2-9")),
        rows=(ANNA,),
        settings=ENDLESS,
        step=PATIENT,
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
        account=Account(longest_call_s=1, faults=("never_end#1-2", "status=404@get#1-2")),
        settings=ENDLESS,
    ),
    "no answer about the agent": Story(account=Account(faults=("no_id@agent",))),
    "a single look fails": Story(
        account=Account(longest_call_s=1, faults=("status=503@get", "never_end#1")),
        rows=(ANNA,),
        settings=ENDLESS,
    ),
    "only single looks fail": Story(
        account=Account(longest_call_s=1, slim_lists=True, faults=("status=503@get", "never_end#1")),
        settings=ENDLESS,
    ),
    "many looks throttled": Story(
        account=Account(speed=20, faults=("status=501@list", "throttle=1@get#1-60")),
        rows=people(20),
        settings={"pace": {"calls_per_second": 500, "burst": 20, "max_live_calls": 20}},
        step=Step(timing={**PATIENT.timing, "look_min_s": 0.5}),
    ),
    "two endless calls of one request": Story(
        account=Account(longest_call_s=1, speed=0.05, faults=("duplicate#2", "lose_reply#2")),
        settings=ENDLESS,
        ambiguous=5,
        meets=69,
        ends=HELD,
    ),
    "looked at again": Story(
        account=Account(longest_call_s=1, faults=("never_end#1-2", "status=404@get#1-4")),
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
    # What was recorded.
    "recordings": Story(account=RECORDED, step=KEEPS, resume=KEEPS),
    "recordings of an earlier run": Story(account=RECORDED, before=(Step(),), step=KEEPS, resume=KEEPS),
    "recordings of the first generation": Story(
        account=Account(records=True, generation="v1"),
        step=Step(options=KEPT, timing=SOON),
        resume=Step(options=KEPT, timing=SOON),
    ),
    "recordings kept before a kill": Story(
        account=RECORDED,
        before=(Step(options=KEPT, actions={"record_saved#1": "SIGKILL"}, ends=SIGKILLED),),
        step=KEEPS,
        resume=KEEPS,
    ),
    "recordings that never come": Story(
        account=Account(faults=("no_id@agent",)),
        step=Step(options=KEPT, timing=SOON),
        resume=Step(options=KEPT, timing=SOON),
    ),
    "links that have expired": Story(
        account=Account(records=True, faults=("status=403@recording#1-3",)), step=KEEPS, resume=KEEPS
    ),
    "recordings that fail": Story(
        account=Account(records=True, faults=("status=500@recording",)), step=KEEPS, resume=KEEPS
    ),
    "recordings that are none": Story(
        account=Account(records=True, faults=("garble@recording",)), step=KEEPS, resume=KEEPS
    ),
    "recordings that take too long": Story(
        account=Account(records=True, faults=("stall=20@recording",)),
        step=Step(options=KEPT, timing={"recording_longest_s": 0.2}),
        resume=KEEPS,
    ),
    "recordings that are not waited for": Story(
        account=Account(records=True, faults=("stall=20@recording",)),
        step=Step(options=KEPT, timing={"recording_drain_s": 0.3}),
        resume=KEEPS,
    ),
    "recordings of calls that are gone": Story(
        account=Account(records=True, faults=("status=404@get",)), before=(Step(),), step=KEEPS, resume=KEEPS
    ),
    "recordings when looks fail": Story(
        account=Account(records=True, faults=("status=503@get",)), before=(Step(),), step=KEEPS, resume=KEEPS
    ),
    "recordings when looks are throttled": Story(
        account=Account(records=True, faults=("throttle=1@get%50",)),
        before=(PATIENT,),
        step=Step(options=KEPT, timing=PATIENT.timing),
        resume=KEEPS,
    ),
    "recordings while everybody waits": Story(
        account=Account(records=True, faults=("throttle=3@create#3-4", "status=500@recording#1-4")),
        before=(Step(rows=PEOPLE[:2]),),
        step=Step(options={**KEPT, "amend": True}, timing=PATIENT.timing),
        resume=Step(options={**KEPT, "amend": True}),
    ),
    "recordings on a disk that hangs": Story(
        account=RECORDED,
        step=Step(options=KEPT, timing={"recording_disk_s": 0.2}, actions={"check_room#1": "sleep 3"}),
        resume=KEEPS,
    ),
    "recordings whose folder goes": Story(
        account=RECORDED, step=Step(options=KEPT, actions={"check_room#2": "remove_recordings"}), resume=KEEPS
    ),
    # What a listener tells.
    "told of": Story(
        account=Account(speed=20, records=True, faults=("status=500@recording#1-8",)),
        step=HEARS_AND_KEEPS,
        resume=KEEPS,
        trouble=trouble.listener(),
    ),
    "told of some": Story(
        account=Account(speed=20), rows=people(10), step=HEARS, trouble=trouble.listener(tells_of=5)
    ),
    "told of until the listener goes": Story(
        account=Account(speed=20), rows=people(10), step=HEARS, trouble=trouble.listener(goes_after=400)
    ),
    "nobody can look whether anybody listens": Story(step=HEARS, trouble=trouble.listener_lock_is_folder),
    # A run in trouble with itself.
    "watched closely": Story(step=Step(timing={"stall_look_s": 0.02, "beat_s": 0.05})),
    "ledger too slow": Story(step=Step(timing={"stall_look_s": 0.01, "ledger_longest_s": 0.0}), meets=74),
    "results too slow": Story(
        account=Account(speed=60),
        step=Step(timing={"stall_look_s": 0.05, "step_longest_s": 10}, actions={"write_table#2": "sleep 20"}),
        meets=73,
    ),
    "lists too slow": Story(
        account=Account(speed=10),
        settings=LISTED,
        trouble=trouble.with_list,
        step=Step(
            timing={"stall_look_s": 0.05, "suppression_look_s": 0.05, "suppression_longest_s": 1},
            actions={"_mark_of#3": "sleep 20"},
        ),
        meets=66,
    ),
    "hung": Story(
        step=Step(timing={"hang_s": 0.5, "beat_s": 0.05}, actions={"read_disposition#2": "sleep 20"}),
        may_fail=True,
    ),
    "stalled": Story(step=Step(program="fall_silent")),
    "lock taken away": Story(settings=LONG, step=Step(actions={"record_placed#1": "remove_lock"}), meets=74),
    "lock tangled": Story(settings=LONG, step=Step(actions={"record_placed#1": "tangle_lock"}), meets=74),
}
