"""Mask files, read upright and by bands, with the values that a viewer shows.

A value stands for a class, so only what a file holds exactly is taken: grey of any depth, 8-bit RGB with or without
alpha, and palettes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from napari_ctcl.errors import MaskError, NotFound
from napari_ctcl.region import Region, Span
from napari_ctcl.store.formats import Turn, is_tiff, readable
from napari_ctcl.store.pillow import open_whole
from napari_ctcl.store.tiff import TiffSource

Greys = npt.NDArray[np.generic]
_GREY_MODES: Final = ("1", "L", "I", "I;16")
_INEXACT: Final = {"SEPARATED": "CMYK", "YCBCR": "YCbCr"}
_INVERTED: Final = "0 is white in this file; the mask map's values are those that a viewer shows"
_EXPECTED: Final = "grey, RGB, RGBA or a palette"


class MaskValues(Protocol):
    """An open mask file.

    Attributes
    ----------
    shape : upright (height, width), px
    grey : whether its values are greys
    notes : what a person should know about how it is read, sentences
    """

    shape: tuple[int, int]
    grey: bool
    notes: list[str]

    def read(self, ys: Span) -> Greys:
        """Values of some rows: (h, w) unsigned greys, or (h, w, 4) uint8 red, green, blue, alpha."""
        ...


@contextmanager
def open_values(path: Path) -> Iterator[MaskValues]:
    """Open a mask file.

    Raises
    ------
    NotFound
        If there is no such file.
    ImageError
        If it is no image, or broken.
    MaskError
        If its colour model cannot hold classes.
    """
    if not path.is_file():
        raise NotFound(f"mask {path}: no such file", do="check the path")
    with ExitStack() as opened:
        with readable(path.name):
            values: MaskValues
            if is_tiff(path):
                values = _TiffValues(path.name, opened.enter_context(TiffSource(path, any_grey=True)))
            else:
                values = _PillowValues(path.name, opened.enter_context(open_whole(path)))
        yield values


class _TiffValues:
    def __init__(self, name: str, source: TiffSource) -> None:
        if source.photometric in _INEXACT:
            raise _foreign(name, _INEXACT[source.photometric])
        self._name, self._source, self._turn = name, source, Turn.of(source.orientation)
        self.shape = self._turn.shape(source.shape)
        self.grey = source.model == "L" and not source.transparent
        inverted = source.photometric == "MINISWHITE"
        self.notes = [*source.notes, *([_INVERTED] if inverted else [])]

    def read(self, ys: Span) -> Greys:
        stored = self._turn.stored(Region(*ys, 0, self.shape[1]), self.shape)
        with readable(self._name):
            samples = self._source.read(stored)
        if self.grey:
            return self._turn.apply(samples.values)[..., 0]
        opaque = np.full(stored.shape, 255, np.uint8)
        alpha = (opaque if samples.alpha is None else samples.alpha)[..., None]
        colours = np.broadcast_to(samples.values, (*stored.shape, 3))
        return self._turn.apply(np.concatenate([colours, alpha], axis=-1))


class _PillowValues:
    def __init__(self, name: str, image: Image.Image) -> None:
        if image.mode == "CMYK":
            raise _foreign(name, "CMYK")
        self._upright = ImageOps.exif_transpose(image)
        self.shape = (self._upright.height, self._upright.width)
        self.grey = image.mode in _GREY_MODES
        self.notes: list[str] = []

    def read(self, ys: Span) -> Greys:
        rows = self._upright.crop((0, ys[0], self.shape[1], ys[1]))
        if self.grey:
            return np.asarray(rows.convert("L") if rows.mode == "1" else rows)
        return np.asarray(rows.convert("RGBA"))


def _foreign(name: str, model: str) -> MaskError:
    return MaskError(f"{name}: a mask in {model} colours", expected=_EXPECTED, do="save the mask as PNG")
