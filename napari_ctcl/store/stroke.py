"""The words of the journal: a stroke, what it changed in one tile, and labels packed for keeping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numcodecs import Zstd

from napari_ctcl.region import Region
from napari_ctcl.store.chunks import Labels
from napari_ctcl.store.shapes import Shape

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

    @property
    def answer(self) -> Change:
        """What takes it back."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Who made a stroke with what, and what it painted where.

    Parameters
    ----------
    value : the class painted; None where the stroke held several
    region : level-0 pixels
    pixels : how many pixels changed
    """

    user: str
    tool: str
    value: int | None
    region: Region
    pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke(Made):
    """One entry of the journal.

    Parameters
    ----------
    seq : its number; later entries have greater ones
    time : UTC, ISO 8601
    compensates : the entry that an undo or a redo answers
    head : first of the entries that were made together and are undone together; None in that one itself
    applied : whether its pixels are known to be in the label image
    """

    seq: int
    time: str
    kind: Kind
    compensates: int | None
    head: int | None
    applied: bool
