"""The forked process of a life: it becomes one `campaign` process, as it is but for its short waits."""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from campaign.cli.app import app, guarded
from campaign.cli.call import CallOptions
from campaign.cli.call import execute as call
from campaign.cli.run import Options, execute
from tests.calls.harness import IMPATIENT
from tests.e2e.machinery import KEY
from tests.torture import actions, points, verbs
from tests.torture.step import Kill, Place, Step

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def be(
    place: Place, step: Step, listed: Path, config: Path, kill: Kill | None, passed: Path | None, log: Path
) -> NoReturn:
    """The forked process: become one `campaign` process."""
    code = 70
    try:
        _settle_in(place, log)
        at_entries = {at: actions.chosen(text, place) for at, text in step.actions.items()}
        if passed is not None:
            _leave_a_note(points.record(at_entries), passed)
        elif kill is not None and kill.point is not None:
            points.kill_at(kill.point, kill.nth, at_entries)
        else:
            points.act(at_entries)
        try:
            guarded(partial(run_program, place, step, listed, config))
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        sys.stderr.flush()
    finally:
        # Nothing of the parent may run here: no exit handlers, no buffers.
        os._exit(code)


def _leave_a_note(counted: Callable[[], list[Any]], passed: Path) -> None:
    """However this process ends by itself, what it has passed is written down first."""
    end = os._exit

    def write_and_end(status: int) -> NoReturn:
        points.stop()
        actions.limit_files(resource.RLIM_INFINITY)
        passed.write_text(json.dumps(counted()), encoding="utf-8")
        end(status)

    os._exit = write_and_end


def _settle_in(place: Place, log: Path) -> None:
    # Whoever started it may be killed: no life is to go on alone.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdin = os.fdopen(0, "r", closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, buffering=1)
    take_environment(place)
    os.chdir(place.folder)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)


def take_environment(place: Place) -> None:
    os.environ["ONEINBOX_BASE_URL"] = place.base_url
    os.environ["ONEINBOX_API_KEY"] = KEY
    os.environ["CAMPAIGN_LEDGER"] = place.ledger


def run_program(place: Place, step: Step, listed: Path, config: Path) -> None:
    if hasattr(verbs, step.program):
        getattr(verbs, step.program)(place.ledger, place.base_url)
    elif step.program == "run":
        options: dict[str, Any] = {"output_file": place.result, **step.options}
        timing = replace(IMPATIENT, **step.timing)
        chosen = Options(contact_list=listed, config=config, yes=True, as_json=True, **options)
        raise SystemExit(execute(chosen, timing=timing))
    elif step.program == "call":
        asked = CallOptions(config=config, yes=True, as_json=True, **step.options)
        raise SystemExit(call(asked, timing=replace(IMPATIENT, **step.timing)))
    else:
        app([word.format(list=listed, config=config) for word in step.program.split()])
