"""The stroke that is being drawn: it paints on tiles, and can be taken back whole until it is committed.

It remembers each tile as it was when the stroke first came to it, and keeps the tile off the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
import numpy.typing as npt

from napari_ctcl.region import Region, grid
from napari_ctcl.store.chunks import TILE, Key, Labels
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.stroke import Change, Made, Place, Stroke, pack, unpack
from napari_ctcl.store.tiles import Tiles

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """What is painted in one place: one class, or many, through a mask.

    Parameters
    ----------
    y0, x0 : level-0 pixel of the mask's corner; what leaves the image is cut
    mask : (h, w) bool
    value : a value of `Lesion`, or (h, w) of them
    """

    y0: int
    x0: int
    mask: Mask
    value: Labels | np.uint8


def key_of(place: Place) -> Key:
    """Key of a level-0 tile."""
    return (0, *place)


class Drawing:
    """One stroke between its begin and its commit.

    Parameters
    ----------
    tool : what draws it, in a word
    tiles : what it is drawn on
    """

    def __init__(self, tool: str, tiles: Tiles) -> None:
        self.tool = tool
        self._tiles = tiles
        self._before: dict[Place, bytes] = {}
        self._boxes: dict[Place, Region] = {}
        self._changed: list[Place] = []

    def paint(self, part: Part, only: frozenset[int] | None) -> int:
        """Paint through a mask, tile by tile.

        Parameters
        ----------
        only : values that may be painted over; all of them where None

        Returns
        -------
        How many pixels changed.
        """
        region = Region(part.y0, part.y0 + part.mask.shape[0], part.x0, part.x0 + part.mask.shape[1])
        paintable = None if only is None else np.isin(np.arange(256), list(only))
        changed = 0
        for cell in grid(self._tiles.shapes[0], TILE, region):
            met = cell & region
            within = met.moved(-part.y0, -part.x0).slices
            value = part.value[within] if isinstance(part.value, np.ndarray) else part.value
            changed += self._paint_tile(cell, met, part.mask[within], value, paintable)
        return changed

    def journalled(
        self,
        journal: Journal,
        *,
        user: str,
        head: int | None = None,
        noted: int | str | None = None,
        more: bool = False,
    ) -> Stroke | None:
        """Write what the stroke changed to the journal; None if it changed nothing.

        Parameters
        ----------
        head : the stroke that it is a part of
        noted : the gesture that it belongs to: its note's number, or its own words where it was not noted before
        more : whether more of that gesture is to come

        Raises
        ------
        DiskFull
            If there is no room; the journal stays as it was.
        """
        changes: list[Change] = []
        painted = np.zeros(256, np.int64)
        for place, before in self._befores():
            change = self._change(place, before, painted)
            if change is not None:
                changes.append(change)
        if not changes:
            return None
        values = np.flatnonzero(painted)
        made = Made(
            user=user,
            tool=self.tool,
            value=int(values[0]) if values.size == 1 else None,
            region=_bounding(changes),
            pixels=int(painted.sum()),
        )
        stroke = journal.add(changes, made, head=head, noted=noted, more=more)
        self._changed = [change.place for change in changes]
        return stroke

    def release(self) -> None:
        """Let the tiles that it changed go to the disk, now that the journal has the stroke."""
        for place in self._changed:
            self._tiles.mark_unwritten(key_of(place))
        self._tiles.unpin()

    def restore(self) -> None:
        """Put every tile back as it was before the stroke."""
        for place, before in self._befores():
            box = self._boxes[place]
            with self._tiles.changing(key_of(place), box) as target:
                target[...] = before[box.slices]
        self._tiles.propagate()
        self._tiles.unpin()

    def _paint_tile(
        self,
        cell: Region,
        part: Region,
        mask: Mask,
        value: Labels | np.uint8,
        paintable: npt.NDArray[np.bool_] | None,
    ) -> int:
        place = cell.y0 // TILE, cell.x0 // TILE
        box = part.moved(-cell.y0, -cell.x0)
        tile = self._tiles.tile(key_of(place))
        under = tile[box.slices]
        wanted = mask & (under != value)
        if paintable is not None:
            wanted &= paintable[under]
        count = int(np.count_nonzero(wanted))
        if count:
            self._touch(place, tile, box)
            with self._tiles.changing(key_of(place), box) as target:
                np.copyto(target, value, where=wanted)
        return count

    def _touch(self, place: Place, tile: Labels, box: Region) -> None:
        if place in self._before:
            self._boxes[place] |= box
        else:
            self._before[place], self._boxes[place] = pack(tile), box
            self._tiles.pin(key_of(place))

    def _change(self, place: Place, before: Labels, painted: npt.NDArray[np.int64]) -> Change | None:
        """What became of a tile; adds to `painted` how many of its pixels got each value."""
        box = self._boxes[place]
        old, new = before[box.slices], self._tiles.tile(key_of(place))[box.slices]
        differs = old != new
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if not rows.size:
            return None
        painted += np.bincount(new[differs], minlength=256)
        tight = Region(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
        return Change(
            place=place,
            box=tight.moved(box.y0, box.x0),
            before=pack(old[tight.slices]),
            after=pack(new[tight.slices]),
        )

    def _befores(self) -> Iterator[tuple[Place, Labels]]:
        for place, blob in self._before.items():
            yield place, unpack(blob, self._tiles.image.region(key_of(place)).shape)


def _bounding(changes: list[Change]) -> Region:
    """Smallest level-0 region that holds all of at least one change."""
    return reduce(or_, (change.box.moved(change.place[0] * TILE, change.place[1] * TILE) for change in changes))
