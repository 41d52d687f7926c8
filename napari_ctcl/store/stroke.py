"""Strokes: the words of the journal, and the one stroke that is still being drawn.

A stroke remembers each tile as it was when the stroke first came to it, so that it can be taken back whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numcodecs import Zstd

from napari_ctcl.region import Region
from napari_ctcl.store.chunks import Labels, Shape

Kind = Literal["stroke", "undo", "redo"]
Place = tuple[int, int]
"""Row and column of a level-0 tile."""

_zstd: Final = Zstd(level=1, checksum=True)


def pack(labels: Labels) -> bytes:
    """Compressed labels."""
    return bytes(_zstd.encode(np.ascontiguousarray(labels)))


def unpack(blob: bytes, shape: Shape) -> Labels:
    """Labels that `pack` compressed, as an array that may be written to."""
    labels = np.empty(shape, np.uint8)
    _zstd.decode(blob, out=labels)
    return labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one stroke did to one tile.

    Parameters
    ----------
    place : row and column of the level-0 tile
    box : the smallest box that holds every changed pixel, from the tile's own corner
    before, after : packed labels of the box
    """

    place: Place
    box: Region
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One entry of the journal.

    Parameters
    ----------
    seq : its number; later entries have greater ones
    time : UTC, ISO 8601
    value : the class painted; None where the stroke held several
    region : level-0 pixels
    pixels : how many pixels changed
    compensates : the entry that an undo or a redo answers
    applied : whether its pixels are known to be in the label image
    """

    seq: int
    time: str
    user: str
    tool: str
    value: int | None
    region: Region
    pixels: int
    kind: Kind
    compensates: int | None
    applied: bool


class OpenStroke:
    """A stroke that is being drawn.

    Parameters
    ----------
    tool : what draws it, in a word
    """

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.values: set[int] = set()
        self._before: dict[Place, bytes] = {}
        self._boxes: dict[Place, Region] = {}
        self._shapes: dict[Place, Shape] = {}

    def __contains__(self, place: Place) -> bool:
        return place in self._before

    def touch(self, place: Place, tile: Labels, box: Region) -> None:
        """Remember a tile that is about to change.

        Parameters
        ----------
        tile : its labels before the change
        box : where the change will be, from the tile's own corner
        """
        if place in self._before:
            self._boxes[place] |= box
        else:
            self._before[place], self._boxes[place], self._shapes[place] = pack(tile), box, tile.shape

    def befores(self) -> Iterator[tuple[Place, Labels]]:
        """Every touched tile as it was before the stroke."""
        for place, blob in self._before.items():
            yield place, unpack(blob, self._shapes[place])

    def change(self, place: Place, before: Labels, after: Labels) -> tuple[Change, int] | None:
        """What the stroke did to a tile, and to how many pixels; None where it left the tile as it was."""
        box = self._boxes[place]
        differs = before[box.slices] != after[box.slices]
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if not rows.size:
            return None
        tight = Region(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1).moved(box.y0, box.x0)
        change = Change(place=place, box=tight, before=pack(before[tight.slices]), after=pack(after[tight.slices]))
        return change, int(np.count_nonzero(differs))
