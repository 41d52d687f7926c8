"""How unsure a model is of each part of a photo that no person has labelled yet, on a coarse map.

The photo is looked at one core of the prediction at a time, and only those cores are looked at again in which something
was painted or predicted since; so the map fits in memory, and follows every stroke, for a photo of any size.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from napari_ctcl.events import Progress
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region, Span, grid
from napari_ctcl.store import Photo
from napari_ctcl.store.chunks import TILE
from napari_ctcl.store.prediction import CELL, COARSE, Record, read_record, read_uncertainty

MOST_CELLS: Final = 1 << 20
"""Cells of a map, about; a larger photo gets larger cells."""

_FINEST: Final = 8  # quarter-resolution pixels per cell
_SURE: Final = 255.0  # uncertainty is stored as a share of this


class Human(Protocol):
    """What people have labelled, such as a `TiledPyramid`."""

    def read(self, *, level: int, ys: Span, xs: Span) -> npt.NDArray[np.uint8]:
        """(h, w) uint8 of a level's region, 0 where nobody has labelled."""
        ...


class Survey:
    """A map of doubt, whose cells are squares of a photo.

    Parameters
    ----------
    photo : whose prediction it is about
    human : labels of people; where there are any, doubt no longer counts

    Attributes
    ----------
    side : of a cell, level-0 px
    doubt : (rows, columns) float32, the sum of doubt over the unlabelled pixels of each cell, 0 to 1 each
    unlabelled, pixels : (rows, columns) int32, predicted pixels that no person has labelled, and all pixels
    classes : (5, rows, columns) int32, how many unlabelled pixels the model gives each class, by value

    All pixels here are of a quarter of the photo's resolution.
    """

    def __init__(self, photo: Photo, human: Human) -> None:
        self.photo, self.human = photo, human
        self._quarter = -(-photo.height // COARSE), -(-photo.width // COARSE)
        self._step = _step(self._quarter)
        rows, columns = (-(-n // self._step) for n in self._quarter)
        self.doubt = np.zeros((rows, columns), np.float32)
        self.unlabelled = np.zeros((rows, columns), np.int32)
        self.pixels = np.zeros((rows, columns), np.int32)
        self.classes = np.zeros((len(Lesion), rows, columns), np.int32)
        self._stale = set(grid((photo.height, photo.width), TILE))
        self._lock = threading.Lock()

    @property
    def side(self) -> int:
        """Side of a cell, level-0 px."""
        return self._step * COARSE

    @property
    def current(self) -> bool:
        """Whether it knows of everything that was said to have changed."""
        return not self._stale

    @property
    def predicted(self) -> bool:
        """Whether a model has looked at any of the photo."""
        record = read_record(self.photo.root)
        return record is not None and any(made.done.any() for made in record.made)

    def changed(self, region: Region) -> None:
        """Say that labels or the prediction have changed in a level-0 region."""
        with self._lock:
            self._stale.update(grid((self.photo.height, self.photo.width), TILE, region))

    def look(self) -> Iterator[Progress]:
        """Look at what has changed; may be closed between two cores, and be taken up by another call.

        Raises
        ------
        StudyError
            If a chunk on disk cannot be decoded.
        """
        record, done = read_record(self.photo.root), 0
        while True:
            with self._lock:
                if not self._stale:
                    return
                core = self._stale.pop()  # before it is read, so that a change meanwhile has it read again
                left = len(self._stale)
            self._look_at(core, record)
            done += 1
            yield Progress(done=done, total=done + left, unit="cores")

    def _look_at(self, core: Region, record: Record | None) -> None:
        quarter = core.at_level(2)
        here = quarter.at_level(self._step.bit_length() - 1).slices
        self.pixels[here] = self._summed(np.ones(quarter.shape, np.int32))
        if record is None or record.model_of((core.y0 // TILE, core.x0 // TILE)) is None:
            self.doubt[here], self.unlabelled[here], self.classes[:, *here] = 0, 0, 0
            return
        said = self._at_quarter(_Predicted(self.photo), quarter)
        said[self._at_quarter(self.human, quarter) > 0] = 0
        doubt = read_uncertainty(self.photo.root, ys=quarter.ys, xs=quarter.xs) * (said > 0)
        self.doubt[here] = self._summed(doubt / np.float32(_SURE))
        self.unlabelled[here] = self._summed((said > 0).astype(np.int32))
        for lesion in Lesion:
            if lesion is not Lesion.UNLABELLED:
                self.classes[lesion, *here] = self._summed((said == lesion).astype(np.int32))

    def _at_quarter(self, labels: Human, quarter: Region) -> npt.NDArray[np.uint8]:
        """Labels at a quarter of the resolution, where the most severe class stands for all."""
        level = min(2, self.photo.levels - 1)
        part = quarter.from_level(2 - level) & Region.whole(self.photo.shape(level))
        found = labels.read(level=level, ys=part.ys, xs=part.xs)
        return _reduced(found, 1 << (2 - level), np.maximum)

    def _summed(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return _reduced(values, self._step, np.add)


class _Predicted:
    def __init__(self, photo: Photo) -> None:
        self._photo = photo

    def read(self, *, level: int, ys: Span, xs: Span) -> npt.NDArray[np.uint8]:
        return self._photo.read_labels("prediction", level=level, ys=ys, xs=xs)


def _step(quarter: tuple[int, int]) -> int:
    """Side of a cell; always a part of a core's side, so that no cell needs two cores."""
    step = _FINEST
    while step < CELL and (quarter[0] // step) * (quarter[1] // step) > MOST_CELLS:
        step *= 2
    return step


def _reduced(values: npt.NDArray[Any], step: int, how: np.ufunc) -> npt.NDArray[Any]:
    rows, columns = (np.arange(0, n, step) for n in values.shape)
    return np.asarray(how.reduceat(how.reduceat(values, rows, axis=0), columns, axis=1))
