"""Reading photos: regions of any level, decoded through one shared cache.

Photos never change once imported, so an open array stays valid for as long as the study is open.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorstore as ts

from napari_ctcl.errors import InputError, StudyError
from napari_ctcl.region import Region, Span
from napari_ctcl.store.colour import Pixels

CACHE_BYTES: Final = 128 << 20


class PhotoPixels:
    """All photos of a study, read on demand.

    Parameters
    ----------
    cache_bytes : decoded chunks that are kept, at most
    """

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._context = ts.Context({"cache_pool": {"total_bytes_limit": cache_bytes}})
        self._arrays: dict[tuple[Path, int], Any] = {}

    def read(self, image: Path, *, level: int, ys: Span, xs: Span) -> Pixels:
        """Pixels of a region, (h, w, 3) uint8 sRGB.

        Parameters
        ----------
        image : an `image.ome.zarr`
        ys, xs : rows and columns of that level, half-open; inside it

        Raises
        ------
        InputError
            If the region leaves the level.
        StudyError
            If the image is missing or a chunk of it is broken.
        """
        array = self._array(image, level)
        height, width = int(array.shape[1]), int(array.shape[2])
        if not (0 <= ys[0] <= ys[1] <= height and 0 <= xs[0] <= xs[1] <= width):
            raise InputError(
                f"{image.parent.name}: rows {ys}, columns {xs} of level {level}",
                expected=f"a region of its {height} x {width} pixels",
            )
        region = Region(*ys, *xs)
        try:
            planes = array[(slice(None), *region.slices)].read().result()
        except ValueError as error:
            raise StudyError(
                f"{image.parent.name}: level {level}, rows {ys}, columns {xs} cannot be decoded ({error})",
                do="run the study's verification, then import the photo again",
            ) from error
        return np.ascontiguousarray(np.moveaxis(planes, 0, -1))

    def forget(self) -> None:
        """Let go of every open array and its cached chunks."""
        self._arrays.clear()

    def _array(self, image: Path, level: int) -> Any:
        key = (image, level)
        if key not in self._arrays:
            try:
                self._arrays[key] = ts.open(_spec(image / str(level)), open=True, context=self._context).result()
            except ValueError as error:
                raise StudyError(
                    f"{image.parent.name}: level {level} of its image cannot be opened ({error})",
                    do="run the study's verification",
                ) from error
        return self._arrays[key]


def _spec(path: Path) -> dict[str, Any]:
    return {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": f"{path}/"},
        "fill_missing_data_reads": False,  # every chunk is written, black ones too: one that is gone is a fault
        "recheck_cached_data": "open",
        "recheck_cached_metadata": "open",
    }
