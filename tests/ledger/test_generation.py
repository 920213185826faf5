"""Copies and restores: a ledger that does not know all calls is found out before anybody is called."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from campaign.errors import LedgerError, UsageError
from campaign.ledger import campaigns
from campaign.ledger.generation import Mark, inode_version
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, do, engine_of, people, start
from tests.support import NOON

CURE = r"^ledger [^\n]*{}[^\n]*people would be called again[^\n]*--accept-ledger[^\n]*$"


def night(path: Path, name: str = "spring") -> None:
    """One run that leaves a call behind."""
    with Ledger.open(str(path)) as ledger, ledger.run_lock(name):
        start(ledger, people(ANNA, BEN), name=name).whole_call(ANNA, f"call-{name}")


def locked(path: Path, *, accept: bool = False) -> None:
    """What every run does before it calls anybody."""
    with Ledger.open(str(path)) as ledger, ledger.run_lock("next", accept=accept):
        pass


def witness(path: Path) -> Mark:
    mark = Mark.parse(Path(f"{path}.generation").read_bytes())
    assert mark is not None
    return mark


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    """A ledger that has called somebody."""
    path = tmp_path / "ledger.db"
    night(path)
    return path


def put_back(path: Path) -> Path:
    """A backup is restored into the same file."""
    backup = path.with_name("backup.db")
    shutil.copyfile(path, backup)
    night(path, "summer")
    shutil.copyfile(backup, path)
    return path


def put_back_as_new_file(path: Path) -> Path:
    """A backup takes the ledger's place."""
    backup = path.with_name("backup.db")
    shutil.copyfile(path, backup)
    night(path, "summer")
    backup.replace(path)
    return path


def lose_log(path: Path) -> Path:
    """The -wal file of a ledger that is in use is deleted, and the process dies."""
    with Ledger.open(str(path)) as ledger:
        shutil.copyfile(path, path.with_name("as-it-was.db"))
        start(ledger, people(ANNA), name="summer")
        Path(f"{path}-wal").unlink()
    shutil.copyfile(path.with_name("as-it-was.db"), path)
    return path


def copy(path: Path) -> Path:
    """The database file alone is copied."""
    return Path(shutil.copyfile(path, path.with_name("copy.db")))


def copy_folder(path: Path) -> Path:
    """The whole folder is copied."""
    shutil.copytree(path.parent, path.parent / "copy")
    return path.parent / "copy" / path.name


def replace_in_place(path: Path) -> Path:
    """The ledger is replaced by a copy of itself."""
    copy(path).replace(path)
    return path


def another_one(path: Path) -> Path:
    """Another ledger takes its place."""
    other = path.with_name("other.db")
    night(other)
    other.replace(path)
    return path


def delete(path: Path) -> Path:
    """The ledger is deleted, and a new one is made."""
    path.unlink()
    return path


def spoil_witness(path: Path) -> Path:
    """The companion file holds nonsense."""
    Path(f"{path}.generation").write_bytes(b"nonsense")
    return path


RELATIVES = [
    (put_back, "an older copy: it lacks the last \\d+ changes"),
    (put_back_as_new_file, "an older copy"),
    (lose_log, "an older copy"),
    (copy, "a copy or was moved here"),
    (copy_folder, "a copy, or was moved here"),
    (replace_in_place, "a copy, or was moved here from another disk, or [^\\n]*a fresh container"),
    (another_one, "another ledger than the one that stood here"),
    (delete, "new, but one stood here"),
    (spoil_witness, "a copy or was moved here"),
]


@pytest.mark.parametrize(("harm", "told"), RELATIVES)
def test_a_relative_is_refused_until_it_is_accepted(
    ledger_path: Path, harm: Callable[[Path], Path], told: str
) -> None:
    """A ledger that may lack calls is refused in one line with the cure, until it is accepted once."""
    path = harm(ledger_path)

    for _ in range(2):
        with pytest.raises(LedgerError, match=CURE.format(told)):
            locked(path)
    locked(path, accept=True)
    locked(path)
    night(path, "autumn")


