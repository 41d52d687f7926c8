"""Which parts of one photo are worth a look: where a model is unsure and no person has labelled yet.

A region is a box around connected doubt instead of a square of a fixed size, because what a person judges is a lesion
or its border.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_ctcl.acquire.survey import Human, Survey
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region
from napari_ctcl.store import Photo

LEAST: Final = 0.15
"""Mean doubt around a place below which a model counts as sure; 1 is all classes alike."""

MOST: Final = 200
"""Regions of one photo, at most."""

DONE: Final = 0.9
"""Share of a region that people have labelled from which on it is done."""

_FADE: Final = 0.5  # doubt belongs to a peak down to this share of it
_OVERLAP: Final = 0.5  # a box that better ones, seen with what is around them, cover more than this is left out
_AROUND_CELLS: Final = 2
_SHARE: Final = 0.1  # of a blob; a class with less is not worth a word
_WIDEST_CELLS: Final = 24
_PARTS: Final = 5  # a blob reaches no farther than this part of the photo's shorter side


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """A part of a photo where a model is unsure.

    Parameters
    ----------
    region : level-0 pixels
    doubt : mean over what nobody has labelled of it, 0 sure to 1 all classes alike
    classes : what the model says there, the most frequent first
    """

    region: Region
    doubt: float
    classes: tuple[Lesion, ...]

    @property
    def why(self) -> str:
        """The reason to look, in words."""
        question = " or ".join(lesion.title for lesion in self.classes[:2])
        return f"{question[:1].upper()}{question[1:]}? The model's doubt is {100 * self.doubt:.0f} %."


def uncertain_regions(photo: Photo, human: Human) -> list[Uncertain]:
    """Regions of a photo worth a look, the most uncertain first; none where no model has looked at it.

    Parameters
    ----------
    human : labels of people, whose pixels are left out

    Raises
    ------
    StudyError
        If a chunk on disk cannot be decoded.
    """
    survey = Survey(photo, human)
    for _ in survey.look():
        pass
    return ranked(survey)


def ranked(survey: Survey) -> list[Uncertain]:
    """Regions worth a look by what a survey knows, the most uncertain first; at most `MOST`."""
    kept: list[Uncertain] = []
    around = _AROUND_CELLS * survey.side
    for blob in _blobs(survey):
        found = _measured(survey, *blob)
        if found is not None and not any(_covered(found.region, other.region.grown(around)) for other in kept):
            kept.append(found)
            if len(kept) == MOST:
                break
    return sorted(kept, key=lambda found: -found.doubt)


def _blobs(survey: Survey) -> Iterator[tuple[Region, npt.NDArray[np.bool_]]]:
    """Connected doubt around each peak, from the highest down: its box in cells, and the cells."""
    mean = survey.doubt / np.maximum(survey.pixels, 1)
    mean[survey.unlabelled < (1 - DONE) * survey.pixels] = 0
    level = ndimage.uniform_filter(mean, 3, mode="constant")
    level[mean == 0] = 0
    shorter = min(survey.photo.height, survey.photo.width)
    reach = min(max(math.ceil(shorter / _PARTS / survey.side), 3), _WIDEST_CELLS)
    whole, taken = Region.whole(mean.shape), np.zeros(mean.shape, bool)
    peaks = np.flatnonzero(level >= LEAST)
    order = peaks[np.argsort(-level.ravel()[peaks], kind="stable")]
    for y, x in zip(*(axis.tolist() for axis in np.unravel_index(order, mean.shape)), strict=True):
        if taken[y, x]:
            continue
        window = Region(y, y + 1, x, x + 1).grown(reach) & whole
        near = (level[window.slices] >= max(_FADE * level[y, x], LEAST / 2)) & ~taken[window.slices]
        parts, _ = ndimage.label(near)
        number = parts[y - window.y0, x - window.x0]
        blob = parts == number
        taken[window.slices] |= ndimage.binary_dilation(blob, np.ones((3, 3)))
        rows, columns = ndimage.find_objects(parts)[number - 1]
        box = Region(rows.start, rows.stop, columns.start, columns.stop)
        yield box.moved(window.y0, window.x0), blob[box.slices]


def _measured(survey: Survey, cells: Region, blob: npt.NDArray[np.bool_]) -> Uncertain | None:
    here = cells.slices
    if survey.unlabelled[here].sum() <= (1 - DONE) * survey.pixels[here].sum():
        return None
    unlabelled = int(survey.unlabelled[here][blob].sum())
    counts = survey.classes[:, *here][:, blob].sum(1)
    said = [Lesion(int(value)) for value in np.argsort(-counts, kind="stable") if counts[value] >= _SHARE * unlabelled]
    side = survey.side
    box = Region(cells.y0 * side, cells.y1 * side, cells.x0 * side, cells.x1 * side)
    return Uncertain(
        region=box & Region.whole((survey.photo.height, survey.photo.width)),
        doubt=float(survey.doubt[here][blob].sum() / unlabelled),
        classes=tuple(said),
    )


def _covered(region: Region, by: Region) -> bool:
    return (region & by).area > _OVERLAP * region.area
