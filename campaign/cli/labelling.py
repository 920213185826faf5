"""A call gets another outcome by hand. A wish not to be called again is kept first, whatever comes of it."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from campaign.cli import output
from campaign.cli.known_ledger import ledger_if_any
from campaign.cli.reasons import login_name
from campaign.cli.talking import talk
from campaign.errors import ApiUnavailableError, CampaignError

if TYPE_CHECKING:
    from campaign.ledger.ledger import Ledger
    from campaign.models import Call, OutcomeLabel
    from campaign.oneinbox.client import OneInbox

NOT_SUPPRESSED = (
    "the person is NOT suppressed and may be called again: `campaign suppress add NUMBER --reason TEXT`"
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """What came of it."""

    call: "Call"
    shown: str
    """The outcome that the call has now."""
    is_suppressed: bool | None
    """Whether the person is suppressed in this ledger; None when nobody knows whose call it was."""
    is_left_to_human: bool
    """Whether there is a wish that could not be kept."""
    notes: tuple[str, ...]
    """What the operator should know, the person's standing last."""


def wishes(config: Path | None) -> tuple[str, ...]:
    """The labels that say that a person must not be called again.

    Args:
        config: The campaign file whose `opt_out.outcomes` count as well.

    Raises:
        InputMissingError, ConfigError: It cannot be read.
    """
    from campaign.settings import OptOutSettings, load_campaign_file

    own = load_campaign_file(config).opt_out.outcomes if config is not None else ()
    return (*OptOutSettings().outcomes, *own)


def give(call_id: str, label: str, *, wishes: Collection[str], location: str | None) -> Labelled:
    """Give a call another outcome, at OneInbox and in the ledger; whose wish it tells is suppressed first.

    Args:
        call_id: The call.
        label: As it was typed: a label, or the name of one.
        wishes: Labels that are wishes, beside those of the campaign of the call.
        location: What `--ledger` says.

    Raises:
        CampaignError: The call may have another outcome; the text says whether the person is suppressed.
    """
    from campaign.models import plain

    with _opened(call_id, label, wishes, location) as person:
        is_set = False
        try:
            person.heed(label)
            known = talk("looking for the outcome", lambda api: _find(api, label))
            if known is not None:
                person.heed(known.label, known.name)
            name = known.name if known is not None else plain(label)
            look = f"campaign calls show {call_id}"
            call = talk("setting the outcome", lambda api: api.set_outcome(call_id, name), look=look)
            person.learn(call)
            person.heed(call.outcome)
            _refuse_another(call, label, known)
            is_set = True
            shown = call.outcome or (known.label if known is not None else label.strip())
            notes = [*_untold(call), *_record(person.ledger, call_id, shown)]
        except CampaignError as error:
            done = "the outcome IS set at OneInbox; " if is_set else ""
            # Of somebody without a wish it is said where it costs no request.
            is_told = person.has_wish or person.is_suppressed is not None
            standing = f"; {person.standing(in_spite=True)}" if is_told else ""
            raise type(error)(f"{done}{error}{standing}") from error
        is_left = person.has_wish and not person.is_suppressed
        return Labelled(call, shown, person.is_suppressed, is_left, (*notes, person.standing()))


@contextmanager
def _opened(call_id: str, label: str, wishes: Collection[str], location: str | None) -> Iterator["_Person"]:
    """Whoever was called, beside the open ledger. Raises as `ledger_if_any`, and says what that means."""
    with ExitStack() as stack:
        try:
            ledger = stack.enter_context(ledger_if_any(location))
            person = _Person(call_id, ledger, wishes)
        except CampaignError as error:
            if _spelt(label, wishes) is None:
                raise
            raise type(error)(f"{error}; nothing was done, and {NOT_SUPPRESSED}") from error
        yield person


def _spelt(word: str | None, wishes: Collection[str]) -> str | None:
    """The wish that a word for an outcome is, as it is known; None when it is none."""
    from campaign.models import plain

    return next((wish for wish in wishes if plain(wish) == plain(word)), None)


