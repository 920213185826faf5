"""`campaign rehearse`: the night in virtual time, with synthetic people. Nobody is called."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import costs, output
from campaign.cli.options import (
    ConfigOption,
    DelimiterOption,
    EncodingOption,
    HiddenOption,
    JsonOption,
    LedgerOption,
    ListArgument,
    ListOptions,
    SheetOption,
)
from campaign.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from campaign.rehearsal.night import Forecast

TOP_WAITS = 3


def rehearse(
    contact_list: ListArgument,
    config: ConfigOption,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Start of the night, like 2026-12-01T18:00; default: now."),
    ] = None,
    answer: Annotated[
        float, typer.Option("--answer", metavar="SHARE", help="Share of people who answer.", min=0, max=1)
    ] = 0.7,
    price: Annotated[
        float | None,
        typer.Option("--price", metavar="AMOUNT", help="What a minute costs, to sum it up.", min=0),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="NUMBER", help="The same seed gives the same people.")
    ] = 1,
    ledger: LedgerOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    include_hidden: HiddenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Play the whole run of a list in virtual time.

    It is played three times: as usual, under a storm of 429, and killed twice. The real runner with the real
    rules calls synthetic people who have not been called before. Numbers on suppression lists and in the
    ledger's own are respected.
    """
    import logging

    from campaign import logs
    from campaign.cli import job as jobs
    from campaign.ledger import suppression
    from campaign.rehearsal.night import KILLED, STORM, USUAL, Night
    from campaign.settings import Environment, make_calendar
    from campaign.simulator.people import Behaviour

    # What goes wrong in a rehearsal is no news for anybody's log.
    logs.configure(level=logging.CRITICAL)
    start = _read_start(at)
    options = ListOptions(encoding, delimiter, sheet, include_hidden)
    with jobs.prepare(
        contact_list,
        config,
        name=None,
        ledger=ledger,
        create_ledger=False,
        environment=Environment(),
        options=options,
    ) as job:
        jobs.refuse_broken_list(job, allow_invalid=False)
        # As a run at that time would call it.
        name = job.name if at is None else job.settings.name_on(start.date())
        suppressed = dict(job.suppressed)
        if job.ledger is not None:
            suppressed |= job.ledger.read(suppression.suppressed)
        night = Night(
            intake=job.intake,
            settings=job.settings,
            start=start,
            seed=seed,
            behaviour=Behaviour.answering(answer),
            suppressed=suppressed,
            spoken=job.spoken,
            spoken_by=job.row_agents.spoken,
            longest_call_s=job.longest_call_s,
            calendar=make_calendar(job.settings.hours, start),
        )
        prospect = jobs.plan_costs(job)
        notes = [*job.notes]
        if job.settings.hook is not None:
            notes.append(
                f"the hook {job.settings.hook.name} is not asked; rehearsed as if it allowed every call"
            )
        if job.campaign is not None:
            notes.append(f"the ledger knows campaign {job.name}; rehearsed as if nobody had been called yet")
    forecasts: list[Forecast] = []
    for weather in (USUAL, STORM, KILLED):
        with output.busy(f"rehearsing {weather.name}"):
            usual_s = forecasts[0].seconds if forecasts else 0.0
            forecasts.append(night.pass_under(weather, usual_s=usual_s))
    if as_json:
        nights = [_as_data(forecast, price) for forecast in forecasts]
        costs_ahead = costs.prospect_as_data(prospect)
        output.say_json({"campaign": name, "nights": nights, "prospect": costs_ahead, "notes": notes})
        return
    with output.drawing() as console:
        _show(name, forecasts, price, console)
        for line in costs.prospect_lines(prospect):
            console.print(line, soft_wrap=True)
    for note in notes:
        output.say(f"note: {note}")


def _read_start(text: str | None) -> datetime:
    if text is None:
        return datetime.now().astimezone()
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise UsageError(f"--at {text}: write a time like 2026-12-01T18:00") from error


def _as_data(forecast: "Forecast", price: float | None) -> dict[str, Any]:
    return {
        "weather": forecast.weather,
        "exit_code": int(forecast.exit_code),
        "stopped_because": forecast.stopped_because or None,
        "starts_at": forecast.starts_at.isoformat(),
        "ends_at": forecast.ends_at.isoformat(),
        "seconds": round(forecast.seconds, 1),
        "rows": {status.value: number for status, number in forecast.counts.items()},
        "dispositions": {str(key): number for key, number in forecast.dispositions.items()},
        "calls": forecast.calls,
        "called_twice": forecast.called_twice,
        "minutes": round(forecast.minutes, 1),
        "cost": round(forecast.minutes * price, 2) if price is not None else None,
        "turned_away": forecast.turned_away,
        "waited_seconds": {reason: round(seconds) for reason, seconds in forecast.waited_s.items()},
        "next_due": forecast.next_due.isoformat() if forecast.next_due else None,
    }


def _show(name: str, forecasts: "list[Forecast]", price: float | None, console: "Console") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    for forecast in forecasts:
        table.add_column(forecast.weather, justify="right")
    for label, cells in _lines(forecasts, price):
        table.add_row(label, *cells)
    console.print(
        f"Rehearsal of campaign {name}, from {forecasts[0].starts_at:%Y-%m-%d %H:%M %Z} on", style="bold"
    )
    console.print(table)
    for forecast in forecasts:
        if forecast.stopped_because:
            console.print(f"{forecast.weather}: {forecast.stopped_because}", soft_wrap=True)
    console.print(
        "Nobody was called. The figures hold as far as your people answer and talk like these.",
        soft_wrap=True,
    )


def _lines(forecasts: "list[Forecast]", price: float | None) -> Iterator[tuple[str, list[str]]]:
    """The lines of the table: what they tell, and a cell for each night."""
    yield "ends at", [f"{forecast.ends_at:%H:%M}" for forecast in forecasts]
    yield "after", [output.span(forecast.seconds) for forecast in forecasts]
    yield "calls", [f"{forecast.calls:,}" for forecast in forecasts]
    for disposition in dict.fromkeys(end for forecast in forecasts for end in forecast.dispositions):
        label = "  " + str(disposition).replace("_", " ")
        yield label, [f"{forecast.dispositions.get(disposition, 0):,}" for forecast in forecasts]
    yield "minutes", [f"{forecast.minutes:,.0f}" for forecast in forecasts]
    if price is not None:
        yield "cost", [f"{forecast.minutes * price:,.2f}" for forecast in forecasts]
    yield "called twice", [f"{forecast.called_twice:,}" for forecast in forecasts]
    for status in dict.fromkeys(status for forecast in forecasts for status in forecast.counts):
        label = "rows " + status.replace("_", " ")
        yield label, [f"{forecast.counts.get(status, 0):,}" for forecast in forecasts]
    if any(forecast.next_due for forecast in forecasts):
        yield (
            "next try",
            [
                f"{forecast.next_due.astimezone():%m-%d %H:%M}" if forecast.next_due else "-"
                for forecast in forecasts
            ],
        )
    yield "turned away (429)", [f"{forecast.turned_away:,}" for forecast in forecasts]
    longest = Counter[str]()
    for forecast in forecasts:
        longest.update({reason: round(seconds) for reason, seconds in forecast.waited_s.items()})
    for reason, _ in longest.most_common(TOP_WAITS):
        waits = [forecast.waited_s.get(reason, 0.0) for forecast in forecasts]
        yield f"waited: {reason}", [output.span(wait) if wait else "-" for wait in waits]
