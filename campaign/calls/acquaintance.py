"""The acquaintance with an account: what earlier runs have learnt of it, and what this one sees."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace

from campaign.models import TOKEN_KEY, Call, Habits

NOTHING = Habits()


class Acquaintance:
    """Of one run with its account."""

    def __init__(
        self,
        account: str = "",
        known: Habits = NOTHING,
        of_list: Callable[[], Habits] | None = None,
    ) -> None:
        """Begin with what is known.

        Args:
            account: What tells it from others; empty when nothing is to be kept.
            known: What earlier runs have learnt.
            of_list: What the client knows by now of its lists; None where it knows nothing.
        """
        self.account = account
        self._known = known
        self._of_list = of_list
        self._echoes_token: bool | None = None

    @property
    def echoes_token(self) -> bool | None:
        """Whether the list shows our tokens, by what this run has seen, else by what is known."""
        return self._known.echoes_token if self._echoes_token is None else self._echoes_token

    def listed(self, own: Iterable[Call]) -> None:
        """The list has shown these calls, which were made with a token."""
        for call in own:
            # One that has it proves that it comes back; one without may be a call of an older version.
            self._echoes_token = bool(self._echoes_token) or TOKEN_KEY in call.metadata

    def news(self) -> dict[str, bool]:
        """What is to be kept: facts that were not known, or were otherwise."""
        seen = replace(self._of_list() if self._of_list else NOTHING, echoes_token=self._echoes_token)
        known = asdict(self._known)
        return {fact: is_so for fact, is_so in asdict(seen).items() if is_so not in (None, known[fact])}
