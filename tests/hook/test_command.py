"""A command as the hook: real processes, which get the document and nothing secret, and never stay behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from campaign.errors import ConfigError
from campaign.hook.answer import Answer, HookFailed
from campaign.hook.ask import Question, ask
from campaign.hook.command import refuse_missing
from campaign.settings import HookSettings
from tests.support import children

pytestmark = pytest.mark.anyio

QUESTION = Question("spring", 7, "+12025550143", {"customer_name": "Zoë\n", "order": "A-1"}, attempt=2)
PATIENCE_S = 30.0


def hook(*words: str, limit: str = "60s", folder: Path | None = None) -> HookSettings:
    """A command with its words; in a shell of its own where there is one word."""
    command = ["sh", "-c", words[0]] if len(words) == 1 else list(words)
    settings = HookSettings.model_validate({"command": command, "timeout": limit})
    return settings.within(folder) if folder is not None else settings


async def failure(of: HookSettings, question: Question = QUESTION) -> str:
    """How asking it fails."""
    with pytest.raises(HookFailed) as caught:
        await ask(of, question)
    return str(caught.value)


def group_of(path: Path) -> int:
    """The process group that a command has written down."""
    return int(path.read_text())


def is_alive(group: int) -> bool:
    """Whether any process of a group runs."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(of_group) == group and state not in "ZX":
            return True
    return False


def await_end(group: int) -> None:
    """Return when nothing of a group runs any more."""
    give_up_at = time.monotonic() + PATIENCE_S
    while is_alive(group):
        assert time.monotonic() < give_up_at, "a process of the hook has stayed"
        time.sleep(0.01)


# Its group is what the kernel calls the fifth word of the line.
NOTE_GROUP = "cut -d' ' -f5 /proc/self/stat > group.new; mv group.new group; "


@pytest.fixture
def no_child_is_left() -> Iterator[None]:
    """Every process that the test has started was waited for."""
    before = children()
    yield
    assert children() <= before


@pytest.mark.usefixtures("no_child_is_left")
async def test_it_gets_the_document_on_stdin(tmp_path: Path) -> None:
    """The document is JSON in one line, and the command runs in the folder of the campaign file."""
    answer = await ask(
        hook('cat > asked.json; echo \'{"dial": false, "reason": "has paid"}\'', folder=tmp_path), QUESTION
    )
    assert answer == Answer(may_dial=False, reason="has paid")
    text = (tmp_path / "asked.json").read_text("utf-8")
    assert text.count("\n") == 1
    assert json.loads(text) == {
        "campaign": "spring",
        "row": 7,
        "to_number": "+12025550143",
        "variables": {"customer_name": "Zoë\n", "order": "A-1"},
        "attempt": 2,
    }


async def test_its_words_are_no_text_for_a_shell(tmp_path: Path) -> None:
    """Every word arrives as it stands in the campaign file."""
    script = tmp_path / "check"
    script.write_text('#!/bin/sh\nprintf "%s|" "$@" > words\n')
    script.chmod(0o700)
    words = ("$HOME", "a  b", "*", "; exit 1", "")
    assert (await ask(hook("./check", *words, folder=tmp_path), QUESTION)).may_dial
    assert (tmp_path / "words").read_text() == "|".join((*words, ""))


async def test_it_has_no_key_and_no_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds a secret, or leads to one, is not in its environment; all else is, as it may be needed."""
    for name in ("ONEINBOX_API_KEY", "oneinbox_api_key", "ONEINBOX_API_KEY_FILE", "ONEINBOX_PROXY"):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("CAMPAIGN_LEDGER", "postgresql://me:canary@db/ledger")
    monkeypatch.setenv("CRM_URL", "https://crm.example")
    assert (await ask(hook("env > environment", folder=tmp_path), QUESTION)).may_dial
    told = (tmp_path / "environment").read_text()
    assert "canary" not in told
    assert "CRM_URL=https://crm.example\n" in told
    assert "PATH=" in told


async def test_it_has_no_other_file_of_the_run(tmp_path: Path) -> None:
    """Neither the ledger's descriptors nor those of its own supervisor are open in it."""
    (tmp_path / "secret").write_text("x")
    with (tmp_path / "secret").open() as file:
        os.set_inheritable(file.fileno(), True)
        assert (await ask(hook("ls -l /proc/self/fd > open", folder=tmp_path), QUESTION)).may_dial
    told = [line.rpartition(" -> ")[2] for line in (tmp_path / "open").read_text().splitlines()[1:]]
    assert not any(str(tmp_path / "secret") in target for target in told)
    # Its three streams, of which one is the file here, and the folder that is listed.
    assert len(told) == 4


async def test_it_dies_of_a_broken_pipe_like_any_program(tmp_path: Path) -> None:
    """What Python ignores is not ignored in the command."""
    await ask(hook("grep SigIgn /proc/self/status > ignored", folder=tmp_path), QUESTION)
    ignored = int((tmp_path / "ignored").read_text().split()[1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1))


@pytest.mark.usefixtures("no_child_is_left")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo '{\"dial\": true}'; exit 3", "exit code 3"),
        ("kill -9 $$", "exit code 137"),
        ("no-such-program-anywhere", "exit code 127: a program is not there"),
        ("kill -9 $PPID; sleep 60", "it was killed"),
        ("yes", "it says more than 64 kB"),
        ("head -c 65537 /dev/zero; cat > /dev/null", "it says more than 64 kB"),
        ("echo 'of course, +12025550143!'", "its answer is not JSON"),
    ],
)
async def test_what_fails(script: str, words: str) -> None:
    """Whatever it says, another exit code than 0 is no yes, and what it says is not repeated."""
    assert await failure(hook(script)) == words


