"""The campaign file and the environment: a mistake is one line with file and key, never a silent default."""

import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from campaign.errors import ConfigError, InputMissingError
from campaign.logs import redact
from campaign.settings import (
    CampaignSettings,
    load_campaign_file,
    parse_duration,
    strict_yaml,
)
from tests.support import make_settings

BASE = 'name: spring\nagent_id: agt_1\nfrom_numbers: ["+12025550100"]\n'
PAGE = Path(__file__).parents[2] / "docs" / "campaign-file.md"
ALL_KEYS = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def load(folder: Path, content: str | bytes) -> CampaignSettings:
    """Write a campaign file as it stands here, and read it."""
    path = folder / "campaign.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_campaign_file(path)


def problem(folder: Path, content: str | bytes) -> str:
    """What is said about a campaign file that cannot be used, without its name."""
    with pytest.raises(ConfigError) as caught:
        load(folder, content)
    text = str(caught.value)
    assert text.startswith(f"campaign file {folder / 'campaign.yaml'}")
    assert "\n" not in text
    return text.removeprefix(f"campaign file {folder / 'campaign.yaml'}").removeprefix(": ")


def test_smallest_file(tmp_path: Path) -> None:
    """Three keys are enough, and all others have their published defaults."""
    campaign = load(tmp_path, "\ufeff" + BASE)
    assert (campaign.name, campaign.agent_id, campaign.from_numbers) == ("spring", "agt_1", ("+12025550100",))
    assert (campaign.pace.calls_per_second, campaign.pace.burst, campaign.pace.max_live_calls) == (1.0, 1, 10)
    assert {(w.opens, w.closes) for w in campaign.hours.days.values()} == {(9 * UNITS["h"], 20 * UNITS["h"])}
    assert sorted(campaign.hours.days) == list(range(7))
    assert (campaign.retry.max_attempts, campaign.retry.no_answer) == (1, ())
    assert [(cap.calls, cap.within, cap.counts) for cap in campaign.caps.per_number] == [
        (1, 20 * UNITS["h"], "other")
    ]
    assert campaign.output == "results/{name}.csv"


def test_full_file(tmp_path: Path) -> None:
    """Every key of the file arrives as the value it says."""
    campaign = load(
        tmp_path,
        BASE.replace('["+12025550100"]', '"+15739693824"')
        + "contacts: {to_number: p, default_region: US, countries: [US, CA], variables: [a], timezone: tz}\n"
        + "call: {variables: {company: Acme, year: 2026}, max_duration: 10m}\n"
        + "hours: {days: {mon-wed: '08:30-12:00', Sat: '00:00-24:00'}}\n"
        + "retry: {max_attempts: 3, no_answer: [30m, 1.5h], busy: [90s]}\n"
        + "suppression: [dnc.csv, {file: /etc/dnc.csv, max_age: 31d}]\n"
        + "budget: {calls: 500, minutes: 300.5, cents: 2000, cents_per_minute: 3, reserve_calls: 50}\n",
    )
    assert campaign.budget.limits == {"calls": 500, "minutes": 300.5, "cents": 2000}
    assert (campaign.budget.cents_per_minute, campaign.budget.reserve_calls) == (3, 50)
    assert campaign.from_numbers == ("+15739693824",)
    assert (campaign.contacts.countries, campaign.contacts.variables) == (("US", "CA"), {"a": "a"})
    assert campaign.call.variables == {"company": "Acme", "year": "2026"}
    assert campaign.call.max_duration == 10 * UNITS["m"]
    assert sorted(campaign.hours.days) == [0, 1, 2, 5]
    assert campaign.retry.no_answer == (30 * UNITS["m"], 90 * UNITS["m"])
    assert campaign.suppression_files == (tmp_path / "dnc.csv", Path("/etc/dnc.csv"))
    assert [entry.max_age for entry in campaign.suppression] == [None, 31 * UNITS["d"]]


