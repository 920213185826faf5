"""Intake: a list file in, every row as a contact or as a rejected row with its reason out."""

from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path

from campaign.contacts import columns, copies, phone, values
from campaign.contacts.columns import OWN_NAMES, Columns
from campaign.contacts.files.naming import quoted
from campaign.contacts.files.reading import Record, open_list
from campaign.contacts.files.source import ReadOptions
from campaign.contacts.phone import NumberRules
from campaign.errors import ConfigError, ListError
from campaign.models import Intake
from campaign.settings import CampaignSettings, ContactSettings, HourSettings

CHUNK_ROWS = 20_000
SAMPLE_ROWS = 200
"""Rows by which a column is recognised."""


def take_in(
    path: Path,
    settings: CampaignSettings,
    *,
    options: ReadOptions | None = None,
    spoken: Sequence[str] = (),
) -> Intake:
    """Read and check a whole contact list. Nobody is called before every row has been seen.

    Args:
        path: The list; `-` is standard input.
        settings: The campaign file.
        options: What the operator says about the file.
        spoken: Variables that the agent says. One that the list does not have is told in the intake.

    Raises:
        InputMissingError: There is no such file.
        ListError: The file as a whole is unusable, or a column is missing.
        ConfigError: A from number is not a number of any country, or a value for all calls is unfit to be
            spoken.
    """
    refuse_unfit(settings)
    return take_in_for(
        path,
        settings.contacts,
        allowed_countries(settings),
        options=options,
        spoken=spoken,
        given=frozenset(name for name, value in settings.call.variables.items() if value.strip()),
        pool=settings.from_numbers,
        hours=settings.hours,
        agent_id=settings.agent_id,
    )


def take_in_for(
    path: Path,
    settings: ContactSettings,
    countries: frozenset[str],
    *,
    options: ReadOptions | None = None,
    spoken: Sequence[str] = (),
    given: Collection[str] = (),
    pool: Sequence[str] | None = None,
    hours: HourSettings | None = None,
    agent_id: str | None = None,
) -> Intake:
    """Like `take_in`, for a list without a whole campaign file.

    Args:
        path: The list.
        settings: How to read it.
        countries: The countries that may be called.
        options: What the operator says about the file.
        spoken: Variables that the campaign's agent says.
        given: Variables that have a value for every call, so that they need no column.
        pool: The from numbers; None where nobody knows them.
        hours: Its profile may demand the state and the consent of people.
        agent_id: The campaign's agent; None where nobody knows it.
    """
    profile = hours.rules if hours is not None else None
    wanted = columns.NOTHING_WANTED
    if profile is not None:
        wanted = columns.Wanted(state=bool(profile.states), consent=profile.consent)
    options = options or ReadOptions()
    rules = NumberRules(countries, settings.default_region, frozenset(settings.block_types))
    with open_list(path, options) as opened:
        file = copies.restored_file(opened)
        sample = list(islice(file.records, SAMPLE_ROWS))
        name = file.source.name
        try:
            where = columns.find(
                file.headings,
                settings,
                wanted=wanted,
                first_row=sample[0] if sample else None,
                looks_like_phone=lambda at: _is_of_phones(sample, at, rules),
            )
        except ListError as error:
            raise ListError(f"{name}: {error}") from error
        if unmet := columns.unmet(
            settings.required, where, file.headings, given=given, because="contacts.required has"
        ):
            raise ListError(f"{name}: {unmet}")
        if wanted.consent and where.consent is None and settings.consent_basis is None:
            raise ListError(
                f"{name}: the profile of hours demands consent, and the list has no column consent; name the "
                "column with contacts.consent, or record one basis for everybody with contacts.consent_basis"
            )
        unspoken = columns.unmet(spoken, where, file.headings, given=given, because="the agent says")
        # pandas takes longer to load than most unusable files take to be refused.
        from campaign.contacts import across
        from campaign.contacts.checker import Checker

        checker = Checker(
            file.headings,
            where,
            rules,
            frozenset((*settings.required, *spoken)),
            spoken=frozenset(spoken).difference(settings.required),
            agent_id=agent_id,
            default_timezone=settings.default_timezone,
            pool=pool,
        )
        records = chain(sample, file.records)
        while chunk := list(islice(records, CHUNK_ROWS)):
            checker.check(chunk)
        rows = checker.rows
        if not rows:
            raise ListError(f"{name}: there is a header, but no row below it; add the people to call")
        across.refuse_nameless(name, rows, where, file.headings)
        rounded = across.refuse_rounded(name, rows)
        across.mark_duplicates(rows, where, file.headings)
        return Intake(
            path=name,
            headers=tuple(file.headings[at] for at in where.kept),
            phone_column=file.headings[where.phone],
            rows=rows,
            content=file.source.fingerprint,
            fingerprint=_fingerprint(
                file.source.fingerprint, settings, countries, options, wanted, _own_mark(where, pool)
            ),
            notes=(
                *file.source.notes,
                *_column_notes(settings, where, file.headings),
                *_notes(settings, national=checker.national, rounded=rounded),
            ),
            repairs=dict(checker.repairs.most_common()),
            delimiter=file.source.delimiter,
            unspoken=f"{name}: {unspoken}" if unspoken and checker.for_campaigns_agent else "",
        )


