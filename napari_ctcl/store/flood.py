"""Everything that is joined to a pixel and looks like it, tile by tile over a photo of any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.raster import Mask
from napari_ctcl.region import Region, grid

Bits = npt.NDArray[np.uint8]
"""A tile's pixels, eight to a byte along its rows."""

Looks = Callable[[Region], npt.NDArray[np.uint8]]

_FACING: Final = (
    ((-1, 0), np.s_[0, :], np.s_[-1, :]),
    ((1, 0), np.s_[-1, :], np.s_[0, :]),
    ((0, -1), np.s_[:, 0], np.s_[:, -1]),
    ((0, 1), np.s_[:, -1], np.s_[:, 0]),
)
"""Step to each neighbour, the edge that faces it, and the edge of it that faces back."""


def flooded(looks: Looks, seed: tuple[int, int], shape: tuple[int, int], tile: int) -> dict[Region, Bits]:
    """Pixels joined to the seed by sides, through pixels of its own look.

    Parameters
    ----------
    looks : gives (h, w) uint8 of a region
    seed : (y, x), inside the image
    shape : (height, width) of the image
    tile : side of the squares it works by, px

    Returns
    -------
    The tiles that are met, each with its pixels, which `unpacked` gives back.
    """
    from scipy.ndimage import label

    y, x = seed
    first = (y // tile, x // tile)
    look = looks(Region(y, y + 1, x, x + 1))[0, 0]
    entries: dict[tuple[int, int], Mask] = {}
    found: dict[tuple[int, int], Bits] = {}
    cells: dict[tuple[int, int], Region] = {}
    start = _cell(first, shape, tile)
    entries[first] = np.zeros(start.shape, bool)
    entries[first][y - start.y0, x - start.x0] = True
    while entries:
        place, entry = entries.popitem()
        cell = cells.setdefault(place, _cell(place, shape, tile))
        known = unpacked(found[place], cell) if place in found else np.zeros(cell.shape, bool)
        parts, _ = label(looks(cell) == look)
        wanted = np.unique(parts[entry & ~known])
        fresh = np.isin(parts, wanted[wanted > 0])
        if not fresh.any():
            continue
        found[place] = np.packbits(known | fresh, axis=1)
        for (dy, dx), edge, facing in _FACING:
            there = (place[0] + dy, place[1] + dx)
            if fresh[edge].any() and _inside(there, shape, tile):
                into = entries.setdefault(there, np.zeros(_cell(there, shape, tile).shape, bool))
                into[facing] |= fresh[edge]
    return {cells[place]: found[place] for place in sorted(found)}


def unpacked(bits: Bits, cell: Region) -> Mask:
    """(h, w) bool of a tile that `flooded` packed."""
    return np.unpackbits(bits, axis=1, count=cell.width).astype(bool)


def _cell(place: tuple[int, int], shape: tuple[int, int], tile: int) -> Region:
    y, x = place[0] * tile, place[1] * tile
    return next(grid(shape, tile, Region(y, y + 1, x, x + 1)))


def _inside(place: tuple[int, int], shape: tuple[int, int], tile: int) -> bool:
    return 0 <= place[0] * tile < shape[0] and 0 <= place[1] * tile < shape[1]