def test_settings_are_frozen() -> None:
    """Settings are made once and cannot be changed afterwards."""
    with pytest.raises(ValidationError):
        make_settings().pace.burst = 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("retry: {max_atempts: 3}", "unknown key retry.max_atempts; did you mean max_attempts?"),
        ("hourz: {}", "unknown key hourz; did you mean hours?"),
        ("caps: {per_number: {callz: 1}}", "unknown key caps.per_number.callz; did you mean calls?"),
        ("pace: {zzz: 1}", "unknown key pace.zzz; known here: calls_per_second, burst, max_live_calls"),
        ("zzz: 1\nqqq: 2", "unknown key zzz; known here: name, agent_id, from_numbers"),
        ("zzz: 1\nqqq: 2", "(and 1 more problem)"),
        ("1: 2", "1: keys should be strings"),
    ],
)
def test_unknown_key(tmp_path: Path, line: str, message: str) -> None:
    """A key that is not known is an error that names the nearest known one."""
    assert message in problem(tmp_path, BASE + line + "\n")


@pytest.mark.parametrize("key", ["name", "agent_id", "from_numbers"])
def test_missing_key(tmp_path: Path, key: str) -> None:
    """A key that must be there is named when it is missing."""
    lines = [line for line in BASE.splitlines() if not line.startswith(f"{key}:")]
    assert problem(tmp_path, "\n".join(lines)) == f"{key} is missing; add it"


NONSENSE = {
    "name": ["a b", '""', "5", "a/b", "../a", '"{day}"', "[a]"], "agent_id": ['""', "5"],
    "from_numbers": ["[]", "15739693824", "[15739693824]", '["2025550100"]', '"+1 202 555 0100"'],
    "contacts": ["phone", ""], "contacts.countries": ["[us]", "[NO]"], "contacts.default_region": ["usa"],
    "call.variables": ["[a]"], "call.max_duration": ["0s", "-5m", "1:30", "999999999999d", "soon"],
    "pace.calls_per_second": ["0", "1001", ".nan", ".inf", "fast", "yes"], "pace.burst": ["1.5", "0", "yes"],
    "pace.max_live_calls": ["-1", "yes"],
    "pace.stages": ["5", "[0]", "[1, 25, 5]", "[1.5]", "[many]", "[yes]", "[1, 010]", '["5"]'],
    "breaker.same_refusals": ["0", "101", "yes", "010"], "breaker.lost_requests": ["-1", "true", "010"],
    "breaker.lost_share": ["0", "2"],
    "breaker.unanswered_share": ["50", "0"], "breaker.failed_share": ["yes", "0"],
    "breaker.opt_out_share": ["0", "-0.1"], "breaker.opt_out_conversations": ["0", "yes"],
    "from_number_limits.per_day": ["0", "yes", "1:30"], "from_number_limits.calls_per_second": ["0", "yes"],
    "breaker.clock_jump": ["0s", "30s", "5"], "breaker.ordinary_ends": ["ended", '["*"]', "[[]]", "[yes]"],
    "suppression": ["dnc.csv"],
    "output": ['""', '"{date}.csv"'],
    "hours.days": ["[]", "{mo: '09:00-17:00'}", "{mon: 9-17}", "{mon: '09:00'}", "{mon: null}"],
    "hours.closing_margin": ["-3m", "7h", "3"], "hours.number_margin": ["1w"],
    "contacts.default_timezone": ["EST5", "Mars/Olympus", "../etc/passwd", '""', "5", "UTC", "Etc/GMT-5"],
    "retry.max_attempts": ["0", "21", "yes"], "retry.no_answer": ["30m", "[30]", "[1w]", "[10m, soon]"],
    "retry.per_day": ["0", "x", "yes"], "retry.min_gap": ["0s", "soon"],
    "retry.never_after": ["Busy", '[""]'],
    "caps.per_number": ["[]", "5"], "caps.per_number.counts": ["mine"], "dispositions": ["{a: b}", "5"],
    "caps.per_number.calls": ["0", "yes"], "caps.per_number.within": ["0h"],
    "caps.after_conversation": ["0d", "7", "soon"],
    "budget": ["300", "{cents: 2000}"], "budget.calls": ["0", "-1", "1.5", "yes", '"500"', "1000000000001"],
    "budget.minutes": ["0", "-3", ".nan", ".inf", "yes", "5h", "1.0e+12"], "budget.credits": ["0", "[]"],
    "hook": ["", "yes", "[]", "./check", "{}", "{timeout: 5s}", "{command: [a], url: 'https://x.y'}"],
    "hook.command": ["[]", "[1]", '""', "[[a]]", "{a: b}", '["", x]', '"a | b"', '"a $HOME"', '"it\'s"'],
    "hook.url": ["5", "crm", "http://crm.example/", "ftp://x.y", "'https://'", "https://u:p@crm.example/",
                 "'https://crm.example/#a'", "'https://[::1'", "https://x.y:99999/", "'https://x.y/a b'",
                 "http://localhost.example/", "'https://x.y\\z.w'"],
    "hook.timeout": ["0s", "-1s", "61s", "5", "soon"],
    "budget.cents_per_minute": ["0", "free"], "budget.reserve_calls": ["-1", "0.5", "no"],
}  # fmt: skip


