"""Scores of a network on photos it has not trained on, through the same tiled prediction that the program uses.

Prediction streams into a confusion matrix, so nothing here grows with the photo.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import torch

from napari_ctcl.agreement import Confusion, confusion
from napari_ctcl.events import Event, Progress
from napari_ctcl.lesion import CLASSES
from napari_ctcl.mkln import MKLN, working_level
from napari_ctcl.mkln.predict import predict
from napari_ctcl.region import Region
from napari_ctcl.store.level import PhotoLevel

from .album import Held, Pixels, Sheet
from .annotated import Annotated, Annotation
from .scores import PhotoScore


class Judge:
    """Takes predicted labels, compares them with the annotation, keeps only the counts.

    Parameters
    ----------
    truth : labels held in memory, or those of a photo, which are read region by region
    """

    def __init__(self, truth: Pixels | Annotation) -> None:
        self.truth = truth
        self.matrix: Confusion = np.zeros((len(CLASSES), len(CLASSES)), np.int64)

    def write(self, region: Region, labels: Pixels, uncertainty: Pixels) -> None:  # noqa: ARG002  of the protocol
        """Count one region."""
        if isinstance(self.truth, np.ndarray):
            truth = self.truth[region.slices]
        else:
            truth = self.truth.read(region.ys, region.xs)
        self.matrix += confusion(truth, labels)

    def done(self) -> set[Region]:
        """Nothing is ever done before."""
        return set()


def judge_sheet(net: MKLN, sheet: Sheet, on: torch.device) -> Generator[Event, None, Confusion]:
    """Confusion matrix of one photo at the scale of training; returned at the end."""
    judge = Judge(sheet.labels_HW)
    for event in predict([net], Held(sheet.image_HWC), judge, scale=1, full_shape=sheet.shape, device=on):
        yield Progress(done=event.done, total=event.total, unit="regions", note="scoring")
    return judge.matrix


def judge_photos(
    nets: Sequence[MKLN], photos: Sequence[Annotated], long_side_px: int, on: torch.device
) -> Generator[Event, None, list[PhotoScore]]:
    """Level-0 confusion matrices of photos; returned at the end.

    Parameters
    ----------
    nets : their mean answers
    long_side_px : scale that they were trained at
    """
    scores = []
    for number, source in enumerate(photos):
        photo, judge = source.photo, Judge(source.labels)
        level = working_level([photo.shape(level) for level in range(photo.levels)], long_side_px)
        for _ in predict(
            nets, PhotoLevel(photo, level), judge, scale=1 << level, full_shape=photo.shape(), device=on, photo=photo.id
        ):
            yield Progress(done=number, total=len(photos), unit="photos", note="scoring out of fold")
        fold = photo.fold if isinstance(photo.fold, int) else -1
        scores.append(PhotoScore(photo=photo.id, patient=photo.patient, fold=fold, matrix=judge.matrix))
    return scores
