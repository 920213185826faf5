"""`campaign run --recordings DIR`: the folder and the client for what was recorded, and a line about it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaign.errors import ConfigError

if TYPE_CHECKING:
    from campaign.calls.recordings import Keeping, Kept
    from campaign.results.recordings import Shelf
    from campaign.settings import Environment


def open_shelf(folder: Path, environment: "Environment") -> "Shelf":
    """The folder, under the run lock, before anybody is called.

    Raises:
        OutputError: It cannot be used.
        ConfigError: OneInbox is reached through a proxy.
    """
    from campaign.results.recordings import Shelf

    if environment.proxy() is not None:
        raise ConfigError(
            "--recordings: behind ONEINBOX_PROXY nobody can check where a link leads; run without it, and "
            "fetch the recordings by the links of the result within four hours"
        )
    return Shelf(folder)


@asynccontextmanager
async def keeping(
    shelf: "Shelf | None", environment: "Environment", *, agent_records: bool | None
) -> "AsyncIterator[Keeping | None]":
    """How a run keeps recordings, for as long as the block lasts; None when it was not asked to."""
    from campaign.calls.recordings import Keeping
    from campaign.oneinbox.recordings import RecordingClient

    if shelf is None:
        yield None
        return
    async with RecordingClient(allow_loopback=environment.is_simulator) as client:
        yield Keeping(client.fetch, shelf, agent_records)


def note(*, agent_records: bool | None) -> str | None:
    """What an operator who wants recordings should know before anybody is called."""
    if agent_records is False:
        return "the agent does not record its calls (enable_recording), so there will be no recordings"
    return None


def told(kept: "Kept", folder: Path) -> str:
    """One line after the run."""
    missing = ""
    if kept.missing:
        missing = f", {kept.missing:,} missing: the next run with --recordings tries again"
    return f"recordings: {kept.saved:,} in {folder}{missing}"


def as_data(kept: "Kept | None", folder: Path | None) -> dict[str, Any] | None:
    """The same for a program."""
    if kept is None or folder is None:
        return None
    return {"folder": str(folder), "saved": kept.saved, "missing": kept.missing}
