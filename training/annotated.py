"""Photos with the annotation that is learned from and scored against: as it is now, or as it was when a run began."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from napari_ctcl.errors import NoLabels
from napari_ctcl.events import Event, Progress
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Span
from napari_ctcl.store import Photo, Study


class Annotation(Protocol):
    """Level-0 labels of a photo."""

    def read(self, ys: Span, xs: Span) -> npt.NDArray[np.uint8]:
        """Labels of a region, (h, w), values of `Lesion`."""


@dataclass(frozen=True, slots=True)
class Live:
    """The annotation as people paint it."""

    photo: Photo

    def read(self, ys: Span, xs: Span) -> npt.NDArray[np.uint8]:
        """Labels of a region, (h, w), values of `Lesion`."""
        return self.photo.read_labels(level=0, ys=ys, xs=xs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """A photo and its labels."""

    photo: Photo
    labels: Annotation


def survey(study: Study) -> Generator[Event, None, list[Annotated]]:
    """Photos of the five folds that have a labelled pixel; patients reserved for testing stay out.

    Raises
    ------
    NoLabels
        If there is none.
    """
    photos = [photo for photo in study.photos() if photo.fold != "test"]
    labelled = []
    for done, photo in enumerate(photos):
        yield Progress(done=done, total=len(photos), unit="photos", note="looking for labels")
        counts = photo.label_pixels()
        if any(count for lesion, count in counts.items() if lesion is not Lesion.UNLABELLED):
            labelled.append(Annotated(photo=photo, labels=Live(photo)))
    if not labelled:
        raise NoLabels(
            f"{study.root}: no photo has a labelled pixel", do="annotate some, or import photos with their masks"
        )
    return labelled
