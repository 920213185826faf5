"""`campaign init`: a campaign file to start from, written for a list where there is one already."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from campaign.cli import output
from campaign.cli.options import DelimiterOption, EncodingOption, HiddenOption, ListOptions, SheetOption
from campaign.errors import OutputError

_LIST_TEMPLATE = """phone,customer_name,order_id
+12025550143,Dana Example,A-17
+12025550144,Lee Example,A-18
"""


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to write.", show_default="this folder")
    ] = Path(),
    from_list: Annotated[
        Path | None,
        typer.Option("--from", metavar="LIST", help="Write the campaign file for the columns of this list."),
    ] = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    include_hidden: HiddenOption = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of the campaign file instead.")
    ] = False,
) -> None:
    """Write a commented campaign file and a list to start from.

    There will be a folder for results as well. With --from the file is written for a list that you have.
    """
    from campaign.cli.files import bundled

    if schema:
        from campaign.settings import CampaignSettings

        output.say_json(CampaignSettings.model_json_schema())
        return
    config = folder / "campaign.yaml"
    template = bundled("configs/one-off.yaml").read_text(encoding="utf-8")
    if from_list is None:
        contact_list = folder / "contacts.csv"
        made = _write(folder, {config: template, contact_list: _LIST_TEMPLATE})
        output.say(f"wrote {made}")
        steps = f"set agent_id and from_numbers in {config}, fill the list"
    else:
        from campaign.cli import mapping
        from campaign.contacts.recognition import recognise

        contact_list = from_list
        options = ListOptions(encoding, delimiter, sheet, include_hidden).for_reading()
        found = recognise(from_list, options)
        section, questions = mapping.contacts_section(found)
        template = template.replace("contacts.csv --config campaign.yaml", _arguments(from_list, config))
        made = _write(folder, {config: mapping.put_into(template, section)})
        output.say(f"wrote {made}: numbers from column {found.phone!r}, {len(found.variables)} variables")
        for question in questions:
            output.say(f"QUESTION: {question}")
        answers = "answer the questions and " if questions else ""
        steps = f"{answers}set agent_id and from_numbers in {config}"
    output.say(f"Next: {steps}, then look:")
    for command in ("validate", "plan"):
        output.say(f"  campaign {command} {_arguments(contact_list, config)}")


def _arguments(contact_list: Path, config: Path) -> str:
    """What every command about the list needs, quoted for a shell, and in one line whatever its name is."""
    return output.visible(f"{shlex.quote(str(contact_list))} --config {shlex.quote(str(config))}")


def _write(folder: Path, texts: Mapping[Path, str]) -> str:
    """Make the files, and a folder for results where there is none. Returns what was made."""
    results = folder / "results"
    for path in texts:
        if path.exists():
            raise OutputError(f"{path} is there already; move it away, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = [*map(str, texts)] + ([] if results.is_dir() else [f"{results}/"])
        results.mkdir(exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; name another folder") from error
    return ", ".join(made)
