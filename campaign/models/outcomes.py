"""Outcomes: the labels that OneInbox gives to calls, its own and those of an account."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutcomeLabel:
    """One label that a call may have. The set is open: calls may have others."""

    label: str
    """As calls show it: `Appointment Booked`."""
    name: str
    """As it is set: `appointment_booked`."""
    is_own: bool = False
    """Whether it is one of the account's own."""
    is_active: bool = True
    description: str | None = None
