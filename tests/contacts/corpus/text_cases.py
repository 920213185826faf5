"""Cases of text that is read: marks, encodings, delimiters, blanks, and cells that stay what they are."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from campaign.contacts.files.source import ReadOptions
from campaign.models import RESULT_COLUMNS
from tests.contacts.corpus.cases import GOOD, OTHER, Case, Readable
from tests.contacts.corpus.hazards import Hazard

PLAIN = f"phone,name\n{GOOD},Zoë\n{OTHER},Bob\n"
BOTH = {2: GOOD, 3: OTHER}
NAMED = {2: (GOOD, "Zoë"), 3: (OTHER, "Bob")}


def linked(path: Path) -> None:
    """A link to the list, which stands in the next folder up."""
    target = path.parent.parent / f"{path.parent.name}-target.csv"
    target.write_text(PLAIN, encoding="utf-8")
    path.symlink_to(target)


def cases() -> Iterator[Case]:
    """All cases of text that is read."""
    yield from _encodings()
    yield from _delimiters()
    yield from _lines()
    yield from _cells()
    yield from _columns()


def _encodings() -> Iterator[Case]:
    plain = Readable(BOTH, NAMED)
    marked_twice = codecs.BOM_UTF8 * 2 + PLAIN.encode()
    little, big = (
        mark + PLAIN.encode(codec)
        for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
    )
    yield Case("UTF-8", Hazard.ENCODING, PLAIN, plain)
    yield Case("UTF-8 with a mark", Hazard.MARK, codecs.BOM_UTF8 + PLAIN.encode(), plain)
    yield Case("UTF-8 with two marks", Hazard.MARK, marked_twice, plain)
    yield Case("UTF-16 LE with a mark", Hazard.OTHER_ENCODING, little, plain)
    yield Case("UTF-16 BE with a mark", Hazard.OTHER_ENCODING, big, plain)
    for name, codec in (("cp1252", "cp1252"), ("unmarked UTF-16", "utf-16-le"), ("Mac Roman", "mac-roman")):
        content, options = PLAIN.encode(codec), ReadOptions(encoding=codec)
        yield Case(f"{name} as named", Hazard.OTHER_ENCODING, content, plain, options=options)


def _delimiters() -> Iterator[Case]:
    for name, delimiter in (("semicolons", ";"), ("tabs", "\t"), ("bars", "|")):
        content = PLAIN.replace(",", delimiter)
        yield Case(name, Hazard.SEMICOLONS, content, Readable(BOTH, NAMED, delimiter=delimiter))
    semicolons = PLAIN.replace(",", ";")
    read = Readable(BOTH, NAMED, delimiter=";")
    yield Case("a sep= line", Hazard.DELIMITER, "sep=;\n" + semicolons, read)
    yield Case(
        "a .txt with tabs",
        Hazard.DELIMITER,
        PLAIN.replace(",", "\t"),
        Readable(BOTH, NAMED, delimiter="\t"),
        ".txt",
    )
    yield Case(
        "a caret, as named",
        Hazard.DELIMITER,
        PLAIN.replace(",", "^"),
        Readable(BOTH, NAMED, delimiter="^"),
        options=ReadOptions(delimiter="^"),
    )
    yield Case(
        "commas in the cells of a list with semicolons",
        Hazard.DELIMITER,
        f"phone;name, first\n{GOOD};Zoë\n{OTHER};Bo, b\n",
        Readable(BOTH, {3: (OTHER, "Bo, b")}, delimiter=";"),
    )
    yield Case(
        "two delimiters fit and one is named",
        Hazard.DELIMITER,
        f"phone,a;b\n{GOOD},1;2\n",
        Readable({2: GOOD}, {2: (GOOD, "1;2")}),
        options=ReadOptions(delimiter=","),
    )
    yield Case("one column", Hazard.ONE_COLUMN, f"phone\n{GOOD}\n{OTHER}\n", Readable(BOTH))
    yield Case(
        "one column with commas in quotes",
        Hazard.ONE_COLUMN,
        f'phone\n"{GOOD},"\n{OTHER}\n',
        Readable({2: "float_tail", 3: OTHER}),
    )


def _lines() -> Iterator[Case]:
    skipped = Readable({3: GOOD, 6: OTHER}, notes=("3 blank lines are skipped",))
    yield Case("Windows line ends", Hazard.KINDS, PLAIN.replace("\n", "\r\n"), Readable(BOTH, NAMED))
    yield Case("old Mac line ends", Hazard.KINDS, PLAIN.replace("\n", "\r"), Readable(BOTH, NAMED))
    yield Case("no line end at the end", Hazard.KINDS, PLAIN.rstrip(), Readable(BOTH, NAMED))
    yield Case("blank lines", Hazard.BLANK_LINES, f"phone,name\n\n{GOOD},a\n  \n\n{OTHER},b\n", skipped)
    yield Case(
        "blank lines above the header",
        Hazard.BLANK_LINES,
        f"\n\nphone,name\n{GOOD},a\n",
        Readable({4: GOOD}, notes=("2 blank lines are skipped",)),
    )
    yield Case(
        "rows of nothing but separators",
        Hazard.BLANK_LINES,
        f"phone,name\n,\n{GOOD},a\n , \n",
        Readable({3: GOOD}),
    )
    yield Case("a DOS end of file", Hazard.DOS_END, PLAIN + "\x1a", Readable(BOTH, NAMED))
    yield Case(
        "U+2028 in a note",
        Hazard.LINE_SEPARATOR,
        f"phone,note\n{GOOD},first\u2028+14155551234\n{OTHER},b\n",
        Readable({2: "unsafe_value", 3: OTHER}, {2: (GOOD, "first\u2028+14155551234")}),
    )
    yield Case(
        "a line end in quotes",
        Hazard.VARIABLES,
        f'phone,note\n{GOOD},"a\nb"\n{OTHER},c\n',
        Readable({2: "unsafe_value", 3: OTHER}),
    )
    yield Case(
        "a line end in a column that is not sent",
        Hazard.VARIABLES,
        f'phone,note\n{GOOD},"a\r\nb"\n{OTHER},c\n',
        Readable(BOTH),
        contacts={"variables": []},
    )


def _cells() -> Iterator[Case]:
    for name in ("NA", "None", "null", "nan", "N/A", "", "TRUE", "007", "123456789012345678", "1E5",
                 "14155551234.0", "=1+1", "-5", "@home", "_x0041_", 'Ann "Bo" Lee', " padded "):  # fmt: skip
        quoted = '"' + name.replace('"', '""') + '"'
        yield Case(
            f"a person called {name!r}",
            Hazard.NAMES,
            f"phone,name\n{GOOD},{quoted}\n{OTHER},Bob\n",
            Readable(BOTH, {2: (GOOD, name)}),
        )
    yield Case(
        "a quote within a cell",
        Hazard.QUOTES,
        f'phone,size\n{GOOD},5" pipe\n',
        Readable({2: GOOD}, {2: (GOOD, '5" pipe')}),
    )
    long = "x" * 131_073
    yield Case(
        "a field of 131,073 characters",
        Hazard.LONG_FIELD,
        f"phone,note\n{GOOD},{long}\n{OTHER},b\n",
        Readable({2: "value_too_long", 3: OTHER}),
    )
    yield Case(
        "such a field that is not sent",
        Hazard.LONG_FIELD,
        f"phone,note\n{GOOD},{long}\n",
        Readable({2: GOOD}, {2: (GOOD, long)}),
        contacts={"variables": []},
    )
    for name, value in (("a brace", "{{x}}"), ("a tab", "a\tb"), ("an error", "#REF!"),
                        ("1,001 characters", "x" * 1001)):  # fmt: skip
        code = "value_too_long" if len(value) > 1000 else "unsafe_value"
        yield Case(
            f"a value with {name}",
            Hazard.VARIABLES,
            f'phone,name\n{GOOD},"{value}"\n{OTHER},b\n',
            Readable({2: code, 3: OTHER}),
        )
    yield Case(
        "a value of 1,000 characters",
        Hazard.VARIABLES,
        f"phone,name\n{GOOD},{'x' * 1000}\n",
        Readable({2: GOOD}),
    )
    yield Case(
        "a required value is blank",
        Hazard.VARIABLES,
        f"phone,name,note\n{GOOD}, ,\n{OTHER},b,\n",
        Readable({2: "value_missing", 3: OTHER}),
        contacts={"required": ["name"]},
    )


def _columns() -> Iterator[Case]:
    old = ",".join(["old"] * len(RESULT_COLUMNS))
    yield Case(
        "a result that is fed back",
        Hazard.COLUMNS,
        f"phone,{','.join(RESULT_COLUMNS)},name\n{GOOD},{old},Zoë\n",
        Readable({2: GOOD}, {2: (GOOD, "Zoë")}),
    )
    yield Case(
        "a phone column by its telling name",
        Hazard.COLUMNS,
        f"Name, Mobile Number \nZoë,{GOOD}\n",
        Readable({2: GOOD}),
    )
    yield Case(
        "a phone column as named",
        Hazard.COLUMNS,
        f"phone,reach\nold,{GOOD}\n",
        Readable({2: GOOD}),
        contacts={"to_number": "Reach"},
    )
    yield Case(
        "marks around a header", Hazard.HEADER, f"\u200bphone\u200b,\xa0name\n{GOOD},a\n", Readable({2: GOOD})
    )
    yield Case(
        "a column without a name and without cells",
        Hazard.TRAILING_COMMAS,
        f"phone,name,\n{GOOD},Zoë,\n{OTHER},Bob, \n",
        Readable(BOTH),
    )
    yield Case(
        "one number in three layouts",
        Hazard.DUPLICATES,
        f"phone\n{GOOD}\n+1 (202) 555-0143\n+1-202-555-0143\n{OTHER}\n",
        Readable({2: GOOD, 3: "duplicate_number", 4: "duplicate_number", 5: OTHER}),
    )
    yield Case(
        "a row that is refused is nobody's first",
        Hazard.DUPLICATES,
        f"phone,name\n{GOOD},{{\n{GOOD},b\n{GOOD},c\n",
        Readable({2: "unsafe_value", 3: GOOD, 4: "duplicate_number"}),
    )
    yield Case(
        "a key that repeats",
        Hazard.DUPLICATES,
        f"phone,id\n{GOOD},7\n{OTHER}, 7 \n+14155551234,8\n+14155551235,\n",
        Readable({2: GOOD, 3: "duplicate_key", 4: "+14155551234", 5: "key_missing"}),
        contacts={"key": "id"},
    )
    zones = f"phone,tz\n{GOOD},Europe/Paris\n{OTHER},\n+14155551234,Mars/Olympus\n+14155551235,UTC+2\n"
    yield Case(
        "a column of time zones",
        Hazard.ZONES,
        zones,
        Readable(BOTH | {4: "bad_time_zone", 5: "bad_time_zone"}),
    )
    yield Case(
        "a time zone column as named",
        Hazard.ZONES,
        f"phone,where\n{GOOD},Nowhere\n{OTHER},Asia/Tokyo\n",
        Readable({2: "bad_time_zone", 3: OTHER}),
        contacts={"timezone": "where"},
    )
    yield Case("text that is called .xlsx", Hazard.KINDS, PLAIN, Readable(BOTH, NAMED), ".xlsx")
    yield Case("a link to a list", Hazard.LINK, linked, Readable(BOTH, NAMED))