@pytest.mark.parametrize("harm", [copy, put_back])
def test_no_writer_touches_a_relative(ledger_path: Path, harm: Callable[[Path], Path]) -> None:
    """Commands that write are refused as runs are, change nothing, and make no relative look right."""
    path = harm(ledger_path)
    for _ in range(20):
        with Ledger.open(str(path)) as ledger, pytest.raises(LedgerError, match="--accept-ledger"):
            start(ledger, people(ANNA), name="winter")

    with pytest.raises(LedgerError, match="--accept-ledger"):
        locked(path)


@pytest.mark.parametrize(
    ("back_up", "restore"),
    [
        ("tar cf bak.tar led", "tar xf bak.tar"),
        ("cp -a led bak", "rm led/* && cp -a bak/* led/"),
        ("cp -a led bak", "cp -a --remove-destination bak/* led/"),
    ],
)
def test_a_backup_that_brings_its_companion_is_refused(tmp_path: Path, back_up: str, restore: str) -> None:
    """Files that come back together are not the ledger that stood there, even with its inode number."""
    path = tmp_path / "led" / "ledger.db"
    night(path)
    if not witness(path).inode_version:
        pytest.skip("the file system does not number the lives of an inode")
    subprocess.run(["sh", "-c", back_up], cwd=tmp_path, check=True)
    night(path, "summer")

    subprocess.run(["sh", "-c", restore], cwd=tmp_path, check=True)

    for _ in range(2):
        with pytest.raises(LedgerError, match=CURE.format("a copy, or was moved here")):
            locked(path)
    locked(path, accept=True)
    locked(path)


def test_a_backup_without_the_companion_is_refused(tmp_path: Path) -> None:
    """A backup that leaves the companion out is noticed on every file system, also when it comes in place."""
    path = tmp_path / "led" / "ledger.db"
    night(path)
    subprocess.run(["tar", "cf", "bak.tar", "--exclude=*.generation", "led"], cwd=tmp_path, check=True)
    night(path, "summer")

    subprocess.run(["tar", "xf", "bak.tar", "--overwrite"], cwd=tmp_path, check=True)

    with pytest.raises(LedgerError, match="an older copy"):
        locked(path)


@pytest.mark.parametrize(
    ("inode", "version", "is_same"),
    [(7, 5, True), (8, 5, False), (7, 6, False), (7, 0, True), (8, 0, False)],
)
def test_which_file_is_the_same(inode: int, version: int, is_same: bool) -> None:
    """The same inode number is the same file, unless both marks know its version and they differ."""
    one, two = Mark("a" * 32, 1, 7, 5), Mark("a" * 32, 1, inode, version)
    assert (one.is_of_same_file(two), two.is_of_same_file(one)) == (is_same, is_same)


def test_views_of_a_copy_work(ledger_path: Path) -> None:
    """What only looks may look at a copy."""
    with Ledger.open(str(copy(ledger_path)), create=False) as ledger:
        assert [record.name for record in ledger.read(campaigns.newest)] == ["spring"]


def test_an_accepted_copy_does_not_pass_for_the_original(ledger_path: Path) -> None:
    """Once accepted a copy is a ledger of its own: written over the original it is found out."""
    copied = copy(ledger_path)
    locked(copied, accept=True)
    for name in ("summer", "autumn", "winter"):
        night(copied, name)

    shutil.copyfile(copied, ledger_path)

    with pytest.raises(LedgerError, match="another ledger"):
        locked(ledger_path)


def test_what_was_accepted_is_remembered(ledger_path: Path) -> None:
    """The ledger keeps when it was accepted, and in spite of what."""
    copied = copy(ledger_path)
    locked(copied, accept=True)

    with Ledger.open(str(copied)) as ledger, engine_of(ledger).connect() as connection:
        (why,) = connection.exec_driver_sql("SELECT accepted_although FROM identity").one()
    assert "is a copy" in why


def test_nothing_to_accept(ledger_path: Path) -> None:
    """The flag is refused where it is not needed, so that it cannot stay in a timer's command line."""
    with pytest.raises(UsageError, match=r"^--accept-ledger: [^\n]+$"):
        locked(ledger_path, accept=True)
    locked(ledger_path)


def move(path: Path) -> Path:
    """The ledger moves with its companion."""
    moved = path.parent / "deep" / "moved.db"
    moved.parent.mkdir()
    path.rename(moved)
    Path(f"{path}.generation").rename(f"{moved}.generation")
    return moved


