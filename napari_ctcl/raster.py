"""Which pixels a gesture covers: swept discs, polygons and bounded fills, as boolean masks on level 0.

Every mask is exact and the same whether it is asked for whole or tile by tile, so that a stroke never depends on the
zoom it was painted at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from napari_ctcl.region import Region, grid

Point = tuple[float, float]
Mask = npt.NDArray[np.bool_]
Reader = Callable[[Region], npt.NDArray[np.uint8]]


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
        ys = np.arange(region.y0, region.y1, dtype=np.float64)[:, None] - self.start[0]
        xs = np.arange(region.x0, region.x1, dtype=np.float64)[None, :] - self.start[1]
        dy, dx = self.end[0] - self.start[0], self.end[1] - self.start[1]
        length2 = dy * dy + dx * dx
        if length2 > 1e-9:
            along = np.clip((ys * dy + xs * dx) / length2, 0.0, 1.0)
            covered = (ys - along * dy) ** 2 + (xs - along * dx) ** 2 <= self.radius**2
        else:
            covered = ys**2 + xs**2 <= self.radius**2
        return np.asarray(covered)

    def distance(self, point: Point) -> float:
        """Distance of a point from the line, px."""
        dy, dx = self.end[0] - self.start[0], self.end[1] - self.start[1]
        length2 = max(dy * dy + dx * dx, 1e-9)
        py, px = point[0] - self.start[0], point[1] - self.start[1]
        along = min(max((py * dy + px * dx) / length2, 0.0), 1.0)
        return math.hypot(py - along * dy, px - along * dx)


def stroke_tiles(capsules: Sequence[Capsule], shape: tuple[int, int], tile: int) -> Iterator[tuple[Region, Mask]]:
    """Tiles of an image that a stroke meets, with the pixels it covers in each.

    A tile wholly under the brush costs no arithmetic, so that a stroke over hundreds of megapixels pays for its border
    alone.
    """
    if not capsules:
        return
    box = capsules[0].box
    for capsule in capsules[1:]:
        box = box | capsule.box
    for cell in grid(shape, tile, box):
        mask = _tile_mask(capsules, cell)
        if mask is not None:
            yield cell, mask


def _tile_mask(capsules: Sequence[Capsule], cell: Region) -> Mask | None:
    centre = ((cell.y0 + cell.y1 - 1) / 2, (cell.x0 + cell.x1 - 1) / 2)
    reach = math.hypot(cell.height, cell.width) / 2
    away = [capsule.distance(centre) - capsule.radius for capsule in capsules]
    if min(away) > reach:
        return None
    if min(away) <= -reach:
        return np.ones(cell.shape, bool)
    mask = np.zeros(cell.shape, bool)
    for gap, capsule in sorted(zip(away, capsules, strict=True), key=lambda pair: pair[0]):
        if gap > reach or mask.all():
            break
        mask |= capsule.mask(cell)
    return mask if mask.any() else None


def polygon_tiles(points: Sequence[Point], shape: tuple[int, int], tile: int) -> Iterator[tuple[Region, Mask]]:
    """Tiles of an image that a closed polygon meets, with the pixels it covers in each.

    Parameters
    ----------
    points : (y, x) corners, px; the last is joined to the first
    """
    corners = np.round(np.asarray(points, np.float64)).astype(int)
    (y0, x0), (y1, x1) = corners.min(0), corners.max(0)
    for cell in grid(shape, tile, Region(int(y0), int(y1) + 1, int(x0), int(x1) + 1)):
        canvas = Image.new("1", (cell.width, cell.height))
        ImageDraw.Draw(canvas).polygon([(int(x - cell.x0), int(y - cell.y0)) for y, x in corners], fill=1, outline=1)
        mask = np.asarray(canvas)
        if mask.any():
            yield cell, mask


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
