"""Writing so that it lasts, and saying so when there is no room.

The operating system, SQLite and tensorstore each report a full disk in words of their own; here they become one error.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.exc import OperationalError

from napari_ctcl.errors import CtclError, DiskFull, StudyError

TEMPORARY: Final = ".tmp-"
"""Stands in the name of every folder that is still being written."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})
_NO_ROOM_WORDS = ("ENOSPC", "EDQUOT", "EFBIG", "No space left", "File too large", "Disk quota", "disk is full")


@contextmanager
def room_on(where: str) -> Iterator[None]:
    """Turn what a disk says that cannot be written into words; `where` names the disk in the message.

    Raises
    ------
    DiskFull
        If it is full.
    StudyError
        If it may not be written at all.
    """
    try:
        yield
    except CtclError:
        raise
    except (OSError, ValueError, sqlite3.Error, OperationalError) as error:
        if isinstance(error, OSError) and error.errno in FORBIDDEN:
            do = "check the folder and its rights"
            raise StudyError(f"{where} cannot be written ({error.strerror})", do=do) from error
        if not _says_full(error):
            raise
        raise DiskFull(f"no room left on {where}", do="free some space and run it again") from error


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return True
    return any(words in str(error) for words in _NO_ROOM_WORDS)


def write_text(path: Path, text: str, *, writer: str = "") -> None:
    """Put a whole text file in place at once; a crash leaves the old one or the new one.

    Parameters
    ----------
    writer : a word for each of those who may write the file at the same time
    """
    temporary = partial(path, writer)
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def partial(path: Path, writer: str = "") -> Path:
    """Where a text file is written before it is put in place."""
    return path.with_name(f"{path.name}.{writer}.partial" if writer else f"{path.name}.partial")


def sync_folder(folder: Path) -> None:
    """Make a folder's list of entries durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Make every file and folder below durable."""
    for place, _folders, files in os.walk(folder):
        for name in files:
            descriptor = os.open(os.path.join(place, name), os.O_RDONLY)  # noqa: PTH118 - os.walk gives text
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(place))