def with_value(key: str, value: str) -> str:
    """A campaign file with this value under this dotted key."""
    first, *inner = key.split(".")
    others = [line for line in BASE.splitlines() if not line.startswith(f"{first}:")]
    braces = "".join(f"{{{part}: " for part in inner) + value + "}" * len(inner)
    return "\n".join([*others, f"{first}: {braces}"])


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in NONSENSE.items() for value in values]
)
def test_nonsense(tmp_path: Path, key: str, value: str) -> None:
    """A value that makes no sense is refused in one line that begins with its key."""
    text = problem(tmp_path, with_value(key, value))
    assert re.match(rf"{re.escape(key)}(\.\d+)?: \S", text)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "from_numbers",
            "[15739693824]",
            'a phone number must stand in quotes, with its plus; put "..." around it',
        ),
        ("contacts.countries", "[us]", "write two capital letters, like US"),
        ("retry.busy", "[10m, soon]", "retry.busy.1: 'soon' is not a duration; write it like 90s, 30m, 4h"),
        ("hours.days", "{mon: '20:00-09:00'}", "it must close after it opens, on the same day"),
        ("hours.days", "{mon: '09:00-09:00'}", "spans nothing"),
        ("hours.days", "{mon: '09:00-24:01'}", "'24:01' is not a time of day; write it like 09:00"),
        ("hours.days", "{mon: '09:60-10:00'}", "'09:60' is not a time of day"),
        ("hours.days", "{sun-mon: '09:00-17:00'}", "runs backwards; a week starts on mon"),
        ("hours.days", "{mon-fri: '09:00-17:00', tue: '09:00-10:00'}", "tue has two windows"),
        ("suppression", "[{max_age: 31d}]", "suppression.0.file is missing"),
        ("suppression", "[{file: a, max_age: old}]", "suppression.0.max_age: 'old' is not a duration"),
        ("suppression", "[{file: a, column: yes}]", "suppression.0.column: write the name of a column, its"),
        ("suppression", "[{file: a, column: 0}]", "its position counted from 1, or a list of them"),
        ("suppression", '[{file: a, column: [b, ""]}]', "suppression.0.column: write the name"),
        ("suppression", "[a, {fil: b}]", "unknown key suppression.1.fil; did you mean file?"),
        ("caps.per_number", "[]", "write at least one, like {calls: 1, within: 20h}"),
        ("caps.per_number", "[{callz: 1}]", "unknown key caps.per_number.0.callz; did you mean calls?"),
        (
            "caps.per_number",
            "[{calls: 2, within: 20h}, {calls: 1, within: 7d}]",
            "{calls: 2, within: 20h} has no effect beside {calls: 1, within: 7d}",
        ),
        ("caps.per_number", "[{calls: 1}, {calls: 1}]", "has no effect beside"),
        ("retry", "{max_attempts: 2, busy: [10m], min_gap: 30m}", "a gap of 10m is shorter than min_gap"),
        ("hours.closing_margin", "7h", "a margin of more than 6h leaves nothing of a day; write it like 3m"),
        ("contacts.default_timezone", "Pacific", "'Pacific' is no time zone of a place; write an IANA"),
        ("pace.stages", "[5, 1]", "no smaller than the one before, like [1, 5, 25]"),
        ("breaker.opt_out_share", "0", "would stop every campaign; write more, like 0.2"),
        ("breaker.clock_jump", "10s", "write 1m or more, like 5m"),
        ("budget", "{cents: 2000}", "cents needs cents_per_minute, what a started minute costs at most"),
        ("budget", "{minuts: 3}", "unknown key budget.minuts; did you mean minutes?"),
        ("budget.minutes", "5h", "write a plain number, like 300"),
        ("budget.calls", "1.5", "write a whole number, like 500"),
        ("retry", "{min_gap: 30m}", "min_gap has no effect while no end of a call has a gap"),
        (
            "retry",
            "{max_attempts: 5, busy: [10m]}",
            "the longest list has 1 gap, which is enough for 2 tries",
        ),
        ("hours", "{profile: us, number_margin: 10m}", "profile us needs at least 1h"),
        ("hours", "{profile: us, closing_margin: 0s}", "profile us needs at least 3m"),
        (
            "hours",
            "{days: {mon: '09:00-09:03'}}",
            "mon is 09:00-09:03, of which closing_margin leaves nothing",
        ),
        ("suppression", "dnc.csv", "suppression: write a list, like [dnc.csv]"),
        ("contacts", "{countries: US}", "contacts.countries: write a list, like [US, CA]"),
        ("retry", "{no_answer: 30m}", "retry.no_answer: write a list, like [30m, 4h]"),
        ("hours", "", "hours: expected keys below it, found none"),
        ("contacts", "phone", "contacts: expected keys below it, found a text"),
        ("name", "a b", "name: letters, digits, dots, dashes and underscores only, like reminders-{date}"),
        ("hook", "{}", "write either command or url"),
        ("hook", "{command: [a], url: 'https://x.y'}", "write either command or url"),
        ("hook", "", "write a command or a url below it, or leave the key out"),
        ("hook", "{comand: [a]}", "unknown key hook.comand; did you mean command?"),
        (
            "hook.command",
            "'./check; ls'",
            "no shell reads it; put this into a script, or write a list of words",
        ),
        ("hook.url", "http://crm.example/", "must be https (plain http only on this machine)"),
        (
            "hook.url",
            "'https://me:pw@crm.example/#a'",
            "it may have no user, password or @ and no #; write it",
        ),
        (
            "call.webhook_url",
            "'https://crm.example/{row}'",
            "it may have no braces; write it like https://crm.",
        ),
        ("hook.timeout", "2m", "at most 1m: a line is kept free for the call meanwhile"),
        ("name", '"{day}"', "the only placeholder is {date}"),
        ("output", '"{date}.csv"', "the only placeholder is {name}"),
    ],
)
def test_cure(tmp_path: Path, key: str, value: str, words: str) -> None:
    """The line about a wrong value says what would be right, and that survives the cutting of numbers."""
    said = problem(tmp_path, with_value(key, value))
    assert words in said
    assert redact(said) == said


