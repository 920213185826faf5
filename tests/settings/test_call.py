"""What a campaign file says of every call: webhook, metadata, overrides; and where events may go."""

from pathlib import Path

import pytest

from campaign.errors import ConfigError
from campaign.settings import CampaignSettings, Environment, load_campaign_file

BASE = 'name: spring\nagent_id: agt_1\nfrom_numbers: ["+12025550100"]\n'


def load(folder: Path, call: str) -> CampaignSettings:
    """A campaign file with this `call` section."""
    path = folder / "campaign.yaml"
    path.write_text(f"{BASE}call: {call}\n", encoding="utf-8")
    return load_campaign_file(path)


def test_every_key_arrives(tmp_path: Path) -> None:
    """Webhook, metadata and overrides are read as they are written."""
    call = load(
        tmp_path,
        "{webhook_url: 'https://crm.example/calls?key=1', metadata: {team: north, wave: 2, paid: true},"
        " overrides: {llm: {model: m, temperature: 0.2, system_prompt: p}, transcriber: {language: es},"
        " tts: {voice_id: v, speed: 1.1, stability: 0.5}, first_message: 'Hi {{name}}'}}",
    ).call
    assert call.webhook_url == "https://crm.example/calls?key=1"
    assert call.metadata == {"team": "north", "wave": 2, "paid": True}
    assert call.overrides.as_sent() == {
        "llm": {"model": "m", "temperature": 0.2, "system_prompt": "p"},
        "transcriber": {"language": "es"},
        "tts": {"voice_id": "v", "speed": 1.1, "stability": 0.5},
        "first_message": "Hi {{name}}",
    }


def test_metadata_keeps_its_kinds(tmp_path: Path) -> None:
    """Numbers, true and false are sent as such; what YAML takes for a time in minutes is a text."""
    metadata = load(
        tmp_path, "{metadata: {a: 18:00, b: 0123, c: 10.50, d: yes, e: 2026, f: 'yes'}}"
    ).call.metadata
    assert metadata == {"a": "18:00", "b": "0123", "c": 10.5, "d": True, "e": 2026, "f": "yes"}
    assert metadata["d"] is True


@pytest.mark.parametrize("key", ["no", "1", "10.50", "2026-12-24"])
def test_a_key_of_metadata_that_is_no_text(tmp_path: Path, key: str) -> None:
    """It would be kept under another name than stands there."""
    with pytest.raises(ConfigError, match=r"call\.metadata: a key would be read as .*; write it in quotes"):
        load(tmp_path, f"{{metadata: {{{key}: a}}}}")


def test_only_what_is_set_is_sent(tmp_path: Path) -> None:
    """The agent keeps what the campaign file does not name."""
    assert load(tmp_path, "{}").call.overrides.as_sent() == {}
    overrides = load(tmp_path, "{overrides: {llm: {}, tts: {speed: 0}}}").call.overrides
    assert overrides.as_sent() == {"tts": {"speed": 0.0}}


def test_our_metadata_wins(tmp_path: Path) -> None:
    """What finds a lost call again cannot be overwritten, and the operator can be told what is not sent."""
    call = load(tmp_path, "{metadata: {campaign: theirs, team: north}}").call
    assert call.metadata_for({"campaign": "ours", "row": 2}) == {
        "campaign": "ours",
        "team": "north",
        "row": 2,
    }
    assert call.not_sent == ("campaign",)


@pytest.mark.parametrize(
    "call",
    [
        "{webhook_url: 'http://crm.example/calls'}",
        "{webhook_url: 'https://user:secret@crm.example/'}",
        "{webhook_url: 'https://crm.example/#secret'}",
        "{webhook_url: 'https://crm.example/{{secret}}'}",
        "{webhook_url: 'https:///secret'}",
        "{webhook_url: 'https://crm.example:99999/'}",
        "{webhook_url: 'crm.example/calls'}",
        "{webhook_url: 5}",
        f"{{webhook_url: 'https://crm.example/{'x' * 2000}'}}",
        "{metadata: {a: [secret]}}",
        "{metadata: {a: null}}",
        "{metadata: {a: .nan}}",
        '{metadata: {a: "\\x07"}}',
        '{metadata: {a: "\\ud800"}}',
        f"{{metadata: {{a: {'x' * 2000}}}}}",
        "{metadata: [a]}",
        "{overrides: {first_message: ' '}}",
        '{overrides: {first_message: "\\ud800"}}',
        f"{{overrides: {{first_message: {'x' * 2001}}}}}",
        "{overrides: {llm: {temperature: .inf}}}",
        "{overrides: {llm: {temperature: -1}}}",
        "{overrides: {llm: {tempo: 1}}}",
        "{overrides: {tts: {voice_id: ''}}}",
        "{overrides: {voice: x}}",
        "{overrides: first}",
    ],
)
def test_what_cannot_be_sent_is_refused(tmp_path: Path, call: str) -> None:
    """A mistake is found before anybody is called, in one line that repeats no secret."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, call)
    assert "call." in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("hosts", "url", "is_allowed"),
    [
        (None, "https://anywhere.example/", True),
        ("crm.example", None, True),
        ("crm.example", "https://crm.example/calls", True),
        ("other.example, CRM.example", "https://Crm.Example:8443/calls", True),
        ("*.crm.example", "https://eu.crm.example/", True),
        ("*.crm.example", "https://crm.example/", False),
        ("*.crm.example", "https://evilcrm.example/", False),
        ("crm.example", "https://crm.example.evil.example/", False),
        ("", "https://crm.example/", False),
    ],
)
def test_where_events_may_go(
    monkeypatch: pytest.MonkeyPatch, hosts: str | None, url: str | None, is_allowed: bool
) -> None:
    """Who runs the machine may fix the hosts, and no campaign file can widen that."""
    if hosts is not None:
        monkeypatch.setenv("CAMPAIGN_WEBHOOK_HOSTS", hosts)
    if is_allowed:
        Environment().check_webhook(url)
        return
    with pytest.raises(ConfigError, match="CAMPAIGN_WEBHOOK_HOSTS"):
        Environment().check_webhook(url)
