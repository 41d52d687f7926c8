"""What the annotator sees of a photo: its pixels, and a human's labels over the model's.

Human pixels keep their class value (1 to 4) and model pixels carry it plus four (5 to 8), so that the two can never be
taken for one another on screen. The codes live in views alone; the store keeps two separate label images.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from napari_ctcl.region import Region, Span, grid
from napari_ctcl.store.kept import Kept

if TYPE_CHECKING:
    from napari_ctcl.store import Photo
    from napari_ctcl.store.painter import Painter

Bytes = npt.NDArray[np.uint8]

MODEL_OFFSET: Final = 4
"""A model's pixel of class c is shown as c + 4."""

TILE: Final = 512
_AS_MODEL: Final = np.array([0, 5, 6, 7, 8], np.uint8)
_CACHED_BYTES: Final = 32 << 20
"""How much of the proposal may stay in memory."""


class _Readable(Protocol):
    def read(self, *, level: int, ys: Span, xs: Span) -> Bytes: ...


class _Labels(Protocol):
    @property
    def version(self) -> int: ...

    def read(self, *, level: int, ys: Span, xs: Span, keep: bool = True) -> Bytes: ...


class Level:
    """One level of something that reads regions, in the manner of an array; what napari slices.

    Parameters
    ----------
    source : gives (h, w) or (h, w, 3) uint8 of a level's region
    level : 0 is full size
    shape : of the level, with the channels where there are any
    """

    dtype: Final = np.dtype(np.uint8)

    def __init__(self, source: _Readable, level: int, shape: tuple[int, ...]) -> None:
        self.source, self.level, self.shape = source, level, shape
        self.ndim = len(shape)
        self.chunks = (TILE, TILE, *shape[2:])

    @property
    def size(self) -> int:
        """Values in the level."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:, :], dtype)

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        keys = key if isinstance(key, tuple) else (key,)
        if Ellipsis in keys:
            gap = keys.index(Ellipsis)
            keys = keys[:gap] + (slice(None),) * (self.ndim - len(keys) + 1) + keys[gap + 1 :]
        spans = [_span(k, n) for k, n in zip(keys, self.shape[:2], strict=False)]
        spans += [(0, n) for n in self.shape[len(spans) : 2]]
        pixels = self.source.read(level=self.level, ys=spans[0], xs=spans[1])
        rest = tuple(0 if not isinstance(k, slice) else slice(None, None, k.step) for k in keys[:2])
        rest += (slice(None),) * (2 - len(rest)) + keys[2:]
        return pixels[rest]


def _span(key: Any, size: int) -> Span:
    if isinstance(key, slice):
        start, stop, _ = key.indices(size)
        return start, max(start, stop)
    index = int(key) + size if int(key) < 0 else int(key)
    if not 0 <= index < size:
        raise IndexError(f"{key} is outside an axis of {size} px")
    return index, index + 1


def photo_levels(photo: Photo) -> list[Level]:
    """The photo's pyramid as napari takes it: (h, w, 3) uint8, finest first."""
    return [Level(photo, level, (*photo.shape(level), 3)) for level in range(photo.levels)]


class Shown:
    """The two label images of one photo, as one image of view codes.

    Parameters
    ----------
    photo : whose prediction is shown
    labels : the human's pixels, which are shown above it and are the only ones ever edited
    painter : paints on the labels; None where they are only to look at
    """

    tile = TILE

    def __init__(self, photo: Photo, labels: _Labels, painter: Painter | None = None) -> None:
        self.photo, self.labels, self.painter = photo, labels, painter
        self.shape: tuple[int, int] = photo.shape(0)
        self.levels: int = photo.levels
        self._refreshed = 0
        self._tiles: Kept[tuple[int, int, int]] = Kept(_CACHED_BYTES)
        self._lock = threading.Lock()

    @property
    def version(self) -> int:
        """Grows whenever a pixel that may be shown has changed."""
        return self.labels.version + self._refreshed

    def views(self) -> list[Level]:
        """One array-like of view codes per level, finest first."""
        return [Level(self, level, self.photo.shape(level)) for level in range(self.levels)]

    def read(self, *, level: int, ys: Span, xs: Span, keep: bool = True) -> Bytes:
        """View codes of a level's region: (h, w) uint8, 0 nothing, 1 to 4 human, 5 to 8 model.

        Parameters
        ----------
        keep : whether what has to be read from disk stays in memory
        """
        codes = self.model(level=level, ys=ys, xs=xs, keep=keep)
        human = self.labels.read(level=level, ys=ys, xs=xs, keep=keep)
        np.copyto(codes, human, where=human > 0)
        return codes

    def model(self, *, level: int, ys: Span, xs: Span, keep: bool = True) -> Bytes:
        """View codes of the model alone: (h, w) uint8, 0 or 5 to 8."""
        region = Region(*ys, *xs)
        codes = np.zeros(region.shape, np.uint8)
        for cell in grid(self.photo.shape(level), TILE, region):
            part = cell & region
            tile = self._model_tile(level, cell, keep=keep)
            codes[part.moved(-region.y0, -region.x0).slices] = tile[part.moved(-cell.y0, -cell.x0).slices]
        return codes

    def _model_tile(self, level: int, cell: Region, *, keep: bool) -> Bytes:
        key = (level, cell.y0, cell.x0)
        with self._lock:
            kept = self._tiles.get(key)
            seen = self._refreshed
        if kept is not None:
            return kept
        tile: Bytes = _AS_MODEL[self.photo.read_labels("prediction", level=level, ys=cell.ys, xs=cell.xs)]
        with self._lock:
            if keep and seen == self._refreshed:  # a tile read while its region was being rewritten is not kept
                self._tiles.put(key, tile)
        return tile

    def refresh(self, region: Region | None = None) -> None:
        """Forget what was read of the prediction in a level-0 region; of all of it by default."""
        with self._lock:
            self._refreshed += 1
            for key in [key for key in self._tiles if region is None or _meets(key, region)]:
                self._tiles.pop(key)


class InPassing:
    """What is shown, for one look over all of it that does not push what is on screen out of memory.

    Parameters
    ----------
    shown : what is looked at
    """

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self.shape: tuple[int, int] = shown.shape

    def read(self, *, level: int, ys: Span, xs: Span) -> Bytes:
        """View codes of a level's region, as `Shown.read` gives them."""
        return self._shown.read(level=level, ys=ys, xs=xs, keep=False)


def _meets(key: tuple[int, int, int], region: Region) -> bool:
    level, y, x = key
    return (Region(y, y + TILE, x, x + TILE) & region.at_level(level)).area > 0
