"""Secrets that an operator gives a command: by file, environment or a hidden prompt, never as an argument."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaign.cli import output
from campaign.errors import UsageError

if TYPE_CHECKING:
    from pydantic import SecretStr

SecretEnvOption = Annotated[
    str | None,
    typer.Option("--secret-env", metavar="VAR", help="Name of the environment variable with the secret."),
]
SecretFileOption = Annotated[
    Path | None,
    typer.Option("--secret-file", metavar="FILE", help="File with the secret, which only you can read."),
]


def read_secret(
    what: str, variable: str | None, file: Path | None, *, ask: Callable[[str], str] | None = None
) -> "SecretStr":
    """The secret from where the operator says; asked for on a terminal when they do not say.

    Args:
        what: Like `the auth token`, for the prompt and for errors.
        variable: What `--secret-env` says.
        file: What `--secret-file` says.
        ask: Asks a person without showing what they type; None where nobody can be asked.

    Raises:
        UsageError: Both places are named, or none and nobody can be asked.
        ConfigError, InputMissingError: There is no secret, or it is open to others.
    """
    from campaign.settings.private import checked_secret, secret_from_environment, secret_from_file

    if variable is not None and file is not None:
        raise UsageError("--secret-env and --secret-file: say one of them")
    if variable is not None:
        return secret_from_environment(variable)
    if file is not None:
        return secret_from_file(file)
    if ask is None:
        raise UsageError(
            f"{what} is needed, and there is no terminal to ask on; give --secret-env or --secret-file"
        )
    return checked_secret(ask(what), what)


def prompt() -> Callable[[str], str] | None:
    """Asks on the terminal; None where there is none."""
    if not output.is_terminal():
        return None

    def ask(what: str) -> str:
        try:
            typed: str = typer.prompt(what[:1].upper() + what[1:], hide_input=True, err=True)
        except typer.Abort:
            raise KeyboardInterrupt from None
        return typed

    return ask
