"""The whole photo, squashed to a square: what the global branch sees.

Trainer and predictor both make it here, from bands of rows, so that they agree to the last bit and no photo has to fit
into memory.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_ctcl.region import Span

Pixels = NDArray[np.uint8]

_BAND = 512


class ImageSource(Protocol):
    """A photo at the scale that the network works at."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        ...

    def read(self, ys: Span, xs: Span) -> Pixels:
        """(h, w, 3) uint8 of rows and columns that lie inside."""
        ...


def overview(source: ImageSource, side: int) -> Pixels:
    """The photo squashed to (side, side, 3) uint8.

    Each value is the mean over the part of the photo that it covers; where that is less than a pixel, it is
    interpolated linearly. One band of rows is held at a time.
    """
    height, width = source.shape
    total = np.zeros((side, side, 3))
    for y in range(0, height, _BAND):
        ys = (y, min(y + _BAND, height))
        columns = _averaged(source.read(ys, (0, width)), side)
        total += np.tensordot(_row_weights(height, side, ys), columns, axes=1)
    return np.asarray(np.rint(total), dtype=np.uint8)


def _edges(length: int, side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last position, px, of what each of `side` values averages over."""
    centres = (np.arange(side) + 0.5) * (length / side)
    half = max(length / side, 1.0) / 2
    return np.clip(centres - half, 0, length), np.clip(centres + half, 0, length)


def _averaged(pixels_HWC: Pixels, side: int) -> NDArray[np.float64]:
    """Means over the columns of each value, (h, side, 3), from differences of one exact running sum."""
    width = pixels_HWC.shape[1]
    running = np.zeros((pixels_HWC.shape[0], width + 1, 3))
    np.cumsum(pixels_HWC, axis=1, dtype=np.float64, out=running[:, 1:])
    start, stop = _edges(width, side)
    sums = _at(running, stop) - _at(running, start)
    return np.asarray(sums / (stop - start)[:, None])


def _at(running: NDArray[np.float64], position: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.minimum(position.astype(np.int64), running.shape[1] - 2)
    share = (position - low)[:, None]
    return np.asarray(running[:, low] * (1 - share) + running[:, low + 1] * share)


def _row_weights(height: int, side: int, ys: Span) -> NDArray[np.float64]:
    """Weight (side, rows) of each row of a band in each value."""
    start, stop = (edge[:, None] for edge in _edges(height, side))
    row = np.arange(*ys)
    shared = np.clip(np.minimum(stop, row + 1) - np.maximum(start, row), 0, None)
    return np.asarray(shared / (stop - start))
