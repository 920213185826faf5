"""What is known of an account beside its documentation: how its API has behaved."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Habits:
    """How the API of one account behaves, as runs have seen it. None is not known.

    A habit may save a request or make the program more careful. None makes it dial, or take another call for
    its own.
    """

    cursor_list: bool | None = None
    """Whether calls can be listed with a cursor."""
    offset_list: bool | None = None
    """Whether the list of calls takes parameters."""
    echoes_token: bool | None = None
    """Whether the list shows the metadata that a call was made with."""