def link(path: Path) -> Path:
    """The ledger is named by a link in another folder."""
    (path.parent / "links").mkdir()
    named = path.parent / "links" / "tonight.db"
    named.symlink_to(path)
    return named


def vacuum(path: Path) -> Path:
    """The database is rebuilt in place."""
    with Ledger.open(str(path)) as ledger, engine_of(ledger).connect() as connection:
        connection.connection.execute("VACUUM")
    return path


def fall_behind(path: Path) -> Path:
    """The run was killed between a commit and the witness of it."""
    before = Path(f"{path}.generation").read_bytes()
    night(path, "summer")
    Path(f"{path}.generation").write_bytes(before)
    return path


def be_older_than_the_counting(path: Path) -> Path:
    """The ledger was made before commits were counted."""
    with Ledger.open(str(path)) as ledger, engine_of(ledger).begin() as connection:
        connection.exec_driver_sql("DROP TABLE identity")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 2")
    Path(f"{path}.generation").unlink()
    return path


def know_no_inode_version(path: Path) -> Path:
    """The companion was written before it named the version of the inode."""
    companion = Path(f"{path}.generation")
    companion.write_bytes(companion.read_bytes()[:74] + b"\n")
    return path


@pytest.mark.parametrize(
    "change", [move, link, vacuum, fall_behind, be_older_than_the_counting, know_no_inode_version]
)
def test_what_is_no_relative_goes_on(ledger_path: Path, change: Callable[[Path], Path]) -> None:
    """What is still the one ledger is never refused."""
    path = change(ledger_path)
    locked(path)
    night(path, "autumn")
    locked(path)


def test_a_link_and_the_ledger_share_one_lock(ledger_path: Path) -> None:
    """A run through a link keeps out a run of the ledger itself."""
    with (
        Ledger.open(str(link(ledger_path))) as ledger,
        ledger.run_lock("first"),
        pytest.raises(Exception, match="the ledger is in use by first"),
    ):
        locked(ledger_path)


def test_writers_of_two_processes_do_not_trip_each_other(ledger_path: Path) -> None:
    """Commands that write at the same time, in any order, are no copies of each other."""
    with Ledger.open(str(ledger_path)) as one, Ledger.open(str(ledger_path)) as two:
        for at in range(10):
            start((one, two)[at % 2], people(ANNA), name=f"campaign {at}")
    locked(ledger_path)


def test_the_witness_is_never_ahead(tmp_path: Path) -> None:
    """What a reader of the database sees is at least as new as what the witness said before."""
    path = tmp_path / "ledger.db"
    with Ledger.open(str(path)) as ledger:
        for at in range(1, 6):
            do(ledger, campaigns.finish_settled, NOON)
            said = witness(path).generation
            generation = ledger.read(
                lambda connection: connection.exec_driver_sql("SELECT generation FROM identity").scalar_one()
            )
            assert (said, generation) == (at, at)


def test_the_first_commit_leaves_a_witness_that_survives(tmp_path: Path) -> None:
    """The witness stands in its place, whole and private, and names the database file."""
    path = tmp_path / "ledger.db"
    night(path)

    found = witness(path)

    with path.open("rb") as file:
        assert (found.inode, found.inode_version) == (path.stat().st_ino, inode_version(file.fileno()))
    assert Path(f"{path}.generation").stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "ledger.db",
        "ledger.db.generation",
        "ledger.db.lock",
    ]


def test_a_witness_that_cannot_be_made(tmp_path: Path) -> None:
    """Without a witness nothing is written: a LedgerError in one line that names the file."""
    path = tmp_path / "ledger.db"
    with Ledger.open(str(path)) as ledger:
        Path(f"{path}.generation").mkdir()
        with pytest.raises(
            LedgerError, match=rf"^[^\n]*{path}.generation[^\n]*nothing more is dialled[^\n]*$"
        ):
            start(ledger, people(ANNA))
        assert ledger.read(campaigns.newest) == []


def test_postgresql_is_not_counted(postgresql_location: str) -> None:
    """A PostgreSQL ledger has no file to copy: there is nothing to accept, and nothing stands in the way."""
    with Ledger.open(postgresql_location) as ledger:
        with ledger.run_lock("spring"):
            start(ledger, people(ANNA))
        with pytest.raises(UsageError), ledger.run_lock("spring", accept=True):
            pytest.fail("something was accepted")