async def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """That is told in plain words, as is a file that is no program, and a folder that has gone."""
    assert await failure(hook("./gone", "x", folder=tmp_path)) == "exit code 127: a program is not there"
    (tmp_path / "list").write_text("x")
    assert await failure(hook("./list", "x", folder=tmp_path)) == "exit code 126: a program cannot be started"
    assert (
        await failure(hook("true", "x", folder=tmp_path / "gone"))
        == "it cannot be started (No such file or directory)"
    )


@pytest.mark.usefixtures("no_child_is_left")
async def test_a_document_that_nobody_reads() -> None:
    """A command may answer without reading, however large the document is."""
    large = Question("spring", 7, "+12025550143", {"notes": "x" * 1_000_000}, attempt=1)
    assert (await ask(hook("exec <&-; exit 0"), large)).may_dial
    assert (await ask(hook("sleep 0.05"), large)).may_dial
    counted = await ask(hook("test $(wc -c) -gt 1000000"), large)
    assert counted.may_dial


@pytest.mark.usefixtures("no_child_is_left")
async def test_the_time_limit_ends_it_with_all_its_children(tmp_path: Path) -> None:
    """Nothing of it runs on when it was too slow, however it has started its children."""
    script = NOTE_GROUP + "trap '' TERM HUP INT; (sleep 600 & sleep 600) & sleep 600"
    for limit_s in (1, 5, 30):
        assert (
            await failure(hook(script, limit=f"{limit_s}s", folder=tmp_path))
            == f"no answer within {limit_s} s"
        )
        # On a slow machine it has perhaps not even begun.
        if (tmp_path / "group").exists():
            break
    await_end(group_of(tmp_path / "group"))


async def test_what_it_leaves_running_is_ended(tmp_path: Path) -> None:
    """An answer is there when the command has ended, and nothing of it is left then."""
    answer = await ask(hook(NOTE_GROUP + "sleep 600 & exit 0", folder=tmp_path), QUESTION)
    assert answer.may_dial
    await_end(group_of(tmp_path / "group"))


async def test_output_of_a_child_that_got_away(tmp_path: Path) -> None:
    """Who has left the group may hold the pipe: the answer is there all the same."""
    script = "setsid sh -c 'echo $$ > away; exec sleep 600' & while [ ! -s away ]; do :; done; exit 0"
    try:
        assert (await ask(hook(script, folder=tmp_path), QUESTION)).may_dial
    finally:
        os.kill(group_of(tmp_path / "away"), signal.SIGKILL)


@pytest.mark.usefixtures("no_child_is_left")
async def test_cancelling_ends_it(tmp_path: Path) -> None:
    """When dialling stops while it is asked, it is killed at once."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, hook(NOTE_GROUP + "sleep 600 & sleep 600", folder=tmp_path), QUESTION)
        with anyio.fail_after(PATIENCE_S):
            while not (tmp_path / "group").exists():  # noqa: ASYNC110 - a file of another process
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    await_end(group_of(tmp_path / "group"))


def test_it_dies_with_a_run_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL leaves the run no time to clean up: the command and its children are gone all the same."""
    program = f"""
import anyio
from pathlib import Path
from campaign.hook.ask import Question, ask
from campaign.settings import HookSettings
hook = HookSettings(command=("sh", "-c", {NOTE_GROUP + "sleep 600 & sleep 600"!r}))
hook = hook.within(Path({str(tmp_path)!r}))
anyio.run(ask, hook, Question("spring", 2, "+12025550143", {{}}, 1))
"""
    run = subprocess.Popen([sys.executable, "-c", program])
    give_up_at = time.monotonic() + PATIENCE_S
    while not (tmp_path / "group").exists():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
    group = group_of(tmp_path / "group")
    assert is_alive(group)
    run.kill()
    run.wait()
    await_end(group)


async def test_many_at_a_time() -> None:
    """Several commands at a time do not hold each other's pipes, and their answers do not get mixed up."""
    answers = {}

    async def one(number: int) -> None:
        script = f'sleep 0.1; echo \'{{"dial": true, "reason": "{number}"}}\''
        answers[number] = (await ask(hook(script), QUESTION)).reason

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(one, number)
    assert answers == {number: str(number) for number in range(8)}


def test_a_missing_program_is_refused_before_anybody_is_called(tmp_path: Path) -> None:
    """One line with the key; a path is taken from the campaign file's folder, a name from PATH."""
    refuse_missing(None)
    refuse_missing(HookSettings(url="https://crm.example/ask"))
    refuse_missing(hook("true", "x"))
    (tmp_path / "check").write_text("#!/bin/sh\n")
    with pytest.raises(
        ConfigError, match=r"hook.command: there is no program ./check that can be run; a path"
    ):
        refuse_missing(hook("./check", "x", folder=tmp_path))
    (tmp_path / "check").chmod(0o700)
    refuse_missing(hook("./check", "x", folder=tmp_path))
    with pytest.raises(ConfigError, match="there is no program no-such-program "):
        refuse_missing(hook("no-such-program", "x", folder=tmp_path))
