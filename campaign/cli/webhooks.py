"""`campaign webhooks`: where OneInbox posts the events of this account's calls."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from campaign.cli import output
from campaign.cli.kept_secret import reserved
from campaign.cli.known_ledger import ledger_if_any
from campaign.cli.options import JsonOption, LedgerOption
from campaign.cli.setting_up import confirm, talk
from campaign.errors import ApiUnavailableError, UsageError

if TYPE_CHECKING:
    from campaign.oneinbox.setup import SetUp
    from campaign.oneinbox.webhooks import Delivery, Webhook

LOOK = "campaign webhooks list"
SHOWN_DELIVERIES = 10

WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, or its name.")]

app = typer.Typer(
    help="Where OneInbox posts the events of calls.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def add(
    where: Annotated[
        str, typer.Argument(metavar="https://HOST", help="What leads to `campaign listen` from outside.")
    ],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What you call it.")] = "campaign",
    event: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="NAME", help="Instead of the usual events; may be repeated."),
    ] = None,
    keep_secret: Annotated[
        Path | None,
        typer.Option("--keep-secret", metavar="FILE", help="New file for the secret that signs its events."),
    ] = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have events posted to the listener of this ledger."""
    from campaign.cli.listen import own_token
    from campaign.ledger.ledger import Ledger
    from campaign.listener.app import PATH
    from campaign.logs import hide
    from campaign.oneinbox import events
    from campaign.oneinbox.errors import Refused
    from campaign.oneinbox.webhooks import Webhooks, is_about_events
    from campaign.settings import Environment, ledger_url

    if not name.strip():
        raise UsageError("webhooks add: --name must not be empty")
    base = checked_address(where)
    environment = Environment()
    environment.check_webhook(base, where="webhooks add")
    with Ledger.open(ledger_url(ledger, environment)) as opened:
        token = own_token(opened)
    hide(token)
    url = f"{base}{PATH}{token}"

    async def register(account: "SetUp") -> "Webhook":
        webhooks = Webhooks(account)
        # Two of one address would have every event posted twice.
        if any(known.url == url for known in await webhooks.all()):
            raise UsageError(
                f"webhooks add: events are posted to the listener at {base} already; `{LOOK}` shows it"
            )
        try:
            return await webhooks.add(name.strip(), url, event or events.ALL)
        except Refused as error:
            if event or not is_about_events(error):
                raise
        # An older generation knows fewer, and refuses all for one.
        return await webhooks.add(name.strip(), url, events.FEWEST)

    # A secret is told once, so there has to be a place for it.
    with reserved(keep_secret) as place:
        added = talk("adding the webhook", register, look=LOOK)
        if added.secret is not None and place is not None:
            place.keep(added.secret.get_secret_value())
    output.say_json(as_data(added, url)) if as_json else output.say_data(_line(added, url))
    output.say(_told_of_secret(added, keep_secret))


@app.command("list")
def list_webhooks(ledger: LedgerOption = None, as_json: JsonOption = False) -> None:
    """Show where events are posted.

    The parts of the addresses that nobody should know are left out.
    """
    found = talk("listing the webhooks", lambda account: _webhooks(account))
    own = _own_path(ledger)
    if as_json:
        output.say_json([as_data(webhook, own) for webhook in found])
    elif found:
        output.say_data("\n".join(_line(webhook, own) for webhook in found))
    else:
        output.say("no events are posted; `campaign webhooks add` registers the listener of this ledger")


@app.command("test")
def try_out(webhook: WebhookArgument, as_json: JsonOption = False) -> None:
    """Have a test event posted, and show what was delivered lately."""
    from campaign.oneinbox.errors import Unsupported
    from campaign.oneinbox.webhooks import Webhooks

    async def send_and_look(account: "SetUp") -> "tuple[Delivery, Sequence[Delivery]]":
        webhooks = Webhooks(account)
        known = await named_webhook(account, webhook)
        outcome = await webhooks.test(known.id)
        try:
            return outcome, await webhooks.deliveries(known.id, limit=SHOWN_DELIVERIES)
        except Unsupported:
            return outcome, ()

    outcome, deliveries = talk("testing the webhook", send_and_look)
    newest = deliveries[0] if deliveries else outcome
    status = outcome.status or newest.status
    if as_json:
        output.say_json(
            {"status": status, "deliveries": [delivery_as_data(delivery) for delivery in deliveries]}
        )
    elif deliveries:
        output.say_data("\n".join(map(_delivery_line, deliveries)))
    if status == "failed":
        why = outcome.error or newest.error or "no reason was told"
        answered = outcome.response_status or newest.response_status
        raise ApiUnavailableError(
            f"the test event was not delivered ({f'HTTP {answered}' if answered else output.visible(why)}); "
            "see whether `campaign listen` runs and what leads to it from outside"
        )
    output.say(
        "the test event was delivered"
        if status == "succeeded"
        else "a test event is on its way; OneInbox does not say what came of it, `campaign listen` does"
    )