class _Person:
    """Whoever was called, as far as that is known, and whether they are suppressed."""

    def __init__(self, call_id: str, ledger: "Ledger | None", wishes: Collection[str]) -> None:
        from campaign.ledger import judging, known_calls
        from campaign.settings.opt_out import read_kept

        self.ledger = ledger
        self.has_wish = False
        self.is_suppressed: bool | None = None
        self._call_id = call_id
        self._wishes: Collection[str] = wishes
        self._number: str | None = None
        if ledger is not None:
            self._wishes = (*wishes, *read_kept(ledger.read(judging.kept_of, call_id).opt_out).outcomes)
            self._take(ledger.read(known_calls.number_of, call_id))

    def learn(self, call: "Call") -> None:
        """Take the number from a call, unless it is known."""
        from campaign.contacts import phone

        if self._number is None and self.ledger is not None:
            theirs = call.from_number if call.is_incoming else call.to_number
            self._take(phone.normalise(theirs or "", default_region=None))

    def heed(self, *words: str | None) -> None:
        """Suppress the person if one of these words for an outcome is a wish. Raises CampaignError."""
        told = [wish for word in words if (wish := _spelt(word, self._wishes)) is not None]
        if not told:
            return
        self.has_wish = True
        if self.ledger is not None and self._number is None:
            self.learn(talk("looking whose call it is", lambda api: api.get_call(self._call_id)))
        if self.ledger is not None and self._number is not None and not self.is_suppressed:
            self._suppress(self.ledger, self._number, told[0])

    def standing(self, *, in_spite: bool = False) -> str:
        """In words: whether the person is suppressed, and what to do when they should be.

        Args:
            in_spite: Whether something has gone wrong.
        """
        if self.is_suppressed:
            return (
                f"the person is suppressed{' all the same' if in_spite else ''}: "
                "no campaign of this ledger calls them"
            )
        why = "there is no ledger yet, so " if self.ledger is None else ""
        if self.ledger is not None and self._number is None:
            why = "whose call it was is not known, so "
        if self.has_wish:
            return f"{why}{NOT_SUPPRESSED}"
        if self.ledger is not None and self._number is None:
            return "whose call it was is not known, and so not whether the person is suppressed"
        return f"{why}the person is not suppressed"

    def _take(self, number: str | None) -> None:
        from campaign.ledger import suppression

        self._number = number
        if number is not None and self.ledger is not None:
            self.is_suppressed = self.ledger.read(suppression.is_suppressed, number)

    def _suppress(self, ledger: "Ledger", number: str, label: str) -> None:
        from campaign.ledger import suppression

        ledger.write(
            suppression.suppress,
            [number],
            reason=f"labelled {label} in call {self._call_id}",
            who=login_name(),
            now=datetime.now(UTC),
        ).result()
        self.is_suppressed = True


async def _find(api: "OneInbox", label: str) -> "OutcomeLabel | None":
    """The outcome that a label or a name means; None when that cannot be told."""
    from campaign.models import plain
    from campaign.oneinbox.errors import ApiError

    try:
        known = await api.outcomes()
    except ApiError:
        # The set is open: OneInbox says by itself when it knows no such label.
        return None
    return next((each for each in known if plain(label) in (plain(each.label), plain(each.name))), None)


def _refuse_another(call: "Call", label: str, known: "OutcomeLabel | None") -> None:
    """Raise ApiUnavailableError when OneInbox answers with an outcome that was not asked for."""
    from campaign.models import plain

    asked = {plain(label), *((plain(known.label), plain(known.name)) if known is not None else ())}
    if call.outcome is not None and plain(call.outcome) not in asked:
        raise ApiUnavailableError(
            f"OneInbox answers that the call has the outcome {output.visible(call.outcome)}, "
            f"not {output.visible(label.strip())}; the ledger keeps what it had"
        )


def _untold(call: "Call") -> list[str]:
    if call.outcome is not None:
        return []
    return [f"OneInbox does not tell which outcome the call has now: `campaign calls show {call.id}`"]


def _record(ledger: "Ledger | None", call_id: str, shown: str) -> list[str]:
    """Put the outcome into the ledger. Returns what the operator should know."""
    from campaign.ledger import known_calls

    if ledger is None:
        return []
    now, who = datetime.now(UTC), login_name()
    is_ours = ledger.write(known_calls.record_outcome, call_id, shown, who=who, now=now).result()
    return [] if is_ours else ["no campaign of this ledger has made the call"]
