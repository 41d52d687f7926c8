"""Photo files, read upright, in sRGB and by bands.

A file is told by its content, never by its name. Nothing of it but pixels gets past this module.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from napari_ctcl.errors import CtclError, ImageError, NotFound
from napari_ctcl.region import Region
from napari_ctcl.store.colour import Model, Pixels, Samples, ToSRGB
from napari_ctcl.store.tiff import READ_NOW, TiffSource

LARGEST_DECODED_WHOLE: Final = 400_000_000
"""Pixels a JPEG or PNG may have; these are decoded whole, at 4 bytes a pixel."""
LARGEST_TIFF: Final = 10_000_000_000
"""Pixels a TIFF may have; it is decoded by bands."""
RAW_SUFFIXES: Final = frozenset({".nef", ".nrw", ".cr2", ".cr3", ".arw", ".dng", ".orf", ".rw2", ".raf", ".pef"})

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ORIENTATION = 0x0112
_BROKEN_FILE = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error),
    *(LookupError, TypeError, ArithmeticError, MemoryError),
)
"""What decoders raise on garbage; a header that claims absurd sizes ends in the last two."""


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


@dataclass(slots=True, kw_only=True)
class PhotoFile:
    """An open photo file.

    Parameters
    ----------
    shape : upright (height, width), px
    notes : what a person should know about how it was read; complete once all bands are
    """

    name: str
    shape: tuple[int, int]
    stored_shape: tuple[int, int]
    _source: Source
    _turn: Turn
    _to_srgb: ToSRGB
    _notes: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """What a person should know about how the file was read; complete once all bands are."""
        return [*self._notes, *self._source.notes, *self._to_srgb.notes]

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
        turn, notes = Turn.of(source.orientation), []
        if source.orientation not in range(1, 9):
            notes.append(f"orientation {source.orientation} means nothing; the photo was taken as it lies")
        yield PhotoFile(
            name=path.name,
            shape=turn.shape(source.shape),
            stored_shape=source.shape,
            _source=source,
            _turn=turn,
            _to_srgb=ToSRGB(source.model, source.profile),
            _notes=notes,
        )


class PillowSource:
    """A JPEG or PNG file, decoded whole when the first region is asked for."""

    def __init__(self, path: Path) -> None:
        self._image: Image.Image = open_whole(path)
        image = self._image
        if image.format == "PNG":
            with open_whole(path) as twin:
                twin.verify()  # the decoder itself passes over wrong checksums
        self.notes: list[str] = []
        self.shape = (image.height, image.width)
        self.profile: bytes | None = image.info.get("icc_profile")
        self.orientation = self._upright()
        self._require_eight_bits(path)
        self._transparent = image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info

    @property
    def model(self) -> Model:
        """Colour model of the samples."""
        if self._image.mode == "CMYK":
            return "CMYK"
        return "L" if self._image.mode in ("1", "L") and not self._transparent else "RGB"

    def read(self, region: Region) -> Samples:
        """Samples of a region of the file's own grid."""
        part = self._image.crop((region.x0, region.y0, region.x1, region.y1))
        if not self._transparent:
            values = np.asarray(part.convert(self.model))
            return Samples(values=values.reshape((*region.shape, -1)))
        part.info = dict(self._image.info)
        pixels = np.asarray(part.convert("RGBA"))
        return Samples(values=np.ascontiguousarray(pixels[..., :3]), alpha=np.ascontiguousarray(pixels[..., 3]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._image.close()

    def _upright(self) -> int:
        try:
            return int(self._image.getexif().get(_ORIENTATION, 1))
        except _BROKEN_FILE:
            self.notes.append("its EXIF data are broken; the photo was taken as it lies")
            return 1

    def _require_eight_bits(self, path: Path) -> None:
        image = self._image
        deep = image.format == "PNG" and _png_depth(path) == 16
        if deep or image.mode not in ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK"):
            raise ImageError(
                f"{path.name}: {image.format} of {'16 bits a sample' if deep else f'mode {image.mode}'}",
                expected=READ_NOW,
                do="convert it to 8-bit sRGB first",
            )


def open_whole(path: Path) -> Image.Image:
    """A JPEG or PNG with its header read; pixels are decoded on demand.

    Raises
    ------
    ImageError
        If it is neither, or has more than `LARGEST_DECODED_WHOLE` pixels.
    """
    cap = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None  # only the header is read here, and our own cap follows
    try:
        image = Image.open(path, formats=("JPEG", "PNG"))
    except UnidentifiedImageError:
        raise ImageError(
            f"{path.name}: not an image that is read", expected=READ_NOW, do="convert it, or choose another file"
        ) from None
    finally:
        Image.MAX_IMAGE_PIXELS = cap
    if image.width * image.height > LARGEST_DECODED_WHOLE:
        image.close()
        raise _too_large(path.name, image.size, LARGEST_DECODED_WHOLE)
    return image


def is_tiff(path: Path) -> bool:
    """Whether a file begins like a TIFF."""
    with path.open("rb") as file:
        return file.read(4) in _TIFF_MAGIC


def _opened(path: Path) -> Source:
    if path.suffix.lower() in RAW_SUFFIXES:
        raise ImageError(f"{path.name}: camera raw data", expected=READ_NOW, do="develop it to 8-bit sRGB first")
    return TiffSource(path) if is_tiff(path) else PillowSource(path)


def _png_depth(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(25)[24]


def _require_size(name: str, source: Source) -> None:
    height, width = source.shape
    if height * width == 0:
        raise ImageError(f"{name}: {width} x {height} pixels", expected="at least one", do="choose another file")
    if height * width > LARGEST_TIFF:
        raise _too_large(name, (width, height), LARGEST_TIFF)


def _too_large(name: str, size: tuple[int, int], largest: int) -> ImageError:
    return ImageError(
        f"{name}: {size[0]} x {size[1]} pixels",
        expected=f"at most {largest // 1_000_000} million",
        do="make it smaller" if largest == LARGEST_TIFF else "save it as a tiled TIFF, which is read piece by piece",
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
    except (*_BROKEN_FILE, tifffile.TiffFileError, RuntimeError) as error:
        raise ImageError(
            f"{name}: broken or cut short ({_first_words(error)})", expected="a whole image", do="copy the file again"
        ) from error


def _first_words(error: Any) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