@pytest.mark.parametrize(
    ("added", "words"),
    [
        ("suppression: [a.csv]\nsuppression: [b.csv]\n", "suppression stands twice, first in line 4"),
        ('hours: {days: {mon: "09:00-10:00", mon: "00:00-24:00"}}\n', "mon stands twice, first in line 4"),
    ],
)
def test_a_key_that_stands_twice(tmp_path: Path, added: str, words: str) -> None:
    """Of two values for one key the first would be off without a word, so it is refused with both lines."""
    text = problem(tmp_path, BASE + added)
    assert words in text


def test_a_mapping_may_take_the_keys_of_another(tmp_path: Path) -> None:
    """YAML's `<<` fills in keys, of which the mapping's own come first: nothing stands twice."""
    added = "pace: &slow {burst: 1, max_live_calls: 3}\nbudget: {calls: 5}\n"
    path = tmp_path / "campaign.yaml"
    path.write_text(BASE + added.replace("{burst", "{<<: {burst: 9}, burst"), encoding="utf-8")
    assert load_campaign_file(path).pace.burst == 1


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("18:00", "18:00"), ("0123", "0123"), ("0o17", "0o17"), ("0x1F", "0x1F"), ("1_000", "1_000"),
        ("1:30.5", "1:30.5"), ("010.5", "010.5"), ("+1 (212)", "+1 (212)"), ("2026", "2026"), ("-5", "-5"),
        ("0", "0"), ("2026-12-24", "2026-12-24"), ("'10.50'", "10.50"), ("'yes'", "yes"), ("'+12'", "+12"),
    ],
)  # fmt: skip
def test_the_agent_says_what_is_written(tmp_path: Path, written: str, said: str) -> None:
    """A variable arrives character by character: no time is sixty minutes, and no zero is lost."""
    assert load(tmp_path, BASE + f"call: {{variables: {{a: {written}}}}}\n").call.variables == {"a": said}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ("{price: 10.50}", "call.variables: price would be read as 10.5; write it in quotes"),
        ("{vip: yes}", "call.variables: vip would be read as True; write it in quotes"),
        ("{vip: off}", "call.variables: vip would be read as False; write it in quotes"),
        ("{no: none}", "call.variables: a name would be read as False; write it in quotes"),
        ("{2026: year}", "call.variables: a name would be read as 2026; write it in quotes"),
        ("{support: +12125550123}", ", line 4, column 29: a number would lose its plus; write it in quotes"),
    ],
)
def test_what_the_agent_would_say_otherwise(tmp_path: Path, variables: str, words: str) -> None:
    """What YAML reads as something else than stands there is refused, and not said wrongly to everybody."""
    assert problem(tmp_path, BASE + f"call: {{variables: {variables}}}\n").startswith(words)


