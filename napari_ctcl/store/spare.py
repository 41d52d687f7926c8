"""Room set aside on the disk while a large area is painted, so that it can be taken back when all else is full."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from napari_ctcl.store.disk import room_on

BYTES: Final = 1 << 18
"""Enough for the journal to take back sixteen gigapixels: it writes no pixels for that, only that it was done."""


class Spare:
    """A file beside a journal that is worth nothing but its room.

    Parameters
    ----------
    journal : the journal's file
    """

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(f"{journal.name}-spare")
        self._kept = False

    def keep(self) -> None:
        """Set the room aside, if that is not done yet.

        Raises
        ------
        DiskFull
            If there is none.
        """
        if self._kept:
            return
        self._kept = True
        with room_on(str(self._path)), self._path.open("wb") as file:
            file.write(os.urandom(BYTES))  # what no disk can make small
            file.flush()
            os.fsync(file.fileno())

    def free(self) -> None:
        """Give the room back."""
        self._path.unlink(missing_ok=True)
        self._kept = False
