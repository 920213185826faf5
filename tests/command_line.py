"""The command line of the product as it is made by its library, once for each process."""

from functools import cache
from typing import Any, cast

import typer.main
import typer.testing

from campaign.cli.app import app


@cache
def make_once() -> None:
    """It is the same at each call, and takes longer to make than most commands take to run."""
    assert hasattr(typer.testing, "_get_command")
    made_once = cache(typer.main.get_command)
    cast("Any", typer.main).get_command = cast("Any", typer.testing)._get_command = made_once
    made_once(app)
