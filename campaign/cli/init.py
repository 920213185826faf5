"""`campaign init`: a commented campaign file and a contact list to start from."""

from pathlib import Path
from typing import Annotated

import typer

from campaign.cli import output
from campaign.errors import OutputError

_LIST_TEMPLATE = """phone,customer_name,order_id
+12025550143,Dana Example,A-17
+12025550144,Lee Example,A-18
"""


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write.", show_default="this folder")] = Path(),
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of the campaign file instead.")
    ] = False,
) -> None:
    """Write a commented campaign file, a contact list template and a folder for results."""
    from campaign.cli.files import bundled

    if schema:
        from campaign.settings import CampaignSettings

        output.say_json(CampaignSettings.model_json_schema())
        return
    texts = {
        folder / "campaign.yaml": bundled("configs/one-off.yaml").read_text(encoding="utf-8"),
        folder / "contacts.csv": _LIST_TEMPLATE,
    }
    for path in texts:
        if path.exists():
            raise OutputError(f"{path} is there already; move it away, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results").mkdir(exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    config, contacts = texts
    output.say(
        f"wrote {config} and {contacts}. Next: set agent_id and from_numbers, fill the list, then look with\n"
        f" `campaign validate {contacts} --config {config}` and "
        f"`campaign plan {contacts} --config {config}`"
    )
