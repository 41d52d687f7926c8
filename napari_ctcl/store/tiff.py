"""Regions of a TIFF file, decoded strip by strip or tile by tile.

A gigapixel TIFF never fits into memory as a whole, so only the segments that a region touches are decoded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import tifffile

from napari_ctcl.errors import ImageError
from napari_ctcl.region import Region
from napari_ctcl.store.colour import Model, Pixels, Samples

READ_NOW: Final = "8-bit grey, RGB, CMYK or palette JPEG, PNG or TIFF"
CAMERA_RAW: Final = (32803, 34892)
"""Photometric interpretations of sensor data: colour filter array and linear raw."""
LARGEST_SEGMENT: Final = 1_200_000_000
"""Bytes that one strip or tile may decode to; a strip is held whole."""

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # or it prints beside our one line of error

_ORIENTATION, _ICC_PROFILE, _DNG_VERSION = 274, 34675, 50706
_PREMULTIPLIED, _UNASSOCIATED = 1, 2
_GREY: Final = (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE)
_COLOURS: Final[dict[Model, int]] = {"L": 1, "RGB": 3, "CMYK": 4}
_MODELS: Final[dict[Any, Model]] = {
    tifffile.PHOTOMETRIC.MINISBLACK: "L",
    tifffile.PHOTOMETRIC.MINISWHITE: "L",
    tifffile.PHOTOMETRIC.SEPARATED: "CMYK",
    tifffile.PHOTOMETRIC.RGB: "RGB",
    tifffile.PHOTOMETRIC.PALETTE: "RGB",
    tifffile.PHOTOMETRIC.YCBCR: "RGB",
}


class TiffSource:
    """The first page of a TIFF file, as it lies in the file: not yet upright, not yet sRGB.

    Parameters
    ----------
    any_grey : take greys of any depth, which a mask may have and a photo may not; they are read as they are
    """

    def __init__(self, path: Path, *, any_grey: bool = False) -> None:
        self._name, self._any_grey = path.name, any_grey
        self._file = tifffile.TiffFile(path)
        try:
            self._page: Any = self._file.pages[0]
            self._require_readable()
        except BaseException:
            self._file.close()
            raise
        page = self._page
        self.shape = (int(page.imagelength), int(page.imagewidth))
        self.orientation = int(page.tags.valueof(_ORIENTATION, default=1))
        self.profile: bytes | None = page.tags.valueof(_ICC_PROFILE)
        self.notes = [f"only the first of {len(self._file.pages)} pages was taken"] if self._holds_more_photos() else []
        self._mapped = page.asarray(out="memmap") if page.is_memmappable else None
        self._last: tuple[int, Any] = (-1, None)

    @property
    def model(self) -> Model:
        """Colour model of the samples."""
        return _MODELS[self._page.photometric]

    @property
    def photometric(self) -> str:
        """The file's own word for its colour model, such as "RGB" or "YCBCR"."""
        return str(self._page.photometric.name)

    @property
    def transparent(self) -> bool:
        """Whether the file has an alpha channel."""
        known = self._extra in (_PREMULTIPLIED, _UNASSOCIATED)
        return known and self._page.samplesperpixel > _COLOURS[self.model]

    def read(self, region: Region) -> Samples:
        """Samples of a region of the file's own grid."""
        raw = self._raw(region)
        photometric = self._page.photometric
        if photometric == tifffile.PHOTOMETRIC.PALETTE:
            palette = (np.asarray(self._page.colormap) >> 8).astype(np.uint8)
            return Samples(values=np.ascontiguousarray(np.moveaxis(palette[:, raw[..., 0]], 0, -1)))
        colours = _COLOURS[self.model]
        values = np.ascontiguousarray(raw[..., :colours])
        if photometric in _GREY:
            values = self._greys(values)
        alpha = np.ascontiguousarray(raw[..., colours]) if self.transparent else None
        if alpha is not None and self._extra == _PREMULTIPLIED:
            values = _unmultiplied(values, alpha)
        return Samples(values=values, alpha=alpha)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mapped = None
        self._file.close()

    @property
    def _extra(self) -> int:
        extras = self._page.extrasamples
        return int(extras[0]) if extras else 0

    def _greys(self, values: Any) -> Any:
        """Greys that grow with brightness; those of one bit are 0 and 255."""
        whitest = (1 << self._page.bitspersample) - 1
        if self._page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
            values = ~values if values.dtype == np.bool_ else values.dtype.type(whitest) - values
        return values.astype(np.uint8) * np.uint8(255) if values.dtype == np.bool_ else values

    def _holds_more_photos(self) -> bool:
        return any(not page.is_reduced for page in self._file.pages[1:])

    def _require_readable(self) -> None:
        page = self._page
        raw = page.photometric in CAMERA_RAW or _DNG_VERSION in page.tags or page.is_reduced
        foreign = page.photometric not in _MODELS or page.imagedepth != 1
        undecoded = page.photometric == tifffile.PHOTOMETRIC.YCBCR and not _is_jpeg(page)
        kind = f"colour model {page.photometric}" if self._depth_fits() else f"{page.bitspersample}-bit samples"
        if raw or foreign or undecoded or not self._depth_fits():
            raise ImageError(
                f"{self._name}: a {'camera raw' if raw else 'TIFF'} file of {kind}",
                expected=READ_NOW,
                do="develop or convert it to 8-bit sRGB first",
            )
        segment = int(np.prod(page.chunks)) if page.imagelength and page.imagewidth else 0
        if segment > LARGEST_SEGMENT and not page.is_memmappable:
            raise ImageError(
                f"{self._name}: one compressed strip decodes to {segment} bytes",
                expected=f"strips or tiles of {LARGEST_SEGMENT} bytes at most",
                do="save it as a tiled TIFF",
            )

    def _depth_fits(self) -> bool:
        page = self._page
        if page.photometric == tifffile.PHOTOMETRIC.PALETTE:
            return bool(page.dtype == np.uint8)
        if self._any_grey and page.photometric in _GREY:
            return page.dtype is not None and page.dtype.kind in "bu"
        return bool(page.dtype == np.uint8 and page.bitspersample == 8)

    def _raw(self, region: Region) -> Any:
        page = self._page
        planes = page.samplesperpixel if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE else 1
        if self._mapped is not None:
            whole = self._mapped.reshape((planes, *self.shape, -1))
            return np.concatenate([whole[plane][region.slices] for plane in range(planes)], axis=-1)
        out = np.zeros((*region.shape, page.samplesperpixel), page.dtype)
        for index, plane, cell in self._segments(region, planes):
            data = self._decoded(index)
            if data is None:  # a sparse segment: nothing was ever written there
                continue
            placed = cell & Region.whole(self.shape)
            shared = placed & region
            part = data[shared.moved(-placed.y0, -placed.x0).slices]
            samples = slice(plane, plane + 1) if planes > 1 else slice(None)
            out[(*shared.moved(-region.y0, -region.x0).slices, samples)] = part
        return out

    def _segments(self, region: Region, planes: int) -> Iterator[tuple[int, int, Region]]:
        """Index, plane and place of every segment that meets a region."""
        page = self._page
        height, width = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, self.shape[1])
        rows, columns = -(-self.shape[0] // height), -(-self.shape[1] // width)
        for plane in range(planes):
            for row in range(region.y0 // height, -(-region.y1 // height)):
                for column in range(region.x0 // width, -(-region.x1 // width)):
                    y, x = row * height, column * width
                    yield (plane * rows + row) * columns + column, plane, Region(y, y + height, x, x + width)

    def _decoded(self, index: int) -> Pixels | None:
        """One segment, (h, w, k); the last one is kept, since a long strip serves several bands."""
        if self._last[0] != index:
            self._last = (index, self._decode(index))
        decoded: Pixels | None = self._last[1]
        return decoded

    def _decode(self, index: int) -> Pixels | None:
        page = self._page
        count = page.databytecounts[index]
        if count == 0:
            return None
        file = self._file.filehandle
        file.seek(page.dataoffsets[index])
        data = file.read(count)
        if len(data) < count:
            raise ImageError(f"{self._name}: broken or cut short (it ends within its pixels)", do="copy the file again")
        tables = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader} if _is_jpeg(page) else {}
        decoded, _place, shape = page.decode(data, index, **tables)
        if decoded is None:
            return None
        height, width = shape[1], shape[2]
        pixels: Pixels = decoded[0, :height, :width]
        return pixels


def _is_jpeg(page: Any) -> bool:
    return page.compression in (6, 7, 34892, 33007)


def _unmultiplied(values: Pixels, alpha: Pixels) -> Pixels:
    """Colours of premultiplied samples, so that they can be laid on white like any others."""
    opacity = np.maximum(alpha, 1)[..., None].astype(np.uint16)
    plain: Pixels = np.minimum((values * np.uint16(255) + opacity // 2) // opacity, 255).astype(np.uint8)
    return plain
