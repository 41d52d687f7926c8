"""How a stroke looks on screen before its pixels are known: the same marks, drawn on the level that is shown.

A sketch follows the pen at once; the labels themselves take its place as soon as they are painted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.raster import Capsule, Mask, Point, polygon_mask
from napari_ctcl.region import Region
from napari_ctcl.shown import MODEL_OFFSET
from napari_ctcl.store.gesture import Draw, Outline, Rule, Stamp

Codes = npt.NDArray[np.uint8]

_CODES: Final = 2 * MODEL_OFFSET + 1
_THINNEST: Final = 0.5
"""Radius, in pixels of the level shown, below which a stroke would not be seen."""


def sketched(stroke: Draw, level: int, window: Region) -> Iterator[tuple[Region, Mask]]:
    """What a stroke covers on a level: the part of the window that each mark meets, and (h, w) bool of it.

    Parameters
    ----------
    level : 0 is full size; its pixels are 2^level level-0 pixels wide
    window : of that level
    """
    step = 1 << level
    for capsule in stroke.capsules:
        small = Capsule(
            start=_at(capsule.start, step), end=_at(capsule.end, step), radius=max(capsule.radius / step, _THINNEST)
        )
        part = small.box & window
        if part.area:
            yield part, small.mask(part)
    for outline in stroke.outlines:
        corners = [_at(point, step) for point in outline]
        part = _box(corners) & window
        if part.area:
            yield part, polygon_mask(corners, part)
    for stamp in stroke.stamps:
        yield from _stamped(stamp, level, window)


def paintable(rule: Rule, codes: Codes, level: int, window: Region) -> Mask:
    """Pixels of a window that a rule lets be painted over, by the view codes that are shown there: (h, w) bool."""
    allowed = np.zeros(_CODES, bool)
    allowed[list(rule.human)] = True
    allowed[[said + MODEL_OFFSET if said else 0 for said in rule.model]] = True
    mask = allowed[codes]
    if rule.inside is not None:
        mask &= polygon_mask([_at(point, 1 << level) for point in rule.inside], window)
    return np.asarray(mask)


def _stamped(stamp: Stamp, level: int, window: Region) -> Iterator[tuple[Region, Mask]]:
    height, width = stamp.shape
    box = Region(stamp.y0, stamp.y0 + height, stamp.x0, stamp.x0 + width).from_level(stamp.level)
    part = box.at_level(level) & window
    if part.area:
        ys, xs = ((np.arange(*span) << level) >> stamp.level for span in (part.ys, part.xs))
        mask = stamp.mask
        yield part, mask[(ys - stamp.y0).clip(0, height - 1)][:, (xs - stamp.x0).clip(0, width - 1)]


def _at(point: Point, step: int) -> Point:
    return point[0] / step, point[1] / step


def _box(outline: Outline | list[Point]) -> Region:
    (y0, x0), (y1, x1) = np.round(np.min(outline, 0)).astype(int), np.round(np.max(outline, 0)).astype(int)
    return Region(int(y0), int(y1) + 1, int(x0), int(x1) + 1)
