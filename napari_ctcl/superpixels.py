"""Superpixels: small pieces of a photo whose borders follow what is seen, for a brush that keeps to a lesion's edge.

They are computed cell by cell on a fixed grid, from seeds on one lattice over the whole level, so that a click gives
the same piece whatever is on screen and panning back computes nothing again. Every pixel belongs to exactly one piece.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_ctcl.raster import Mask, Point
from napari_ctcl.region import Region, Span, grid

COMPACTNESS: Final = 10.0
"""Lab units that weigh as much as one lattice step; 5 gives ragged pieces on hairy skin, 20 misses pale borders."""

FINEST: Final = 8
"""Smallest lattice step, px of the level it is on."""

COARSEST: Final = 45
"""Largest lattice step; a coarser level is looked at where a brush is larger."""

_CELL: Final = 512
_MARGIN: Final = (
    3  # lattice steps around a cell; with 2, one piece in 200 would not meet its other half across a border
)
_ROUNDS: Final = 5
_SMOOTH_PX: Final = 1.0
_CACHED_CELLS: Final = 64
_REACH: Final = 4  # lattice steps; SLIC looks no farther than two from a piece's centre

Ids = npt.NDArray[np.int32]


class Pictures(Protocol):
    """What superpixels are computed on; a `Photo` is one."""

    @property
    def levels(self) -> int:
        """How many levels it has."""
        ...

    def shape(self, level: int = 0) -> tuple[int, int]:
        """(height, width) of a level."""
        ...

    def read(self, *, level: int, ys: Span, xs: Span) -> npt.NDArray[np.uint8]:
        """(h, w, 3) uint8 sRGB of a level's region."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Connected pixels that belong together.

    Parameters
    ----------
    level : the level of the photo they were found on
    region : smallest region of that level that holds them
    mask : (h, w) of the region, True on them
    """

    level: int
    region: Region
    mask: Mask

    def same_as(self, other: Segment | None) -> bool:
        """Whether both are the same pixels of the same level."""
        if other is None or (self.level, self.region) != (other.level, other.region):
            return False
        return bool(np.array_equal(self.mask, other.mask))

    def holds(self, at: Point) -> bool:
        """Whether a level-0 position lies in it."""
        y, x = (round(c) >> self.level for c in at)
        inside = self.region.y0 <= y < self.region.y1 and self.region.x0 <= x < self.region.x1
        return inside and bool(self.mask[y - self.region.y0, x - self.region.x0])

    def outlines(self) -> list[npt.NDArray[np.float64]]:
        """Its borders as closed lines of (y, x) points, level-0 pixels; the outer one and one per hole."""
        from skimage.measure import find_contours

        step = 1 << self.level
        corner = np.array([self.region.y0 - 1, self.region.x0 - 1], np.float64)
        lines = find_contours(np.pad(self.mask, 1).astype(np.float32), 0.5)
        return [(line + corner + 0.5) * step - 0.5 for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """How coarse the pieces are.

    Parameters
    ----------
    level : of the photo they are computed on
    side : step of the lattice of seeds, px of that level; a piece has about the square of it
    """

    level: int
    side: int

    @classmethod
    def of_brush(cls, diameter: float, *, shown: int, levels: int) -> Grain:
        """Pieces about as large as the brush's disc.

        Sides go in steps of the square root of two, so that a brush that changes a little keeps its pieces.

        Parameters
        ----------
        diameter : of the brush, level-0 px
        shown : level that is on screen; nothing finer is looked at
        levels : how many the photo has
        """
        side0 = max(diameter, 1.0) * math.sqrt(math.pi) / 2
        level = min(max(shown, math.ceil(math.log2(side0 / COARSEST) - 1e-9)), levels - 1)
        half_steps = round(2 * math.log2(max(side0 / 2**level, FINEST)))
        return cls(level=level, side=min(round(2 ** (half_steps / 2)), COARSEST))

    @property
    def cell(self) -> int:
        """Side of the cells that are computed at once, px of the level: a whole number of lattice steps."""
        return round(_CELL / self.side) * self.side


class Superpixels:
    """The superpixels of one photo, computed where they are asked for; any thread may ask.

    Parameters
    ----------
    photo : where the pixels come from
    cached_cells : how many cells are kept, a megabyte each
    """

    def __init__(self, photo: Pictures, *, cached_cells: int = _CACHED_CELLS) -> None:
        self.photo = photo
        self._cached_cells = cached_cells
        self._cells: OrderedDict[tuple[Grain, Region], Ids] = OrderedDict()
        self._lock = threading.Lock()

    def cells(self, grain: Grain, region: Region) -> list[Region]:
        """Cells that meet a level-0 region, on the grain's own level."""
        return list(grid(self.photo.shape(grain.level), grain.cell, region.at_level(grain.level)))

    def around(self, grain: Grain, at: Point) -> list[Region]:
        """Cells that the piece at a level-0 position may reach into; none where it is off the photo."""
        window = self._window(grain, at)
        return list(grid(self.photo.shape(grain.level), grain.cell, window)) if window is not None else []

    def known(self, grain: Grain, cell: Region) -> bool:
        """Whether a cell is computed already."""
        with self._lock:
            return (grain, cell) in self._cells

    def compute(self, grain: Grain, cell: Region) -> Ids:
        """Pieces of one cell: (h, w) int32, the number of the seed that each pixel went to.

        Seeds are numbered over the whole level, so a piece that goes on in the next cell has its number there too.
        """
        key = (grain, cell)
        with self._lock:
            if key in self._cells:
                self._cells.move_to_end(key)
                return self._cells[key]
        ids = self._partition(grain, cell)
        with self._lock:
            self._cells[key] = ids
            while len(self._cells) > self._cached_cells:
                self._cells.popitem(last=False)
        return ids

    def segment_at(self, grain: Grain, at: Point) -> Segment | None:
        """The piece at a level-0 position; None off the photo. Cells that are missing are computed first."""
        window = self._window(grain, at)
        if window is None:
            return None
        ids = np.empty(window.shape, np.int32)
        for cell in grid(self.photo.shape(grain.level), grain.cell, window):
            part = cell & window
            known = self.compute(grain, cell)
            ids[part.moved(-window.y0, -window.x0).slices] = known[part.moved(-cell.y0, -cell.x0).slices]
        y, x = (round(c) >> grain.level for c in at)
        here = y - window.y0, x - window.x0
        joined, _ = ndimage.label(ids == ids[here])
        mask = joined == joined[here]
        rows, columns = ndimage.find_objects(joined)[joined[here] - 1]
        box = Region(rows.start, rows.stop, columns.start, columns.stop)
        return Segment(level=grain.level, region=box.moved(window.y0, window.x0), mask=mask[box.slices].copy())

    def _window(self, grain: Grain, at: Point) -> Region | None:
        y, x = (round(c) >> grain.level for c in at)
        height, width = self.photo.shape(grain.level)
        if not (0 <= y < height and 0 <= x < width):
            return None
        return Region(y, y + 1, x, x + 1).grown(_REACH * grain.side) & Region.whole((height, width))

    def _partition(self, grain: Grain, cell: Region) -> Ids:
        shape = self.photo.shape(grain.level)
        # a margin of whole lattice steps keeps the seeds of the cell and of its neighbours where they are
        area = cell.grown(_MARGIN * grain.side) & Region.whole(shape)
        pixels = self.photo.read(level=grain.level, ys=area.ys, xs=area.xs)
        local = joined_up(slic_ids(pixels, grain.side))
        across = -(-area.width // grain.side)
        rows, columns = np.divmod(local, across)
        whole_level_across = -(-shape[1] // grain.side)
        ids = (rows + area.y0 // grain.side) * whole_level_across + columns + area.x0 // grain.side
        part = cell.moved(-area.y0, -area.x0)
        return np.ascontiguousarray(ids[part.slices], np.int32)


def slic_ids(pixels: npt.NDArray[np.uint8], side: int) -> Ids:
    """Seed that each pixel goes to by SLIC in CIE Lab (Achanta et al. 2012): (h, w), from 0, row by row.

    Parameters
    ----------
    pixels : (h, w, 3) uint8 sRGB
    side : step of the lattice of seeds, px
    """
    from skimage.color import rgb2lab
    from skimage.segmentation import slic

    height, width = pixels.shape[:2]
    rows, columns = -(-height // side), -(-width // side)
    filled = np.pad(pixels, ((0, rows * side - height), (0, columns * side - width), (0, 0)), mode="symmetric")
    lab = rgb2lab(filled.astype(np.float32) / 255)
    # slic stretches its input to [0, 1]; undone here, since a piece must not depend on what else its cell holds
    spread = max(float(lab.max() - lab.min()), 1e-3)
    ids: npt.NDArray[Any] = slic(
        lab.astype(np.float32),
        n_segments=rows * columns,
        compactness=COMPACTNESS / spread,
        max_num_iter=_ROUNDS,
        sigma=_SMOOTH_PX,
        convert2lab=False,
        enforce_connectivity=False,
        start_label=0,
        channel_axis=-1,
    )
    return ids[:height, :width].astype(np.int32)


def joined_up(ids: Ids) -> Ids:
    """The same partition with every piece connected and without whiskers, which go to the pieces they touch.

    What stays of a piece is the largest connected part of it in which a square of three pixels fits everywhere.
    """
    body = ndimage.minimum_filter(ids, 3) == ndimage.maximum_filter(ids, 3)
    body = ndimage.binary_dilation(body, np.ones((3, 3)))
    parts = _parts(np.where(body, ids, -1))
    sizes = np.bincount(parts.ravel())
    owner = np.full(sizes.size, -1, np.int64)
    owner[parts.ravel()] = ids.ravel()
    sizes[0] = 0  # what is in no body
    order = np.lexsort((-sizes, owner))
    first = np.ones(order.size, bool)
    first[1:] = owner[order][1:] != owner[order][:-1]
    kept = np.zeros(sizes.size, bool)
    kept[order[first]] = True
    kept &= sizes > 0
    return _spread_into(ids, ~kept[parts]) if kept.any() else ids


def _parts(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Connected parts of one number each, from 1; 0 where the number is -1."""
    from skimage.measure import label

    return np.asarray(label(ids, background=-1, connectivity=1), np.int64)


def _spread_into(ids: Ids, stray: Mask) -> Ids:
    """Give stray pixels to a neighbour, ring by ring, so that what grows stays connected."""
    height, width = ids.shape
    joined, open_ = ids.copy(), stray.copy()
    ys, xs = np.nonzero(open_)
    while ys.size:
        found = np.full(ys.size, -1, np.int32)
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            ny, nx = ys + dy, xs + dx
            inside = (ny >= 0) & (ny < height) & (nx >= 0) & (nx < width) & (found < 0)
            inside[inside] = ~open_[ny[inside], nx[inside]]
            found[inside] = joined[ny[inside], nx[inside]]
        given = found >= 0
        joined[ys[given], xs[given]] = found[given]
        open_[ys[given], xs[given]] = False
        ys, xs = ys[~given], xs[~given]
    return joined
