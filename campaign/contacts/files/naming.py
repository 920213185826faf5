"""Names out of a list in the words of a message: quoted, on one line, and never longer than a few words."""

_CHARACTERS = 40
_LETTERS = 26


def cut(name: str) -> str:
    """A name as it is, or its beginning where it is long."""
    return name if len(name) <= _CHARACTERS else name[:_CHARACTERS] + "…"


def quoted(name: str) -> str:
    """A name in quotes, without line ends or marks of its own, cut where it is long."""
    return repr(cut(name))


def letters(column: int) -> str:
    """The name that a spreadsheet gives a column: 1 is A, 27 is AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, _LETTERS)
        name = chr(ord("A") + rest) + name
    return name


def reference(row: int, column: int) -> str:
    """The name of a cell, as `B2`; both count from one."""
    return f"{letters(column)}{row}"
