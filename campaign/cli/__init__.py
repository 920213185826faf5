"""What people type. Each command is thin: it reads its arguments, calls one verb, and says how it went."""

from campaign.cli.app import main

__all__ = ["main"]
