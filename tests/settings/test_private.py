"""Secrets from outside: from private files and the environment, checked, and never repeated."""

import os
import stat
from pathlib import Path
from struct import pack

import pytest

from campaign.errors import CampaignError, ConfigError, InputMissingError
from campaign.logs import redact
from campaign.settings.private import (
    MOST_CHARACTERS,
    checked_secret,
    secret_from_environment,
    secret_from_file,
)

SECRET = "canary-4711"


def put(path: Path, content: bytes, mode: int = 0o600) -> Path:
    """A file with a secret."""
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "content", [SECRET, f"{SECRET}\n", f"  {SECRET}\r\n", "pass word", "pässwörter", "x" * 500]
)
def test_a_secret_from_a_file(tmp_path: Path, content: str) -> None:
    """It is what stands there without blanks around it, and from then on nothing printed repeats it."""
    secret = secret_from_file(put(tmp_path / "secret", content.encode()))
    assert secret.get_secret_value() == content.strip()
    assert content.strip() not in redact(f"said {content.strip()} again") + repr(secret)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_of_others(tmp_path: Path, mode: int) -> None:
    """A file that others can use in any way is refused, and the message says what to run."""
    path = put(tmp_path / "secret", SECRET.encode(), mode)
    with pytest.raises(ConfigError, match=f"run chmod 600 {path}"):
        secret_from_file(path)


USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
READ, NOBODY = 4, 0xFFFFFFFF
US, SOMEBODY = os.geteuid(), os.geteuid() + 1
OF_SYSTEMD = [
    (USER_OBJ, READ, NOBODY), (USER, READ, US), (GROUP_OBJ, 0, NOBODY), (MASK, READ, NOBODY),
    (OTHER, 0, NOBODY),
]  # fmt: skip
"""Who may do what with a file of `LoadCredential=`: root, whom it belongs to, and the user of the unit."""


def give(path: Path, entries: list[tuple[int, int, int]]) -> None:
    """Write an access list on a file, where its disk takes them."""
    packed = pack("<I", 2) + b"".join(pack("<HHI", *entry) for entry in sorted(entries))
    try:
        os.setxattr(path, "system.posix_acl_access", packed)
    except OSError as error:
        pytest.skip(f"no access lists here: {error.strerror}")


def test_a_file_of_systemd(tmp_path: Path) -> None:
    """Its group bits are those of an access list, by which we are the only ones beside its owner."""
    path = put(tmp_path / "secret", SECRET.encode(), 0o400)
    give(path, OF_SYSTEMD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert secret_from_file(path).get_secret_value() == SECRET


@pytest.mark.parametrize(
    "entries",
    [
        [(USER, READ, SOMEBODY)],
        [(USER, READ, US), (USER, READ, SOMEBODY)],
        [(USER, 2, SOMEBODY)],
        [(USER, READ, US), (GROUP, READ, US)],
        [(GROUP, READ, SOMEBODY)],
        [(GROUP_OBJ, READ, NOBODY)],
        [(USER, READ, US), (GROUP_OBJ, READ, NOBODY)],
        [(USER, READ, US), (OTHER, READ, NOBODY)],
    ],
)
def test_an_access_list_with_others(tmp_path: Path, entries: list[tuple[int, int, int]]) -> None:
    """Another user, or any group, could read the secret, and the message says what to run."""
    path = put(tmp_path / "secret", SECRET.encode(), 0o400)
    own = {tag for tag, _, _ in entries}
    give(path, [each for each in OF_SYSTEMD if each[0] not in {*own, USER}] + entries)
    with pytest.raises(ConfigError, match=f"run chmod 600 {path}"):
        secret_from_file(path)


def test_an_access_list_that_gives_others_nothing(tmp_path: Path) -> None:
    """Who is named without a right has none."""
    path = put(tmp_path / "secret", SECRET.encode(), 0o400)
    give(path, [*OF_SYSTEMD, (USER, 0, SOMEBODY), (GROUP, 0, SOMEBODY)])
    assert secret_from_file(path).get_secret_value() == SECRET


@pytest.mark.parametrize("read", [b"", pack("<I", 3), pack("<I", 2) + b"\1", pack("<I", 2)])
def test_an_access_list_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, read: bytes
) -> None:
    """Nobody knows then whose the group bits are."""
    path = put(tmp_path / "secret", SECRET.encode(), 0o440)
    monkeypatch.setattr(os, "getxattr", lambda *_: read)
    with pytest.raises(ConfigError, match=f"run chmod 600 {path}"):
        secret_from_file(path)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (None, InputMissingError, "No such file"),
        (b"", ConfigError, "it is empty"),
        (b" \n\n", ConfigError, "it is empty"),
        (b"\xff\xfe\x00", ConfigError, "not a text file"),
        (b"canary-4711\ncanary-4712\n", ConfigError, "several lines"),
        (b"canary\x00-4711", ConfigError, "control characters"),
        (b"12345", ConfigError, "too short"),
        (b"x" * MOST_CHARACTERS, ConfigError, "too long"),
    ],
)
def test_what_is_no_secret(
    tmp_path: Path, content: bytes | None, kind: type[CampaignError], words: str
) -> None:
    """What cannot be one is refused in words that do not repeat it."""
    path = tmp_path / "secret"
    if content is not None:
        put(path, content)
    with pytest.raises(kind, match=words) as caught:
        secret_from_file(path)
    assert "canary-" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Why it cannot is told."""
    with pytest.raises(ConfigError, match="Is a directory"):
        secret_from_file(tmp_path)


def test_a_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, and its value taken without blanks around it."""
    monkeypatch.setenv("CARRIER_TOKEN", f" {SECRET}\n")
    assert secret_from_environment("CARRIER_TOKEN").get_secret_value() == SECRET
    monkeypatch.setenv("CARRIER_TOKEN", "")
    with pytest.raises(ConfigError, match="environment variable CARRIER_TOKEN: it is empty"):
        secret_from_environment("CARRIER_TOKEN")


@pytest.mark.parametrize("name", [SECRET, "SK_live_canary", "", "A=B", "1A", "A B"])
def test_a_name_that_may_be_the_secret_itself(name: str) -> None:
    """Who has typed the secret in place of a name does not read it once more."""
    with pytest.raises(ConfigError, match="give the name of one, not the secret itself") as caught:
        secret_from_environment(name)
    assert not name or name not in str(caught.value)


def test_a_secret_that_was_typed() -> None:
    """It is checked like any other."""
    assert checked_secret(f"{SECRET} ", "the token").get_secret_value() == SECRET
    with pytest.raises(ConfigError, match="the token: it is empty"):
        checked_secret("", "the token")
