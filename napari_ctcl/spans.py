"""Covered pixels as stretches of rows: a whole gesture in a few numbers per row, and masks of any part of it.

A filled shape has a border, and only that costs: an area of hundreds of megapixels is some thousand stretches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_ctcl.region import Region, grid

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Stretches of pixels in rising order, row by row; no two of them touch.

    Parameters
    ----------
    rows : (n,) int64, the row of each
    starts, stops : (n,) int64, its first column, and one past its last
    """

    rows: Whole
    starts: Whole
    stops: Whole

    @classmethod
    def joined(cls, rows: Whole, starts: Whole, stops: Whole, area: Region) -> Spans:
        """Stretches that may come in any order, overlap or be empty, cut to an area.

        Parameters
        ----------
        rows : all of them rows of the area
        """
        starts, stops = np.maximum(starts, area.x0), np.minimum(stops, area.x1)
        real = starts < stops
        stride = area.width + 1  # one more than a row holds, lest the end of one touch the start of the next
        lines = (rows[real] - area.y0) * stride - area.x0
        starts, stops = starts[real] + lines, stops[real] + lines
        order = np.argsort(starts)
        starts, stops = starts[order], np.maximum.accumulate(stops[order])
        apart = starts[1:] > stops[:-1]
        starts, stops = starts[np.append(True, apart)[: starts.size]], stops[np.append(apart, True)[: stops.size]]
        down = starts // stride
        return cls(rows=down + area.y0, starts=starts - down * stride + area.x0, stops=stops - down * stride + area.x0)

    def mask(self, cell: Region) -> Mask | None:
        """Pixels of a region that has all of their rows, as (h, w) bool; None where there are none."""
        starts, stops = np.clip(self.starts, cell.x0, cell.x1), np.clip(self.stops, cell.x0, cell.x1)
        covered = int((stops - starts).sum())
        if not covered:
            return None
        if covered == cell.area:
            return np.ones(cell.shape, bool)
        lines = (self.rows - cell.y0) * cell.width - cell.x0
        turns = np.stack([starts + lines, stops + lines], axis=1).ravel()
        lengths = np.diff(turns, prepend=0, append=cell.area)
        return np.repeat(np.arange(lengths.size) % 2 == 1, lengths).reshape(cell.shape)


def tiles_of(
    spans: Callable[[Region], Spans], box: Region, shape: tuple[int, int], tile: int
) -> Iterator[tuple[Region, Mask]]:
    """Tiles of an image that a shape meets, with the pixels it covers in each.

    Parameters
    ----------
    spans : gives the shape's stretches inside a region
    box : holds the whole shape; it may leave the image
    shape : (height, width) of the image
    tile : side of a tile, px
    """
    band, found = None, None
    for cell in grid(shape, tile, box):
        if band != cell.ys:
            band, found = cell.ys, spans(Region(*cell.ys, 0, shape[1]) & box)
        mask = found.mask(cell) if found is not None else None
        if mask is not None:
            yield cell, mask


def counted_up(first: Whole, counts: Whole) -> tuple[Whole, Whole]:
    """The numbers first, first + 1, ... of each of many counts, one count after the other.

    Returns
    -------
    Which count each belongs to, and the numbers themselves; both (sum of counts,) int64.
    """
    which = np.repeat(np.arange(first.size), counts)
    before = np.cumsum(counts) - counts
    return which, np.arange(which.size) - before[which] + first[which]
