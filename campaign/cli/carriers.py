"""`campaign carriers`: the credentials of carriers that OneInbox keeps for this account."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import output
from campaign.cli.options import JsonOption
from campaign.cli.secrets import SecretEnvOption, SecretFileOption, prompt, read_secret
from campaign.cli.setting_up import confirm, talk
from campaign.errors import UsageError

if TYPE_CHECKING:
    from campaign.models import Carrier
    from campaign.oneinbox.setup import SetUp

LOOK = "campaign carriers list"
PLACES = "the prompt, --secret-env or --secret-file"

_WORD = re.compile("[A-Z]*[a-z]+|[A-Z]+")
_SECRET_WORDS = frozenset({"key", "keys", "pass", "pwd", "bearer"})
_SECRET_PARTS = (
    *("secret", "token", "passw", "passphrase", "credential", "authorization"),
    *("apikey", "accesskey", "privatekey"),
)
"""In keys whose words are run together, too, as in `authtoken`."""
_IDS = frozenset({"id", "sid"})

CarrierArgument = Annotated[str, typer.Argument(metavar="CARRIER", help="Its id, or its name.")]

app = typer.Typer(
    help="Carriers whose credentials OneInbox keeps for this account.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    provider: Annotated[
        str, typer.Option("--provider", metavar="NAME", help="twilio, telnyx, tenyx or another carrier.")
    ],
    account_sid: Annotated[
        str | None, typer.Option("--account-sid", metavar="SID", help="Account SID of a Twilio account.")
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", metavar="KEY=VALUE", help="What else the carrier wants; may be repeated."),
    ] = None,
    secret_env: SecretEnvOption = None,
    secret_file: SecretFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store a carrier's auth token or API key. It is never shown again; without options it is asked for."""
    from campaign.models import NewCarrier

    more = _metadata(account_sid, metadata or [])
    if not name.strip() or not provider.strip():
        raise UsageError("carriers add: NAME and --provider must not be empty")
    secret = read_secret("the auth token or API key of the carrier", secret_env, secret_file, ask=prompt())
    if any(secret.get_secret_value() in value for value in more.values()):
        raise UsageError(
            "carriers add: --account-sid or --metadata holds the secret itself, where others of this machine "
            f"see it; leave it to {PLACES}, and give the carrier a new one"
        )
    carrier = NewCarrier(name.strip(), provider.strip(), secret, more)

    async def store(account: "SetUp") -> "Carrier":
        # Two credentials of one name cannot be told apart, least of all after a reply that was lost.
        if any(known.name == carrier.name for known in await account.carriers()):
            raise UsageError(
                f"carriers add: there is a carrier {output.visible(carrier.name)} already; "
                "choose another name, or remove that one first"
            )
        return await account.add_carrier(carrier)

    added = talk("storing the carrier", store, look=LOOK)
    output.say_json(as_data(added)) if as_json else output.say_data(_line(added))
    output.say(
        f"the carrier is stored; numbers are registered with --carrier {output.visible(added.id)}, "
        "and its secret is not shown again"
    )


@app.command("list")
def list_carriers(as_json: JsonOption = False) -> None:
    """Show the stored carriers, without what they hold."""
    found = talk("listing the carriers", lambda account: account.carriers())
    if as_json:
        output.say_json([as_data(carrier) for carrier in found])
    elif found:
        output.say_data("\n".join(map(_line, found)))
    else:
        output.say("no carrier is stored in this account; `campaign carriers add` stores one")


@app.command()
def remove(
    carrier: CarrierArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget a carrier's credential. Calls from numbers that were registered with it may fail then."""
    known = talk("looking for the carrier", lambda account: named_carrier(account, carrier))
    confirm(f"Remove the carrier {_line(known)}?", yes=yes)
    talk("removing the carrier", lambda account: account.remove_carrier(known.id), look=LOOK)
    output.say(f"the carrier {output.visible(known.name or known.id)} is removed")


async def named_carrier(account: "SetUp", asked: str) -> "Carrier":
    """The carrier of this id, else the only one of this name. Raises UsageError, and as `SetUp.carriers`."""
    carriers = await account.carriers()
    found = [one for one in carriers if one.id == asked] or [one for one in carriers if one.name == asked]
    if len(found) > 1:
        raise UsageError(f"several carriers have this name; say the id, which `{LOOK}` shows")
    if not found:
        raise UsageError(f"there is no such carrier; `{LOOK}` shows those that there are")
    return found[0]


def as_data(carrier: "Carrier") -> dict[str, Any]:
    """For programs."""
    return {
        "id": carrier.id,
        "name": carrier.name,
        "provider": carrier.provider,
        "created_at": carrier.created_at.isoformat() if carrier.created_at else None,
    }


def _line(carrier: "Carrier") -> str:
    return output.visible("  ".join((carrier.id, carrier.name or "-", carrier.provider or "-")))


def _metadata(account_sid: str | None, pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key or not value or key in found:
            # What was typed may be a secret, which no error repeats.
            raise UsageError("--metadata: write KEY=VALUE, each key once; secrets do not belong there")
        if _names_a_secret(key):
            raise UsageError(
                "--metadata: a key names a secret, and others of this machine see arguments; "
                f"secrets belong into {PLACES}"
            )
        found[key] = value
    if account_sid is None:
        return found
    if "account_sid" in found:
        raise UsageError("--account-sid and --metadata account_sid=...: say one of them")
    return {"account_sid": account_sid, **found}


def _names_a_secret(key: str) -> bool:
    """Whether a key says that its value is a secret. Ids of secrets are none: `api_key_sid`."""
    words = [word.lower() for word in _WORD.findall(key)]
    if words and words[-1] in _IDS:
        return False
    run_together = "".join(words)
    return not _SECRET_WORDS.isdisjoint(words) or any(part in run_together for part in _SECRET_PARTS)
