"""Regions of a JPEG or PNG file, which are decoded whole when the first region is asked for.

Both formats must be decoded from the start, so their size is capped.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from PIL import Image, UnidentifiedImageError

from napari_ctcl.errors import ImageError
from napari_ctcl.region import Region
from napari_ctcl.store.colour import Model, Samples
from napari_ctcl.store.tiff import READ_NOW

LARGEST_DECODED_WHOLE: Final = 400_000_000
"""Pixels a JPEG or PNG may have, at 4 bytes a pixel in memory."""
BROKEN_FILE: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error),
    *(LookupError, TypeError, ArithmeticError, MemoryError),
)
"""What decoders raise on garbage; a header that claims absurd sizes ends in the last two."""

_ORIENTATION = 0x0112


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
            orientation = int(self._image.getexif().get(_ORIENTATION, 1))
        except BROKEN_FILE:
            self.notes.append("its EXIF data are broken; the photo was taken as it lies")
            return 1
        if orientation not in range(1, 9):
            self.notes.append(f"orientation {orientation} means nothing; the photo was taken as it lies")
        return orientation

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
            f"{path.name}: not an image that can be read", expected=READ_NOW, do="convert it, or choose another file"
        ) from None
    finally:
        Image.MAX_IMAGE_PIXELS = cap
    if image.width * image.height > LARGEST_DECODED_WHOLE:
        image.close()
        raise ImageError(
            f"{path.name}: {image.width} x {image.height} pixels",
            expected=f"at most {LARGEST_DECODED_WHOLE // 1_000_000} million",
            do="save it as a tiled TIFF, which is read piece by piece",
        )
    return image


def _png_depth(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(25)[24]
