"""Cases of JSON Lines: one object on each line."""

from collections.abc import Iterator

from tests.contacts.corpus.cases import GOOD, OTHER, Case, Readable, Refused
from tests.contacts.corpus.hazards import Hazard

ROW = f'{{"phone": "{GOOD}", "name": "Ann"}}\n'
ROWS: list[tuple[Hazard, str, str, dict[int, str]]] = [
    (Hazard.KINDS, "objects", ROW + ROW.replace(GOOD, OTHER), {1: GOOD, 2: OTHER}),
    (Hazard.KINDS, "keys that are missing, and null",
        f'{ROW}{{"phone": null, "id": 7}}\n{{"phone": "{OTHER}"}}\n',
        {1: GOOD, 2: "missing", 3: OTHER}),
    (Hazard.NUMERIC_CELL, "numbers as numbers", f'{ROW}{{"phone": 14155551234}}\n', {1: GOOD,
        2: "lost_plus"}),
    (Hazard.FLOAT_TAIL, "numbers as floats", f'{ROW}{{"phone": 14155551234.0}}\n', {1: GOOD,
        2: "float_tail"}),
    (Hazard.EXPONENT, "numbers with an exponent", f'{ROW}{{"phone": 1.4e10}}\n',
        {1: GOOD, 2: "scientific_notation"}),
    (Hazard.TYPED_CELLS, "true for a number", f'{ROW}{{"phone": true}}\n', {1: GOOD, 2: "letters"}),
    (Hazard.LINE_SEPARATOR, "U+2028 in a text", ROW.replace("Ann", "A\u2028n"), {1: "unsafe_value"}),
    (Hazard.VARIABLES, "a line end in a text", ROW.replace("Ann", "A\\nn"), {1: "unsafe_value"}),
]  # fmt: skip

BROKEN: list[tuple[Hazard, str, str, str]] = [
    (Hazard.DAMAGED, "a line that was cut off", ROW + '{"phone": "+1',
        r"line 2, character 11: broken JSON \(.*\); write each row as one complete object on a line "
        r"of its own"),
    (Hazard.KINDS, "a line without an object", ROW + '"phone"\n',
        r"line 2: not a JSON object; write each row as \{...\} on a line of its own"),
    (Hazard.KINDS, "a list as a value", ROW + '{"phone": ["+12025550143"]}\n',
        "line 2, key 'phone': the value is a list; write plain values only"),
    (Hazard.KINDS, "nested too deep", ROW + '{"phone": ' + "[" * 100_000,
        "line 2: nested too deep; write plain .*"),
    (Hazard.SAME_HEADER, "a key that is there twice", '{"phone": "+12025550143", "phone": "+12025550144"}\n',
        "line 1: the key 'phone' is there twice; give each its own name"),
    (Hazard.HEADER, "keys that look alike", ROW + '{"Phone": "+12025550144"}\n',
        r"columns A and C are both named 'Phone' or alike \('phone'\); give each its own name"),
    (Hazard.TYPED_CELLS, "NaN", ROW + '{"phone": NaN}\n',
        "line 2: NaN is no value; leave it out, or write null"),
    (Hazard.NUL, "an escaped NUL", ROW + '{"phone": "+1202\\u00005550143"}\n',
        r"line 2, key 'phone': the control character U\+0000 does not belong in a list; remove it"),
    (Hazard.CONTROLS, "half of a surrogate pair", ROW + '{"name": "\\ud800"}\n',
        r"line 2, key 'name': the character U\+D800 does not belong in a list; remove it"),
    (Hazard.OTHER_KIND, "a JSON array", '[{"phone": "+12025550143"}]\n',
        "this is a JSON array; write one object per line, without brackets around them"),
    (Hazard.HEADER, "objects without keys", "{}\n{}\n",
        "no line holds an object with a key; the keys name the columns"),
]  # fmt: skip


def cases() -> Iterator[Case]:
    """All cases of JSON Lines."""
    for why, name, content, verdicts in ROWS:
        yield Case(name, why, content, Readable(verdicts), ".jsonl")
    skipped = Readable({2: GOOD}, {2: (GOOD, "Ann")}, notes=("2 blank lines are skipped",))
    yield Case("blank lines between objects", Hazard.BLANK_LINES, f"\n{ROW}\n", skipped, ".jsonl")
    for why, name, content, line in BROKEN:
        yield Case(name, why, content, Refused(line), ".jsonl")
