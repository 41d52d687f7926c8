"""The lesions of what is shown: connected pixels of one class at level 0, whoever labelled them.

The photo is looked at tile by tile, and of each tile only what joins it to its neighbours is kept: memory follows the
number of lesions instead of the number of pixels, and a stroke costs the tiles it touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_ctcl.events import Progress
from napari_ctcl.lesion import LESIONS, Lesion
from napari_ctcl.region import Region, Span, grid
from napari_ctcl.shown import MODEL_OFFSET, TILE

Codes = npt.NDArray[np.uint8]
Pieces = npt.NDArray[np.void]
Numbers = npt.NDArray[np.int32]
Corner = tuple[int, int]
State = Literal["proposed", "partly", "confirmed"]

_CLASS_OF: Final = np.array([0, 0, 2, 3, 4, 0, 2, 3, 4], np.uint8)
"""Lesion class of a view code; 0 where nothing or normal skin is shown."""

_PIECE: Final = np.dtype(
    [("lesion", "i8"), ("pixels", "i8"), ("human", "i8"), ("proposed", "?")]
    + [(name, "i8") for name in ("y0", "y1", "x0", "x1", "y", "x")]
)
"""Part of a lesion inside one tile; (y, x) lies in it, on a proposed pixel where it has one."""


class Source(Protocol):
    """What is shown of a photo, such as `napari_ctcl.shown.Shown`."""

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of level 0."""

    def read(self, *, level: int, ys: Span, xs: Span) -> Codes:
        """View codes of a region, (h, w) uint8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One lesion.

    Parameters
    ----------
    lesion : patch, plaque or tumor
    pixels : its area at level 0
    human_pixels : how many of them a person has painted or accepted
    box : smallest level-0 region that holds it
    seed : (y, x) of one of its pixels; one that no person has judged yet, where it has such
    """

    lesion: Lesion
    pixels: int
    human_pixels: int
    box: Region
    seed: Corner

    @property
    def state(self) -> State:
        """Whether it is proposed by a model alone, partly a person's, or confirmed in full."""
        if not self.human_pixels:
            return "proposed"
        return "confirmed" if self.human_pixels == self.pixels else "partly"


