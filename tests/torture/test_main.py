"""The command behind `make torture`."""

import subprocess
import sys
from pathlib import Path


def test_a_suite_that_does_not_exist_is_named_before_any_other_runs() -> None:
    """Hours of one suite are not lost to a misspelt second one."""
    command = [sys.executable, "-m", "tests.torture", "hours", "kils"]
    root = Path(__file__).parents[2]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith(
        "python -m tests.torture: error: there is no suite kils; choose of simu"
    )
