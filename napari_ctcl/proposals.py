"""The model's segments: what it takes for one lesion around a place, for a brush that paints a proposal's own shape."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.lesion import LESIONS
from napari_ctcl.raster import Point, connected
from napari_ctcl.region import Region
from napari_ctcl.shown import MODEL_OFFSET, Shown
from napari_ctcl.superpixels import Segment

REACH_PX: Final = 2048
"""Side of the level-0 window that is searched; a larger lesion is painted in pieces."""

_KEPT: Final = 32


class Proposals:
    """Connected pixels of one lesion class, as the model has them, of one photo.

    Parameters
    ----------
    shown : whose prediction it is
    """

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self._kept: deque[tuple[int, Segment]] = deque(maxlen=_KEPT)

    def lesion(self, at: Point) -> bool:
        """Whether the model says that a lesion is at a level-0 position."""
        return self._code(at) in {lesion + MODEL_OFFSET for lesion in LESIONS}

    def known(self, at: Point) -> Segment | None:
        """The segment at a level-0 position, where it was found before."""
        code = self._code(at)
        return next((segment for said, segment in list(self._kept) if said == code and segment.holds(at)), None)

    def find(self, at: Point) -> Segment | None:
        """The segment at a level-0 position; None where the model proposes no lesion. May take half a second."""
        if not self.lesion(at):
            return None
        found = self.known(at)
        if found is None:
            y, x = (round(c) for c in at)
            patch = connected(self._read, (y, x), self.shown.shape, REACH_PX)
            found = Segment(level=0, region=patch.region, mask=patch.mask)
            self._kept.append((self._code(at), found))
        return found

    def forget(self) -> None:
        """Forget what was found, since the model has spoken again."""
        self._kept.clear()

    def _code(self, at: Point) -> int:
        y, x = (round(c) for c in at)
        if not (0 <= y < self.shown.shape[0] and 0 <= x < self.shown.shape[1]):
            return 0
        return int(self._read(Region(y, y + 1, x, x + 1))[0, 0])

    def _read(self, region: Region) -> npt.NDArray[np.uint8]:
        return self.shown.model(level=0, ys=region.ys, xs=region.xs)
