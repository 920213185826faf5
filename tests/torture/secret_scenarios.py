"""Scenarios of the suite `secrets`: between them, all that the command line can do, well or badly."""

import io
import json
import re
import signal
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import openpyxl

from campaign.simulator.app import SIMULATOR_KEY
from tests.torture.bench import Bench
from tests.torture.canaries import Canary

KEY = Canary("the key", "oi_sk_Zq7/kanari+9&v\"x=Tr4'p", is_secret=True)
ODD_KEY = Canary("the key", "Kanarienvogel/0815+sing&flieg=weit", is_secret=True)
PASSWORD = Canary("a password", "Pirol/4711+pfeift&laut", is_secret=True)
NAME = Canary("a name", "Zenobia Quastenflosser")
NOTE = Canary("what is said", "Safran-Kolibri 7731")
NUMBERS = tuple(f"+1212555014{at}" for at in range(6))
PEOPLE = (NAME, NOTE, *(Canary(f"number {at}", number) for at, number in enumerate(NUMBERS)))

HEADER = ["phone", "customer_name", "order_id"]
ROWS = [[number, NAME.text, NOTE.text] for number in NUMBERS]
CONFIG = """name: spring
agent_id: agt_test
from_numbers: ["+12025550100"]
contacts: {countries: [US], max_invalid: 0.9}
pace: {calls_per_second: 50, burst: 5, max_live_calls: 3}
hours: {days: {mon-sun: "00:00-24:00"}}
"""
SLOWLY = CONFIG.replace("calls_per_second: 50, burst: 5", "calls_per_second: 2, burst: 1")
RUN = ("--config", "campaign.yaml", "--yes", "--output", "results.csv", "--ledger", "ledger.db", "--verbose")
LEDGER = ("--ledger", "ledger.db")
IMPATIENTLY = (sys.executable, "-m", "tests.torture.talkative", "impatiently")
WITH_A_BUG = (sys.executable, "-m", "tests.torture.talkative", "with-a-bug")


@dataclass(frozen=True)
class Scenario:
    """What is done, and at which account."""

    play: Callable[[Bench], None]
    commands: frozenset[str]
    """The commands of the product that it runs, all of them."""
    faults: tuple[str, ...] = ()
    """Of the account."""
    key: Canary = KEY


def as_csv(rows: list[list[str]]) -> str:
    """The lines of a list."""
    return "".join(",".join(row) + "\n" for row in rows)


