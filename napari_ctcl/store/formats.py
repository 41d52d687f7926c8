"""Photo files, read upright, in sRGB and by bands.

A file is told by its content, not by its name; camera raw alone is told by name too, since it dresses as TIFF. Nothing
of a file but its pixels gets past this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np
import tifffile

from napari_ctcl.errors import CtclError, ImageError, NotFound
from napari_ctcl.region import Region
from napari_ctcl.store.colour import Model, Pixels, Samples, ToSRGB
from napari_ctcl.store.pillow import BROKEN_FILE, PillowSource
from napari_ctcl.store.tiff import READ_NOW, TiffSource

LARGEST_TIFF: Final = 10_000_000_000
"""Pixels a TIFF may have; it is decoded by bands."""
RAW_SUFFIXES: Final = frozenset({".nef", ".nrw", ".cr2", ".cr3", ".arw", ".dng", ".orf", ".rw2", ".raf", ".pef"})

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Source(Protocol):
    """Decoded samples of a file on the file's own grid."""

    shape: tuple[int, int]
    orientation: int
    profile: bytes | None
    notes: list[str]

    @property
    def model(self) -> Model:
        """Colour model of the samples."""
        ...

    def read(self, region: Region) -> Samples:
        """Samples of a region."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """How a file's grid becomes upright: transpose first, then flip; one of the eight EXIF orientations."""

    transposed: bool
    flip_y: bool
    flip_x: bool

    @classmethod
    def of(cls, orientation: int) -> Turn:
        """Turn of an EXIF orientation; numbers the standard does not know leave the image as it is."""
        turns = {2: (0, 0, 1), 3: (0, 1, 1), 4: (0, 1, 0), 5: (1, 0, 0), 6: (1, 0, 1), 7: (1, 1, 1), 8: (1, 1, 0)}
        return cls(*(bool(bit) for bit in turns.get(orientation, (0, 0, 0))))

    def shape(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Upright (height, width) of a stored one."""
        return (stored[1], stored[0]) if self.transposed else stored

    def stored(self, region: Region, upright: tuple[int, int]) -> Region:
        """Region of the file's grid that holds a region of the upright image of that (height, width)."""
        ys = (upright[0] - region.y1, upright[0] - region.y0) if self.flip_y else region.ys
        xs = (upright[1] - region.x1, upright[1] - region.x0) if self.flip_x else region.xs
        return Region(*xs, *ys) if self.transposed else Region(*ys, *xs)

    def apply(self, pixels: Pixels) -> Pixels:
        """Stored pixels, (h, w, 3), turned upright."""
        turned = pixels.transpose(1, 0, 2) if self.transposed else pixels
        return turned[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]


class PhotoFile:
    """An open photo file.

    Attributes
    ----------
    name : of the file, for messages
    shape : upright (height, width), px
    """

    def __init__(self, name: str, source: Source) -> None:
        self.name = name
        self._source = source
        self._turn = Turn.of(source.orientation)
        self._to_srgb = ToSRGB(source.model, source.profile)
        self.shape = self._turn.shape(source.shape)

    @property
    def notes(self) -> list[str]:
        """What a person should know about how the file was read; complete once all bands are."""
        return [*self._source.notes, *self._to_srgb.notes]

    def bands(self, rows: int) -> Iterator[Pixels]:
        """The upright photo from top to bottom, (rows, width, 3) uint8 sRGB each, the last one maybe shorter.

        Raises
        ------
        ImageError
            If the file turns out to be broken.
        """
        for y in range(0, self.shape[0], rows):
            band = Region(y, min(y + rows, self.shape[0]), 0, self.shape[1])
            with readable(self.name):
                samples = self._source.read(self._turn.stored(band, self.shape))
                pixels = self._turn.apply(self._to_srgb(samples))
            yield np.ascontiguousarray(pixels)


@contextmanager
def open_photo(path: Path) -> Iterator[PhotoFile]:
    """Open a photo file of any kind that is read.

    Raises
    ------
    NotFound
        If there is no such file.
    ImageError
        If it is no photo, of a kind that is not read, broken, empty or too large.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"{path}: no such file", do="check the path")
    with readable(path.name):
        source = _opened(path)
    with source:
        _require_size(path.name, source)
        yield PhotoFile(path.name, source)


def is_tiff(path: Path) -> bool:
    """Whether a file begins like a TIFF."""
    with path.open("rb") as file:
        return file.read(4) in _TIFF_MAGIC


def _opened(path: Path) -> Source:
    if path.suffix.lower() in RAW_SUFFIXES:
        raise ImageError(f"{path.name}: camera raw data", expected=READ_NOW, do="develop it to 8-bit sRGB first")
    return TiffSource(path) if is_tiff(path) else PillowSource(path)


def _require_size(name: str, source: Source) -> None:
    height, width = source.shape
    if height * width == 0:
        raise ImageError(f"{name}: {width} x {height} pixels", expected="at least one", do="choose another file")
    if height * width > LARGEST_TIFF:
        raise ImageError(
            f"{name}: {width} x {height} pixels",
            expected=f"at most {LARGEST_TIFF // 1_000_000} million",
            do="make it smaller",
        )


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turn what decoders say of a broken file into one error.

    Raises
    ------
    ImageError
        In place of theirs.
    """
    try:
        yield
    except CtclError:
        raise
    except (*BROKEN_FILE, tifffile.TiffFileError, RuntimeError) as error:
        raise ImageError(
            f"{name}: broken or cut short ({_first_words(error)})", expected="a whole image", do="copy the file again"
        ) from error


def _first_words(error: Any) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
