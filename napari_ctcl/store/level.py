"""One pyramid level of a photo, read as if it were the whole photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_ctcl.region import Span
from napari_ctcl.store.photo import Photo


@dataclass(frozen=True, slots=True)
class PhotoLevel:
    """A photo's pixels at one level, as tiled prediction reads them."""

    photo: Photo
    level: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the level, px."""
        return self.photo.shape(self.level)

    def read(self, ys: Span, xs: Span) -> npt.NDArray[np.uint8]:
        """(h, w, 3) uint8 of rows and columns of the level."""
        return self.photo.read(level=self.level, ys=ys, xs=xs)
