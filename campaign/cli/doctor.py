"""`campaign doctor`: is everything there that a campaign's calls need? Calls nobody."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import output
from campaign.cli.options import (
    DelimiterOption,
    EncodingOption,
    HiddenOption,
    JsonOption,
    LedgerOption,
    ListOptions,
    SheetOption,
)
from campaign.errors import UsageError

if TYPE_CHECKING:
    from campaign.doctor.finding import Finding

STYLES = {"ok": "green", "note": "yellow", "problem": "bold red", "unknown": "dim"}


def doctor(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="The campaign file.")
    ] = None,
    contact_list: Annotated[
        Path | None, typer.Option("--list", metavar="LIST", help="The contact list; needs --config.")
    ] = None,
    ledger: LedgerOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    include_hidden: HiddenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Look for what could go wrong in a run. Calls nobody.

    It looks at the key, the agent, the numbers, the account's latest calls, this machine and the ledger.
    """
    from campaign import logs
    from campaign.cli.views import ledger_flag
    from campaign.doctor.examine import Subject, examine
    from campaign.doctor.finding import exit_code
    from campaign.settings import Environment, ledger_url

    if contact_list is not None and config is None:
        raise UsageError("--list: say with --config by which campaign file it is called")
    logs.configure(level=logging.WARNING)
    environment = Environment()
    subject = Subject(
        environment,
        ledger_url(ledger, environment),
        ledger_flag(ledger),
        config,
        contact_list,
        ListOptions(encoding, delimiter, sheet, include_hidden).for_reading(),
    )
    with output.busy("looking"):
        findings = examine(subject, datetime.now(UTC))
    code = exit_code(findings)
    if as_json:
        output.say_json({"exit_code": int(code), "checks": [_as_data(each) for each in findings]})
    else:
        _show(findings)
    problems = sum(each.verdict == "problem" for each in findings)
    if problems:
        output.say(f"campaign: {problems} {'problem' if problems == 1 else 'problems'} to mend first")
    raise typer.Exit(code)


def _as_data(finding: "Finding") -> dict[str, Any]:
    return {
        "check": finding.check,
        "verdict": str(finding.verdict),
        "seen": finding.seen,
        "cure": finding.cure or None,
    }


def _show(findings: Sequence["Finding"]) -> None:
    import sys

    if not sys.stdout.isatty():
        output.say_data("\n".join(line for each in findings for line in _lines(each)))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "", "what was seen, and the cure", box=None, pad_edge=False)
    for each in findings:
        seen = output.visible(each.seen) + (f"\ncure: {output.visible(each.cure)}" if each.cure else "")
        table.add_row(each.check, Text(str(each.verdict), style=STYLES[each.verdict]), seen)
    output.say_drawn(table)


def _lines(finding: "Finding") -> list[str]:
    told = [f"{finding.verdict:8} {finding.check}: {output.visible(finding.seen)}"]
    return [*told, *([f"{'cure':8} {output.visible(finding.cure)}"] if finding.cure else [])]
