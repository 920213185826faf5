"""Words that all others use: a phone number, and how two spellings of a word are compared."""


class E164(str):
    """A valid phone number as a plus and digits. `campaign.contacts` alone decides what is one.

    Its repr shows the last two digits only, so that a number cannot reach a log through an error text.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"E164('…{self[-2:]}')"


def plain(word: str | None) -> str:
    """Lower case with underscores, as `No-Answer` and `no_answer` are the same."""
    return (word or "").strip().lower().replace("-", "_").replace(" ", "_")
