"""Stories of other campaigns in the ledger, of lists that change, of a ledger in trouble, and of commands."""

from collections.abc import Mapping
from typing import Any

from tests.ledger.case import ANNA as DOUBTED
from tests.support import profiled
from tests.torture import trouble
from tests.torture.accounts import Account
from tests.torture.step import Step
from tests.torture.story import (
    ANNA,
    ANY_LIST,
    BAD,
    BEN,
    CARA,
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

AUTUMN: Mapping[str, Any] = {"name": "autumn"}
KEYS: Mapping[str, Any] = {"contacts": {"countries": ["US"], "key": "order_id"}}
AGREED: Mapping[str, Any] = {"contacts": {"countries": ["US"], "consent_basis": "signed forms"}}
RETRY_LATER: Mapping[str, Any] = {
    "retry": {"max_attempts": 2, "no_answer": ["3h"], "busy": ["3h"], "failed": ["3h"]}
}
SUPPRESS = Step(program=f"suppress add {SUPPRESSED['phone']} --reason asked")
PLAN = Step(program="plan {list} --config {config}")
REVIEW = Account(faults=("drop~0100", "drop~0101", "drop~0102", "drop~0107"))
"""After the first run some rows are for a human."""
REVIEWED = frozenset(person["phone"] for person in (ANNA, BEN, CARA, HAL))
REDIALLED: Mapping[str, int] = dict.fromkeys(REVIEWED, 2)
GIVEN_UP = (
    Step(actions={"record_placed#1": "SIGKILL"}, ends=SIGKILLED),
    Step(program="give_up_doubts"),
)
"""Calls that OneInbox lists are left to a human."""

HEARS = Step(timing={"hint_look_s": 0.05})
LEDGER_STORIES: Mapping[str, Story] = {
    # Other campaigns of the ledger.
    "left by another campaign": Story(
        account=Account(speed=15),
        before=(
            Step(
                settings=AUTUMN, rows=(FAY, GUS, HAL), actions={"record_placed#3": "SIGKILL"}, ends=SIGKILLED
            ),
        ),
    ),
    "left by another campaign, and not found at first": Story(
        account=Account(faults=("status=501@list", "status=404@get#1-12")),
        before=(
            Step(
                settings=AUTUMN, rows=(FAY, GUS, HAL), actions={"record_placed#3": "SIGKILL"}, ends=SIGKILLED
            ),
        ),
    ),
    "called by another campaign": Story(
        before=(Step(settings=AUTUMN, rows=(ANNA, FAY, GUS)),),
        ends=frozenset({75, 80}),
    ),
    # The list changes.
    "amended": Story(
        before=(Step(settings=LATER, rows=(ANNA, BEN, FAY, BAD), options={"allow_invalid": True}),),
        rows=(CARA, {**ANNA, "customer_name": "Anna"}, BEN),
        forbidden=frozenset({FAY["phone"]}),
        step=Step(options={"amend": True}),
        resume=Step(options={"amend": True}),
    ),
    "amended half-way": Story(
        before=(Step(rows=PEOPLE, actions={"record_placed#2": "SIGTERM"}),),
        rows=(EVE, FAY, ANNA, {**BEN, "phone": "+1"}, CARA),
        step=Step(options=ANY_LIST),
        resume=Step(options=ANY_LIST),
    ),
    "taken out while called": Story(
        account=Account(answer=0.0, speed=40),
        settings=RETRY_LATER,
        before=(Step(rows=PEOPLE, actions={"record_placed#3": "SIGKILL"}, ends=SIGKILLED),),
        rows=(EVE,),
        step=Step(options=ANY_LIST),
        resume=Step(options=ANY_LIST),
        ends=frozenset({75, 80}),
    ),
    "amended without leave": Story(
        before=(Step(settings=LATER, rows=(ANNA, BEN)),), resume=Step(options={"amend": True}), meets=64
    ),
    "people with keys": Story(
        settings=KEYS,
        before=(Step(rows=PEOPLE, actions={"record_placed#2": "SIGTERM"}),),
        rows=(CARA, DORA, {**EVE, "order_id": ANNA["order_id"]}, {**GUS, "order_id": BEN["order_id"]}),
        nobody=frozenset({GUS["phone"]}),
        step=Step(options=ANY_LIST),
        resume=Step(options=ANY_LIST),
    ),
    "people with keys planned": Story(
        settings=KEYS,
        before=(
            Step(rows=PEOPLE, actions={"record_placed#2": "SIGTERM"}),
            Step(options=ANY_LIST, actions={"record_placed#1": "SIGTERM"}),
        ),
        rows=(CARA, DORA, {**EVE, "order_id": ANNA["order_id"]}, {**GUS, "order_id": BEN["order_id"]}),
        nobody=frozenset({GUS["phone"]}),
        step=PLAN,
        resume=Step(options=ANY_LIST),
    ),
    "taken out twice": Story(
        before=(
            Step(settings=LATER, rows=PEOPLE),
            Step(settings=LATER, rows=(ANNA, BEN), options=ANY_LIST),
        ),
        rows=(ANNA, CARA),
        step=Step(options=ANY_LIST),
        resume=Step(options=ANY_LIST),
    ),
    "taken out and put back": Story(
        before=(Step(settings=LATER), Step(settings=LATER, rows=(ANNA, BEN), options=ANY_LIST)),
        step=Step(options=ANY_LIST),
        resume=Step(options=ANY_LIST),
    ),
    "spoilt for people who were called": Story(
        settings={"contacts": {"countries": ["US"], "required": ["customer_name"]}},
        before=(Step(rows=PEOPLE, actions={"record_placed#2": "SIGTERM"}),),
        rows=(
            {**ANNA, "customer_name": ""},
            {**BEN, "customer_name": ""},
            CARA,
            {**HAL, "customer_name": ""},
        ),
        nobody=frozenset({HAL["phone"]}),
        step=Step(options=ANY_LIST),
        resume=Step(options=ANY_LIST),
    ),
    "settling when killed": Story(
        before=(Step(actions={"record_settled#1": "SIGKILL"}, ends=SIGKILLED),),
    ),
    "one call for two doubts": Story(
        account=Account(generation="v1"),
        # It has a row in each of two campaigns.
        before=(Step(program="doubt_twice", settings=AUTUMN, rows=({**ANNA, "phone": DOUBTED}, FAY)),),
        rows=(BEN, CARA),
        ambiguous=2,
    ),
    # The ledger in trouble.
    "accepted": Story(
        before=(Step(actions={"record_placed#2": "SIGTERM"}), Step(program="copy_ledger")),
        step=Step(options={"accept_ledger": True}),
        ends=frozenset({0, 80, 74}),
    ),
    "written to as a copy": Story(
        before=(Step(), Step(program="copy_ledger")),
        step=Step(program="suppress_people"),
        ends=frozenset({74}),
        meets=74,
    ),
    "nothing to accept": Story(step=Step(options={"accept_ledger": True}), meets=64),
    "nothing to accept on PostgreSQL": Story(
        on_postgresql=True, step=Step(options={"accept_ledger": True}), meets=64
    ),
    "witness is a folder": Story(before=(Step(settings=LATER),), trouble=trouble.witness_is_folder, meets=74),
    "witness is a link": Story(before=(Step(settings=LATER),), trouble=trouble.witness_is_link, meets=74),
    "no witness can be made": Story(trouble=trouble.new_witness_is_folder, meets=74),
    "witness without room": Story(step=Step(actions={"record#3": "fill_disk 0"}), meets=74),
    "witness with little room": Story(step=Step(actions={"record#3": "fill_disk 40"}), meets=74),
    "lock without room": Story(step=Step(actions={"_write_over#1": "fill_disk 0"}), meets=74),
    "witness gone": Story(before=(Step(),), trouble=trouble.witness_says(None), meets=74),
    "witness of another": Story(before=(Step(),), trouble=trouble.witness_says(b"another"), meets=74),
    "witness ahead": Story(before=(Step(),), trouble=trouble.witness_says(b"ahead"), meets=74),
    "witness of a new ledger": Story(trouble=trouble.witness_says(b"another"), meets=74),
    "a table gone": Story(step=Step(actions={"record_placed#2": "break_ledger events"}), may_fail=True),
    "identity gone": Story(
        step=Step(actions={"_refuse_relatives#1": "break_ledger identity"}), may_fail=True, meets=74
    ),
    "made by another program": Story(
        trouble=trouble.first_start, step=Step(actions={"_write_ahead#1": f"tell {trouble.COME}"})
    ),
    "made without room": Story(step=Step(actions={"_write_ahead#1": "fill_disk 0"}), meets=74),
    "checked while it is read": Story(
        before=(Step(actions={"record_placed#2": "SIGKILL"}, ends=SIGKILLED),), trouble=trouble.reader()
    ),
    "checked when the reader has gone": Story(
        before=(Step(actions={"record_placed#2": "SIGKILL"}, ends=SIGKILLED),),
        trouble=trouble.reader(until="ledger.waits"),
        step=Step(timing={"reader_patience_s": 300}),
    ),
    "checked and damaged": Story(
        before=(Step(actions={"record_placed#2": "SIGKILL"}, ends=SIGKILLED),),
        trouble=trouble.damage,
        meets=74,
    ),
    "checked on a full disk": Story(
        before=(Step(actions={"record_placed#2": "SIGKILL"}, ends=SIGKILLED),),
        step=Step(actions={"check_up#1": "fill_disk 4096"}),
        meets=74,
    ),
    "too slow for any request": Story(step=Step(timing={"stale_s": 0}), meets=74),
    "session lost": Story(
        on_postgresql=True,
        account=Account(speed=8),
        step=Step(actions={"move_attempt#1": "end_sessions idle"}),
        meets=74,
    ),
    "writer's session lost": Story(
        on_postgresql=True,
        step=Step(actions={"move_attempt#2": "end_sessions idle in transaction"}),
        meets=74,
    ),
    "session lost as it takes the lock": Story(
        on_postgresql=True, step=Step(actions={"_begin_epoch#1": "end_sessions idle"}), meets=74
    ),
    "lock taken by another run": Story(
        on_postgresql=True, step=Step(actions={"_intend#3": "take_lock"}), meets=74
    ),
    "in use": Story(trouble=trouble.hold_lock),
    "in use by a run with a name": Story(
        before=(Step(actions={"record_placed#2": "SIGKILL"}, ends=SIGKILLED),), trouble=trouble.hold_lock
    ),
    "no lock": Story(trouble=trouble.lock_is_folder, meets=74),
    "newer schema": Story(before=(Step(settings=LATER),), trouble=trouble.newer_schema, meets=74),
    "older schema": Story(before=(Step(settings=LATER),), trouble=trouble.older_schema),
    "no database": Story(trouble=trouble.no_database, meets=74),
    "somebody else's database": Story(trouble=trouble.foreign_database, meets=74),
    "breaks on the way": Story(step=Step(actions={"record_placed#2": "fill_disk"}), meets=74),
    "wrong ledgers": Story(step=Step(program="open_wrong_ledgers")),
    "output spoilt": Story(
        account=Account(speed=60),
        step=Step(actions={"record_placed#2": "spoil_output"}, timing={"refresh_share": 0.9}),
        meets=73,
    ),
    # Commands beside the run.
    "planned": Story(
        before=(Step(actions={"record_placed#2": "SIGTERM"}),),
        step=PLAN,
    ),
    "planned with trouble": Story(
        settings={**LATER, **KEYS},
        before=(Step(program="suppress_people"), Step(options=ANY_LIST)),
        rows=(ANNA, BAD, BEN, BEN, SUPPRESSED),
        step=PLAN,
        resume=Step(options=ANY_LIST),
        ends=frozenset({75}),
    ),
    "planned with retries": Story(
        account=UNREACHED, settings=RETRY_LATER, before=(Step(),), step=PLAN, ends=frozenset({75})
    ),
    "planned with an open breaker": Story(
        account=Account(faults=("status=401@create#3",)),
        before=(Step(ends=frozenset({77})),),
        step=PLAN,
        ends=frozenset({69}),
    ),
    "planned by the pace of each number": Story(
        settings={"from_number_limits": {"calls_per_second": 5}}, step=PLAN
    ),
    "planned after the end": Story(before=(Step(),), step=PLAN),
    "planned beside another campaign": Story(
        before=(Step(settings=AUTUMN),), step=PLAN, ends=frozenset({75})
    ),
    "planned without a value": Story(
        account=Account(first_message="Hello {{customer_name}}.", faults=("no_id@agent#1",)),
        before=(Step(settings=LATER),),
        rows=(ANNA, {**BEN, "customer_name": ""}, CARA),
        step=Step(program=PLAN.program, settings=LATER),
        ends=frozenset({75}),
    ),
    "planned first": Story(
        before=(Step(program="suppress_people"),),
        rows=(*PEOPLE, SUPPRESSED),
        step=PLAN,
        forbidden=frozenset({SUPPRESSED["phone"]}),
    ),
    "in review": Story(account=REVIEW, before=(Step(),), step=Step(program="review spring")),
    "marked as called": Story(
        account=REVIEW,
        before=(Step(),),
        step=Step(program="review spring --mark-called 2 3 --reason asked"),
        decided=REVIEWED,
    ),
    "marked as not called": Story(
        account=REVIEW,
        before=(Step(),),
        step=Step(program="review spring --mark-not-called 2 --reason asked"),
        decided=REVIEWED,
    ),
    "dialled again": Story(
        account=REVIEW,
        before=(Step(),),
        step=Step(program="review spring --redial --all --reason asked"),
        tries=REDIALLED,
        decided=REVIEWED,
    ),
    "wrong rows named": Story(
        account=REVIEW,
        before=(Step(),),
        step=Step(program="review spring --redial 2 99 6 --reason asked"),
        decided=REVIEWED,
        meets=64,
    ),
    "in review elsewhere": Story(
        account=REVIEW,
        before=(Step(settings=AUTUMN), Step()),
        step=Step(program="review spring --mark-called --all --reason asked"),
        ends=frozenset({75, 80}),
        ambiguous=3,
        decided=REVIEWED,
    ),
    "in review with a call": Story(
        account=Account(longest_call_s=1, faults=("never_end#1-2", "status=404@get#1-4")),
        settings={"call": {"max_duration": "1s"}},
        before=(Step(),),
        step=Step(program="review spring"),
    ),
    "given up twice": Story(
        step=Step(program="give_up_twice", settings=AUTUMN, rows=({**ANNA, "phone": DOUBTED},)),
        ambiguous=1,
    ),
    "given up too early": Story(before=GIVEN_UP),
    "given up too early, and the list fails at first": Story(
        account=Account(faults=("status=503@list#3",)), before=GIVEN_UP
    ),
    "a known call marked as not called": Story(
        account=Account(longest_call_s=1, faults=("never_end#1-2", "status=404@get#1-4")),
        settings={"call": {"max_duration": "1s"}},
        before=(Step(),),
        step=Step(program="review spring --mark-not-called --all --reason asked"),
        meets=64,
    ),
    "in review and out of the list": Story(
        account=REVIEW,
        before=(Step(rows=PEOPLE), Step(options=ANY_LIST)),
        rows=(HAL, EVE, DORA),
        step=Step(program="review spring --redial --all --reason asked"),
        resume=Step(options=ANY_LIST),
        tries=REDIALLED,
        decided=REVIEWED,
    ),
    "two people of one row": Story(
        account=REVIEW,
        before=(Step(rows=PEOPLE), Step(options=ANY_LIST)),
        rows=(HAL, EVE, DORA),
        step=Step(program="review spring --redial 2 --reason asked"),
        resume=Step(options=ANY_LIST),
        decided=REVIEWED,
        meets=64,
    ),
    "explained": Story(
        before=(Step(actions={"record_placed#2": "SIGTERM"}),),
        step=Step(program="explain spring 3 --config {config}"),
    ),
    "a bad row explained": Story(
        rows=(ANNA, BAD, BEN),
        before=(Step(options={"allow_invalid": True}),),
        step=Step(program="explain spring 3 --config {config}"),
        resume=Step(options={"allow_invalid": True}),
    ),
    "explained with a hook": Story(
        settings={"hook": {"command": ["true"], "timeout": "30s"}},
        before=(Step(actions={"record_placed#2": "SIGTERM"}),),
        step=Step(program="explain spring 2 --config {config}"),
    ),
    "everybody has agreed": Story(settings=AGREED),
    "held by a profile": Story(settings=AGREED, step=Step(settings={"hours": profiled("us-strict")})),
    "planned by a profile": Story(
        settings=AGREED,
        step=Step(program=PLAN.program, settings={"hours": profiled("us-strict")}),
    ),
    "explained by a profile": Story(
        settings=AGREED,
        before=(Step(actions={"record_placed#2": "SIGTERM"}),),
        step=Step(program="explain spring 3 --config {config}", settings={"hours": profiled("us-strict")}),
    ),
    "status": Story(before=(Step(),), step=Step(program="status")),
    "status of one": Story(before=(Step(),), step=Step(program="status spring")),
    "results": Story(before=(Step(),), step=Step(program="results spring --output again.csv")),
    "suppressing": Story(step=Step(program="suppress_people")),
    "suppressing by command": Story(step=SUPPRESS),
    "suppressing no more": Story(
        before=(SUPPRESS,), step=Step(program=SUPPRESS.program.replace("add", "remove"))
    ),
    "suppressed people listed": Story(before=(SUPPRESS,), step=Step(program="suppress list")),
    "illegal moves": Story(step=Step(program="move_nobody")),
    "wrong writes": Story(step=Step(program="write_wrongly")),
    "hanging up": Story(step=Step(program="hang_up")),
    "listening": Story(
        before=(Step(actions={"record_placed#2": "SIGKILL"}, ends=SIGKILLED),), step=Step(program="listen")
    ),
    "listening before any call": Story(step=Step(program="listen")),
    "nobody can listen": Story(step=Step(program="listen"), trouble=trouble.listener_lock_is_folder),
    # The other database.
    "on PostgreSQL": Story(on_postgresql=True),
    "on PostgreSQL for some time": Story(on_postgresql=True, account=Account(speed=6)),
    "on PostgreSQL with doubts": Story(
        on_postgresql=True, account=Account(faults=("lose_reply#2", "throttle#3"))
    ),
    "listening on PostgreSQL": Story(
        on_postgresql=True,
        before=(Step(),),
        step=Step(program="listen", actions={"check#2": "end_sessions idle"}),
    ),
    "told of on PostgreSQL": Story(
        on_postgresql=True, account=Account(speed=20), step=HEARS, trouble=trouble.listener()
    ),
    "in use on PostgreSQL": Story(on_postgresql=True, trouble=trouble.hold_advisory_lock),
    "no PostgreSQL": Story(
        on_postgresql=True, step=Step(options={"ledger": "postgresql://127.0.0.1:1/none"}), meets=74
    ),
}