def refuse_unfit(settings: CampaignSettings) -> None:
    """Raise ConfigError when a value that is sent with every call is unfit to be spoken."""
    for name, value in settings.call.variables.items():
        if problem := values.objections([value], name=name, required=False).get(0):
            raise ConfigError(f"call.variables.{name}: {problem.reason}")


def allowed_countries(settings: CampaignSettings) -> frozenset[str]:
    """The countries that may be called: those of the campaign file, else those of the from numbers."""
    if settings.contacts.countries is not None:
        return frozenset(settings.contacts.countries)
    regions = phone.regions_of(settings.from_numbers)
    if not regions:
        raise ConfigError("from_numbers: of no country that is known; set contacts.countries")
    return regions


def _is_of_phones(records: Sequence[Record], column: int, rules: NumberRules) -> bool:
    return phone.share([cells[column] for _, cells in records], rules) > 0.5


def _fingerprint(
    of_file: str,
    settings: ContactSettings,
    countries: frozenset[str],
    options: ReadOptions,
    wanted: columns.Wanted,
    own_mark: str,
) -> str:
    """One mark for the file and for how it is read: other rules make other people of the same list."""
    # Keys that came later count where they say something, so that older campaigns know their lists.
    later = (*OWN_NAMES, "state", "consent", "agent_id")
    silent = {name for name in later if getattr(settings, name) is None}
    reading = settings.model_dump_json(exclude={"max_invalid", "consent_basis", "consent_values", *silent})
    reading += ",".join(sorted(countries)) + repr(options) + own_mark
    if wanted != columns.NOTHING_WANTED:
        reading += repr(wanted)
    return sha256(f"{of_file} {reading}".encode()).hexdigest()


def _own_mark(where: Columns, pool: Sequence[str] | None) -> str:
    """How what rows say of their own calls is read; empty where they say nothing of the kind."""
    places = (where.not_before, where.valid_until, where.from_number)
    if places == (None, None, None):
        return ""
    return repr((places, tuple(pool or ()) if where.from_number is not None else ()))


def _column_notes(settings: ContactSettings, where: Columns, headings: Sequence[str]) -> Iterator[str]:
    """What the operator should know about the choice of the phone column."""
    others = columns.other_phones(headings, where)
    if others and not settings.to_number:
        yield (
            f"the numbers in column {quoted(headings[where.phone])} are dialled, "
            f"not those in {', '.join(map(quoted, others))}; contacts.to_number names another column"
        )


def _notes(settings: ContactSettings, *, national: int, rounded: int) -> Iterator[str]:
    """What the operator should know about the numbers as a whole."""
    if national:
        yield f"numbers without a plus, read as numbers of {settings.default_region}: {national:,}"
    if rounded:
        yield f"numbers that end in four zeros or more: {rounded:,}; compare some of them with their source"
