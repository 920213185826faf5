"""`campaign demo`: the whole path on sample data, against the embedded simulator."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from campaign.cli import output

# The simulated people talk this many times as fast, and the runner looks as much more often.
SPEED = 30.0
SHOWN_ROWS = 12
LEDGER = "ledger.db"
OF_A_LEDGER = ("", "-wal", "-shm", ".lock", ".generation")
"""How the names of its files end."""
SHOWN_COLUMNS = ("phone", "customer_name", "call_status", "call_reason", "call_outcome")


def demo(
    folder: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Where ledger and results go; those of an earlier demo are replaced."
        ),
    ] = Path("campaign-demo"),
) -> None:
    """Run a whole campaign on sample data with simulated people. Nobody is called."""
    from pydantic import SecretStr

    from campaign import logs
    from campaign.calls.timing import Timing
    from campaign.cli import job as jobs
    from campaign.cli.files import bundled
    from campaign.cli.running import carry_out
    from campaign.cli.summary import summarise
    from campaign.errors import OutputError
    from campaign.settings import Environment
    from campaign.simulator import server
    from campaign.simulator.app import SIMULATOR_KEY, Simulator
    from campaign.simulator.faults import Fault, FaultPlan
    from campaign.simulator.provider import Provider

    logs.configure(level=logging.ERROR)
    result_path, ledger_path = folder / "results.csv", folder / LEDGER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_real_ledger(ledger_path)
        for name in ("results.csv", *(f"{LEDGER}{suffix}" for suffix in OF_A_LEDGER)):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; choose another with --folder") from error
    contact_list, config = bundled("sample_data/contacts.csv"), bundled("configs/demo.yaml")
    # One reply gets lost on purpose: the run finds the call in the list and does not dial again.
    simulator = Simulator(
        provider=Provider(speed=SPEED), faults=FaultPlan((Fault("lose_reply", first=7, last=7),))
    )
    output.say(f"Demo: {contact_list.name} against a simulated OneInbox. Nobody is called.")
    with server.running(simulator) as base_url:
        environment = Environment(
            oneinbox_base_url=base_url, oneinbox_api_key=SecretStr(SIMULATOR_KEY), oneinbox_proxy=None
        )
        with jobs.prepare(
            contact_list,
            config,
            name=None,
            ledger=str(ledger_path),
            create_ledger=True,
            environment=environment,
        ) as job:
            report = carry_out(
                job,
                environment,
                result_path,
                amend=False,
                allow_invalid=False,
                ask=False,
                deadline=None,
                ledger_option=str(ledger_path),
                on_terminal=output.is_terminal(),
                timing=Timing(
                    look_min_s=0.3,
                    look_max_s=1.0,
                    results_first_s=0.2,
                    analysis_wait_s=1.0,
                    results_wait_s=2.0,
                    late_first_s=1.0,
                    doubt_look_min_s=0.3,
                    refresh_min_s=1.0,
                ),
            )
    assert report is not None  # noqa: S101 - nobody was asked, so nobody said no
    dials = [dial.to_number for dial in simulator.provider.dials]
    summarise(report, result_path, ledger=str(ledger_path))
    output.say(
        f"the simulator counted {len(dials)} dials of {len(set(dials))} people, although one reply was lost: "
        "that call was found in the list and not dialled again"
    )
    _show_sample(result_path)
    raise typer.Exit(report.exit_code)


def _refuse_real_ledger(path: Path) -> None:
    """Raise UsageError when a campaign of the operator's own stands where the demo would make its ledger."""
    from campaign.errors import UsageError
    from campaign.ledger import campaigns
    from campaign.ledger.ledger import Ledger

    if not path.exists():
        return
    with Ledger.open(str(path)) as ledger:
        names = [record.name for record in ledger.read(campaigns.newest)]
    if own := next((name for name in names if not name.startswith("demo-")), None):
        raise UsageError(f"{path} is the ledger of campaign {own}; choose another place with --folder")


def _show_sample(result_path: Path) -> None:
    """A few rows of the result, as a person would look at them."""
    import csv

    from rich.table import Table

    with result_path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = Table(*SHOWN_COLUMNS, box=None, pad_edge=False)
    for row in rows[:SHOWN_ROWS]:
        table.add_row(*(row[column] for column in SHOWN_COLUMNS))
    conversation = next(row for row in rows if "user:" in row["call_transcript"])
    with output.drawing() as console:
        console.print(table)
        console.print(f"\ntranscript of the call to {conversation['customer_name']}:")
        console.print(conversation["call_transcript"], style="dim")
