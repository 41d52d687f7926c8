"""The studies that the pictures are made on: synthetic photos, and of the large one a synthetic proposal too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import ndimage

from napari_ctcl.lesion import LESIONS, Lesion
from napari_ctcl.phantom import Phantom, PhotoPlan, plan_study
from napari_ctcl.region import Region, grid
from napari_ctcl.sample import fill
from napari_ctcl.store import Photo, Study

READER: Final = "r.one"
MM_PER_PX: Final = 0.05
"""Of the large photo: an arm that is 40 cm long on it."""

LARGE: Final = (6000, 8000)
_SMALL: Final = (1200, 1600)
_COARSE: Final = 16
_BLUR: Final = 2.5


def several(folder: Path) -> tuple[Path, Sequence[PhotoPlan]]:
    """A study of ten photos of five patients; all but the last are labelled."""
    plans = plan_study(10, size=_SMALL, seed=12)
    with Study.create(folder) as study:
        for _ in fill(study, plans, masks=False):
            pass
        for photo, plan in list(zip(study.photos(), plans, strict=True))[:-1]:
            _label(photo, plan)
    return folder, plans


def large(folder: Path) -> Path:
    """A study whose first photo, of 48 megapixels, has a proposal and a scale; two others are there to turn to."""
    first, *others = plan_study(10, size=_SMALL, seed=8)[:3]
    first = replace(first, height=LARGE[0], width=LARGE[1])
    with Study.create(folder) as study:
        for _ in fill(study, [first, *others], masks=False):
            pass
        photo, *_, last = study.photos()
        _propose(photo, first)
        photo.set_scale(MM_PER_PX, READER)
        _label(last, others[-1])
    return folder


def _label(photo: Photo, plan: PhotoPlan) -> None:
    with photo.labels(user=READER) as labels:
        labels.begin("brush")
        labels.paste(0, 0, Phantom(plan).render(Region.whole((plan.height, plan.width)))[1])
        labels.commit()


def _propose(photo: Photo, plan: PhotoPlan) -> None:
    """Store as a proposal what a model of middling skill might say: rounded shapes, doubt along their borders."""
    coarse = replace(plan, height=plan.height // _COARSE, width=plan.width // _COARSE)
    truth = np.asarray(Phantom(coarse).render(Region.whole((coarse.height, coarse.width)))[1])
    shares = {lesion: ndimage.gaussian_filter((truth == lesion).astype(np.float32), _BLUR) for lesion in LESIONS}
    doubt = 500 * ndimage.gaussian_filter(sum(share * (1 - share) for share in shares.values()), _BLUR)
    with photo.prediction() as writer:
        writer.start("5" * 64)
        for cell in grid((photo.height, photo.width), 512):
            said = np.full(cell.shape, int(Lesion.NORMAL), np.uint8)
            for lesion, share in shares.items():
                said[_enlarged(share, cell, _COARSE) > 0.5] = int(lesion)
            unsure = _enlarged(doubt, cell.at_level(2), _COARSE // 4)
            writer.write(cell, said, np.clip(unsure, 0, 255).astype(np.uint8))


def _enlarged(coarse: Any, region: Region, factor: int) -> Any:
    """A region of a smooth map that is so many times as large."""
    ys = (np.arange(*region.ys) + 0.5) / factor - 0.5
    xs = (np.arange(*region.xs) + 0.5) / factor - 0.5
    return ndimage.map_coordinates(coarse, np.meshgrid(ys, xs, indexing="ij"), order=1, mode="nearest")
