"""The shelf: recordings come onto it whole, under a name of their own, and for their owner's eyes only."""

import os
import stat
from pathlib import Path

import pytest

from campaign.errors import OutputError
from campaign.results.recordings import NoRoom, NoSound, Shelf
from tests.results.test_files import small_disk

WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(1000)


def put(shelf: Shelf, call_id: str, *pieces: bytes, row: int = 17) -> str:
    """One recording onto the shelf. Returns the name of its file."""
    draft = shelf.begin()
    try:
        for piece in pieces:
            draft.write(piece)
        return draft.keep(row, call_id)
    finally:
        draft.discard()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_recording_is_there_whole_for_its_owner_only(tmp_path: Path) -> None:
    """Named by row and call, mode 0600 in a folder of 0700, whatever the umask."""
    before = os.umask(0)
    try:
        shelf = Shelf(tmp_path / "recordings")
        name = put(shelf, "c5c88cfd-1537", WAV, b"more")
    finally:
        os.umask(before)
    path = tmp_path / "recordings" / name
    assert name == "000017-c5c88cfd-1537.wav"
    assert path.read_bytes() == WAV + b"more"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert [path.name for path in path.parent.iterdir()] == [name]


@pytest.mark.parametrize(
    ("beginning", "suffix"),
    [
        (WAV, ".wav"),
        (b"ID3\x04", ".mp3"),
        (b"\xff\xfb\x90", ".mp3"),
        (b"\xff\xf1\x50", ".aac"),
        (b"OggS\x00", ".ogg"),
        (b"fLaC\x00", ".flac"),
        (b"\x00\x00\x00\x20ftypM4A ", ".m4a"),
        (b"\x1a\x45\xdf\xa3\x01", ".webm"),
        (b"\x00\x01\x02", ".audio"),
    ],
)
def test_the_content_says_what_it_is(tmp_path: Path, beginning: bytes, suffix: str) -> None:
    """Not the link, and not what a server claims."""
    assert put(Shelf(tmp_path / "r"), "call_1", beginning) == f"000017-call_1{suffix}"


@pytest.mark.parametrize(
    "content", [b"", b"<html>Sign in</html>", b"\n <?xml version='1.0'?><Error/>", b'{"detail": "no"}']
)
def test_a_page_of_text_is_no_recording(tmp_path: Path, content: bytes) -> None:
    """What a gateway or a store says in place of one is thrown away."""
    shelf = Shelf(tmp_path / "r")
    with pytest.raises(NoSound):
        put(shelf, "call_1", content)
    assert list((tmp_path / "r").iterdir()) == []
    assert shelf.find("call_1") is None


@pytest.mark.parametrize(
    "call_id",
    ["../../etc/passwd", "/etc/passwd", "a/b", "..", "CON", "a b", "x" * 200, "ä", "a\u202eb", "Call_A", ""],
)
def test_an_id_from_outside_names_a_file_in_the_folder_and_no_other(tmp_path: Path, call_id: str) -> None:
    """Ids are opaque: whatever one holds, its file is in the folder, and is found again."""
    shelf = Shelf(tmp_path / "r")
    name = put(shelf, call_id, WAV)
    assert (tmp_path / "r" / name).is_file()
    assert len(name) < 120
    assert name.isascii()
    assert Shelf(tmp_path / "r").find(call_id) == name


def test_ids_that_look_alike_have_files_of_their_own(tmp_path: Path) -> None:
    """Also where a disk does not tell capitals apart."""
    shelf = Shelf(tmp_path / "r")
    names = [put(shelf, call_id, WAV) for call_id in ("a_b", "a/b", "a b", "A_B", "a_B")]
    assert len({name.lower() for name in names}) == 5


def test_what_is_there_is_found_by_its_call_in_whichever_row(tmp_path: Path) -> None:
    """A later run knows it, also when the list was amended and its rows have other numbers."""
    name = put(Shelf(tmp_path / "r"), "call_1", WAV, row=2)
    again = Shelf(tmp_path / "r")
    assert again.find("call_1") == name
    assert again.find("call_10") is None
    (tmp_path / "r" / "000003-call_2.wav").mkdir()
    assert Shelf(tmp_path / "r").find("call_2") is None


def test_what_a_killed_run_left_aside_is_cleared_away(tmp_path: Path) -> None:
    """And nothing else in the folder."""
    shelf = Shelf(tmp_path / "r")
    shelf.begin().write(WAV)
    (tmp_path / "r" / "notes.txt").write_text("mine")
    assert len(list((tmp_path / "r").iterdir())) == 2
    Shelf(tmp_path / "r")
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["notes.txt"]


def test_a_recording_that_is_kept_again_replaces_the_old_one(tmp_path: Path) -> None:
    """At any moment there is the old or the new whole file."""
    shelf = Shelf(tmp_path / "r")
    name = put(shelf, "call_1", WAV)
    put(shelf, "call_1", WAV + b"2")
    assert (tmp_path / "r" / name).read_bytes() == WAV + b"2"


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """Nobody can have a recording written elsewhere."""
    shelf, elsewhere = Shelf(tmp_path / "r"), tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / "r" / "000017-call_1.wav").symlink_to(elsewhere)
    put(shelf, "call_1", WAV)
    assert elsewhere.read_text() == "mine"
    assert not (tmp_path / "r" / "000017-call_1.wav").is_symlink()


def test_the_last_of_a_disk_is_left_to_the_ledger(tmp_path: Path) -> None:
    """A disk that is nearly full gets no recording: neither is one begun nor goes one on."""
    shelf = Shelf(tmp_path / "r", spare_bytes=2**62)
    with pytest.raises(NoRoom, match="nearly full"):
        shelf.check_room()
    draft = shelf.begin()
    with pytest.raises(NoRoom):
        draft.write(WAV)
    draft.discard()
    assert list((tmp_path / "r").iterdir()) == []


def test_a_disk_that_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    """The error comes through, and half a recording is thrown away."""
    shelf = Shelf(tmp_path / "r")
    with small_disk(100), pytest.raises(OSError, match="File too large"):
        put(shelf, "call_1", WAV)
    assert list((tmp_path / "r").iterdir()) == []


def test_a_folder_that_others_can_look_into_is_refused(tmp_path: Path) -> None:
    """With the cure."""
    folder = tmp_path / "r"
    folder.mkdir()
    folder.chmod(0o750)
    with pytest.raises(OutputError, match=rf"others can look into it; run chmod 700 {folder}"):
        Shelf(folder)


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    """A file, and a folder in a folder that is not there."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="not a folder"):
        Shelf(tmp_path / "file")
    with pytest.raises(OutputError, match="No such file"):
        Shelf(tmp_path / "none" / "r")
