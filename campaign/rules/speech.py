"""Speech: what the person said in a call, out of whatever turns or text OneInbox gives.

Whatever is not marked as the agent's, or as no speech at all, counts as the person's: a label that nobody
has thought of must not hide a wish.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaign.models import Call

_AGENT = frozenset({"agent", "assistant", "ai", "bot", "voicebot", "chatbot", "model"})
_SILENT = frozenset({"system", "developer", "tool", "function"})
"""What is written down beside the speech."""
_BESIDE = frozenset({"voice", "virtual", "speaker", "call", "calls", "result", "output", "response"})
"""Words that may stand in a label beside one of those."""
_LABELS = ("role", "speaker", "sender", "author", "participant", "from", "type")
"""Where a turn says whose it is, the most telling first."""
_TEXTS = ("content", "text", "message", "transcript", "utterance", "parts")
_NO_TEXTS = frozenset({"type", "id", "role", "name"})
_DEEPEST = 5
_WORD = re.compile(r"[^\W\d_]+")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# `[00:03] user: text`, `User - text`, `**Agent (00:03)**: text`, `<user> text`, `user:text`
_LINE = re.compile(
    r"\W*(?:\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?\W+)?"
    r"(?P<label>[^\W\d_][^:>]{0,40}?(?:[(\[][\d:., -]+[)\]])?)[\W_]*?(?::|>|\s[-\u2013\u2014]\s)"
)


@dataclass(frozen=True, slots=True)
class _Turn:
    is_persons: bool
    text: str
    bare: str
    """Without what may be a label, or may be speech as well."""


def said_by_person(call: Call) -> list[str]:
    """The texts of the person, turns that follow each other in one, without those of the agent.

    A text whose first words may be a label comes with and without them.
    """
    turns = [turn for message in call.messages for turn in _of_message(message)]
    if not turns:
        turns = list(_of_lines(call.transcript))
    whole = _joined((turn.is_persons, turn.text) for turn in turns)
    bare = _joined((turn.is_persons, turn.bare) for turn in turns)
    return whole if whole == bare else whole + bare


def _joined(turns: Iterable[tuple[bool, str]]) -> list[str]:
    texts: list[str] = []
    was_persons = False
    for is_persons, text in turns:
        if is_persons and was_persons:
            texts[-1] += f" {text}"
        elif is_persons:
            texts.append(text)
        was_persons = is_persons
    return texts


def _of_message(message: Mapping[str, Any]) -> Sequence[_Turn]:
    labels = (message.get(key) for key in _LABELS)
    label = next((each for each in labels if isinstance(each, str) and each.strip()), "")
    text = "\n".join(part for key in _TEXTS for part in _texts_in(message.get(key)))
    if _is_made_of(_SILENT, label) or not _WORD.search(text):
        return ()
    if _is_made_of(_AGENT, label):
        return (_Turn(is_persons=False, text=text, bare=text),)
    # What stands for a turn without saying whose it is may have it in its text.
    return tuple(_of_lines(text)) if label in ("", "unknown") else (_Turn(True, text, text),)


def _of_lines(text: str) -> Iterator[_Turn]:
    for line in filter(_WORD.search, text.splitlines()):
        match = _LINE.match(line)
        label = match["label"] if match else ""
        if not _is_made_of(_SILENT, label):
            bare = line[match.end() :] if match else line
            yield _Turn(not _is_made_of(_AGENT, label), line, bare)


def _is_made_of(words: frozenset[str], label: str) -> bool:
    """Whether a label says this and names nobody else: `AI assistant`, `tool_call`, `Bot 2`."""
    found = set(_WORD.findall(_CAPITAL.sub(" ", label).casefold()))
    return not found.isdisjoint(words) and found <= words | _BESIDE


def _texts_in(value: object, depth: int = 0) -> Iterator[str]:
    """Every text of a content, which may be a list of parts or a mapping with one."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, list | tuple):
        for part in value:
            yield from _texts_in(part, depth + 1)
    elif depth < _DEEPEST and isinstance(value, Mapping):
        for key, part in value.items():
            if key not in _NO_TEXTS:
                yield from _texts_in(part, depth + 1)