@pytest.mark.parametrize("variables", ["[no]", "[a, 1.50]", "{no: a}", "{a: 1.50}", "[[a]]", "[a, null]"])
def test_columns_that_would_be_read_otherwise(tmp_path: Path, variables: str) -> None:
    """The names of columns and of variables are those that stand in the file, too."""
    assert problem(tmp_path, with_value("contacts.variables", variables)).startswith("contacts.variables: ")


@pytest.mark.parametrize("written", ["010", "0o10", "0x10", "1_0", "1:30", "'5'", "+5"])
@pytest.mark.parametrize(
    "key",
    [
        "pace.calls_per_second", "pace.burst", "pace.max_live_calls", "retry.max_attempts", "retry.per_day",
        "caps.per_number.calls", "budget.calls", "budget.minutes", "budget.reserve_calls",
        "contacts.max_invalid", "call.overrides.llm.temperature", "from_number_limits.calls_per_second",
    ],
)  # fmt: skip
def test_a_number_is_the_one_that_stands_there(tmp_path: Path, key: str, written: str) -> None:
    """No limit is another number than people read, like 8 for 010 or 90 for 1:30: that is no number."""
    assert re.match(
        rf"{re.escape(key)}: |, line \d+, column \d+: ", problem(tmp_path, with_value(key, written))
    )


def test_how_a_number_is_written(tmp_path: Path) -> None:
    """The line says what would be one."""
    said = "pace.burst: this is no plain number; write it like 5, without quotes, colons or leading zeros"
    assert problem(tmp_path, with_value("pace.burst", "010")) == said


def test_the_campaign_file_of_all_keys(tmp_path: Path) -> None:
    """What the documentation shows is read without quotes that it does not have."""
    campaign = load(tmp_path, ALL_KEYS)
    assert (campaign.budget.minutes, campaign.pace.stages, campaign.valid_for) == (
        300,
        (1, 5, 25),
        20 * UNITS["h"],
    )


