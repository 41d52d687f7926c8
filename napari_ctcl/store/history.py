"""What can be undone and done again, in this session and in those before it.

An undo is an entry of the journal like a stroke; nothing is taken out of the journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from napari_ctcl.store.drawing import key_of
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.stroke import Stroke, unpack
from napari_ctcl.store.tiles import Tiles


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

    def drew(self, stroke: Stroke) -> None:
        """Tell of a new stroke; what was undone before it cannot be done again."""
        if stroke.head is None:
            self.done.append(stroke.seq)
            self.undone.clear()

    def step(self, kind: Literal["undo", "redo"], *, user: str) -> Iterator[Stroke]:
        """Go one stroke back, or forth, with all that was made together with it; must be followed to the end.

        Yields
        ------
        The journal's new entries, each once its pixels are changed; none where there is nowhere to go.

        Raises
        ------
        DiskFull
            If there is no room in the journal; nothing changes.
        """
        source, target = (self.done, self.undone) if kind == "undo" else (self.undone, self.done)
        if not source:
            return
        entries = self._journal.compensate(source[-1], kind, user=user)
        target.append(source.pop())
        for entry in entries:
            for change in self._journal.changes(entry.seq):
                with self._tiles.changing(key_of(change.place), change.box) as tile:
                    tile[...] = unpack(change.after, change.box.shape)
                self._tiles.mark_unwritten(key_of(change.place))
            yield entry
