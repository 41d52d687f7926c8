"""Which pixels a gesture covers: swept discs, polygons and bounded fills, as boolean masks on level 0.

Every mask is exact and the same whether it is asked for whole or tile by tile, so that a stroke never depends on the
zoom it was painted at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
import numpy.typing as npt

from napari_ctcl.capsule import Capsule, Point, swept
from napari_ctcl.region import Region
from napari_ctcl.spans import Mask, Spans, Whole, counted_up, tiles_of

__all__ = [
    "Capsule",
    "Mask",
    "Patch",
    "Point",
    "borders",
    "connected",
    "polygon_mask",
    "polygon_tiles",
    "stroke_tiles",
]

Reader = Callable[[Region], npt.NDArray[np.uint8]]


def stroke_tiles(capsules: Sequence[Capsule], shape: tuple[int, int], tile: int) -> Iterator[tuple[Region, Mask]]:
    """Tiles of an image that a stroke meets, with the pixels it covers in each.

    Parameters
    ----------
    shape : (height, width) of the image
    tile : side of a tile, px
    """
    if capsules:
        box = reduce(or_, (capsule.box for capsule in capsules))
        yield from tiles_of(lambda area: swept(capsules, area), box, shape, tile)


def polygon_tiles(points: Sequence[Point], shape: tuple[int, int], tile: int) -> Iterator[tuple[Region, Mask]]:
    """Tiles of an image that a closed polygon meets, with the pixels it covers in each.

    Covered are pixels whose centre lies inside or on the line, where a line that crosses itself counts by turns.

    Parameters
    ----------
    points : (y, x) corners, px; they are rounded to pixels, and the last is joined to the first
    shape : (height, width) of the image
    tile : side of a tile, px
    """
    if len(points):
        corners = _pixels(points)
        (y0, x0), (y1, x1) = corners.min(0).tolist(), corners.max(0).tolist()
        yield from tiles_of(lambda area: _inside(corners, area), Region(y0, y1 + 1, x0, x1 + 1), shape, tile)


def polygon_mask(points: Sequence[Point], region: Region) -> Mask:
    """Pixels of a region that a closed polygon covers, the same as tile by tile."""
    mask = _inside(_pixels(points), region).mask(region)
    return np.zeros(region.shape, bool) if mask is None else mask


def _pixels(points: Sequence[Point]) -> Whole:
    return np.round(np.asarray(points, np.float64)).astype(np.int64).reshape(-1, 2)


def _inside(corners: Whole, area: Region) -> Spans:
    """What a polygon covers inside an area, in whole numbers alone, so that no rounding depends on the area."""
    (y0, x0), (y1, x1) = corners.T, np.roll(corners, -1, axis=0).T
    first = np.clip(np.minimum(y0, y1), *area.ys)
    edge, rows = counted_up(first, np.clip(np.maximum(y0, y1), *area.ys) - first)
    drop = (y1 - y0)[edge]
    crossing = x0[edge] * drop + (rows - y0[edge]) * (x1 - x0)[edge]
    left = crossing // drop
    between = left * drop != crossing
    turns = 2 * left + between  # odd between two columns: a whole number that sorts as the crossing does
    order = np.lexsort((turns, rows))
    enter, leave = turns[order].reshape(-1, 2).T
    far = np.where(y0 == y1, x1, x0)  # a corner alone, or a level edge, which nothing else here covers
    shown = (area.y0 <= y0) & (y0 < area.y1)
    return Spans.joined(
        np.append(rows[order][::2], y0[shown]),
        np.append((enter + 1) >> 1, np.minimum(x0, far)[shown]),
        np.append((leave >> 1) + 1, np.maximum(x0, far)[shown] + 1),
        area,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Connected pixels of one look, found around a seed.

    Parameters
    ----------
    region : smallest region that holds them
    mask : (h, w), True on them
    whole : False where they go on beyond the window that was searched
    """

    region: Region
    mask: Mask
    whole: bool


def connected(read: Reader, seed: tuple[int, int], shape: tuple[int, int], window: int) -> Patch:
    """Pixels that are joined to the seed and look like it, inside a window around the seed.

    A small window is tried first: most lesions fit in it, and it costs a tenth.

    Parameters
    ----------
    read : gives (h, w) uint8 of a region
    seed : (y, x), inside the image
    window : side of the largest window searched, px
    """
    from skimage.segmentation import flood

    side = min(1024, window)
    while True:
        y, x = seed
        area = Region(y - side // 2, y + side // 2 + 1, x - side // 2, x + side // 2 + 1) & Region.whole(shape)
        mask = np.asarray(flood(read(area), (y - area.y0, x - area.x0), connectivity=1), bool)
        whole = not _leaves(mask, area, shape)
        if whole or side >= window:
            return _trimmed(mask, area, whole=whole)
        side = min(side * 4, window)


def _leaves(mask: Mask, area: Region, shape: tuple[int, int]) -> bool:
    edges = (
        (mask[0], area.y0 > 0),
        (mask[-1], area.y1 < shape[0]),
        (mask[:, 0], area.x0 > 0),
        (mask[:, -1], area.x1 < shape[1]),
    )
    return any(inside and bool(edge.any()) for edge, inside in edges)


def _trimmed(mask: Mask, area: Region, *, whole: bool) -> Patch:
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = Region(int(ys[0]), int(ys[-1]) + 1, int(xs[0]), int(xs[-1]) + 1)
    return Patch(region=box.moved(area.y0, area.x0), mask=mask[box.slices], whole=whole)


def borders(codes: npt.NDArray[np.uint8], widths: Sequence[int]) -> list[Mask]:
    """Pixels at most so far from another code, for each of some widths.

    Every area has its border inside itself, so that two that touch are told apart.

    Parameters
    ----------
    codes : (h, w) uint8
    widths : px, 1 or more, in rising order

    Returns
    -------
    One (h, w) bool per width.
    """
    mask = np.zeros(codes.shape, bool)
    across, down = codes[:, 1:] != codes[:, :-1], codes[1:] != codes[:-1]
    mask[:, 1:] |= across
    mask[:, :-1] |= across
    mask[1:] |= down
    mask[:-1] |= down
    found, reach = [], 1
    for width in widths:
        mask, reach = _spread(mask, width - reach), width
        found.append(mask)
    return found


def _spread(mask: Mask, by: int) -> Mask:
    """The mask and all pixels within a square around each of its pixels; whole rows are shifted, a fast thing."""
    for axis in (0, 1):
        done = 0
        while done < by:
            step = min(2 * done + 1, by - done)
            wider = mask.copy()
            ahead, behind = (slice(step, None), slice(None, -step))
            at = (ahead, behind) if axis == 0 else ((slice(None), ahead), (slice(None), behind))
            wider[at[0]] |= mask[at[1]]
            wider[at[1]] |= mask[at[0]]
            mask, done = wider, done + step
    return mask
