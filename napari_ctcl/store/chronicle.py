"""A journal read as a witness: who did what when, and the labels as they were after any of it.

It takes no lock and writes nothing, so it works while somebody paints, and where nothing may be written.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from napari_ctcl.errors import NotFound, StudyError
from napari_ctcl.region import Region, grid
from napari_ctcl.store.chunks import TILE, Labels
from napari_ctcl.store.readonly import open_reading
from napari_ctcl.store.schema import SCHEMA
from napari_ctcl.store.shapes import Shape
from napari_ctcl.store.stroke import Kind, Place, unpack

_FIRST_WITH_HEADS: Final = 2
NEWEST: Final = 2**63 - 1
"""Number that no entry exceeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a hand did at once: one entry of the journal, or all parts of a large one.

    Parameters
    ----------
    number : of its first entry
    last : number of its last entry; the same where it has one part
    time : of its first entry
    value : the class painted; None where there were several
    pixels : how many changed
    undoes : number of the act that an undo takes back, or a redo does again; None for a stroke
    """

    number: int
    last: int
    time: datetime
    user: str
    tool: str
    kind: Kind
    value: int | None
    pixels: int
    parts: int
    undoes: int | None


class Chronicle:
    """The entries of a journal up to the moment it is asked; a context manager.

    Parameters
    ----------
    path : the journal's file

    Raises
    ------
    NotFound
        If there is no such file.
    StudyError
        If the file is no journal, or one of a later version.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotFound(f"{path.parent.name}: no journal ({path.name})", do="paint something first")
        self.path = path
        self._one_at_a_time = threading.Lock()
        with self._explained():
            self._base = open_reading(path)
        try:
            self._version = self._require_known()
        except StudyError:
            self._base.close()
            raise

    def acts(self) -> list[Act]:
        """All that was done, oldest first."""
        head = "coalesce(head, seq)" if self._version >= _FIRST_WITH_HEADS else "seq"
        parts = self._rows(
            f"SELECT {head} AS act, max(seq), count(*), sum(pixels), min(value), max(value), count(value) FROM entries "
            "GROUP BY act ORDER BY act"
        )
        firsts = {row[0]: row for row in self._rows("SELECT seq, time, user, tool, kind, compensates FROM entries")}
        act_of = self._act_of()
        return [
            Act(
                number=number,
                last=last,
                time=datetime.fromisoformat(firsts[number][1]),
                user=firsts[number][2],
                tool=firsts[number][3],
                kind=firsts[number][4],
                value=least if least == most and valued == count else None,
                pixels=pixels,
                parts=count,
                undoes=None if firsts[number][5] is None else act_of[firsts[number][5]],
            )
            for number, last, count, pixels, least, most, valued in parts
        ]

    def last(self) -> int:
        """Number of the newest entry; 0 when there is none."""
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM entries")[0][0])

    def last_at(self, moment: datetime) -> int:
        """Number of the newest entry that was made at that moment or before; 0 when there was none."""
        times = self._rows("SELECT seq, time FROM entries ORDER BY seq DESC")
        return next((seq for seq, time in times if datetime.fromisoformat(time) <= moment), 0)

    def touched(self, upto: int = NEWEST) -> list[Place]:
        """Every tile that the entries up to that number changed, in row order."""
        query = "SELECT DISTINCT ty, tx FROM tiles WHERE seq <= ? ORDER BY ty, tx"
        return [(ty, tx) for ty, tx in self._rows(query, (upto,))]

    def waiting(self) -> list[Place]:
        """Tiles of entries whose pixels may not be in the label image yet."""
        query = "SELECT DISTINCT ty, tx FROM tiles JOIN entries USING (seq) WHERE applied = 0 ORDER BY ty, tx"
        return [(ty, tx) for ty, tx in self._rows(query)]

    def tile(self, place: Place, shape: Shape, upto: int = NEWEST) -> Labels:
        """A tile as the entries up to that number leave it.

        Parameters
        ----------
        shape : (height, width) of the tile, which is cut at the image's edge
        """
        labels = np.zeros(shape, np.uint8)
        query = "SELECT y0, y1, x0, x1, after FROM tiles WHERE ty = ? AND tx = ? AND seq <= ? ORDER BY seq"
        for y0, y1, x0, x1, after in self._rows(query, (*place, upto)):
            box = Region(y0, y1, x0, x1)
            labels[box.slices] = unpack(after, box.shape)
        return labels

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
            if not np.array_equal(labels[cell.slices], expected):
                wrong.append(place)
        return wrong

    def close(self) -> None:
        """Let go of the file."""
        with self._one_at_a_time:
            self._base.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _act_of(self) -> dict[int, int]:
        if self._version < _FIRST_WITH_HEADS:
            return {seq: seq for (seq,) in self._rows("SELECT seq FROM entries")}
        return dict(self._rows("SELECT seq, coalesce(head, seq) FROM entries"))

    def _require_known(self) -> int:
        found = int(self._rows("PRAGMA user_version")[0][0])
        if not 0 < found <= SCHEMA:
            raise StudyError(
                f"{self.path}: journal of version {found}",
                expected=f"1 to {SCHEMA}",
                do="open the study with a newer napari-ctcl" if found else "restore the photo's folder from a copy",
            )
        return found

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._explained(), self._one_at_a_time:
            return self._base.execute(query, values).fetchall()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StudyError(
                f"{self.path} cannot be read ({error})", do="check its rights, or restore it from a copy"
            ) from error
