"""The environment: the account, and where the ledger is, as one frozen object that is made once."""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from campaign.errors import ConfigError, KeyRefusedError, UsageError
from campaign.logs import hide
from campaign.settings.addresses import LOOPBACK, checked_url
from campaign.settings.private import read_private

DEFAULT_BASE_URL = "https://api.oneinbox.ai"
_DIGEST_LENGTH = 12
"""Enough to tell a few accounts apart."""


class Environment(BaseSettings):
    """What the environment says: the account, and where the ledger is."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True, extra="ignore")

    oneinbox_api_key: SecretStr | None = None
    oneinbox_api_key_file: Path | None = None
    oneinbox_base_url: str = DEFAULT_BASE_URL
    oneinbox_proxy: SecretStr | None = None
    campaign_ledger: str | None = None
    campaign_webhook_hosts: str | None = None
    """Hosts that a campaign file may have events sent to; any when it is not set."""

    def api_key(self) -> SecretStr:
        """The secret key of the account.

        Raises:
            KeyRefusedError: There is none, its file cannot be read or is open to others, or it is of the
                publishable kind, which cannot place calls.
        """
        key = self.oneinbox_api_key or self._key_from_file()
        text = key.get_secret_value().strip() if key else ""
        if not text:
            raise KeyRefusedError(
                "no API key; set ONEINBOX_API_KEY, or ONEINBOX_API_KEY_FILE to a file that only you can read"
            )
        if text.startswith("oi_pk_"):
            raise KeyRefusedError(
                "the API key is a publishable one (oi_pk_), which cannot place calls; "
                "use the account's secret key (oi_sk_)"
            )
        if not text.isascii() or not text.isprintable() or " " in text:
            raise KeyRefusedError("the API key has characters that no key has; copy it again")
        hide(text)
        return SecretStr(text)

    def proxy(self) -> str | None:
        """URL of the HTTP proxy, when there is one.

        Raises:
            ConfigError: It is not such a URL, or OneInbox is on this machine: what goes there in the clear
                is for no other machine.
        """
        if self.oneinbox_proxy is None:
            return None
        url = self.oneinbox_proxy.get_secret_value()
        try:
            parts = urlsplit(url)
            is_right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            is_right = False
        if not is_right or not re.fullmatch(r"[!-~]+", url):
            # The text may hold a password, so it is not repeated.
            raise ConfigError("ONEINBOX_PROXY: not a proxy URL; write it like http://proxy.example:3128")
        if self.is_simulator:
            raise ConfigError(
                "ONEINBOX_PROXY: ONEINBOX_BASE_URL is on this machine, and a proxy would read the key; "
                "unset one of them"
            )
        return url

    def _key_from_file(self) -> SecretStr | None:
        path = self.oneinbox_api_key_file
        if path is None:
            return None
        return SecretStr(read_private(path, "key file", KeyRefusedError))

    def check_webhook(self, url: str | None, *, where: str = "call.webhook_url") -> None:
        """Raise ConfigError when `CAMPAIGN_WEBHOOK_HOSTS` does not name the host of this address.

        Events carry what people say in a call, so whoever runs this machine may fix where they go.

        Args:
            url: Where events are to go; None for nowhere.
            where: What named it, for the error.
        """
        if url is None or self.campaign_webhook_hosts is None:
            return
        allowed = self.campaign_webhook_hosts.casefold().replace(",", " ").split()
        host = (urlsplit(url).hostname or "").rstrip(".")
        if not any(host == name or (name[:2] == "*." and host.endswith(name[1:])) for name in allowed):
            raise ConfigError(
                f"{where}: {host} is not among CAMPAIGN_WEBHOOK_HOSTS; "
                "add it there, or have the events sent to one of those"
            )

    def base_url(self) -> str:
        """Where the API is: https, or plain http on this machine only. Raises ConfigError."""
        return check_base_url(self.oneinbox_base_url)

    def check(self) -> None:
        """Raise what `api_key`, `base_url` and `proxy` do, before anything else of a command is done."""
        self.api_key()
        self.base_url()
        self.proxy()

    def account(self) -> str:
        """What tells this account from others: where it is, and a digest of its key, not to be turned back.

        Raises ConfigError and KeyRefusedError as the two do.
        """
        url = self.base_url()
        digest = hashlib.sha256(f"{url} {self.api_key().get_secret_value()}".encode()).hexdigest()
        return f"{url} {digest[:_DIGEST_LENGTH]}"

    @property
    def is_simulator(self) -> bool:
        """Whether OneInbox is on this machine."""
        return urlsplit(self.base_url()).hostname in LOOPBACK


def check_base_url(url: str) -> str:
    """Return `url` without a trailing slash. Raises ConfigError unless it is https, or http on loopback."""
    try:
        return checked_url(url, like=DEFAULT_BASE_URL, without="@#?").rstrip("/")
    except ValueError as error:
        raise ConfigError(f"ONEINBOX_BASE_URL: {error}") from error


def ledger_url(flag: str | None, environment: Environment) -> str:
    """Where the ledger is: the flag, else CAMPAIGN_LEDGER, else a file in the user's state directory.

    Raises:
        UsageError: The flag is empty, like a variable of a shell that is not set. Another ledger would know
            nobody who has asked not to be called.
        ConfigError: CAMPAIGN_LEDGER is.
    """
    if flag is not None:
        if not flag.strip():
            raise UsageError("--ledger: it is empty; name the ledger, or leave the option out")
        return flag
    if environment.campaign_ledger is not None:
        if not environment.campaign_ledger.strip():
            raise ConfigError("CAMPAIGN_LEDGER: it is empty; name the ledger, or unset it")
        return environment.campaign_ledger
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return str(Path(state) / "campaign" / "ledger.db")
