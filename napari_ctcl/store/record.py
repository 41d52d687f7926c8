"""What every reader of a journal asks of it, whether it may write there or not: tiles as the strokes leave them."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np

from napari_ctcl.errors import CtclError, DiskFull, StudyError, WorkFailed
from napari_ctcl.region import Region, grid
from napari_ctcl.store.chunks import TILE, Labels
from napari_ctcl.store.shapes import Shape
from napari_ctcl.store.stroke import Place, unpack

NEWEST: Final = 2**63 - 1
"""Number that no entry exceeds."""

ACTED: Final = "entries CROSS JOIN tiles ON tiles.seq = coalesce(compensates, entries.seq)"
"""Every entry with the tiles that it changes: an undo and a redo share those of the stroke they answer. Journals before
the fourth version copied them, and the copies say the same."""

BEFORE: Final = "CASE kind WHEN 'undo' THEN after ELSE before END"
AFTER: Final = "CASE kind WHEN 'undo' THEN before ELSE after END"

_BOX: Final = "tiles.y0, tiles.y1, tiles.x0, tiles.x1"

_ON_TILE: Final = f"""
SELECT seq, {_BOX}, after FROM tiles WHERE ty = ?1 AND tx = ?2 AND seq <= ?3
UNION ALL
SELECT entries.seq AS seq, {_BOX}, {AFTER} FROM tiles CROSS JOIN entries ON compensates = tiles.seq
WHERE ty = ?1 AND tx = ?2 AND entries.seq <= ?3
ORDER BY seq
"""
"""What the entries up to one make of a tile: strokes, and what answers them. It begins with the tile, since a journal
may hold very many entries, and few of them touch it."""


class Record:
    """The entries of a journal; any thread may ask.

    Parameters
    ----------
    path : the journal's file
    base : the open file
    """

    def __init__(self, path: Path, base: sqlite3.Connection) -> None:
        self.path = path
        self._base = base
        self._one_at_a_time = threading.Lock()

    def last(self) -> int:
        """Number of the newest entry; 0 when there is none."""
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM entries")[0][0])

    def touched(self, upto: int = NEWEST) -> list[Place]:
        """Every tile that the entries up to that number changed, in row order."""
        query = "SELECT DISTINCT ty, tx FROM tiles WHERE seq <= ? ORDER BY ty, tx"
        return [(ty, tx) for ty, tx in self._rows(query, (upto,))]

    def waiting(self) -> list[Place]:
        """Tiles of entries whose pixels may not be in the label image yet."""
        query = f"SELECT DISTINCT ty, tx FROM {ACTED} WHERE applied = 0 ORDER BY ty, tx"
        return [(ty, tx) for ty, tx in self._rows(query)]

    def tile(self, place: Place, shape: Shape, upto: int = NEWEST) -> Labels:
        """A tile as the entries up to that number leave it.

        Parameters
        ----------
        shape : (height, width) of the tile, which is cut at the image's edge
        """
        labels = np.zeros(shape, np.uint8)
        for _, y0, y1, x0, x1, after in self._rows(_ON_TILE, (*place, upto)):
            box = Region(y0, y1, x0, x1)
            labels[box.slices] = unpack(after, box.shape)
        return labels

    def knows(self, place: Place) -> bool:
        """Whether any entry changed that tile."""
        return bool(self._rows("SELECT EXISTS (SELECT 1 FROM tiles WHERE ty = ? AND tx = ?)", place)[0][0])

    def verify(self, labels: Any) -> list[Place]:
        """Tiles of a label image that are not what the journal says.

        Tiles with strokes that still wait to be written are left out: the next opening for writing rebuilds them.

        Parameters
        ----------
        labels : level 0, anything of two dimensions that can be sliced
        """
        touched, waiting = set(self.touched()), set(self.waiting())
        wrong: list[Place] = []
        for cell in grid(labels.shape, TILE):
            place = cell.y0 // TILE, cell.x0 // TILE
            if place in waiting:
                continue
            expected = self.tile(place, cell.shape) if place in touched else np.zeros(cell.shape, np.uint8)
            try:
                found = labels[cell.slices]
            except StudyError:  # it cannot be decoded
                found = None
            if found is None or not np.array_equal(found, expected):
                wrong.append(place)
        return wrong

    def close(self) -> None:
        """Let go of the file."""
        with self._one_at_a_time:
            self._base.close()

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._one_at_a_time:
                return self._base.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise explained(error, self.path) from error


def explained(error: sqlite3.DatabaseError, path: Path) -> CtclError:
    """What SQLite says of a journal, as one of our errors."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}:
        return DiskFull(f"no room on the disk for {path}", do="free some space, then go on")
    if code & 0xFF in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return StudyError(f"{path} is damaged ({error})", do="restore the photo's folder from a copy")
    if code & 0xFF in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return StudyError(f"{path} cannot be opened ({error})", do="check the folder and its rights")
    return WorkFailed(f"{path} cannot be read or written: {error}", do="check the disk")
