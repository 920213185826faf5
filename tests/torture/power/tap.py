"""The tap: notes every write, truncate, flush, creation and deletion that SQLite asks of the file system.

It sits inside the very SQLite that the product uses, below the whole product: its default VFS gets other
`xOpen` and `xDelete` functions, and each database, journal or WAL file that is opened gets methods that
note and then do what the original does. Nothing of the product knows of it, and no other SQLite, compiler or
debugger is needed: strace is not on every machine, and another SQLite (APSW's) would prove another library.

The address of the VFS is read through the connection object, as Pythons that carry SQLite inside hide its
symbols. A layout that is not as expected ends the process, so a tap is only set in a process of its own.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    addressof,
    c_char_p,
    c_int,
    c_int64,
    c_void_p,
    cast,
    memmove,
    sizeof,
    string_at,
)
from pathlib import Path
from typing import Any, Protocol

_KEPT_FILES = 0x100 | 0x800 | 0x80000
"""SQLITE_OPEN_MAIN_DB, _MAIN_JOURNAL and _WAL: what must outlive the power. The rest is of one process."""

# Names are handed on as addresses: SQLite keeps them, and finds more behind their ends.
_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Delete = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)
_SetCall = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)
_GetCall = CFUNCTYPE(c_void_p, c_void_p, c_char_p)
_OpenFolder = CFUNCTYPE(c_int, c_char_p, POINTER(c_int))


class _Vfs(Structure):
    """`sqlite3_vfs` of sqlite3.h."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        *((f"other{at}", c_void_p) for at in range(11)),
        ("set_system_call", c_void_p),
        ("get_system_call", c_void_p),
        ("next_system_call", c_void_p),
    )


