"""The environment: keys, URLs and the place of the ledger; a mistake is one line with its cure."""

import re
from pathlib import Path

import pytest

from campaign.errors import ConfigError, KeyRefusedError, UsageError
from campaign.logs import redact
from campaign.settings import Environment, check_base_url, ledger_url


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://api.oneinbox.ai", "https://api.oneinbox.ai"),
        ("https://api.oneinbox.ai/", "https://api.oneinbox.ai"),
        ("https://proxy.example:8443/oneinbox/", "https://proxy.example:8443/oneinbox"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_base_url(url: str, clean: str) -> None:
    """The API is reached over https, or over plain http on this machine."""
    assert check_base_url(url) == clean


@pytest.mark.parametrize(
    "url",
    [
        "http://api.oneinbox.ai", "http://127.0.0.1.example.com", "http://localhost.example.com",
        "http://10.0.0.1", "http://0.0.0.0", "ftp://api.oneinbox.ai", "file:///etc/passwd", "api.oneinbox.ai",
        "", "https://", "https:///x", "https://user:secret@api.oneinbox.ai", "https://user@api.oneinbox.ai",
        "https://api.oneinbox.ai?x=1", "https://api.oneinbox.ai#x", "https://h:99999", "https://h:port",
        "https://[::1", "http://localhost@evil.example", "https://api.oneinbox .ai",
        "https://api.oneinbox.ai\r", "https://api.oneinbox.ai\n", "https://api.oneinbox.ai/\t",
    ],
)  # fmt: skip
def test_base_url_refused(url: str) -> None:
    """A base URL to which the key must not travel is refused by name, and no secret of it is shown."""
    with pytest.raises(ConfigError) as caught:
        check_base_url(url)
    assert str(caught.value).startswith("ONEINBOX_BASE_URL: ")
    assert "secret" not in str(caught.value)


def test_environment_defaults() -> None:
    """Without a word in the environment the API is the public one."""
    assert Environment().base_url() == "https://api.oneinbox.ai"


def test_key_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key comes from the environment without its outer blanks, and never shows in a repr."""
    monkeypatch.setenv("ONEINBOX_API_KEY", " oi_sk_canary\n")
    environment = Environment()
    assert environment.api_key().get_secret_value() == "oi_sk_canary"
    assert "canary" not in repr(environment) + str(environment) + repr(environment.api_key())


def test_an_account_is_its_place_and_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the two tells it from others, always alike, and nothing of the key can be read from it."""

    def account(key: str, url: str = "https://api.oneinbox.ai/") -> str:
        monkeypatch.setenv("ONEINBOX_API_KEY", key)
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        return Environment().account()

    one = account("oi_sk_canary")
    assert one == account(" oi_sk_canary\n")
    assert re.fullmatch(r"https://api\.oneinbox\.ai [0-9a-f]{12}", one)
    others = {account("oi_sk_canary2"), account("oi_sk_canary", "https://api-tokyo.oneinbox.ai")}
    assert len({one, *others, *(each.split()[1] for each in (one, *others))}) == 6


@pytest.mark.parametrize("other", [None, ""])
def test_key_from_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, other: str | None) -> None:
    """The key comes from a file that only its owner can read, when the environment has none."""
    path = tmp_path / "key"
    path.write_text("oi_sk_canary\n")
    path.chmod(0o600)
    monkeypatch.setenv("ONEINBOX_API_KEY_FILE", str(path))
    if other is not None:
        monkeypatch.setenv("ONEINBOX_API_KEY", other)
    assert Environment().api_key().get_secret_value() == "oi_sk_canary"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o601, 0o777])