@pytest.mark.parametrize(
    "key",
    [
        "agent_id", "valid_until", "not_before", "valid_for", "hours.profile", "hours.blackout",
        "hours.profile_confirmed", "budget.minutes", "budget.calls", "caps.after_conversation",
        "retry.min_gap", "contacts.consent", "contacts.consent_basis", "contacts.default_region",
        "contacts.countries", "call.webhook_url", "call.overrides.llm.model", "opt_out.languages",
        "opt_out.field", "pace.burst", "breaker.same_refusals",
    ],
)  # fmt: skip
@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_a_key_without_a_value(tmp_path: Path, key: str, nothing: str) -> None:
    """It is no rule that is off, as if the key were not there: the line names it and says what to do."""
    said = f"{key}: there is nothing behind it; write a value, or leave the key out"
    assert problem(tmp_path, with_value(key, nothing)) == said


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("suppression: [a, {file: b, max_age: }]", "suppression.1.max_age"),
        ("from_number_limits: {calls_per_second: 1, per_day: }", "from_number_limits.per_day"),
        ("hook: {command: a, url: }", "hook.url"),
        ("dispositions: [{status: busy, end_reason: , is: busy}]", "dispositions.0.end_reason"),
        ("dispositions: ends.yaml", "dispositions.0.outcome"),
    ],
)
def test_a_key_without_a_value_beside_others(tmp_path: Path, line: str, key: str) -> None:
    """Also where its neighbours have one, in a list, and in the file of lines that a campaign file names."""
    (tmp_path / "ends.yaml").write_text("- {status: busy, outcome: , is: busy}\n")
    assert problem(tmp_path, f"{BASE}{line}\n").startswith(f"{key}: there is nothing behind it; ")


