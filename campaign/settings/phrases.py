"""Phrases: a wish in the words in which people utter it, found in what they said.

Capitals, accents, apostrophes and punctuation do not matter, nor sounds like `um`, nor what stands around a
phrase.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
# Accents of Latin letters, the nukta of Devanagari, and what joins or parts letters without being seen.
_UNHEARD = re.compile("[\u0300-\u036f\u093c\u200b-\u200d\u2060\ufeff]")
_TOKEN = re.compile(r"\.\.\.|[\[\](|)]|[^\s\[\](|)]+")
_MARKS = {"[": "(?:", "(": "(?:", "|": "|", ")": ")", "]": ")?", "...": r"(?:\S+ ){0,3}", "$": r"\Z"}
_HESITATIONS = frozenset(
    {"ah", "ahm", "eh", "ehm", "er", "erm", "euh", "hm", "hmm", "mm", "uh", "uhm", "um", "umm"}
)
"""Sounds that come between any two words. Some are words of other languages, which no phrase needs."""


@dataclass(frozen=True)
class Phrase:
    """One phrase. In a pattern, parts may be left out or differ.

    `[a|b c]` may be there or not, `(a|b c)` is one of these, `...` stands for three words at most, and `$`
    for the end.
    """

    text: str
    is_pattern: bool = True

    @cached_property
    def shown(self) -> str:
        """In its shortest form, for people."""
        if not self.is_pattern:
            return self.text
        shortest = re.sub(r"\(([^|)]*)[^)]*\)", r"\1", re.sub(r"\[[^\]]*\]", " ", self.text))
        return " ".join(shortest.removesuffix("$").split())

    def is_in(self, said: str) -> bool:
        """Whether it stands in a text that `spoken_words` has made."""
        return self._pattern.search(said) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        tokens = _TOKEN.findall(self.text) if self.is_pattern else [self.text]
        return re.compile("(?<= )" + "".join(map(self._part, tokens)))

    def _part(self, token: str) -> str:
        return (_MARKS.get(token) if self.is_pattern else None) or re.escape(spoken_words(token)[1:])


def spoken_words(text: str) -> str:
    """The words as they are compared, each with a blank behind it, and one in front of them all."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKD", text).casefold())
    plain = _UNHEARD.sub("", plain)
    letters = (letter if _is_of_word(letter) else " " for letter in plain)
    said = "".join(letters).split()
    words = [word for word in said if word not in _HESITATIONS] or said
    return " " + "".join(f"{word} " for word in words)


def _is_of_word(letter: str) -> bool:
    # Vowels of Devanagari are marks on the consonant before them.
    return letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