def test_key_file_of_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int) -> None:
    """A key file that others can use in any way is refused, and the message says what to run."""
    path = tmp_path / "key"
    path.write_text("oi_sk_canary\n")
    path.chmod(mode)
    monkeypatch.setenv("ONEINBOX_API_KEY_FILE", str(path))
    with pytest.raises(KeyRefusedError, match=f"run chmod 600 {path}"):
        Environment().api_key()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "no API key; set ONEINBOX_API_KEY"),
        ("  ", "no API key; set ONEINBOX_API_KEY"),
        ("oi_pk_canary", "publishable one (oi_pk_), which cannot place calls"),
        ("oi_sk_can ary", "characters that no key has"),
        ("oi_sk_can\nary", "characters that no key has"),
        ("oi_sk_canaryé", "characters that no key has"),
    ],
)
def test_key_refused(monkeypatch: pytest.MonkeyPatch, key: str, words: str) -> None:
    """A key that cannot work is refused in words that do not repeat it."""
    monkeypatch.setenv("ONEINBOX_API_KEY", key)
    with pytest.raises(KeyRefusedError) as caught:
        Environment().api_key()
    assert words in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"\xff\xfe", "not a text file"), (b"", "no API key")]
)
def test_key_file_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, words: str
) -> None:
    """A key file that is missing, empty or no text is refused."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    monkeypatch.setenv("ONEINBOX_API_KEY_FILE", str(path))
    with pytest.raises(KeyRefusedError, match=words):
        Environment().api_key()


@pytest.mark.parametrize(
    ("flag", "variable", "location"),
    [
        ("a.db", "b.db", "a.db"),
        ("a.db", "", "a.db"),
        (None, "b.db", "b.db"),
        (None, None, "{state}/campaign/ledger.db"),
    ],
)
def test_ledger_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flag: str | None, variable: str | None, location: str
) -> None:
    """The ledger is where the flag says, else the environment, else in the user's state directory."""
    if variable is not None:
        monkeypatch.setenv("CAMPAIGN_LEDGER", variable)
    assert ledger_url(flag, Environment()) == location.format(state=tmp_path / "state")


@pytest.mark.parametrize("nothing", ["", " "])
def test_a_ledger_without_a_name(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    """A variable of the shell that is not set is no wish for another ledger, which would know no opt-out."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", nothing)
    with pytest.raises(ConfigError, match=r"^CAMPAIGN_LEDGER: it is empty; name the ledger, or unset it$"):
        ledger_url(None, Environment())
    monkeypatch.setenv("CAMPAIGN_LEDGER", "b.db")
    with pytest.raises(
        UsageError, match=r"^--ledger: it is empty; name the ledger, or leave the option out$"
    ):
        ledger_url(nothing, Environment())


@pytest.mark.parametrize("url", ["http://proxy.example:3128", "https://user:pw@proxy.example"])
def test_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The proxy of the environment is used as it is."""
    monkeypatch.setenv("ONEINBOX_PROXY", url)
    assert Environment().proxy() == url


@pytest.mark.parametrize(
    "url", ["user:secretpw@proxy:3128", "garbage", "http://:80", "socks5://h:1", "http://h:x"]
)
def test_proxy_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """What is no proxy URL is refused in one line that does not repeat it, as it may hold a password."""
    monkeypatch.setenv("ONEINBOX_PROXY", url)
    with pytest.raises(ConfigError, match="ONEINBOX_PROXY") as refused:
        Environment().proxy()
    assert url not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://LOCALHOST/v1", "http://[::1]:8000", "https://localhost"]
)
def test_no_proxy_for_this_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """To an address on this machine the key may go in the clear, but never by way of another machine."""
    monkeypatch.setenv("ONEINBOX_BASE_URL", url)
    assert Environment().proxy() is None
    monkeypatch.setenv("ONEINBOX_PROXY", "http://user:secretpw@proxy.example:3128")
    with pytest.raises(ConfigError) as refused:
        Environment().proxy()
    assert str(refused.value) == (
        "ONEINBOX_PROXY: ONEINBOX_BASE_URL is on this machine, and a proxy would read the key; "
        "unset one of them"
    )


def test_the_key_is_hidden_whatever_it_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the key is known, no text that is redacted holds it."""
    monkeypatch.setenv("ONEINBOX_API_KEY", "plain-secret-value")
    Environment().api_key()
    assert redact("HTTP 401: unknown key plain-secret-value") == "HTTP 401: unknown key [key]"
