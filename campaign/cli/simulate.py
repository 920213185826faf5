"""`campaign simulate`: the OneInbox API with synthetic people, on a loopback port."""

from pathlib import Path
from typing import Annotated

import typer

from campaign.cli import output
from campaign.errors import UsageError


def simulate(
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Port on this machine; 0 takes a free one.", min=0, max=65535)
    ] = 8765,
    generation: Annotated[str, typer.Option(metavar="GENERATION", help="Wire format: v1, v2 or v3.")] = "v3",
    envelope: Annotated[
        str, typer.Option(metavar="SHAPE", help="Shape of lists: items, calls, data or array.")
    ] = "items",
    cursor: Annotated[bool, typer.Option(help="Whether there is a cursor list (v3).")] = True,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="The same seed gives the same people.")] = 1,
    speed: Annotated[
        float, typer.Option(metavar="FACTOR", help="Simulated seconds per real second.", min=0.01)
    ] = 1.0,
    answer: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of people who answer.", min=0, max=1)
    ] = 0.7,
    quota: Annotated[
        int | None, typer.Option(metavar="CALLS", help="Calls until the credit is used up.", min=0)
    ] = None,
    daily_quota: Annotated[
        int | None, typer.Option(metavar="CALLS", help="Calls of one day, from 00:00 UTC on.", min=0)
    ] = None,
    over_quota: Annotated[
        int, typer.Option(metavar="STATUS", help="Status that answers a call beyond it.", min=400, max=499)
    ] = 402,
    registered_only: Annotated[
        bool, typer.Option("--registered-only", help="Refuse calls from numbers that were not registered.")
    ] = False,
    webhook_secret: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Signs the events that go to webhooks.")
    ] = None,
    recordings: Annotated[
        bool, typer.Option("--recordings", help="Record the calls that are answered (v2, v3).")
    ] = False,
    link_life: Annotated[
        float, typer.Option(metavar="SECONDS", help="Seconds until the link to a recording expires.", min=0)
    ] = 14_400.0,
    list_lag: Annotated[
        float, typer.Option(metavar="SECONDS", help="Seconds until a call appears in lists.", min=0)
    ] = 0.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FAULT",
            help="KIND[=VALUE][@ENDPOINT][%PERCENT][#FIRST[-LAST]][~DIGITS], like lose_reply%5 or "
            "throttle=3#20; may be repeated.",
        ),
    ] = None,
    dial_log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append every real dial as a JSON line.")
    ] = None,
) -> None:
    """Serve the OneInbox API with synthetic people. Nobody is called."""
    from campaign.simulator import server, wire
    from campaign.simulator.app import SIMULATOR_KEY, Simulator
    from campaign.simulator.faults import Fault, FaultPlan
    from campaign.simulator.people import Behaviour
    from campaign.simulator.provider import Provider

    if generation not in wire.GENERATIONS:
        raise UsageError(f"--generation {generation}: there are {', '.join(wire.GENERATIONS)}")
    if envelope not in wire.ENVELOPES:
        raise UsageError(f"--envelope {envelope}: there are {', '.join(wire.ENVELOPES)}")
    try:
        faults = tuple(Fault.parse(text) for text in fault or [])
    except ValueError as error:
        raise UsageError(f"--fault {error}") from error
    simulator = Simulator(
        provider=Provider(
            behaviour=Behaviour.answering(answer),
            seed=seed,
            speed=speed,
            list_lag_s=list_lag,
            link_life_s=link_life,
            dial_log=dial_log,
            daily_quota=daily_quota,
            over_quota=over_quota,
        ),
        faults=FaultPlan(faults, seed=seed),
        generation=generation,
        envelope=envelope,
        has_cursor=cursor,
        quota=quota,
        registered_only=registered_only,
        webhook_secret=webhook_secret,
        records=recordings,
    )
    listener = server.listen(port)
    output.say(
        "OneInbox simulator: nobody is called. In another terminal:\n"
        f"  export ONEINBOX_BASE_URL={server.url_of(listener)} ONEINBOX_API_KEY={SIMULATOR_KEY}\n"
        "Ctrl-C ends it."
    )
    server.serve(simulator, listener)