def as_xlsx(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    content = io.BytesIO()
    book.save(content)
    book.close()
    return content.getvalue()


def _a_workbook(bench: Bench) -> None:
    bench.run("run", "list.xlsx", *RUN)
    if not bench.tally.injected["child processes"]:
        bench.wrong("campaign run list.xlsx", "the process that reads the workbook was not seen")
    bench.must_hold_people("results.csv", "ledger.db")


def _views(bench: Bench) -> None:
    bench.run("plan", "list.csv", "--config", "campaign.yaml", *LEDGER)
    bench.run("run", "list.csv", *RUN)
    for suffix in (".csv", ".xlsx", ".jsonl", ".parquet"):
        bench.run("results", "spring", "--output", f"results-again{suffix}", *LEDGER)
        bench.must_hold_people(f"results-again{suffix}")
    for options in ((), ("--json",)):
        bench.run("status", *options, *LEDGER)
        bench.run("plan", "list.csv", "--config", "campaign.yaml", *LEDGER, *options)
    for row in ("2", "3"):
        for options in ((), ("--json",)):
            bench.run(
                "explain",
                "spring",
                row,
                "--config",
                "campaign.yaml",
                *options,
                *LEDGER,
                people_on_stdout=True,
            )
    bench.run("status", "sprin", *LEDGER, codes=(64,))


def _replies_that_echo(bench: Bench) -> None:
    ended = (0, 69, 75, 80)
    bench.run("list.csv", program=IMPATIENTLY, codes=ended)
    bench.run("list.csv", program=IMPATIENTLY, codes=ended)
    if b"[key]" not in (bench.work / "ledger.db").read_bytes():
        bench.wrong("an echo", "no reply has repeated the key")
    bench.must_hold_people("ledger.db")


def _killed(bench: Bench) -> None:
    # Between the first call and the last there is time for a signal.
    bench.put("campaign.yaml", SLOWLY)
    for number, codes in ((signal.SIGKILL, (-signal.SIGKILL,)), (signal.SIGTERM, (75, 80))):
        bench.run(
            "list.csv",
            program=IMPATIENTLY,
            codes=codes,
            send=number,
            when=lambda: b"call.placed" in bench.said_so_far,
        )
    bench.run("list.csv", program=IMPATIENTLY, codes=(0, 80))
    bench.must_hold_people("results.csv", "ledger.db")


def _decisions(bench: Bench) -> None:
    bench.run("list.csv", program=IMPATIENTLY, codes=(80,))
    for options in ((), ("--json",)):
        said = bench.run("review", "spring", *options, *LEDGER, people_on_stdout=True)
        if not any(number in said for number in NUMBERS):
            bench.wrong("campaign review spring", "nobody was in review")
    reason = ("--reason", "their own log has no such call")
    bench.run("review", "sprin", *LEDGER, codes=(64,))
    bench.run("review", "spring", "--all", "--redial", *LEDGER, codes=(64,))
    bench.run("review", "spring", "999", "--mark-called", *reason, *LEDGER, codes=(64,))
    bench.run("review", "spring", "--all", "--mark-not-called", *reason, *LEDGER)
    bench.run("run", "list.csv", *RUN)
    bench.must_hold_people("results.csv", "ledger.db")


def _a_hook(bench: Bench) -> None:
    # It says all that it knows, and stays long enough to be looked at.
    says_all = "cat >&2; env >&2; sleep 0.3"
    for script, codes in ((f"{says_all}; exit 0", (0,)), (f"{says_all}; cat; env; exit 3", (69,))):
        bench.put(
            "campaign.yaml", CONFIG + f"hook: {{command: [sh, -c, {json.dumps(script)}], timeout: 30s}}\n"
        )
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.generation"):
            (bench.work / name).unlink(missing_ok=True)
        bench.run("run", "list.csv", *RUN, codes=codes)
        bench.run("explain", "spring", "2", "--config", "campaign.yaml", *LEDGER, people_on_stdout=True)
    bench.must_hold_people("results.csv", "ledger.db")


def _stopped_by_the_breaker(bench: Bench) -> None:
    bench.run("run", "list.csv", *RUN, codes=(69,))
    bench.run("run", "list.csv", *RUN, codes=(69,))
    for options in ((), ("--json",)):
        bench.run("status", "spring", *options, *LEDGER)
    bench.run("resume", "spring", *LEDGER, codes=(64,))
    bench.run("resume", "spring", "--reason", "the account has credit again", "--json", *LEDGER)
    bench.run("run", "list.csv", *RUN)
    bench.must_hold_people("results.csv", "ledger.db")


def _another_list(bench: Bench) -> None:
    bench.put("campaign.yaml", SLOWLY)
    bench.run("run", "list.csv", *RUN, "--deadline", "soon", codes=(64,))
    bench.run("run", "list.csv", *RUN, "--deadline", "2s", codes=(75,))
    bench.put("list.csv", as_csv([HEADER, *ROWS[3:], [*ROWS[1][:2], f"{NOTE.text} 2"]]))
    bench.run("run", "list.csv", *RUN, "--deadline", "8h", codes=(64,))
    bench.run("run", "list.csv", *RUN, "--deadline", "8h", "--amend")
    bench.must_hold_people("ledger.db")


def _suppression(bench: Bench) -> None:
    reason = ("--reason", "asked by mail")
    bench.put("dnc.csv", "".join(f"{number}\n" for number in NUMBERS[:2]))
    bench.run("suppress", "import", "dnc.csv", *LEDGER, codes=(64,))
    bench.run("suppress", "import", "dnc.csv", *reason, *LEDGER)
    bench.run("suppress", "import", "dnc.csv", *reason, *LEDGER)
    bench.run("suppress", "add", "+12125550199", *reason, *LEDGER)
    bench.run("suppress", "remove", "+12125550199", *reason, *LEDGER)
    for options in ((), ("--json",)):
        said = bench.run("suppress", "list", *options, *LEDGER, people_on_stdout=True)
        if not any(number in said for number in NUMBERS):
            bench.wrong("campaign suppress list", "nobody was listed")
    bench.run("run", "list.csv", *RUN)
    bench.must_hold_people("results.csv", "ledger.db")


def _setting_up(bench: Bench) -> None:
    token = ("--secret-env", "CARRIER_TOKEN")
    environment = {"CARRIER_TOKEN": PASSWORD.text}
    add = ("carriers", "add", "Production", "--provider", "twilio")
    trunk = (
        "--agent",
        "agt_test",
        "--trunk",
        "sip.example.com",
        "--trunk-user",
        "one",
        "--provider",
        "twilio",
    )
    bench.run(*add, "--secret-file", str(bench.put("shared", PASSWORD.text, mode=0o640)), codes=(78,))
    bench.run(*add, *token, codes=(64,), environment=environment)
    bench.run(*add, *token, codes=(69,), environment=environment)
    bench.run("carriers", "list", "--json")
    bench.run("carriers", "remove", "Production", "--yes")
    bench.run(*add, answer=f"{PASSWORD.text}\n", asked=b"carrier: ")
    bench.run("numbers", "search", "--country", "US", "--carrier", "Production")
    bench.run("numbers", "register", "+14155550100", "--agent", "agt_test", "--carrier", "Production")
    secret = bench.put("secret", PASSWORD.text, mode=0o600)
    bench.run("numbers", "register", "+14155550101", *trunk, "--secret-file", str(secret))
    bench.run("numbers", "list")
    bench.run("numbers", "remove", "+14155550101", answer="y\n", asked=b"?")


def _events(bench: Bench) -> None:
    bench.run("webhooks", "add", "http://127.0.0.1:9", *LEDGER, codes=(69,))
    bench.run("webhooks", "add", "http://127.0.0.1:9", "--keep-secret", "webhook.secret", *LEDGER)
    for options in ((), ("--json",)):
        bench.run("webhooks", "list", *options, *LEDGER)
    bench.run("webhooks", "test", "campaign", codes=(69,))
    bench.run("run", "list.csv", *RUN, "--recordings", "recordings")

    def has_heard() -> bool:
        port = re.search(rb"port (\d+)", bench.said_so_far)
        if port is None:
            return False
        with closing(sqlite3.connect(bench.work / "ledger.db")) as database:
            (token,) = database.execute("SELECT token FROM listener").fetchone()
        event = {
            "event": "call.ended",
            "call_id": NAME.text,
            "to_number": NUMBERS[0],
            "messages": [NOTE.text],
        }
        for path, body in ((f"events/{token}", event), (f"events/{token}", [event]), (NAME.text, event)):
            httpx.post(f"http://127.0.0.1:{int(port[1])}/{quote(path)}", json=body)
        return True

    bench.run("listen", "--port", "0", *LEDGER, send=signal.SIGTERM, when=has_heard)
    bench.run("webhooks", "remove", "campaign", "--yes")


def _single_calls(bench: Bench) -> None:
    # Whom to call stands on the command line, where others see it; what they hear does not.
    one = ("call", "+12125550199", "--config", "campaign.yaml", "--list", "list.csv", "--row", "2", *LEDGER)
    bench.run(*one, "--yes", codes=(69,))
    bench.run(*one, "--yes", "--wait", people_on_stdout=True)
    bench.run(*one, "--yes", codes=(75,))
    bench.run(*one, "--again", "--no-wait", answer="y\n", asked=b"[y/N]")
    listed = bench.run("calls", "list", "--json", people_on_stdout=True)
    newest = re.findall(r'"id": "([^"]+)"', listed)[0]
    for options in ((), ("--json",), ("--recording",)):
        bench.run("calls", "show", newest, *options, *LEDGER, people_on_stdout=True)
    bench.run("calls", "show", "nobody", *LEDGER, codes=(64,))
    bench.run("calls", "stop", newest, "--yes", *LEDGER)
    bench.run("calls", "outcome", newest, "interested", *LEDGER)
    bench.run("calls", "outcome", newest, "Do Not Call", *LEDGER, codes=(64,))
    bench.run("calls", "outcomes", "--json")


def _examined(bench: Bench) -> None:
    examine = ("doctor", "--config", "campaign.yaml", "--list", "list.csv", *LEDGER)
    for options in ((), ("--json",)):
        bench.run(*examine, *options, codes=(0,))
    bench.run("run", "list.csv", *RUN, codes=(0, 69, 75))
    bench.run(*examine, codes=(78,))
    bench.run(*examine, codes=(77,), environment={"ONEINBOX_API_KEY": f"oi_pk_{PASSWORD.text}"})
    bench.put("list.csv", as_csv([HEADER, [NUMBERS[0][2:], NAME.text, NOTE.text]]))
    bench.run(*examine, codes=(78,))


def _rehearsals(bench: Bench) -> None:
    rehearse = ("rehearse", "list.csv", "--config", "campaign.yaml", *LEDGER)
    bench.run(*rehearse, "--at", "soon", codes=(64,))
    bench.run(*rehearse)
    bench.run("run", "list.csv", *RUN)
    bench.run(*rehearse, "--json", "--at", "2026-12-01T18:00")
    bench.must_hold_people("ledger.db")


def _broken_lists(bench: Bench) -> None:
    first, second = ROWS[0], ROWS[1]
    lists: Mapping[str, str | bytes] = {
        "no-header.csv": as_csv(ROWS),
        "open-quote.csv": as_csv([HEADER, first]) + f'"{",".join(second)}\n',
        "ragged.csv": as_csv([HEADER, first, [*second, NAME.text, NUMBERS[2]]]),
        "control.csv": as_csv([HEADER, [first[0], f"{NAME.text}\x07", first[2]]]),
        "twins.csv": as_csv([["phone", "name", "name"], first]),
        "latin.csv": as_csv([HEADER, first]).encode() + f"{NUMBERS[1]},{NAME.text}\xe9,1\n".encode("latin-1"),
        "numbers-as-names.csv": as_csv([["name", "phones", NUMBERS[0]], [NAME.text, *first[:2]]]),
        "broken.jsonl": json.dumps(dict(zip(HEADER, first, strict=True)))
        + f'\n{{"phone": "{NUMBERS[1]}", \n',
        "broken.xlsx": as_xlsx([HEADER, first])[:-200] + NAME.text.encode(),
        "nameless.csv": as_csv([["phone", "", "order_id"], first]),
        "unusable.csv": as_csv([HEADER, *([f"{row[0]}.0 x", *row[1:]] for row in ROWS)]),
    }
    for name, content in lists.items():
        bench.put(name, content)
        bench.run("validate", name, "--rejects", "rejects.csv", "--fixed", "fixed.xlsx", codes=(0, 65))
        bench.run("run", name, *RUN, codes=(65,))


def _lists_to_mend(bench: Bench) -> None:
    bench.run("init", "new", "--from", "list.csv")
    bench.run("init", "other")
    bench.put("mixed.csv", as_csv([HEADER, *ROWS, [NUMBERS[0][2:], NAME.text, NOTE.text], ROWS[0]]))
    for options in ((), ("--json",), ("--config", "campaign.yaml", "--strict")):
        bench.run("validate", "mixed.csv", "--fixed", "fixed.csv", *options, codes=(0, 65))
    bench.run("validate", "mixed.csv", "--rejects", "rejects.xlsx", "--fixed", "fixed.xlsx", codes=(0, 65))
    bench.must_hold_people("fixed.csv")


def _broken_campaign_files(bench: Bench) -> None:
    files = {
        "syntax.yaml": f'{CONFIG}call: {{variables: {{who: "{NAME.text}, note: {NUMBERS[0]}\n',
        "unknown.yaml": f"{CONFIG}api_key: {json.dumps(bench.key)}\n",
        "wrong-number.yaml": CONFIG.replace("+12025550100", f"{NUMBERS[0]}x"),
        "wrong-type.yaml": f"{CONFIG}retry: {json.dumps([NAME.text, bench.key])}\n",
        "dnc.yaml": f"{CONFIG}suppression: [dnc.csv]\n",
        "column.yaml": CONFIG.replace("countries: [US]", "countries: [US], to_number: order_id"),
    }
    bench.put("dnc.csv", f"number\n{NUMBERS[0]}x\n{NAME.text}\n")
    for name, content in files.items():
        bench.put(name, content)
        bench.run("plan", "list.csv", "--config", name, *LEDGER, codes=(0, 65, 78))


def _keys(bench: Bench) -> None:
    plan = ("plan", "list.csv", "--config", "campaign.yaml", *LEDGER)
    run = ("run", "list.csv", *RUN)
    private, shared = bench.put("key", bench.key, mode=0o600), bench.put("shared-key", bench.key, mode=0o640)
    from_file = {"ONEINBOX_API_KEY": "", "ONEINBOX_API_KEY_FILE": str(private)}
    bench.run(*run, codes=(77,), environment=from_file | {"ONEINBOX_API_KEY_FILE": str(shared)})
    bench.run(*run, codes=(77,), environment={"ONEINBOX_API_KEY": f"oi_pk_{PASSWORD.text}"})
    bench.run(*run, codes=(77,), environment={"ONEINBOX_API_KEY": f"{PASSWORD.text} {PASSWORD.text}"})
    bench.run(*run, codes=(77,), environment={"ONEINBOX_API_KEY": PASSWORD.text})
    bench.run(*run, codes=(78,), environment={"ONEINBOX_PROXY": f"user:{PASSWORD.text}@host"})
    password = "4711pirol"  # of the kind that may stand in a URL as it is
    bench.secrets += (Canary("a password", password),)
    away = {
        "ONEINBOX_PROXY": f"http://user:{password}@127.0.0.1:1",
        "ONEINBOX_BASE_URL": "https://oneinbox.example",
    }
    bench.run(*run, codes=(78,), environment={"ONEINBOX_PROXY": away["ONEINBOX_PROXY"]})
    bench.run(*plan, codes=(0,), environment=away)
    bench.run(*run, codes=(69,), environment=away)
    bench.run(*run, codes=(78,), environment={"ONEINBOX_BASE_URL": f"https://user:{password}@127.0.0.1"})
    nowhere = f"postgresql://user:{password}@127.0.0.1:1/none"
    bench.run("status", codes=(74,), environment={"CAMPAIGN_LEDGER": nowhere})
    bench.run(*run, codes=(77,), environment=from_file)
    bench.must_hold_people("ledger.db")


def _a_bug_in_the_middle(bench: Bench) -> None:
    said = bench.run("list.csv", program=WITH_A_BUG, codes=(70,))
    if "Traceback" not in said:
        bench.wrong("a bug", "there is no traceback that could have been searched")
    bench.must_hold_people("ledger.db")


def _on_a_terminal(bench: Bench) -> None:
    said = bench.run("run", "list.csv", *(option for option in RUN if option != "--yes"), answer="y\n")
    if "rows final" not in said:
        bench.wrong("a terminal", "the live view was not seen")
    bench.run("run", "list.csv", *RUN, answer="")
    bench.run("status", *LEDGER, answer="")
    bench.must_hold_people("results.csv")


def _damaged_ledgers(bench: Bench) -> None:
    bench.run("list.csv", program=IMPATIENTLY, codes=(0,))
    content = (bench.work / "ledger.db").read_bytes()
    middle = len(content) // 2
    bench.put("ledger.db", content[:middle] + bytes(4096) + content[middle + 4096 :], mode=0o600)
    for command in (("status", *LEDGER), ("results", "spring", "--output", "results-again.csv", *LEDGER)):
        bench.run(*command, codes=(0, 64, 74))
    bench.run("list.csv", program=IMPATIENTLY, codes=(0, 74, 75, 80))
    bench.put("ledger.db", as_csv(ROWS).encode(), mode=0o600)
    bench.run("run", "list.csv", *RUN, codes=(74,))


def _simulated(bench: Bench) -> None:
    bench.run("demo", people_on_stdout=True)
    bench.run("simulate", "--fault", "nonsense", codes=(64,))

    def have_been_dialled() -> bool:
        url = re.search(rb"http://[\d.]+:\d+", bench.said_so_far)
        if url is None:
            return False
        for key in (bench.key, SIMULATOR_KEY):
            for number in NUMBERS:
                call = {"agent_id": "agt_test", "from_number": "+12025550100", "to_number": number}
                httpx.post(
                    f"{url[0].decode()}/v1/calls",
                    headers={"Authorization": f"Bearer {key}"},
                    json=call | {"variables": {"name": NAME.text}, "metadata": {"note": NOTE.text}},
                    trust_env=False,
                )
        return True

    bench.run(
        *("simulate", "--port", "0", "--dial-log", "dials.jsonl"),
        codes=(130,),
        send=signal.SIGINT,
        when=have_been_dialled,
    )
    if (bench.work / "dials.jsonl").read_bytes().count(b"\n") != len(NUMBERS):
        bench.wrong("campaign simulate", "the log of dials is not complete")


SCENARIOS: Mapping[str, Scenario] = {
    "a workbook": Scenario(_a_workbook, frozenset({"run"})),
    "a bug in the middle": Scenario(_a_bug_in_the_middle, frozenset(), key=ODD_KEY),
    "views": Scenario(_views, frozenset({"explain", "plan", "run", "results", "status"})),
    "replies that echo": Scenario(
        _replies_that_echo,
        frozenset(),
        ("echo=429#1", "echo=422#3", "echo=500#5", "echo=400#6", "echo=402#8", "garble#2", "lose_reply#3"),
        ODD_KEY,
    ),
    "killed": Scenario(_killed, frozenset(), ("stall=0.5#2-3",)),
    "decisions": Scenario(_decisions, frozenset({"review", "run"}), ("drop#1",)),
    "a hook": Scenario(_a_hook, frozenset({"explain", "run"})),
    "stopped by the breaker": Scenario(
        _stopped_by_the_breaker, frozenset({"resume", "run", "status"}), ("echo=402#2",)
    ),
    "another list": Scenario(_another_list, frozenset({"run"})),
    "suppression": Scenario(_suppression, frozenset({"suppress", "run"})),
    "setting up": Scenario(
        _setting_up, frozenset({"carriers", "numbers"}), ("echo=422#1", "lose_reply@add_carrier#1")
    ),
    "events": Scenario(
        _events,
        frozenset({"listen", "run", "webhooks"}),
        ("lose_reply@webhooks#1", "status=500@recording#1-9"),
    ),
    "single calls": Scenario(_single_calls, frozenset({"call", "calls"}), ("echo=422#1",)),
    "an examination": Scenario(
        _examined, frozenset({"doctor", "run"}), ("fail_call=carrier_auth_failed#2-9",)
    ),
    "rehearsals": Scenario(_rehearsals, frozenset({"rehearse", "run"})),
    "broken lists": Scenario(_broken_lists, frozenset({"validate", "run"})),
    "lists to mend": Scenario(_lists_to_mend, frozenset({"init", "validate"})),
    "broken campaign files": Scenario(_broken_campaign_files, frozenset({"plan"})),
    "keys": Scenario(
        _keys, frozenset({"plan", "run", "status"}), ("status=401@get", "status=401@list#2-9999")
    ),
    "on a terminal": Scenario(_on_a_terminal, frozenset({"run", "status"})),
    "damaged ledgers": Scenario(_damaged_ledgers, frozenset({"status", "results", "run"})),
    "simulated people": Scenario(_simulated, frozenset({"demo", "simulate"})),
}
"""By name."""
