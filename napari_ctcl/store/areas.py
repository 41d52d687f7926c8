"""Paints areas of any size in bounded memory: many strokes of the journal that are undone and done again as one."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import islice
from typing import Final

from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region, grid
from napari_ctcl.store.chunks import TILE
from napari_ctcl.store.drawing import Part
from napari_ctcl.store.painting import TiledPyramid
from napari_ctcl.store.spare import Spare
from napari_ctcl.store.stroke import Stroke

PARTS: Final = 256
"""How many parts of a large area are painted as one stroke."""


def painting(
    labels: TiledPyramid,
    tool: str,
    parts: Iterable[Part],
    *,
    only: frozenset[int] | None = None,
    noted: int | str | None = None,
) -> Generator[Stroke]:
    """Paint an area, part by part.

    Should a part fail, or the generator be closed, it is as if nothing of it had ever been painted.

    Parameters
    ----------
    tool : what paints it, in a word
    parts : of a tile or less each
    only : values that may be painted over; all of them by default
    noted : the gesture that all of it belongs to: its note's number, or its own words where it was not noted before

    Yields
    ------
    Each of its strokes, once it is safe.

    Raises
    ------
    DiskFull
        If there is no room.
    """
    waiting, more, head = iter(parts), True, None
    spare = Spare(labels.journal.path)
    try:
        while more:
            labels.begin(tool)
            painted = [labels.paint(part, only=only) for part in islice(waiting, PARTS)]
            more = len(painted) == PARTS
            if more:
                spare.keep()
            stroke = labels.commit(head=head, noted=noted, more=more)
            if stroke is not None:
                head = head or stroke.seq
                yield stroke
                labels.make_room()
    except BaseException:
        labels.abort()
        spare.free()
        if head is not None:
            labels.cancel(head, noted=noted if isinstance(noted, int) else None)
        raise
    spare.free()


def paint(labels: TiledPyramid, tool: str, parts: Iterable[Part], *, only: frozenset[int] | None = None) -> int:
    """Paint an area at one go; as `painting` otherwise.

    Returns
    -------
    How many pixels changed.
    """
    return sum(stroke.pixels for stroke in painting(labels, tool, parts, only=only))


def accept(labels: TiledPyramid, region: Region, *, keep_human: bool = True) -> int:
    """Copy the prediction into the annotation.

    Parameters
    ----------
    region : level-0 pixels; what leaves the image is cut
    keep_human : leave pixels that a person has already labelled as they are

    Returns
    -------
    How many pixels changed.
    """
    only = frozenset({int(Lesion.UNLABELLED)}) if keep_human else None
    cells = (cell & region for cell in grid(labels.shape, TILE, region))
    proposed = ((cell, labels.model(cell)) for cell in cells)
    return paint(labels, "accept", (Part(cell.y0, cell.x0, said > 0, said) for cell, said in proposed), only=only)