def paths_in(content: object, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a campaign file."""
    if isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield (*above, key)
            yield from paths_in(value, *above, key)


def test_every_key_needs_a_value(tmp_path: Path) -> None:
    """Whichever value of the campaign file of all keys is taken out, its key does not stand for a default."""
    shown = strict_yaml.load(ALL_KEYS)
    taken = list(paths_in(shown))
    assert len(taken) > 100
    for *above, key in taken:
        content = strict_yaml.load(ALL_KEYS)
        inner = content
        for part in above:
            inner = inner[part]
        inner[key] = None
        text = problem(tmp_path, yaml.safe_dump(content))
        assert str((*above, key)[0]) in text, (above, key)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "expected keys like"),
        ("# nothing\n", "expected keys like"),
        ("- a\n", "expected keys like"),
        ("just a text\n", "expected keys like"),
        (BASE + "pace: {burst: 1\nretry: 1\n", ", line 5, column "),
        (BASE + "\tpace: 1\n", ", line 4, column 1: "),
        (BASE + "x: !!python/object/apply:os.system [ls]\n", ", line 4, column 4: "),
        (BASE + "output: \x01\n", "not valid YAML"),
        (BASE + "output: 2026-02-30\n", ""),
        (BASE.encode() + b"# J\xf6rg\n", "not UTF-8 text (byte "),
    ],
)
def test_not_a_campaign_file(tmp_path: Path, content: str | bytes, words: str) -> None:
    """What is not YAML, or no mapping, is refused in one line that says where, and nothing of it is run."""
    assert words in problem(tmp_path, content)


def test_missing_file(tmp_path: Path) -> None:
    """A campaign file that is not there is a missing input, and the message says how to get one."""
    with pytest.raises(InputMissingError, match=r"nowhere\.yaml: No such file.*campaign init"):
        load_campaign_file(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(("name", "on"), [("spring", "spring"), ("c-{date}.x", "c-2026-06-03.x")])
def test_name_on(name: str, on: str) -> None:
    """The name has the local date of the first start where the campaign file asks for it."""
    assert make_settings(name=name).name_on(date(2026, 6, 3)) == on


@given(number=st.integers(0, 366), unit=st.sampled_from("smhd"), blanks=st.sampled_from(["{}{}", " {} {}  "]))
def test_whole_duration(number: int, unit: str, blanks: str) -> None:
    """A whole number and a unit is exactly that many units."""
    assert parse_duration(blanks.format(number, unit)) == number * UNITS[unit]


@given(number=st.decimals(0, 366, places=2), unit=st.sampled_from("smhd"))
def test_broken_duration(number: object, unit: str) -> None:
    """A decimal number and a unit is that many units, to the microsecond."""
    seconds = float(str(number)) * UNITS[unit].total_seconds()
    assert math.isclose(parse_duration(f"{number}{unit}").total_seconds(), seconds, abs_tol=1e-6)


@settings(max_examples=200)
@given(value=st.one_of(st.text(max_size=8), st.from_regex(r"\A\d{1,25}(\.\d{1,5})?[smhd]\Z"), st.integers()))
@example("999999999999d")
@example("9" * 400 + "s")
def test_any_duration(value: object) -> None:
    """Whatever stands for a duration is read as one, or refused as a value, never as a bug."""
    try:
        duration = parse_duration(value)
    except ValueError:
        duration = None
    if duration is None:
        return
    assert duration >= timedelta()
    assert re.search(r"\d\s*[smhd]\s*\Z", str(value))


@pytest.mark.parametrize(
    "value", ["", "30", 30, None, "m", "-5m", "1h30m", "1,5h", "5w", "1e3s", "inf s", [1]]
)
def test_not_a_duration(value: object) -> None:
    """What is no duration is refused with the form that would be right."""
    with pytest.raises(ValueError, match="is not a duration; write it like 90s, 30m, 4h or 2d"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("retry", "words"),
    [("{no_answer: [4h]}", "max_attempts is 1"), ("{max_attempts: 3}", "needs a gap")],
)
def test_retries_without_effect(tmp_path: Path, retry: str, words: str) -> None:
    """Gaps without tries and tries without gaps are refused, not ignored."""
    assert words in problem(tmp_path, BASE + f"retry: {retry}\n")


@pytest.mark.parametrize("share", ["yes", "true", '"0.9"', "5", "-0.1", ".nan", "[]"])
def test_max_invalid_is_a_share(tmp_path: Path, share: str) -> None:
    """What is not a number from 0 to 1 is refused: YAML's yes would allow everything."""
    with pytest.raises(ConfigError, match=r"write a share from 0 to 1, like 0\.05 for 5%"):
        load(tmp_path, BASE + f"contacts: {{max_invalid: {share}}}\n")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[./check, --list, 'a b']", ("./check", "--list", "a b")),
        ("./check --list 'a b'", ("./check", "--list", "a b")),
        ("['sh', '-c', 'exit $(wc -c)']", ("sh", "-c", "exit $(wc -c)")),
    ],
)
def test_hook_command(tmp_path: Path, written: str, words: tuple[str, ...]) -> None:
    """A list of words is taken as it is, a text is split as a shell would do it; it runs beside the file."""
    hook = load(tmp_path, BASE + f"hook:\n  command: {written}\n").hook
    assert hook is not None
    assert (hook.command, hook.url, hook.timeout) == (words, None, timedelta(seconds=5))
    assert hook.folder == tmp_path
    assert hook.name == words[0]


@pytest.mark.parametrize(
    "url",
    ["https://crm.example/ask?token=a%20b", "http://127.0.0.1:8080/", "http://localhost", "http://[::1]:1/x"],
)
def test_hook_url(tmp_path: Path, url: str) -> None:
    """https, or http on this machine; what it is called by has no query, which may hold a secret."""
    hook = load(tmp_path, BASE + f"hook: {{url: '{url}', timeout: 60s}}\n").hook
    assert hook is not None
    assert (hook.command, hook.url, hook.timeout) == (None, url, timedelta(minutes=1))
    assert hook.name == url.partition("?")[0]


def test_no_hook(tmp_path: Path) -> None:
    """By default nobody else is asked."""
    assert load(tmp_path, BASE).hook is None
