"""The disc swept along a line that a brush covers between two mouse events, exact to the pixel at any size.

A capsule is convex, so a row of it is one stretch. Its ends are computed twice, for a brush a hair smaller and a hair
larger; where the two disagree, a pixel is measured, so that rounding never decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.region import Region
from napari_ctcl.spans import Mask, Spans, Whole, counted_up

Point = tuple[float, float]
Real = npt.NDArray[np.float64]

_SHORT: Final = 1e-9
"""Squared length, px^2, up to which a line is a point."""

_MEASURED_PX: Final = 16384
"""So few pixels are measured one by one in less time than it takes to compute their rows."""

_HAIR: Final = 64 * float(np.finfo(np.float64).eps)
"""Relative bound on every rounding error here, with room to spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capsule:
    """A disc swept along a straight line: what a brush covers between two mouse events.

    Parameters
    ----------
    start, end : (y, x) centres of the disc, px
    radius : px
    """

    start: Point
    end: Point
    radius: float

    @property
    def box(self) -> Region:
        """Smallest region that holds every covered pixel; it may leave the image."""
        (y0, y1), (x0, x1) = (sorted(pair) for pair in zip(self.start, self.end, strict=True))
        return Region(
            math.floor(y0 - self.radius),
            math.ceil(y1 + self.radius) + 1,
            math.floor(x0 - self.radius),
            math.ceil(x1 + self.radius) + 1,
        )

    def mask(self, region: Region) -> Mask:
        """Pixels of a region whose centre lies at most `radius` from the line."""
        if region.area <= _MEASURED_PX:
            ys = np.arange(region.y0, region.y1, dtype=np.float64)[:, None] - self.start[0]
            xs = np.arange(region.x0, region.x1, dtype=np.float64)[None, :] - self.start[1]
            return _near(ys, xs, self.end[0] - self.start[0], self.end[1] - self.start[1], self.radius)
        mask = swept([self], region).mask(region)
        return np.zeros(region.shape, bool) if mask is None else mask


def swept(capsules: Sequence[Capsule], area: Region) -> Spans:
    """What capsules cover together inside an area."""
    given = np.array([(*c.start, *c.end, c.radius) for c in capsules], np.float64).reshape(-1, 5)
    hair = _HAIR * max(float(np.abs(given).max(initial=1.0)), *(abs(edge) for edge in (*area.ys, *area.xs)))
    high, low = np.minimum(given[:, 0], given[:, 2]), np.maximum(given[:, 0], given[:, 2])
    first = _within(np.ceil(high - given[:, 4] - hair), area.ys)
    last = _within(np.floor(low + given[:, 4] + hair) + 1, area.ys)
    which, rows = counted_up(first, np.maximum(last - first, 0))
    y, x, end_y, end_x, radius = given[which].T
    return _by_row(rows, x, (rows - y, end_y - y, end_x - x, radius), area, hair)


def _by_row(rows: Whole, x: Real, line: tuple[Real, Real, Real, Real], area: Region, hair: float) -> Spans:
    """Spans of one capsule per row given: its start's column, the row seen from there, its direction, its radius."""
    first, stop = _columns(x, line, area, hair)
    stop = np.maximum(first, stop)
    sure_first, sure_stop = _columns(x, line, area, -hair)
    sure_first = np.clip(sure_first, first, stop)
    sure_stop = np.clip(sure_stop, sure_first, stop)
    left, right = counted_up(first, sure_first - first), counted_up(sure_stop, stop - sure_stop)
    at, columns = (np.concatenate(pair) for pair in zip(left, right, strict=True))
    py, dy, dx, radius = (part[at] for part in line)
    near = _near(py, columns - x[at], dy, dx, radius)
    rows, columns = np.append(rows, rows[at[near]]), columns[near]
    return Spans.joined(rows, np.append(sure_first, columns), np.append(sure_stop, columns + 1), area)


def _near(py: Any, px: Any, dy: Any, dx: Any, radius: Any) -> Mask:
    """Whether pixels, seen from the start of a line, are near enough: the one rule that all else abides by."""
    length2 = dy * dy + dx * dx
    along = np.where(length2 > _SHORT, np.clip((py * dy + px * dx) / np.maximum(length2, _SHORT), 0.0, 1.0), 0.0)
    return np.asarray((py - along * dy) ** 2 + (px - along * dx) ** 2 <= radius**2)


def _columns(x: Real, line: tuple[Real, Real, Real, Real], area: Region, hair: float) -> tuple[Whole, Whole]:
    """First column of each row and one past its last, for a brush that is a hair larger than the one in hand."""
    py, dy, dx, radius = line
    length = np.hypot(dy, dx)
    point = length * length <= _SHORT
    wide, reach = radius + hair, hair * length
    ends = _disc(py, wide), tuple(side + np.where(point, 0.0, dx) for side in _disc(py - np.where(point, 0, dy), wide))
    beside = _between(dy, -dx * py, -wide * length, wide * length)
    along = _between(dx, dy * py, -reach, length * length + reach)
    strip = np.maximum(beside[0], along[0]), np.minimum(beside[1], along[1])
    gone = point | (strip[0] > strip[1])
    left = np.minimum.reduce([ends[0][0], ends[1][0], np.where(gone, np.inf, strip[0])])
    right = np.maximum.reduce([ends[0][1], ends[1][1], np.where(gone, -np.inf, strip[1])])
    return _within(np.ceil(x + left - hair), area.xs), _within(np.floor(x + right + hair) + 1, area.xs)


def _disc(py: Real, radius: Real) -> tuple[Real, Real]:
    """Where a disc begins and ends in a row; where it does not come, it ends before it begins."""
    off = np.abs(py)
    half = np.sqrt(np.maximum((radius - off) * (radius + off), 0.0))
    met = off <= radius
    return np.where(met, -half, np.inf), np.where(met, half, -np.inf)


def _between(slope: Real, base: Real, low: Real, high: Real) -> tuple[Real, Real]:
    """From where to where low <= slope * x + base <= high; nowhere if it ends before it begins."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        from_low, from_high = (low - base) / slope, (high - base) / slope
    rising, flat = slope > 0, slope == 0
    always = np.where((low <= base) & (base <= high), np.inf, -np.inf)
    begin = np.where(flat, -always, np.where(rising, from_low, from_high))
    return begin, np.where(flat, always, np.where(rising, from_high, from_low))


def _within(places: Real, span: tuple[int, int]) -> Whole:
    return np.clip(places, *span).astype(np.int64)
