"""What makes a CSV cell safe to open is taken away again, exactly, when we read our own file."""

from hypothesis import given
from hypothesis import strategies as st

from campaign.contacts.copies import restored
from campaign.results.table import defuse

CELLS = st.text(st.sampled_from("'=+-@\t\r\n 1234567890().,/abc\u00e9"), max_size=12)


@given(CELLS)
def test_restoring_is_the_inverse_of_defusing(cell: str) -> None:
    """Whatever a cell holds, apostrophes of its own included, it comes back as it was."""
    assert restored(str(defuse(cell))) == cell


@given(CELLS)
def test_no_defused_cell_starts_a_formula(cell: str) -> None:
    """No character is in front by which a spreadsheet knows a formula, or the cell is a number."""
    safe = str(defuse(cell))
    assert not safe.startswith(("=", "@", "\t", "\r", "\n")) or safe.strip(" \t\r\n0123456789().,/-") == ""