class LesionMap:
    """The lesions of a photo of any size, kept up to date with what is shown.

    Parameters
    ----------
    source : what is shown
    tile : side of the tiles it is read in, px
    """

    def __init__(self, source: Source, *, tile: int = TILE) -> None:
        self._source, self._step = source, tile
        self._tiles: dict[Corner, _Tile] = {}
        self._seams: dict[tuple[Corner, Corner], Numbers] = {}
        self._stale = {(cell.y0, cell.x0): cell for cell in grid(source.shape, tile)}

    def update(self, region: Region | None = None) -> Generator[Progress, None, None]:
        """Look again at a level-0 region that has changed; at the whole photo by default.

        What was asked for counts from the call on. Closing the generator stops the work after the tile in hand; the
        next update takes up what is left.
        """
        cells = grid(self._source.shape, self._step, region)
        self._stale.update({(cell.y0, cell.x0): cell for cell in cells})
        return self._look_at_stale()

    def _look_at_stale(self) -> Generator[Progress, None, None]:
        done = 0
        while self._stale:
            corner, cell = next(iter(self._stale.items()))
            self._look(corner, cell)
            del self._stale[corner]
            done += 1
            yield Progress(done=done, total=done + len(self._stale), unit="tiles")

    def _look(self, corner: Corner, cell: Region) -> None:
        codes = self._source.read(level=0, ys=cell.ys, xs=cell.xs)
        classes = _CLASS_OF.take(codes)
        known = self._tiles.get(corner)
        if not classes.any():
            if known is not None:
                del self._tiles[corner]
                self._join(corner)
            return
        digest = hashlib.blake2b(codes.tobytes(), digest_size=16).digest()
        if known is None or known.digest != digest:
            self._tiles[corner] = _surveyed(codes, classes, corner, digest)
            self._join(corner)

    def _join(self, corner: Corner) -> None:
        """Find anew which pieces of this tile touch which of its neighbours'."""
        (y, x), step = corner, self._step
        for first, second in (
            (corner, (y + step, x)),
            (corner, (y, x + step)),
            ((y - step, x), corner),
            ((y, x - step), corner),
        ):
            self._seams.pop((first, second), None)
            if first in self._tiles and second in self._tiles:
                pairs = _touching(self._tiles[first], self._tiles[second], below=first[1] == second[1])
                if len(pairs):
                    self._seams[first, second] = pairs

    def lesions(self) -> list[Found]:
        """All lesions, the most severe first and the larger before the smaller."""
        if not self._tiles:
            return []
        pieces = np.concatenate([tile.pieces for tile in self._tiles.values()])
        ends = np.cumsum([len(tile.pieces) for tile in self._tiles.values()]).tolist()
        before = dict(zip(self._tiles, [0, *ends], strict=False))
        links = [np.add(pairs, (before[first], before[second])) for (first, second), pairs in self._seams.items()]
        return list(_whole(pieces, _grouped(len(pieces), links)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    """What is kept of a tile: its pieces, and which of them lies at each pixel of its edges; -1 for none."""

    digest: bytes
    pieces: Pieces
    top: Numbers
    bottom: Numbers
    left: Numbers
    right: Numbers


def _surveyed(codes: Codes, classes: Codes, corner: Corner, digest: bytes) -> _Tile:
    numbers, count = _numbered(classes)
    pieces = np.zeros(count, _PIECE)
    flat = np.flatnonzero(numbers)
    of, proposed = numbers.ravel()[flat] - 1, codes.ravel()[flat] > MODEL_OFFSET
    pieces["pixels"] = np.bincount(of, minlength=count)
    pieces["human"] = np.bincount(of[~proposed], minlength=count)
    pieces["proposed"][of[proposed]] = True
    at = np.empty(count, np.int64)
    at[of] = flat  # of many pixels that are written to one piece the last stays
    at[of[proposed]] = flat[proposed]
    pieces["y"], pieces["x"] = np.divmod(at, codes.shape[1])
    pieces["lesion"] = classes[pieces["y"], pieces["x"]]
    boxes = [(ys.start, ys.stop, xs.start, xs.stop) for ys, xs in ndimage.find_objects(numbers)]
    for name, edges, start in zip(("y0", "y1", "x0", "x1"), np.transpose(boxes), np.repeat(corner, 2), strict=True):
        pieces[name] = edges + start
    pieces["y"] += corner[0]
    pieces["x"] += corner[1]
    top, bottom, left, right = (edge - 1 for edge in (numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]))
    return _Tile(digest=digest, pieces=pieces, top=top, bottom=bottom, left=left, right=right)


def _numbered(classes: Codes) -> tuple[Numbers, int]:
    """Each piece's pixels by its number, from 1, and how many pieces there are."""
    numbers, count = np.zeros(classes.shape, np.int32), 0
    for lesion in LESIONS:
        inside = classes == lesion
        if inside.any():
            of_class, more = ndimage.label(inside)
            np.add(of_class, count, out=numbers, where=inside)
            count += more
    return numbers, count


def _touching(first: _Tile, second: _Tile, *, below: bool) -> Numbers:
    """(n, 2) numbers of pieces of one class that meet where the second tile lies below or right of the first."""
    facing = (first.bottom, second.top) if below else (first.right, second.left)
    pairs = np.stack(facing, axis=1)
    pairs = np.unique(pairs[(pairs >= 0).all(axis=1)], axis=0)
    alike = first.pieces["lesion"][pairs[:, 0]] == second.pieces["lesion"][pairs[:, 1]]
    return np.asarray(pairs[alike])


def _grouped(count: int, links: list[Any]) -> npt.NDArray[np.int64]:
    """Which lesion each piece belongs to, once those that are linked are one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not links:
        return np.arange(count)
    first, second = np.concatenate(links).T
    met = coo_array((np.ones(len(first), np.uint8), (first, second)), shape=(count, count))
    return np.asarray(connected_components(met, directed=False)[1], np.int64)


def _whole(pieces: Pieces, groups: npt.NDArray[np.int64]) -> Iterator[Found]:
    order = np.lexsort((pieces["pixels"], pieces["proposed"], groups))
    pieces, groups = pieces[order], groups[order]
    last = np.flatnonzero(np.append(groups[1:] != groups[:-1], True))
    whole = pieces[last]  # the seed of a lesion is that of its largest piece, a proposed one where it has such
    first = np.append(0, last[:-1] + 1)
    for ufunc, names in ((np.add, ("pixels", "human")), (np.minimum, ("y0", "x0")), (np.maximum, ("y1", "x1"))):
        for name in names:
            whole[name] = ufunc.reduceat(pieces[name], first)
    rank = np.lexsort((whole["x0"], whole["y0"], -whole["pixels"], -whole["lesion"]))
    for lesion, pixels, human, _, y0, y1, x0, x1, y, x in whole[rank].tolist():
        yield Found(lesion=Lesion(lesion), pixels=pixels, human_pixels=human, box=Region(y0, y1, x0, x1), seed=(y, x))