@app.command()
def remove(
    webhook: WebhookArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Have no more events posted there. Runs look at their calls by themselves then."""
    from campaign.oneinbox.webhooks import Webhooks

    known = talk("looking for the webhook", lambda account: named_webhook(account, webhook))
    confirm(f"Remove the webhook {_line(known, '')}?", yes=yes)
    talk("removing the webhook", lambda account: Webhooks(account).remove(known.id), look=LOOK)
    output.say(f"the webhook {output.visible(known.name or known.id)} is removed")


async def named_webhook(account: "SetUp", asked: str) -> "Webhook":
    """The webhook of this id, else the only one of this name. Raises UsageError, and as `Webhooks.all`."""
    webhooks = await _webhooks(account)
    found = [one for one in webhooks if one.id == asked] or [one for one in webhooks if one.name == asked]
    if len(found) > 1:
        raise UsageError(f"several webhooks have this name; say the id, which `{LOOK}` shows")
    if not found:
        raise UsageError(f"there is no such webhook; `{LOOK}` shows those that there are")
    return found[0]


async def _webhooks(account: "SetUp") -> "tuple[Webhook, ...]":
    from campaign.oneinbox.webhooks import Webhooks

    return await Webhooks(account).all()


def checked_address(text: str) -> str:
    """What stands in front of the listener's path. Raises UsageError unless it is https, or this machine."""
    from campaign.settings import checked_url

    try:
        return checked_url(text, like="https://calls.example.com", without="@#?").rstrip("/")
    except ValueError as error:
        raise UsageError(f"webhooks add: {error}") from error


def masked(url: str | None) -> str:
    """An address without what nobody should know: the last part of its path, a password and a query."""
    if not url:
        return "-"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "..."
    path, _, last = parts.path.rpartition("/")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}/{'...' if last else ''}"


def as_data(webhook: "Webhook", own: str) -> dict[str, Any]:
    """For programs."""
    return {
        "id": webhook.id,
        "name": webhook.name,
        "url": masked(webhook.url),
        "events": list(webhook.events),
        "status": webhook.status,
        "is_own": _is_own(webhook, own),
    }


def delivery_as_data(delivery: "Delivery") -> dict[str, Any]:
    """For programs."""
    return {
        "event": delivery.event,
        "status": delivery.status,
        "attempt": delivery.attempt,
        "response_status": delivery.response_status,
        "error": delivery.error,
        "created_at": delivery.created_at.isoformat() if delivery.created_at else None,
    }


def _own_path(ledger: str | None) -> str:
    """The path of this ledger's listener; empty when it has none yet."""
    from campaign.ledger import hints
    from campaign.listener.app import PATH

    with ledger_if_any(ledger) as opened:
        token = opened.read(hints.known_token) if opened is not None else None
    return f"{PATH}{token}" if token else ""


def _is_own(webhook: "Webhook", own: str) -> bool:
    return bool(own) and (webhook.url or "").endswith(own)


def _line(webhook: "Webhook", own: str) -> str:
    whose = "  this ledger's listener" if _is_own(webhook, own) else ""
    parts = (webhook.id, webhook.name or "-", webhook.status or "-", masked(webhook.url))
    return output.visible("  ".join(parts)) + whose


def _delivery_line(delivery: "Delivery") -> str:
    when = f"{delivery.created_at:%Y-%m-%d %H:%M:%S} UTC" if delivery.created_at else "-"
    answered = f"HTTP {delivery.response_status}" if delivery.response_status else delivery.error or "-"
    attempt = f"attempt {delivery.attempt}" if delivery.attempt else "-"
    return output.visible("  ".join((when, delivery.event or "-", delivery.status or "-", attempt, answered)))


def _told_of_secret(added: "Webhook", kept: Path | None) -> str:
    if added.secret is None:
        return "the webhook is registered; OneInbox has told no secret by which its events could be checked"
    if kept is None:
        return (
            "the webhook is registered, and its secret was not kept: to have signatures checked, remove it "
            "and add it again with --keep-secret FILE"
        )
    return f"the webhook is registered; `campaign listen --secret-file {kept}` checks its signatures"
