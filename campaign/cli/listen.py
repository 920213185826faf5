"""`campaign listen`: events of calls, which tell a run where to look."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaign.cli import output
from campaign.cli.options import LedgerOption
from campaign.cli.secrets import SecretEnvOption, SecretFileOption

if TYPE_CHECKING:
    from campaign.ledger.ledger import Ledger

PORT = 8790


def listen(
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST", help="Address of this machine to listen on; in front of it belongs what does TLS."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", help="0 takes a free one.", min=0, max=65535)] = PORT,
    signature_header: Annotated[
        str | None,
        typer.Option("--signature-header", metavar="NAME", help="Header with the signature of an event."),
    ] = None,
    secret_env: SecretEnvOption = None,
    secret_file: SecretFileOption = None,
    new_path: Annotated[
        bool,
        typer.Option("--new-path", help="Another path than before, as somebody knows it who should not."),
    ] = False,
    ledger: LedgerOption = None,
) -> None:
    """Receive events of calls, so that a run looks at once.

    Runs of this ledger look there then, and elsewhere more rarely.
    """
    import anyio

    from campaign import logs
    from campaign.errors import UsageError
    from campaign.ledger.ledger import Ledger
    from campaign.listener import app, service, signature
    from campaign.listener.intake import Intake
    from campaign.logs import hide
    from campaign.settings import Environment, ledger_url

    secret = _secret(secret_env, secret_file)
    if signature_header is not None and secret is None:
        raise UsageError("--signature-header: nothing is checked without --secret-env or --secret-file")
    logs.configure()
    with Ledger.open(ledger_url(ledger, Environment())) as opened, opened.listening() as check:
        token = own_token(opened, renew=new_path)
        hide(token)
        intake = Intake()
        listener = app.Listener(
            intake, token=token, secret=secret, header=signature_header or signature.HEADER
        )
        with service.listen(host, port) as door:
            address, own_port = door.getsockname()[:2]
            if is_open_to_others(address):
                output.say(
                    f"--host {host}: others reach this port, and path and events travel in clear there; "
                    "listen on 127.0.0.1 behind what does TLS"
                )
            output.say(f"listening on {host} port {own_port}; Ctrl-C ends it")
            if output.is_terminal():
                output.say_data(f"http://{host}:{own_port}{app.PATH}{token}")
            output.say(
                "OneInbox posts there when it is told to: `campaign webhooks add https://HOST`, where HOST "
                "is what leads to this port from outside"
            )
            anyio.run(lambda: service.serve(listener, intake, door, opened, check=check))


def is_open_to_others(address: str) -> bool:
    """Whether an address that is listened on is reached from other machines."""
    from ipaddress import IPv6Address, ip_address

    listened_on = ip_address(address)
    if isinstance(listened_on, IPv6Address) and listened_on.ipv4_mapped is not None:
        return not listened_on.ipv4_mapped.is_loopback
    return not listened_on.is_loopback


def own_token(ledger: "Ledger", *, renew: bool = False) -> str:
    """The part of the path that nobody can guess, the same for every listener of this ledger."""
    import secrets
    from datetime import UTC, datetime

    from campaign.ledger import hints

    new = secrets.token_urlsafe(32)
    return ledger.write(hints.token, new=new, now=datetime.now(UTC), renew=renew).result()


def _secret(variable: str | None, file: Path | None) -> str | None:
    from campaign.cli.secrets import read_secret

    if variable is None and file is None:
        return None
    return read_secret("the secret of the webhook", variable, file).get_secret_value()
