"""One photo of a study: its facts, its pixels and the label images on it.

Pixels are read only. The annotation is written through `labels`, by one writer at a time; what a model says is written
through `prediction` and never touches the annotation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from napari_ctcl.anatomy import BodyRegion, Side
from napari_ctcl.errors import InputError
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region, Span
from napari_ctcl.store import labelimage
from napari_ctcl.store.catalogue import Catalogue, PhotoRow, now
from napari_ctcl.store.colour import Pixels
from napari_ctcl.store.folds import Fold
from napari_ctcl.store.labels import TiledPyramid, open_labels
from napari_ctcl.store.pixels import PhotoPixels
from napari_ctcl.store.prediction import PredictionWriter, predicted_by
from napari_ctcl.store.reading import LabelReader
from napari_ctcl.store.readonly import require_writing
from napari_ctcl.store.scales import enter_scale, scale_of
from napari_ctcl.store.shapes import level_shapes

IMAGE: Final = "image.ome.zarr"
_PAINTED: Final = re.compile(r"annotation|reader-[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFacts:
    """What the catalogue knows of a photo.

    Parameters
    ----------
    visit : day, "YYYY-MM-DD"
    fold : fold that holds its patient out, 0 to 4, or "test"
    height, width : upright, level-0 pixels
    levels : levels of its pyramid
    digest : SHA-256 of the level-0 pixels, (h, w, 3) uint8 row by row
    """

    id: str
    patient: str
    visit: str
    region: BodyRegion
    side: Side | None
    aspect: str | None
    fold: Fold
    height: int
    width: int
    levels: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo(PhotoFacts):
    """A photo with the ways to its pixels and labels.

    Parameters
    ----------
    root : the photo's own folder
    """

    root: Path
    catalogue: Catalogue = field(repr=False, compare=False)
    pixels: PhotoPixels = field(repr=False, compare=False)
    _levels: dict[str, labelimage.Levels] = field(default_factory=dict, init=False, repr=False, compare=False)
    _counts: dict[str, labelimage.Count] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def image_path(self) -> Path:
        """Its OME-Zarr image."""
        return self.root / IMAGE

    def shape(self, level: int = 0) -> tuple[int, int]:
        """(height, width) of a level.

        Raises
        ------
        InputError
            If the photo has no such level.
        """
        if not 0 <= level < self.levels:
            raise InputError(f"{self.id}: level {level}", expected=f"a level from 0 to {self.levels - 1}")
        return level_shapes((self.height, self.width))[level]

    def read(self, *, level: int = 0, ys: Span, xs: Span) -> Pixels:
        """Pixels of a region.

        Parameters
        ----------
        ys, xs : rows and columns of that level, half-open; inside it

        Returns
        -------
        (h, w, 3) uint8, upright, sRGB

        Raises
        ------
        InputError
            If the photo has no such level, or the region leaves it.
        StudyError
            If the pixels on disk are broken.
        """
        self.shape(level)
        return self.pixels.read(self.image_path, level=level, ys=ys, xs=xs)

    def thumbnail(self) -> Pixels:
        """The coarsest level, (h, w, 3) uint8 with a longest side of 512 px or less."""
        height, width = self.shape(self.levels - 1)
        return self.read(level=self.levels - 1, ys=(0, height), xs=(0, width))

    def labels(self, name: str = "annotation", *, user: str) -> TiledPyramid:
        """A label image to paint on; made when absent.

        The caller is the only writer of this photo's labels until it calls `close`.

        Parameters
        ----------
        user : whose strokes these are

        Raises
        ------
        InputError
            If it is neither the annotation nor a second reader's; only a model writes the prediction.
        StudyBusy
            If somebody else is painting; the message says who.
        StudyError
            If nothing may be written there.
        """
        _require_painted(name)
        if not user.strip():
            raise InputError("no reader's name", expected="whose strokes these are", do="say who is painting")
        require_writing(self.root / ".lock", self.id)
        return open_labels(
            self.image_path,
            name,
            shape=(self.height, self.width),
            levels=self.levels,
            journal=journal_path(self.root, name),
            lock=self.root / ".lock",
            user=user,
        )

    def watch(self, name: str = "annotation") -> LabelReader:
        """A label image to look at, whoever paints on it.

        Raises
        ------
        InputError
            If it is neither the annotation nor a second reader's.
        """
        _require_painted(name)
        return LabelReader(
            self.image_path,
            name,
            shape=(self.height, self.width),
            levels=self.levels,
            journal=journal_path(self.root, name),
            lock=self.root / ".lock",
        )

    def has_labels(self, name: str) -> bool:
        """Whether there is a label image of that name, such as "skin"."""
        return labelimage.exists(self.image_path, name)

    def read_labels(self, name: str = "annotation", *, level: int = 0, ys: Span, xs: Span) -> npt.NDArray[np.uint8]:
        """Labels of a region as they are on disk, without the lock; zeros where nothing was ever labelled.

        Returns
        -------
        (h, w) uint8, values of `Lesion`
        """
        self.shape(level)
        if name not in self._levels:
            self._levels[name] = labelimage.Levels(self.image_path, name)
        return self._levels[name].read(level, Region(*ys, *xs))

    def label_pixels(self, name: str = "annotation") -> dict[Lesion, int]:
        """Level-0 pixels of each class; all of them unlabelled where there is no such label image."""
        if not labelimage.exists(self.image_path, name):
            return {**dict.fromkeys(Lesion, 0), Lesion.UNLABELLED: self.height * self.width}
        if name not in self._counts:
            self._counts[name] = labelimage.Count(self.image_path, name)
        return self._counts[name].pixels()

    def prediction(self) -> PredictionWriter:
        """The model's label image to write to; its lock is its own, so that a window may hold the annotation."""
        return PredictionWriter(
            self.root,
            shape=(self.height, self.width),
            levels=self.levels,
            photo_digest=self.digest,
        )

    def predicted_by(self) -> str | None:
        """Digest of the model whose whole prediction is stored, if there is one."""
        return predicted_by(self.root)

    @property
    def mm_per_px(self) -> float | None:
        """Millimetres of skin per level-0 pixel, as a person last measured it; None where nobody has."""
        return scale_of(self.catalogue, self.id)

    def set_scale(self, mm_per_px: float, user: str) -> None:
        """Enter how large a pixel is; what was entered before stays in the catalogue.

        Parameters
        ----------
        mm_per_px : millimetres of skin per level-0 pixel
        user : who has measured it

        Raises
        ------
        InputError
            If no clinical photo can have that scale, or nobody is named.
        """
        enter_scale(self.catalogue, self.id, mm_per_px, user)

    @property
    def state(self) -> str:
        """How far the photo is: "new", "proposed" by a model, "in work" by a human, or "verified"."""
        with self.catalogue.reading() as session:
            verified = session.scalar(select(PhotoRow.verified_by).where(PhotoRow.id == self.id))
        if verified is not None:
            return "verified"
        height, width = self.shape(self.levels - 1)
        # the coarsest level holds the most severe class below each pixel, so it is 0 only where level 0 is
        if self.read_labels(level=self.levels - 1, ys=(0, height), xs=(0, width)).any():
            return "in work"
        return "new" if self.predicted_by() is None else "proposed"

    def verify(self, user: str) -> None:
        """Sign the photo's annotation off; it stays verified, whatever is painted later, until `reopen`.

        The journal tells which strokes came after the signature.
        """
        self._sign(user, now())

    def reopen(self) -> None:
        """Take the signature back."""
        self._sign(None, None)

    def _sign(self, user: str | None, on: str | None) -> None:
        with self.catalogue.writing() as session:
            row = session.scalars(select(PhotoRow).where(PhotoRow.id == self.id)).one()
            row.verified_by, row.verified_on = user, on


def is_painted(name: str) -> bool:
    """Whether a label image of that name is one that people paint on, and so has a journal."""
    return _PAINTED.fullmatch(name) is not None


def _require_painted(name: str) -> None:
    if not is_painted(name):
        raise InputError(f"label image {name!r}", expected="annotation, or reader-<name>", do="choose another name")


def journal_path(root: Path, name: str) -> Path:
    """Journal of a label image of the photo in that folder."""
    return root / ("journal.sqlite" if name == "annotation" else f"journal-{name}.sqlite")
