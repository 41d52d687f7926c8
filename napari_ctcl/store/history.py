"""What can be undone and done again, in this session and in those before it.

An undo is an entry of the journal like a stroke; nothing is taken out of the journal. What is cancelled, because it
failed or was stopped half way, is taken back in the journal too, but can neither be undone nor done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import reduce
from operator import or_
from typing import Final, Literal

from napari_ctcl.errors import CtclError
from napari_ctcl.region import Region
from napari_ctcl.store.chunks import TILE
from napari_ctcl.store.drawing import key_of
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.stroke import Change, Place, Stroke, unpack
from napari_ctcl.store.tiles import Tiles

AT_ONCE: Final = 64
"""How many tiles are changed before the screen is told."""


class History:
    """The strokes behind and ahead of the present state.

    Parameters
    ----------
    journal : where they are
    tiles : the present state
    """

    def __init__(self, journal: Journal, tiles: Tiles) -> None:
        self._journal, self._tiles = journal, tiles
        self.done, self.undone = journal.stacks()
        self._owed: list[tuple[int, int | None]] = []

    def drew(self, stroke: Stroke) -> None:
        """Tell of a new stroke; what was undone before it cannot be done again."""
        if stroke.head is None:
            self.done.append(stroke.seq)
            self.undone.clear()

    def step(
        self, kind: Literal["undo", "redo"], *, user: str, first: Region | None = None, noted: int | None = None
    ) -> Iterator[tuple[Region, list[Stroke]]]:
        """Go one stroke back, or forth, with all that was made together with it; must be followed to the end.

        Parameters
        ----------
        first : level-0 pixels that are seen, and are changed before all others
        noted : the gesture that asks for it, if that was noted before

        Yields
        ------
        What has changed since the last time, some tiles at once; and the journal's new entries, with the last of it.
        Nothing where there is nowhere to go.

        Raises
        ------
        DiskFull
            If there is no room in the journal; nothing changes.
        """
        source, target = (self.done, self.undone) if kind == "undo" else (self.undone, self.done)
        if not source:
            return
        entries = self._journal.compensate(source[-1], kind, user=user, noted=noted)
        target.append(source.pop())
        changes = [change for entry in entries for change in self._journal.changes(entry.seq)]
        for region, more in self._putting(changes, first):
            yield region, [] if more else entries

    def cancel(self, head: int, *, user: str, noted: int | None = None) -> Iterator[Region]:
        """Have a stroke, with all that was made together with it, be as if it had never been; follow it to the end.

        Where the journal has no room for it, the tiles are put back all the same, and `settle` writes it later.

        Parameters
        ----------
        head : the first of those made together; nothing was painted after the last of them
        noted : the gesture that they are of, if nothing more is to come of it

        Yields
        ------
        What has changed since the last time, some tiles at once.
        """
        self._owed.append((head, noted))
        with suppress(CtclError):  # owed
            self.settle(user)
        self.done, self.undone = self._journal.stacks(without=[owed for owed, _ in self._owed])
        strokes = reversed(self._journal.together(head))
        changes = [change.answer for stroke in strokes for change in self._journal.changes(stroke.seq)]
        for region, _ in self._putting(changes, None):
            yield region

    def settle(self, user: str) -> bool:
        """Write to the journal what was cancelled while it had no room; whether there was anything.

        Raises
        ------
        DiskFull
            If there still is no room.
        """
        owed = bool(self._owed)
        while self._owed:
            head, noted = self._owed[-1]
            self._journal.cancel(head, user=user, noted=noted)
            self._owed.pop()
        return owed

    def _putting(self, changes: Iterable[Change], first: Region | None) -> Iterator[tuple[Region, bool]]:
        """Make changes in the order given: what has changed since the last time, and whether more is to come."""
        placed: dict[Place, list[Change]] = {}
        for change in changes:
            placed.setdefault(change.place, []).append(change)
        places = sorted(placed, key=lambda place: not _seen(place, first))
        for start in range(0, len(places), AT_ONCE):
            touched = [self._put(place, placed[place]) for place in places[start : start + AT_ONCE]]
            yield reduce(or_, touched), start + AT_ONCE < len(places)

    def _put(self, place: Place, changes: list[Change]) -> Region:
        key = key_of(place)
        for change in changes:
            with self._tiles.changing(key, change.box) as tile:
                tile[...] = unpack(change.after, change.box.shape)
        self._tiles.mark_unwritten(key)
        return reduce(or_, (change.box for change in changes)).moved(place[0] * TILE, place[1] * TILE)


def _seen(place: Place, view: Region | None) -> bool:
    if view is None:
        return True
    y, x = place[0] * TILE, place[1] * TILE
    return (Region(y, y + TILE, x, x + TILE) & view).area > 0
