"""The death of a process in a rehearsal: from one instant on nothing that it does has an effect."""

from collections.abc import Callable
from dataclasses import dataclass, field


class Killed(BaseException):
    """This process is dead. What still unwinds can neither write nor send."""


@dataclass(slots=True)
class Death:
    """Whether one life is over, and who has to know."""

    has_come: bool = False
    at_once: list[Callable[[], None]] = field(default_factory=list)
    """What the world does with what was under way."""

    def come(self) -> None:
        """Kill the process now."""
        self.has_come = True
        for act in self.at_once:
            act()

    def check(self) -> None:
        """Raise Killed when the process is dead."""
        if self.has_come:
            raise self.error()

    def error(self) -> Killed:
        """The end, as an exception."""
        return Killed("the process was killed")
