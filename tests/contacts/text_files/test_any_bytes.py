"""Whatever bytes a list is made of, it is read, or refused in one line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from campaign.contacts.files import delimited, jsonl, kinds
from campaign.contacts.files.source import ReadOptions, opened
from campaign.errors import ListError
from tests.contacts.text_files.reading import Reader, Records, write

PIECES = st.sampled_from(
    [
        b",", b";", b'"', b'""', b"\n", b"\r", b"\r\n", b"a", b"+1", b" ", b"sep=", b"\0", b"\x1a", b"\x85",
        b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3\xab", b"{", b"}", b":", b"[", b'{"a":1}\n', b"\\",
        b"PK\x03\x04", b"PAR1", b"<", b">",
    ]
)  # fmt: skip


@pytest.mark.parametrize("reader", [delimited.records, jsonl.records])
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    content=st.lists(PIECES, min_size=1, max_size=30).map(b"".join),
    encoding=st.sampled_from([None, "cp1252"]),
)
@example(content=b"PAR1", encoding=None)
@example(content=b"PK\x05\x06", encoding=None)
def test_read_or_refused(tmp_path: Path, reader: Reader, content: bytes, encoding: str | None) -> None:
    """Every file gives rows of one width with rising numbers, or one line that names the file."""
    path = write(tmp_path, content)
    records: Records = []
    said = None
    try:
        with opened(path) as source:
            assert kinds.kind_of(source) in ("csv", "jsonl", "parquet")
            records = list(reader(source, ReadOptions(encoding)))
    except ListError as error:
        said = str(error)
    if said is None:
        numbers = [number for number, _ in records]
        assert numbers == sorted(set(numbers))
        assert len({len(cells) for _, cells in records}) == 1
    else:
        assert said.startswith(f"{path}: ")
        assert said.isprintable()
