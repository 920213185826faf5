"""`campaign numbers`: the phone numbers that calls are made from and come in on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import output
from campaign.cli.carriers import named_carrier
from campaign.cli.options import JsonOption
from campaign.cli.secrets import SecretEnvOption, SecretFileOption, prompt, read_secret
from campaign.cli.setting_up import confirm, talk
from campaign.errors import ApiUnavailableError, UsageError

if TYPE_CHECKING:
    from campaign.models import E164, OfferedNumber, PhoneNumber, Trunk
    from campaign.oneinbox.setup import SetUp

LOOK = "campaign numbers list"
MOST_OFFERS = 100
_DIGITS = range(7, 16)
"""So many has a phone number."""

NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="The number with a plus, or its id.")]
AgentOption = Annotated[
    str | None, typer.Option("--agent", metavar="ID", help="The agent that answers calls to the number.")
]
NameOption = Annotated[
    str | None, typer.Option("--name", metavar="TEXT", help="What you call the number, like Support Line.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

app = typer.Typer(
    help="Phone numbers of this account, and those that can be had.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def search(
    country: Annotated[str, typer.Option("--country", metavar="US", help="As two capital letters.")],
    area_code: Annotated[str | None, typer.Option("--area-code", metavar="415", help="Only these.")] = None,
    contains: Annotated[
        str | None, typer.Option("--contains", metavar="DIGITS", help="Only numbers with these digits.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=MOST_OFFERS, help="How many at most.")
    ] = 10,
    carrier: Annotated[
        str | None, typer.Option("--carrier", metavar="ID", help="Whose numbers: its id, or its name.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show numbers that can be had from a carrier. Nothing is bought or registered."""
    from campaign.contacts import phone

    if country not in phone.all_regions():
        raise UsageError(
            f"--country {output.visible(country)}: no country; write two capital letters, like US"
        )
    _check_digits("--area-code", area_code)
    _check_digits("--contains", contains)

    async def look(account: "SetUp") -> tuple["OfferedNumber", ...]:
        from campaign.oneinbox.errors import Refused, Unsupported

        carrier_id = (await named_carrier(account, carrier)).id if carrier is not None else None
        try:
            return await account.search_numbers(
                country, area_code=area_code, contains=contains, limit=limit, carrier_id=carrier_id
            )
        except Unsupported as error:
            raise ApiUnavailableError(
                f"{error}; take a number that you own from the carrier's console, "
                "and register it with `campaign numbers register`"
            ) from error
        except Refused as error:
            if error.field == "credential_id" and carrier_id is None:
                raise UsageError(
                    "this account searches with a carrier: say which with --carrier; "
                    "`campaign carriers list` shows those that there are"
                ) from error
            raise

    found = talk("searching numbers", look)
    if as_json:
        output.say_json([{"phone_number": offer.number, "place": offer.place} for offer in found])
    elif found:
        output.say_data(
            "\n".join(output.visible("  ".join(filter(None, (each.number, each.place)))) for each in found)
        )
    else:
        output.say("no such number can be had; ask for another area or fewer digits")


