"""A warmed parent: it has imported the whole product, and forks a process for each case and each life.

Cases come as JSON lines on stdin, findings go as JSON lines to stdout. It has no thread and no event loop.
"""

import gc
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import campaign.calls.runner
import campaign.cli.job
import campaign.cli.live
import campaign.ledger.review  # noqa: F401 - imported here, like those above, so that no child has to
from tests.torture import lives
from tests.torture.accounts import Account, Accounts
from tests.torture.case import Case, Findings, read_case, run_case
from tests.torture.step import Place
from tests.torture.story import PEOPLE


def main() -> None:
    """Work on the cases of stdin, so many at a time, until it is closed."""
    folder, jobs, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    postgresql = sys.argv[4]
    os.umask(0o077)
    _warm_up(folder / "warm", Accounts(port))
    # What is here now is never collected in a child, so its pages stay shared.
    gc.collect()
    gc.freeze()
    running: dict[int, Case] = {}
    for line in sys.stdin:
        case = read_case(json.loads(line))
        while len(running) >= jobs:
            _reap(running, folder)
        pid = os.fork()
        if pid == 0:
            _work(case, folder / str(case.number), Accounts(port), postgresql)
        running[pid] = case
    while running:
        _reap(running, folder)


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


def _reap(running: dict[int, Case], folder: Path) -> None:
    """Wait for one case, and hand on what came of it. The folder of a case without trouble goes."""
    pid, _ = os.wait()
    case = running.pop(pid)
    own = folder / str(case.number)
    try:
        text = (own / "findings.json").read_text(encoding="utf-8")
        has_trouble = bool(json.loads(text)["trouble"])
    except (OSError, ValueError) as error:
        text = json.dumps(asdict(Findings(case.number, trouble=f"the case itself died: {error}")))
        has_trouble = True
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    if not has_trouble:
        shutil.rmtree(own)


if __name__ == "__main__":
    main()
