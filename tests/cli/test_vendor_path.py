"""The vendor's guide for telephone calls from its first step to its last, typed, in each generation.

An empty account gets a carrier and two numbers, one in each way; a list of one person is called from them,
and the transcript comes back.
"""

import csv
import json
from pathlib import Path

import pytest

from campaign.cli.run import Options, execute
from campaign.errors import ExitCode
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from campaign.simulator.server import running
from tests.cli.test_commands import call, call_json
from tests.e2e.impatient import IMPATIENT

PERSON = "+12125550123"
CONFIG = """
name: spring
agent_id: agt_1
from_numbers: {numbers}
contacts: {{countries: [US]}}
pace: {{stages: []}}
hours: {{days: {{mon-sun: "00:00-24:00"}}}}
"""


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
def test_from_an_empty_account_to_a_transcript(
    generation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credential, search, both ways to register, a call with its variables, the transcript in the result."""
    simulator = Simulator(
        provider=Provider(speed=60, behaviour=Behaviour(answer=1, voicemail=0, busy=0, no_answer=0)),
        generation=generation,
        agents=frozenset({"agt_1"}),
        registered_only=True,
    )
    password = tmp_path / "password"
    password.write_text("trunk-pass-4711\n")
    password.chmod(0o600)
    contact_list, config, result = (tmp_path / name for name in ("list.csv", "campaign.yaml", "results.csv"))
    contact_list.write_text(f"phone,customer_name,order_id\n{PERSON},Sam,ORD-001\n")
    monkeypatch.setenv("CARRIER_TOKEN", "carrier-token-4711")
    monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
    with running(simulator) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        carrier = call_json(
            "carriers", "add", "Production", "--provider", "twilio", "--secret-env", "CARRIER_TOKEN"
        )["id"]
        search = ("numbers", "search", "--country", "US", "--area-code", "415", "--carrier", carrier)
        first, second = (offer["phone_number"] for offer in call_json(*search, "--limit", "2"))
        register = ("numbers", "register", "--agent", "agt_1", "--name", "Support Line")
        call_json(*register, first, "--carrier", carrier)
        trunk = ("--trunk", "sip.example.com", "--trunk-user", "one", "--provider", "twilio")
        assert call(*register, second, *trunk, "--secret-file", str(password))[0] == 0
        numbers = [number["phone_number"] for number in call_json("numbers", "list")]
        config.write_text(CONFIG.format(numbers=json.dumps(numbers)))
        options = Options(
            contact_list=contact_list,
            config=config,
            output_file=result,
            ledger=str(tmp_path / "ledger.db"),
            yes=True,
        )
        assert execute(options, timing=IMPATIENT) is ExitCode.OK
    [dialled] = simulator.provider.calls.values()
    assert (dialled.to_number, dialled.from_number in (first, second)) == (PERSON, True)
    assert dict(dialled.variables) == {"customer_name": "Sam", "order_id": "ORD-001"}
    with result.open(newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["phone"], row["call_status"], row["call_id"]) == (PERSON, "completed", dialled.id)
    assert "Hello Sam" in row["call_transcript"]
    assert "order_id ORD-001" in row["call_transcript"]


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
def test_a_number_that_is_not_registered(
    generation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is called from it, and the exit code says that the set-up is wrong."""
    simulator = Simulator(generation=generation, registered_only=True)
    contact_list, config = tmp_path / "list.csv", tmp_path / "campaign.yaml"
    contact_list.write_text(f"phone\n{PERSON}\n")
    config.write_text(CONFIG.format(numbers='["+14155550199"]'))
    monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
    with running(simulator) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        options = Options(
            contact_list=contact_list,
            config=config,
            output_file=tmp_path / "results.csv",
            ledger=str(tmp_path / "ledger.db"),
            yes=True,
        )
        assert execute(options, timing=IMPATIENT) is ExitCode.CONFIG
    assert simulator.provider.dials == []