@app.command()
def register(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="With a plus: +14155550123.")],
    agent: Annotated[
        str, typer.Option("--agent", metavar="ID", help="The agent that answers calls to the number.")
    ],
    carrier: Annotated[
        str | None,
        typer.Option(
            "--carrier", metavar="ID", help="By the credential of this carrier: its id, or its name."
        ),
    ] = None,
    trunk: Annotated[
        str | None, typer.Option("--trunk", metavar="ADDRESS", help="By this SIP trunk of any carrier.")
    ] = None,
    trunk_user: Annotated[
        str | None, typer.Option("--trunk-user", metavar="USER", help="User name of the trunk.")
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="Whose trunk it is; a stored carrier is known."),
    ] = None,
    name: NameOption = None,
    secret_env: SecretEnvOption = None,
    secret_file: SecretFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register a number with a carrier or a SIP trunk.

    The password of a trunk is asked for.
    """
    wanted = _checked_number(number)
    if (carrier is None) is (trunk is None):
        raise UsageError("numbers register: say --carrier or --trunk, one of them")
    if trunk is None and (trunk_user is not None or secret_env is not None or secret_file is not None):
        raise UsageError("numbers register: only a --trunk has a user and a secret; a carrier's is stored")
    by = _trunk(trunk, trunk_user, provider, secret_env, secret_file) if trunk is not None else None

    async def ask(account: "SetUp") -> "PhoneNumber":
        from campaign.models import NewNumber

        await _refuse_registered(account, wanted)
        if by is not None:
            return await account.register_number(NewNumber(wanted, by, provider or "", agent, name))
        known = await named_carrier(account, carrier or "")
        whose = provider or known.provider
        if whose is None:
            raise UsageError("OneInbox does not tell whose credential this is; say it with --provider")
        return await account.register_number(NewNumber(wanted, known.id, whose, agent, name))

    registered = talk("registering the number", ask, look=LOOK)
    output.say_json(as_data(registered)) if as_json else output.say_data(_line(registered))
    output.say("the number is registered; put it under from_numbers in the campaign file")


@app.command("list")
def list_numbers(as_json: JsonOption = False) -> None:
    """Show the registered numbers."""
    found = talk("listing the numbers", lambda account: account.numbers())
    if as_json:
        output.say_json([as_data(number) for number in found])
    elif found:
        output.say_data("\n".join(map(_line, found)))
    else:
        output.say("no number is registered in this account; `campaign numbers register` registers one")


@app.command()
def show(number: NumberArgument, as_json: JsonOption = False) -> None:
    """Show one registered number."""
    found = _look_up(number)
    if as_json:
        output.say_json(as_data(found))
    else:
        output.say_data(
            "\n".join(
                f"{key.replace('_', ' '):14}{output.visible(_shown(value))}"
                for key, value in as_data(found).items()
            )
        )


@app.command()
def update(
    number: NumberArgument, agent: AgentOption = None, name: NameOption = None, as_json: JsonOption = False
) -> None:
    """Give a number another agent or another name."""
    if agent is None and name is None:
        raise UsageError("numbers update: say what is to change: --agent or --name")
    for option, value in (("--agent", agent), ("--name", name)):
        if value is not None and not value.strip():
            raise UsageError(
                f"numbers update: {option} is empty, which OneInbox does not know; say another one"
            )
    known = _look_up(number)
    changed = talk(
        "changing the number",
        lambda account: account.change_number(known.id, agent_id=agent, name=name),
        look=LOOK,
    )
    output.say_json(as_data(changed)) if as_json else output.say_data(_line(changed))


@app.command()
def remove(number: NumberArgument, yes: YesOption = False) -> None:
    """Take a number out of OneInbox. Campaigns can no longer call from it; the carrier still has it."""
    known = _look_up(number)
    confirm(f"Remove {_line(known)}?", yes=yes)
    talk("removing the number", lambda account: account.remove_number(known.id), look=LOOK)
    output.say("the number is removed; the carrier still has it, and its bill")


def as_data(number: "PhoneNumber") -> dict[str, Any]:
    """For programs."""
    return {
        "id": number.id,
        "phone_number": number.number,
        "name": number.name,
        "provider": number.provider,
        "agent_id": number.agent_id,
        "status": number.status,
        "can_call_out": number.has_outbound_trunk,
    }


def _line(number: "PhoneNumber") -> str:
    told = (
        number.number,
        number.name or "-",
        number.provider or "-",
        f"agent {number.agent_id or '-'}",
        number.status or "",
        number.id,
    )
    return output.visible("  ".join(filter(None, told)))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _check_digits(option: str, text: str | None) -> None:
    """Raise UsageError for what no number can have in it."""
    if text is not None and not (text.isascii() and text.isdecimal()):
        raise UsageError(f"{option}: write digits only, without plus, blanks and letters, like 415")


def _checked_number(text: str) -> "E164":
    from campaign.contacts import phone

    number = phone.of_our_own(text)
    if number is None:
        # What was typed may be somebody's number, which no error text repeats.
        raise UsageError("NUMBER is not a whole phone number; write it with a plus and its country code")
    return number


def _trunk(
    address: str, user: str | None, provider: str | None, secret_env: str | None, secret_file: Path | None
) -> "Trunk":
    from campaign.models import Trunk

    if not address.strip() or not user or not user.strip():
        raise UsageError("numbers register: a --trunk needs its --trunk-user, too")
    if not provider or not provider.strip():
        raise UsageError("numbers register: say whose trunk it is with --provider, like twilio")
    password = read_secret("the password of the trunk", secret_env, secret_file, ask=prompt())
    return Trunk(address.strip(), user.strip(), password)


async def _refuse_registered(account: "SetUp", wanted: "E164") -> None:
    """Raise UsageError when the number is there already, as after a registration whose reply was lost."""
    from campaign.oneinbox.errors import Unsupported

    try:
        known = await account.numbers()
    except Unsupported:
        return
    for number in known:
        if number.number == wanted:
            raise UsageError(
                f"the number is registered already, as {output.visible(number.id)}; "
                "`campaign numbers update` changes its agent and its name"
            )


def _look_up(asked: str) -> "PhoneNumber":
    """The registered number that an argument names. Raises UsageError when there is none."""
    if _lacks_plus(asked):
        # As an id it would stand in a path.
        raise UsageError("NUMBER looks like a phone number; write it with a plus and its country code")
    if not asked.strip().startswith("+"):
        return talk("looking for the number", lambda account: account.number(asked))
    wanted = _checked_number(asked)
    found = talk("looking for the number", lambda account: account.numbers())
    return _only(found, wanted)


def _lacks_plus(text: str) -> bool:
    """Whether it can only be a phone number without its plus: as many digits as numbers have, no letter."""
    digits = sum(map(str.isdecimal, text))
    is_written_like_one = not any(map(str.isalpha, text)) and not text.strip().startswith("+")
    return is_written_like_one and digits in _DIGITS


def _only(numbers: Sequence["PhoneNumber"], wanted: "E164") -> "PhoneNumber":
    matching = [number for number in numbers if number.number == wanted]
    if not matching:
        raise UsageError(f"the number is not registered; `{LOOK}` shows those that are")
    if len(matching) > 1:
        raise UsageError(f"the number is registered more than once; say the id, which `{LOOK}` shows")
    return matching[0]
