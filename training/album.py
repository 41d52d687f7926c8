"""Annotated photos at the scale of training, decoded once and kept in memory as far as a cap allows.

Labels at a coarser level are the majority of the labelled level-0 pixels under each cell; the display levels, which
keep the most severe class, would inflate every lesion.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from napari_ctcl.errors import NoLabels
from napari_ctcl.events import Event, Progress
from napari_ctcl.lesion import CLASSES, Lesion
from napari_ctcl.mkln import working_level
from napari_ctcl.mkln.overview import overview
from napari_ctcl.region import Span
from napari_ctcl.store import Photo

from .annotated import Annotated

Pixels = npt.NDArray[np.uint8]
SPOTS = 4096
BAND_PX = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One photo at the scale of training.

    Parameters
    ----------
    image_HWC : uint8 RGB
    small_3SS : uint8; the whole photo squashed, as the global branch sees it
    labels_HW : uint8, values of `Lesion`
    """

    image_HWC: Pixels
    small_3SS: Tensor
    labels_HW: Pixels

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px of the working scale."""
        height, width = self.labels_HW.shape
        return height, width

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.image_HWC.nbytes + self.labels_HW.nbytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is remembered of a photo when its pixels are not.

    Parameters
    ----------
    source : the photo and its labels
    level : pyramid level of the working scale
    pixels : (4,) labelled pixels of the working scale per channel
    spots : per channel, up to `SPOTS` places (y, x) of that class, px of the working scale
    labelled : places drawn from all labelled pixels alike
    labels_sha256 : of the labels at the working scale
    """

    source: Annotated
    level: int
    pixels: npt.NDArray[np.int64]
    spots: tuple[npt.NDArray[np.int32], ...]
    labelled: npt.NDArray[np.int32]
    labels_sha256: str

    @property
    def photo(self) -> Photo:
        """The photo."""
        return self.source.photo

    @property
    def lesions(self) -> tuple[int, ...]:
        """Channels of the lesion classes that its labels hold."""
        return tuple(channel for channel in range(1, len(CLASSES)) if self.pixels[channel])


class Album:
    """The annotated photos of a study, by position.

    Parameters
    ----------
    long_side_px : the level whose long side is nearest to this is the working scale
    global_side : side of the squashed photo, px
    cache_bytes : decoded pixels kept in memory
    """

    def __init__(self, *, long_side_px: int, global_side: int, cache_bytes: int) -> None:
        self.long_side_px, self.global_side, self.cache_bytes = long_side_px, global_side, cache_bytes
        self.entries: list[Entry] = []
        self._sheets: OrderedDict[int, Sheet] = OrderedDict()

    def fill(self, photos: Sequence[Annotated]) -> Iterator[Event]:
        """Read every photo once; those without a labelled pixel at the scale of training are left out.

        Raises
        ------
        NoLabels
            If no photo has a labelled pixel.
        """
        for done, source in enumerate(photos):
            yield Progress(done=done, total=len(photos), unit="photos", note="reading photos and labels")
            self._add(source)
        if not self.entries:
            raise NoLabels("no photo of the study has a labelled pixel", do="annotate photos, or import their masks")

    def sheet(self, position: int) -> Sheet:
        """Pixels of the photo at that position; decoded again if they had to make room."""
        if position in self._sheets:
            self._sheets.move_to_end(position)
            return self._sheets[position]
        entry = self.entries[position]
        sheet = read_sheet(entry.source, entry.level, self.global_side)
        self._keep(position, sheet)
        return sheet

    def _add(self, source: Annotated) -> None:
        photo = source.photo
        level = working_level([photo.shape(level) for level in range(photo.levels)], self.long_side_px)
        sheet = read_sheet(source, level, self.global_side)
        labels = sheet.labels_HW
        if not labels.any():
            return
        spots = tuple(_places(labels == channel + 1) for channel in range(len(CLASSES)))
        pixels = np.bincount(labels.ravel(), minlength=len(Lesion))[1:].astype(np.int64)
        labelled = _places(labels != Lesion.UNLABELLED)
        sha256 = hashlib.sha256(labels.tobytes()).hexdigest()
        self.entries.append(
            Entry(source=source, level=level, pixels=pixels, spots=spots, labelled=labelled, labels_sha256=sha256)
        )
        self._keep(len(self.entries) - 1, sheet)

    def _keep(self, position: int, sheet: Sheet) -> None:
        self._sheets[position] = sheet
        held = sum(kept.nbytes for kept in self._sheets.values())
        while held > self.cache_bytes and len(self._sheets) > 1:
            _, dropped = self._sheets.popitem(last=False)
            held -= dropped.nbytes


def read_sheet(source: Annotated, level: int, global_side: int) -> Sheet:
    """Photo and annotation at a pyramid level."""
    photo = source.photo
    height, width = photo.shape(level)
    image = np.ascontiguousarray(photo.read(level=level, ys=(0, height), xs=(0, width)))
    return Sheet(
        image_HWC=image,
        small_3SS=_channels_first(overview(Held(image), global_side)),
        labels_HW=read_labels(source, level),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A photo held in memory, as the tiled prediction reads it."""

    image_HWC: Pixels

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        height, width = self.image_HWC.shape[:2]
        return height, width

    def read(self, ys: Span, xs: Span) -> Pixels:
        """Rows and columns, (h, w, 3)."""
        return self.image_HWC[slice(*ys), slice(*xs)]


def read_labels(source: Annotated, level: int) -> Pixels:
    """Annotation at a pyramid level: the majority of the labelled level-0 pixels under each cell.

    Bands of level 0 keep memory bounded. A tie goes to the more severe class; a cell with no labelled pixel is
    unlabelled.
    """
    photo = source.photo
    height, width = photo.shape(level)
    step = 1 << level
    rows = max(1, BAND_PX // (photo.width * step))
    bands: Iterable[int] = range(0, height, rows)
    coarse = np.zeros((height, width), np.uint8)
    for top in bands:
        bottom = min(top + rows, height)
        ys = (top * step, min(bottom * step, photo.height))
        fine = source.labels.read(ys, (0, photo.width))
        coarse[top:bottom] = majority(fine, step)[: bottom - top, :width]
    return coarse


def majority(labels_HW: Pixels, step: int) -> Pixels:
    """Most frequent labelled class in blocks of `step` x `step` pixels; blocks are cut at the far edges."""
    if step == 1:
        return labels_HW
    height, width = labels_HW.shape
    padded = np.pad(labels_HW, ((0, -height % step), (0, -width % step)))
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    severe_first = sorted((int(lesion) for lesion in CLASSES), reverse=True)
    counts = np.stack([(blocks == value).sum((1, 3), dtype=np.int32) for value in severe_first])
    winner = np.asarray(severe_first, np.uint8)[counts.argmax(0)]
    return np.where(counts.any(0), winner, np.uint8(Lesion.UNLABELLED)).astype(np.uint8)


def _channels_first(image_HWC: Pixels) -> Tensor:
    return torch.from_numpy(image_HWC).permute(2, 0, 1).contiguous()


def _places(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    flat = np.flatnonzero(mask)
    if flat.size > SPOTS:
        flat = flat[np.sort(np.random.default_rng(0).choice(flat.size, SPOTS, replace=False))]
    return np.stack(np.unravel_index(flat, mask.shape), axis=1).astype(np.int32)