class _Methods(Structure):
    """`sqlite3_io_methods` of sqlite3.h."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        *((f"other{at}", c_void_p) for at in range(13)),
    )


class Listener(Protocol):
    """Who is told what happens to the files. Called from any thread, one call at a time."""

    def opened(self, path: Path, *, is_new: bool) -> int:
        """A file was opened; the answer is its number in the calls below."""

    def deleted(self, path: Path) -> None:
        """A name was taken out of its folder."""

    def written(self, file: int, offset: int, data: bytes) -> None:
        """Bytes are about to be written."""

    def truncated(self, file: int, size: int) -> None:
        """The file is about to become this short."""

    def position(self) -> int:
        """Where the notes stand: what comes later is not covered by a flush that begins now."""

    def flushed(self, file: int, began: int) -> None:
        """A flush that began at this position has succeeded."""

    def folder_flushed(self, began: int) -> None:
        """The folder of the files was flushed as well."""


_alive: list[Any] = []
"""What SQLite has pointers to, for as long as the process lives."""


@contextmanager
def tapped(listener: Listener) -> Iterator[None]:
    """Note what SQLite does to the files that it opens within the block. It must close them there, too."""
    vfs = _default_vfs()
    tap = _Tap(vfs, listener)
    originals = vfs.open, vfs.delete
    vfs.open, vfs.delete = _pointer(_Open(tap.on_open)), _pointer(_Delete(tap.on_delete))
    try:
        yield
    finally:
        vfs.open, vfs.delete = originals
        tap.remove()


def stop_flushing() -> None:
    """For the rest of this process SQLite does not wait for the disk. All else is as it was."""
    vfs = _default_vfs()
    original = _Open(vfs.open)
    swift: dict[int, _Methods] = {}

    def on_open(address: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        code: int = original(address, name, file, flags, out)
        methods = c_void_p.from_address(file)
        if code == 0 and methods.value is not None:
            if methods.value not in swift:
                swift[methods.value] = _copy(methods.value, sync=_Sync(lambda _file, _flags: 0))
            methods.value = addressof(swift[methods.value])
        return code

    vfs.open = _pointer(_Open(on_open))


def _default_vfs() -> _Vfs:
    connection = sqlite3.connect(":memory:")
    # A connection object begins with the database handle, and that with its VFS.
    handle = c_void_p.from_address(id(connection) + object.__basicsize__).value
    address = c_void_p.from_address(handle or 0).value
    vfs = _Vfs.from_address(address or 0)
    is_sound = vfs.version == 3 and 0 < vfs.file_bytes < 4096 and 0 < vfs.longest_path <= 65536
    if not is_sound or not vfs.name.startswith(b"unix"):
        raise RuntimeError("this Python keeps its SQLite in another shape than the tap knows")
    connection.close()
    return vfs


class _Tap:
    """The functions that stand in front of those of one VFS."""

    def __init__(self, vfs: _Vfs, listener: Listener) -> None:
        self._vfs = vfs
        self._listener = listener
        self._open, self._delete = _Open(vfs.open), _Delete(vfs.delete)
        self._methods: dict[int, _Methods] = {}
        self._files: dict[int, int] = {}
        self._folders_opened = 0
        get, self._set_call = _GetCall(vfs.get_system_call), _SetCall(vfs.set_system_call)
        # SQLite opens a folder for nothing but to flush it.
        self._folder_call = get(addressof(vfs), b"openDirectory")
        if self._folder_call:
            self._open_folder = _OpenFolder(self._folder_call)
            self._set_call(addressof(vfs), b"openDirectory", _pointer(_OpenFolder(self._on_open_folder)))

    def remove(self) -> None:
        """Put the system call back; the rest is the caller's."""
        if self._folder_call:
            self._set_call(addressof(self._vfs), b"openDirectory", self._folder_call)

    def on_open(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        """In front of `xOpen`."""
        path = _path(name) if name is not None and flags & _KEPT_FILES else None
        is_new = path is not None and not path.exists()
        code: int = self._open(vfs, name, file, flags, out)
        if code == 0 and path is not None:
            methods = c_void_p.from_address(file)
            self._files[file] = self._listener.opened(path, is_new=is_new)
            methods.value = addressof(self._methods_before(methods.value or 0))
        return code

    def on_delete(self, vfs: int, name: int, sync_folder: int) -> int:
        """In front of `xDelete`."""
        path = _path(name)
        existed, began, folders = path.exists(), self._listener.position(), self._folders_opened
        code: int = self._delete(vfs, name, sync_folder)
        if code == 0 and existed:
            self._listener.deleted(path)
        if code == 0 and self._folders_opened > folders:
            self._listener.folder_flushed(began + existed)
        return code

    def _on_open_folder(self, name: bytes, out: Any) -> int:
        self._folders_opened += 1
        code: int = self._open_folder(name, out)
        return code

    def _methods_before(self, address: int) -> _Methods:
        """Methods that note, then call those at this address."""
        if address in self._methods:
            return self._methods[address]
        original = _Methods.from_address(address)
        write, truncate, sync = _Write(original.write), _Truncate(original.truncate), _Sync(original.sync)
        listener, files = self._listener, self._files

        def on_write(file: int, data: int, amount: int, offset: int) -> int:
            listener.written(files[file], offset, string_at(data, amount))
            code: int = write(file, data, amount, offset)
            return code

        def on_truncate(file: int, size: int) -> int:
            listener.truncated(files[file], size)
            code: int = truncate(file, size)
            return code

        def on_sync(file: int, flags: int) -> int:
            began, folders = listener.position(), self._folders_opened
            code: int = sync(file, flags)
            if code == 0:
                listener.flushed(files[file], began)
                if self._folders_opened > folders:
                    listener.folder_flushed(began)
            return code

        ours = _copy(address, write=_Write(on_write), truncate=_Truncate(on_truncate), sync=_Sync(on_sync))
        self._methods[address] = ours
        return ours


def _copy(address: int, **functions: Any) -> _Methods:
    """The methods at this address, some of them replaced."""
    methods = _Methods()
    memmove(addressof(methods), address, sizeof(_Methods))
    for name, function in functions.items():
        setattr(methods, name, _pointer(function))
    _alive.append(methods)
    return methods


def _pointer(function: Any) -> int | None:
    """The address of a function that stays alive."""
    _alive.append(function)
    return cast(function, c_void_p).value


def _path(name: int) -> Path:
    return Path(string_at(name).decode())
