"""Reading SQLite files that others write, or that lie where nothing may be written.

SQLite keeps the latest transactions beside a file, and needs to write there even to read them. Where it may not, the
file is read as it lies, or from a copy; it is never read without its latest transactions.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from napari_ctcl.errors import StudyError

_NOWHERE_TO_WRITE: Final = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
)


class _Copy(sqlite3.Connection):
    """A connection to a copy that goes away with it."""

    folder: tempfile.TemporaryDirectory[str]

    def close(self) -> None:
        super().close()
        self.folder.cleanup()


def may_write(path: Path) -> bool:
    """Whether this process may change a file and its folder; False on a disk that is mounted for reading alone."""
    return os.access(path.parent, os.W_OK | os.X_OK) and (not path.exists() or os.access(path, os.W_OK))


def require_writing(path: Path, what: str) -> None:
    """Refuse to change what may only be read.

    Parameters
    ----------
    what : whose file it is, for the message

    Raises
    ------
    StudyError
        If the file or its folder may not be written.
    """
    if not may_write(path):
        raise StudyError(
            f"{what} may only be read here: {path.parent} cannot be written",
            do="copy the study to a disk of your own, or have its rights changed",
        )


def open_reading(path: Path) -> sqlite3.Connection:
    """A connection that reads all that was committed, can change none of it, and keeps no writer waiting.

    Any thread may use it, one at a time. Where it may, it leaves the folder as tidy as a writer would; one that SQLite
    opens for reading alone leaves its working files behind.

    Raises
    ------
    sqlite3.DatabaseError
        If the file is absent or no database.
    """
    try:
        return _checked(_connect(path, "mode=rw" if may_write(path) else "mode=ro"))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _NOWHERE_TO_WRITE or not path.is_file():
            raise
    latest = _beside(path, "-wal")
    if not latest.is_file() or not latest.stat().st_size:
        return _checked(_connect(path, "mode=ro&immutable=1"))
    return _copied(path, latest)


def _copied(path: Path, latest: Path) -> sqlite3.Connection:
    folder = tempfile.TemporaryDirectory(prefix="ctcl-")
    try:
        copy = Path(folder.name) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(latest, _beside(copy, "-wal"))
        connection: Any = _connect(copy, "mode=rw", _Copy)
        connection.folder = folder
        return _checked(connection)
    except BaseException:
        folder.cleanup()
        raise


def _connect(path: Path, how: str, kind: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?{how}"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, factory=kind)


def _checked(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, once a first read has found all that it needs."""
    try:
        connection.execute("PRAGMA schema_version").fetchone()
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        sqlite3.Connection.close(connection)
        raise
    return connection


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
