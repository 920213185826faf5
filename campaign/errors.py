"""What stops a run, sorted by what the operator does next: one class, one exit code.

Trouble with one person is never an exception here; it is data in the ledger. The errors of a single
API request stand in `campaign.oneinbox.errors`.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """How the command ended (after sysexits.h, so that cron and systemd users can tell ends apart)."""

    OK = 0
    """Every row is final."""
    USAGE = 64
    """The command line is wrong."""
    BAD_LIST = 65
    """The contact list is unusable."""
    NO_INPUT = 66
    """An input file is missing."""
    API_UNAVAILABLE = 69
    """The API cannot be reached, or a breaker is open."""
    BUG = 70
    """A fault in this program."""
    NO_OUTPUT = 73
    """A result file cannot be written."""
    LEDGER = 74
    """The ledger cannot be read or written."""
    NOT_FINISHED = 75
    """Stopped before every row was final: run the same command again."""
    KEY_REFUSED = 77
    """The API key is missing or was refused."""
    CONFIG = 78
    """The campaign file or the environment is wrong."""
    NEEDS_REVIEW = 80
    """Finished, but a human must decide about some rows."""
    INTERRUPTED = 130
    """A second Ctrl-C left at once."""


class CampaignError(Exception):
    """The run cannot start or go on. The message is one line for the operator: what, where, what to do."""

    exit_code = ExitCode.BUG


class UsageError(CampaignError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = ExitCode.USAGE


class ListError(CampaignError):
    """The contact list as a whole is unusable."""

    exit_code = ExitCode.BAD_LIST


class InputMissingError(CampaignError):
    """A file that the operator named is not there or cannot be opened."""

    exit_code = ExitCode.NO_INPUT


class ApiUnavailableError(CampaignError):
    """OneInbox cannot be reached, or dialling was stopped because going on would do harm."""

    exit_code = ExitCode.API_UNAVAILABLE


class OutputError(CampaignError):
    """A file that the operator asked for cannot be written."""

    exit_code = ExitCode.NO_OUTPUT


class LedgerError(CampaignError):
    """The ledger cannot be opened, read or written. Without it nothing may be dialled."""

    exit_code = ExitCode.LEDGER


class NotFinishedError(CampaignError):
    """Another run holds the ledger, or this one had to stop early: the same command goes on later."""

    exit_code = ExitCode.NOT_FINISHED


class KeyRefusedError(CampaignError):
    """The API key is missing, unreadable, or was refused by OneInbox."""

    exit_code = ExitCode.KEY_REFUSED


class ConfigError(CampaignError):
    """The campaign file or the environment is wrong."""

    exit_code = ExitCode.CONFIG
