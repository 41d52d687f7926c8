"""A label image that others write, read again and again: a chunk is decoded anew only when its file has changed.

So a hand that paints where a model has spoken need not decode what the model said at every stroke, and never works on
what it said before.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

import numpy as np

from napari_ctcl.region import Region, grid
from napari_ctcl.store import labelimage
from napari_ctcl.store.chunks import TILE, Labels
from napari_ctcl.store.kept import Kept
from napari_ctcl.store.shapes import Shape

KEPT_BYTES: Final = 16 << 20
"""How much of one label image may stay in memory."""

SAME_INSTANT_NS: Final = 50_000_000
"""A file that was changed so shortly ago may be changed again under the same time."""

_Seen = tuple[int, ...]
"""What a file was when it was looked at; every writer puts a new file in the old one's place."""


class Borrowed:
    """Level 0 of a label image that somebody else may write at any time; any thread may ask.

    Parameters
    ----------
    image_path : the photo's `image.ome.zarr`
    name : the label image; it need not be there yet
    shape : (height, width) of the photo, px
    """

    def __init__(self, image_path: Path, name: str, shape: Shape) -> None:
        self._shape = shape
        self._levels = labelimage.Levels(image_path, name)
        self._chunks = labelimage.folder(image_path, name) / "0" / "c"
        self._seen: dict[Region, _Seen] = {}
        self._tiles: Kept[Region] = Kept(KEPT_BYTES)
        self._one_at_a_time = threading.Lock()

    def read(self, region: Region) -> Labels:
        """Labels of a region inside the photo, as the disk has them now: (h, w) uint8, a new array.

        Raises
        ------
        StudyError
            If a chunk cannot be decoded.
        """
        out = np.zeros(region.shape, np.uint8)
        for cell in grid(self._shape, TILE, region):
            part = cell & region
            tile = self._tile(cell)
            if tile is not None:
                out[part.moved(-region.y0, -region.x0).slices] = tile[part.moved(-cell.y0, -cell.x0).slices]
        return out

    def close(self) -> None:
        """Let go of the files, and of what was read."""
        with self._one_at_a_time:
            self._levels.close()
            self._tiles.clear()
            self._seen.clear()

    def _tile(self, cell: Region) -> Labels | None:
        """A tile as it is now; None where it has no chunk."""
        with self._one_at_a_time:
            seen = self._look(cell)
            if seen is None:
                return None
            tile = self._tiles.get(cell)
            if tile is not None and self._seen.get(cell) == seen:
                return tile
            # The file was looked at first: should it change in between, the next look finds another one.
            tile = self._levels.read(0, cell)
            self._tiles.pop(cell)
            self._seen.pop(cell, None)
            if time.time_ns() - seen[0] >= SAME_INSTANT_NS:
                self._seen[cell] = seen
                tile = self._tiles.put(cell, tile)
            return tile

    def _look(self, cell: Region) -> _Seen | None:
        try:
            facts = (self._chunks / str(cell.y0 // TILE) / str(cell.x0 // TILE)).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return facts.st_mtime_ns, facts.st_ino, facts.st_size
