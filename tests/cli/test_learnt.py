"""What a run keeps of its account: under the account's own name, which another key does not share."""

from pathlib import Path

import pytest

from campaign.cli.run import Options, execute
from campaign.errors import ExitCode
from campaign.ledger import learnt
from campaign.ledger.ledger import Ledger
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from campaign.simulator.server import running
from tests.e2e.impatient import IMPATIENT
from tests.ledger.case import do, engine_of
from tests.support import NOON

CONFIG = """
name: spring
agent_id: agt_1
from_numbers: ["+12025550100"]
contacts: {countries: [US]}
caps: {per_number: {calls: 9, within: 1h}}
pace: {calls_per_second: 100, burst: 30, max_live_calls: 30, stages: []}
hours: {days: {mon-sun: "00:00-24:00"}}
"""
OTHER_KEY = "oi_sk_another_account"


def kept(path: str) -> dict[str, set[str]]:
    """The facts that the ledger holds, by account."""
    with Ledger.open(path) as ledger, engine_of(ledger).connect() as connection:
        found: dict[str, set[str]] = {}
        for account, fact in connection.exec_driver_sql("SELECT account, fact FROM learnt"):
            found.setdefault(account, set()).add(fact)
        return found


def test_another_key_learns_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two accounts may be of two generations at one address; what an older version kept is left aside."""
    monkeypatch.chdir(tmp_path)
    Path("campaign.yaml").write_text(CONFIG)
    rows = "".join(f"+1202555{at:04d}\n" for at in range(100, 130))
    Path("list.csv").write_text(f"phone\n{rows}")
    provider = Provider(speed=60, behaviour=Behaviour(answer=1, voicemail=0, busy=0, no_answer=0))
    simulator = Simulator(provider=provider, generation="v3")
    with running(simulator) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        with Ledger.open("ledger.db") as ledger:
            do(ledger, learnt.keep, url, {"cursor_list": False, "offset_list": False}, NOON)
        for name, key in (("spring", SIMULATOR_KEY), ("summer", OTHER_KEY)):
            simulator.api_key = key
            monkeypatch.setenv("ONEINBOX_API_KEY", key)
            Path("campaign.yaml").write_text(CONFIG.replace("spring", name))
            options = Options(
                contact_list=Path("list.csv"), config=Path("campaign.yaml"), ledger="ledger.db", yes=True
            )
            assert execute(options, timing=IMPATIENT) is ExitCode.OK
        found = kept("ledger.db")
    first, second = found.keys() - {url}
    assert first.startswith(f"{url} ")
    assert second.startswith(f"{url} ")
    assert found[first] == found[second] >= {"cursor_list"}
    assert not [key for key in (SIMULATOR_KEY, OTHER_KEY) if key.removeprefix("oi_sk_") in str(found)]
