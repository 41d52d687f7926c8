"""Which pixels a gesture paints, and with what: each tile it meets, exact on level 0 whatever zoom it was made at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Mask, Point, connected, polygon_mask, polygon_tiles, stroke_tiles
from napari_ctcl.region import Region, grid
from napari_ctcl.store.chunks import TILE, Labels
from napari_ctcl.store.drawing import Part
from napari_ctcl.store.flood import flooded, unpacked
from napari_ctcl.store.gesture import Draw, Fill, Judge, Rule, Stamp

REACH_PX: Final = 4096
"""Side of the window that a fill looks at."""

_CLASSES: Final = len(Lesion)
_MODELS: Final = 8
"""Added to what the model says where nobody judged, so that a fill tells it from what a person said."""


class Ground(Protocol):
    """What gestures are made on; all regions are of level 0."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""

    def human(self, region: Region) -> Labels:
        """What people have labelled."""

    def model(self, region: Region) -> Labels:
        """What the model says."""

    def skin(self, region: Region) -> Labels:
        """The skin mask; all 0 where the photo has none."""


def parts(gesture: Draw | Fill | Judge, ground: Ground) -> Iterator[Part]:
    """What a gesture paints, tile by tile; each tile is looked at only when its turn comes.

    Raises
    ------
    InputError
        If there is nothing that it could mean: a fill that runs out of reach, a judgement where no lesion is.
    NotFound
        If all of it is painted already.
    """
    match gesture:
        case Draw():
            value = np.uint8(gesture.value)
            for cell, mask in _marks(gesture, ground.shape):
                yield Part(cell.y0, cell.x0, mask & allowed(gesture.rule, cell, ground), value)
        case Fill():
            yield from _filled(gesture, ground)
        case Judge():
            yield from _judged(gesture, ground)


def allowed(rule: Rule, cell: Region, ground: Ground) -> Mask:
    """Pixels of a tile that a rule lets be painted over: (h, w) bool."""
    open_to = np.ones(cell.shape, bool)
    if rule.inside is not None:
        open_to = polygon_mask(rule.inside, cell)
    if rule.skin:
        open_to &= ground.skin(cell) > 0
    every = range(_CLASSES)
    if rule.human.issuperset(every[1:]) and rule.model.issuperset(every):
        return open_to
    human = ground.human(cell)
    fits = np.isin(np.arange(_CLASSES), list(rule.human))[human]
    bare = human == Lesion.UNLABELLED
    if rule.model.issuperset(every):
        fits |= bare
    else:
        model = np.isin(np.arange(_CLASSES), list(rule.model))
        fits = np.where(bare, model[ground.model(cell)] if bare.any() else False, fits)
    return np.asarray(open_to & fits)


def _marks(gesture: Draw, shape: tuple[int, int]) -> Iterator[tuple[Region, Mask]]:
    yield from stroke_tiles(gesture.capsules, shape, TILE)
    for outline in gesture.outlines:
        yield from polygon_tiles(outline, shape, TILE)
    for stamp in gesture.stamps:
        yield from _stamped(stamp, shape)


def _stamped(stamp: Stamp, shape: tuple[int, int]) -> Iterator[tuple[Region, Mask]]:
    coarse = stamp.mask
    step = 1 << stamp.level
    box = Region(stamp.y0, stamp.y0 + coarse.shape[0], stamp.x0, stamp.x0 + coarse.shape[1]).from_level(stamp.level)
    for cell in grid(shape, TILE, box):
        part = cell & box
        ys = np.arange(*part.ys) // step - stamp.y0
        xs = np.arange(*part.xs) // step - stamp.x0
        mask = coarse[ys][:, xs]
        if mask.any():
            yield part, mask


# Fills


def _filled(fill: Fill, ground: Ground) -> Iterator[Part]:
    def looks(region: Region) -> npt.NDArray[np.uint8]:
        human, model = ground.human(region), ground.model(region)
        model = np.where(model > Lesion.NORMAL, model + _MODELS, 0)  # what it calls normal looks like bare skin
        return np.where(human > 0, human, model).astype(np.uint8)

    patch = connected(looks, _pixel(fill.at, ground.shape), ground.shape, REACH_PX)
    if not patch.whole:
        raise InputError("the area runs out of the fill's reach", do="close its outline first, then fill")
    for cell in grid(ground.shape, TILE, patch.region):
        part = cell & patch.region
        mask = patch.mask[part.moved(-patch.region.y0, -patch.region.x0).slices]
        yield Part(part.y0, part.x0, mask & allowed(fill.rule, part, ground), np.uint8(fill.value))


# Judgements


def _judged(judge: Judge, ground: Ground) -> Iterator[Part]:
    found = False
    for cell, mask in _area(judge, ground):
        part = _verdict(judge, cell, mask, ground)
        if part.mask.any():
            found = True
            yield part
    if not found:
        where = "under the cursor" if judge.inside is None else "in the region"
        raise NotFound(
            f"nothing of the model's is left to {judge.tool} {where}"
            if judge.tool != "reclassify"
            else f"there is no lesion {where}",
            do="point at a dashed outline" if judge.inside is None else "draw the region around a dashed outline",
        )


def _area(judge: Judge, ground: Ground) -> Iterator[tuple[Region, Mask]]:
    if judge.inside is not None:
        yield from polygon_tiles(judge.inside, ground.shape, TILE)
        return
    if judge.at is None:
        raise InputError(f"no place to {judge.tool}", do="point at a lesion")

    def lesions(region: Region) -> npt.NDArray[np.uint8]:
        human = ground.human(region)
        return np.where(human > 0, human, ground.model(region)).astype(np.uint8)

    y, x = _pixel(judge.at, ground.shape)
    if lesions(Region(y, y + 1, x, x + 1))[0, 0] <= Lesion.NORMAL:
        raise InputError("no lesion is under the cursor", do="point at one, or draw a region around what you mean")
    for cell, bits in flooded(lesions, (y, x), ground.shape, TILE).items():
        yield cell, unpacked(bits, cell)


def _verdict(judge: Judge, cell: Region, mask: Mask, ground: Ground) -> Part:
    """What becomes of a part of the area: a person's own pixels are touched only to give the lesion another name."""
    human, model = ground.human(cell), ground.model(cell)
    bare = human == Lesion.UNLABELLED
    if judge.tool == "accept":
        return Part(cell.y0, cell.x0, mask & bare & (model > 0), model)
    if judge.tool == "reject":
        return Part(cell.y0, cell.x0, mask & bare & (model > Lesion.NORMAL), np.uint8(Lesion.NORMAL))
    if judge.value is None:
        raise InputError("no class to give the lesion", do="say which")
    lesion = np.where(bare, model, human) > Lesion.NORMAL
    return Part(cell.y0, cell.x0, mask & lesion, np.uint8(judge.value))


def _pixel(at: Point, shape: tuple[int, int]) -> tuple[int, int]:
    y, x = (round(c) for c in at)
    if not (0 <= y < shape[0] and 0 <= x < shape[1]):
        raise InputError("that is beside the photo", do="point at the photo")
    return y, x
