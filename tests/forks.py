"""Processes that have the product loaded when they begin: forked from one that has done nothing but load it.

They have no thread and no event loop. To start one costs a tenth of what a new interpreter does.
"""

import multiprocessing
import multiprocessing.forkserver
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import ForkServerContext
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Among them what commands load only when they come to need it.
LOADED = (
    "anyio._backends._asyncio", "campaign.calls.ports", "campaign.calls.runner", "campaign.calls.watchdog",
    "campaign.cli.job", "campaign.cli.live", "campaign.contacts.checker", "campaign.contacts.files.parquet",
    "campaign.contacts.files.workbook", "campaign.rehearsal.world", "campaign.results.files",
    "campaign.simulator.server", "encodings.utf_8_sig", "pandas", "phonenumbers.data.region_US",
    "pyarrow.pandas_compat", "rich._emoji_codes", "sqlalchemy.dialects.sqlite", "tests.warm",
    "typer._click.decorators", "uvicorn.lifespan.off", "uvicorn.loops.asyncio",
)  # fmt: skip


def loaded() -> ForkServerContext:
    """Where such processes come from. Their environment is an older one; see `pool`."""
    context = multiprocessing.get_context("forkserver")
    before = os.environ.get("PYTHONPATH")
    # It finds this package wherever the test has gone to.
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        context.set_forkserver_preload(list(LOADED))
        multiprocessing.forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return context


def pool(
    size: int, *, prepare: Callable[[], None] | None = None, tasks_each: int | None = None
) -> ProcessPoolExecutor:
    """A pool of them, with the environment of now.

    Args:
        size: How many.
        prepare: Done first by each of them.
        tasks_each: After so many a process makes room for a new one.
    """
    return ProcessPoolExecutor(
        size,
        loaded(),
        initializer=_begin,
        initargs=(dict(os.environ), prepare),
        max_tasks_per_child=tasks_each,
    )


def take_over(environment: Mapping[str, str]) -> None:
    """In such a process: replace its environment, and the time zone that comes from it."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def _begin(environment: Mapping[str, str], prepare: Callable[[], None] | None) -> None:
    take_over(environment)
    if prepare is not None:
        prepare()
