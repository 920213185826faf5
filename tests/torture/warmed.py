"""A warmed parent: it has imported the whole product, and forks a process for each case and each life.

It tells what came of each case, in the order in which they end. It has no thread and no event loop.
"""

import gc
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path

import campaign.calls.runner
import campaign.cli.job
import campaign.cli.live
import campaign.ledger.review  # noqa: F401 - imported here, like those above, so that no child has to
from tests.forks import take_over
from tests.torture import lives
from tests.torture.accounts import Account, Accounts
from tests.torture.case import Case, Findings, run_case
from tests.torture.step import Place
from tests.torture.story import PEOPLE


def work(
    cases: Sequence[Case],
    tells: Connection,
    folder: Path,
    jobs: int,
    accounts: Accounts,
    postgresql: str,
    environment: Mapping[str, str],
) -> None:
    """Work on cases, so many at a time. It leads a group of its own, with all that it starts.

    Args:
        cases: What is to be done.
        tells: Takes the findings of each case.
        folder: An empty one.
        jobs: So many at a time.
        accounts: Who answers.
        postgresql: The server for those cases that need one.
        environment: All of it.
    """
    os.setsid()
    take_over(environment)
    os.umask(0o077)
    _warm_up(folder / "warm", accounts)
    # What is here now is never collected in a child, so its pages stay shared.
    gc.collect()
    gc.freeze()
    running: dict[int, Case] = {}
    for case in cases:
        while len(running) >= jobs:
            tells.send(_reap(running, folder))
        pid = os.fork()
        if pid == 0:
            tells.close()
            _work(case, folder / str(case.number), accounts, postgresql)
        running[pid] = case
    while running:
        tells.send(_reap(running, folder))


def _warm_up(folder: Path, accounts: Accounts) -> None:
    folder.mkdir()
    accounts.open("warm", Account())
    lives.warm_up(Place(folder, accounts.url("warm"), str(folder / "ledger.db")), PEOPLE)


def _work(case: Case, folder: Path, accounts: Accounts, postgresql: str) -> None:
    """The forked process of one case; never returns."""
    try:
        folder.mkdir()
        findings = run_case(case, folder, accounts, postgresql)
    except BaseException as error:
        findings = Findings(case.number, trouble=f"the suite itself: {error!r}")
    try:
        (folder / "findings.json").write_text(json.dumps(asdict(findings)), encoding="utf-8")
    finally:
        os._exit(0)


def _reap(running: dict[int, Case], folder: Path) -> Findings:
    """Wait for one case. Returns what came of it. The folder of a case without trouble goes."""
    pid, _ = os.wait()
    case = running.pop(pid)
    own = folder / str(case.number)
    try:
        findings = Findings(**json.loads((own / "findings.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        return Findings(case.number, trouble=f"the case itself died: {error}")
    if not findings.trouble:
        shutil.rmtree(own)
    return findings
