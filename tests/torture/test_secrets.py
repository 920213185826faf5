"""The search for secrets: a few scenarios in every run of the tests, and proof that a leak is found."""

import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
import typer
from pydantic import SecretStr

from campaign.cli.app import app
from campaign.models import E164, CallRequest
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError
from campaign.settings import Environment
from tests.oneinbox import sockets
from tests.torture import canaries, secrets
from tests.torture.bench import Bench
from tests.torture.secret_scenarios import KEY, NAME, NUMBERS, ODD_KEY, PASSWORD, PEOPLE, SCENARIOS
from tests.torture.tally import Effort

SECRETS = (KEY, ODD_KEY, PASSWORD)


SAMPLE = {"a workbook": 2, "a bug in the middle": 2, "setting up": 0, "a hook": 2}
"""Scenarios, with the fewest files that there are to be searched."""


@pytest.mark.e2e
@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_of_the_scenarios_leaks_nothing(tmp_path: Path, name: str) -> None:
    """Keys and passwords are nowhere, and people are only in the ledger and the result."""
    tally = secrets.search([name], Effort(tmp_path))
    assert tally.is_clean, tally.failures
    assert tally.injected["scenarios"] == 1
    assert tally.injected["files searched"] >= SAMPLE[name]


LEAKS = {
    "the key in stderr": "sys.stderr.write(base64.b64encode(('Bearer ' + key).encode()).decode())",
    "the key in stdout": "sys.stdout.write(repr({'key': key}))",
    "the key in work/campaign.log": "write('campaign.log', urllib.parse.quote_plus(key))",
    "the key in work/ledger.db": "write('ledger.db', key)",
    "the key in work/list.csv": "write('list.csv', key)",
    "the key in tmp/x": "write(os.environ['TMPDIR'] + '/x', key.encode().hex())",
    "the key in a child's environment": "subprocess.run(nap)",
    "the key in a child's command line": "subprocess.run([*nap, key], env={})",
    "number 0 in stderr": f"sys.stderr.write('({NUMBERS[0][2:5]}) {NUMBERS[0][5:8]}-{NUMBERS[0][8:]}')",
    "a name in stdout": f"sys.stdout.write({NAME.text!r})",
    "a name in work/campaign.log": f"write('campaign.log', {NAME.text!r})",
    "a name in tmp/results.csv": f"write(os.environ['TMPDIR'] + '/results.csv', {NAME.text!r})",
    "a name in work/results-of-old.txt": f"write('results-of-old.txt', {NAME.text!r})",
    "a name in work/list.csv": f"write('list.csv', {NAME.text!r})",
    "a name in a file's name": f"write({NAME.text!r}, '')",
    "results.csv has mode 644": "os.umask(0); os.open('results.csv', os.O_CREAT | os.O_WRONLY, 0o644)",
    "list.csv has mode 640": "os.chmod('list.csv', 0o640)",
    "new has mode 777": "os.umask(0); os.mkdir('new')",
    "exit 3: ": "sys.exit(3)",
}
"""What a program does, by what is to be found of it."""
RIGHT = (
    "",
    f"write('results.csv', {NAME.text!r})",
    f"write('.results.csv.x1_2.new', {NAME.text!r})",
    f"write('ledger.db-wal', {NAME.text!r})",
)


@pytest.mark.parametrize(
    ("leak", "found"), [*((LEAKS[leak], [leak]) for leak in LEAKS), *((code, []) for code in RIGHT)]
)
def test_a_leak_is_found(tmp_path: Path, leak: str, found: list[str]) -> None:
    """A program that leaks in one way is found out for just that, and one that does not leak is not."""
    program = tmp_path / "program.py"
    program.write_text(
        "import base64, os, pathlib, subprocess, sys, urllib.parse\n"
        "os.umask(0o077)\n"
        "key = os.environ['ONEINBOX_API_KEY']\n"
        "nap = [sys.executable, '-c', 'import time; time.sleep(0.5)']\n"
        "write = lambda name, text: pathlib.Path(name).write_text(text)\n"
        f"{leak}\n"
    )
    bench = Bench("leaky", tmp_path / "bench", "http://127.0.0.1:1", (KEY, PASSWORD), PEOPLE)
    bench.put("list.csv", "phone\n", mode=0o600)
    bench.run(program=(sys.executable, "-I", str(program)))
    assert bench.tally.failures == [f"leaky: {finding}; campaign " for finding in found]
    assert bench.tally.wrong == len(found)


@pytest.mark.parametrize(("program", "is_struck"), [("", False), ("import time; time.sleep(60)", True)])
def test_a_signal_that_nobody_got_is_noticed(tmp_path: Path, program: str, is_struck: bool) -> None:
    """A command that ends before it can be killed is a finding, as nothing was tried out."""
    bench = Bench("killed", tmp_path / "bench", "http://127.0.0.1:1", (KEY, PASSWORD), PEOPLE)
    bench.run(
        program=(sys.executable, "-I", "-c", program),
        codes=(0, -signal.SIGKILL),
        send=signal.SIGKILL,
        when=lambda: is_struck,
    )
    assert bool(bench.tally.wrong) is not is_struck, bench.tally.failures


def test_every_command_occurs_in_a_scenario() -> None:
    """Whatever the command line can do is done with canaries. What a scenario runs is checked in its run."""
    assert frozenset().union(*(scenario.commands for scenario in SCENARIOS.values())) == frozenset(
        typer.main.get_group(app).commands
    )


def test_a_scenario_that_leaves_a_command_out_is_noticed(tmp_path: Path) -> None:
    """The commands that a scenario names are those that have run, all of them and no other."""
    scenario = replace(SCENARIOS["rehearsals"], play=lambda bench: None)
    assert secrets.play("idle", scenario, tmp_path / "idle").wrong == 1


def shown(value: Any) -> str:
    """All that a careless log line could make of an object."""
    return " ".join([str(value), repr(value), repr(vars(value)), *map(repr, vars(value).values())])


def test_nothing_that_holds_the_key_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the environment, not the client, and not what it is made of."""
    monkeypatch.setenv("ONEINBOX_API_KEY", KEY.text)
    monkeypatch.setenv("ONEINBOX_PROXY", f"http://user:{PASSWORD.text}@proxy.example")
    environment = Environment()
    client = OneInbox("http://127.0.0.1:1", environment.api_key())
    parts = [part for part in vars(client).values() if hasattr(part, "headers")]
    assert len(parts) == 2
    for value in (environment, client, *parts):
        assert canaries.found_in(shown(value).encode(), [KEY, PASSWORD]) == []


@pytest.mark.anyio
@pytest.mark.parametrize("handler", [sockets.reset_after_acting, sockets.hang_after_acting, None])
async def test_no_error_shows_the_key_or_the_person(handler: sockets.Handler | None) -> None:
    """Whichever way a dial fails, the error and all that caused it can be printed."""
    request = CallRequest("agt", E164(NUMBERS[0]), "+12025550100", {"name": NAME.text}, {})
    async with sockets.serving(handler or sockets.keep_alive) as server:
        url = server.url if handler else "http://127.0.0.1:1"
        async with OneInbox(url, SecretStr(KEY.text), create_deadline_s=0.3) as client:
            with anyio.fail_after(60), pytest.raises(ApiError) as caught:
                await client.create_call(request)
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert canaries.found_in(printed.encode(), [KEY, *PEOPLE]) == []
