"""A tiled pyramid of labels to paint on, stroke by stroke, each safe before its pixels are written.

A stroke is first written to the journal, then to the label image in the background, then marked as applied; opening
writes again what was not marked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import reduce
from types import TracebackType
from typing import Final, Literal, Self

import numpy as np

from napari_ctcl.errors import CtclError, MaskError
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region, Span
from napari_ctcl.store.borrowed import Borrowed
from napari_ctcl.store.chunks import TILE, LabelImage, Labels
from napari_ctcl.store.drawing import Drawing, Mask, Part
from napari_ctcl.store.history import History
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.lock import Lock
from napari_ctcl.store.mending import replaying
from napari_ctcl.store.shapes import Shape
from napari_ctcl.store.stroke import Stroke
from napari_ctcl.store.tiles import Tiles
from napari_ctcl.store.writer import Writer

MANY: Final = 256
"""How many unwritten tiles are too many to be kept in memory; a tile's labels are 256 KiB."""


class TiledPyramid:
    """Labels of one photo, read at any level and painted at level 0.

    One stroke is drawn at a time, from `begin` to `commit` or `abort`; any thread may read meanwhile.

    Parameters
    ----------
    image : the label image
    journal : its journal
    lock : its lock, held; `close` gives it back
    user : who paints
    """

    tile = TILE

    def __init__(self, image: LabelImage, journal: Journal, lock: Lock, *, user: str) -> None:
        self.user = user
        self.journal = journal
        self._lock = lock
        self._model = Borrowed(image.path.parents[1], "prediction", image.shapes[0])
        self._skin = Borrowed(image.path.parents[1], "skin", image.shapes[0])
        self._tiles = Tiles(image, replay=replaying(journal, image))
        self._writer = Writer(self._tiles, journal)
        self._drawing: Drawing | None = None
        self._pen = threading.RLock()
        self._history = History(journal, self._tiles)
        self._writer.recover()
        self._writer.start()

    @property
    def shape(self) -> Shape:
        """Height and width of level 0, px."""
        return self._tiles.shapes[0]

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return len(self._tiles.shapes)

    @property
    def version(self) -> int:
        """A number that grows whenever a pixel of any level changes."""
        return self._tiles.version

    @property
    def unwritten(self) -> int:
        """Tiles that are safe in the journal, but not in the label image yet."""
        return self._tiles.unwritten

    @property
    def mended(self) -> int:
        """Chunks of the label image that were found lost or damaged, and were rebuilt from the journal."""
        return len(self._tiles.mended)

    @property
    def problem(self) -> CtclError | OSError | None:
        """Why the last write to the label image failed; None once one has succeeded."""
        return self._writer.problem

    @property
    def can_undo(self) -> bool:
        """Whether `undo` has something to take back."""
        return self._drawing is None and bool(self._history.done)

    @property
    def can_redo(self) -> bool:
        """Whether `redo` has something to do again."""
        return self._drawing is None and bool(self._history.undone)

    def read(self, *, level: int = 0, ys: Span, xs: Span, keep: bool = True) -> Labels:
        """Labels of a region, with what is being painted right now.

        Parameters
        ----------
        level : 0 is full resolution; coarser levels are as fresh as the last `propagate`
        ys, xs : rows and columns of that level, half-open; inside it
        keep : whether what has to be read stays in memory; not wanted of one look over a whole photo

        Returns
        -------
        (h, w) uint8, a new array.
        """
        return self._tiles.read(level, ys, xs, keep=keep)

    def begin(self, tool: str) -> None:
        """Start a stroke; `tool` says in a word what draws it.

        Raises
        ------
        DiskFull
            If the journal has no room yet to say that an earlier stroke was cancelled.
        """
        with self._pen:
            if self._drawing is not None:
                raise RuntimeError(f"a stroke ({self._drawing.tool}) is already being drawn")
            self._settle()
            self._drawing = Drawing(tool, self._tiles)

    def edit(self, y0: int, x0: int, mask: Mask, value: int, *, only: frozenset[int] | None = None) -> int:
        """Paint one class through a mask.

        Parameters
        ----------
        y0, x0 : level-0 pixel of the mask's corner; a mask that leaves the image is cut
        mask : (h, w) bool
        value : a value of `Lesion`
        only : values that may be painted over; all of them by default

        Returns
        -------
        How many pixels changed.

        Raises
        ------
        MaskError
            If the value is no class.
        """
        _require_class(value)
        return self.paint(Part(y0, x0, mask, np.uint8(value)), only=only)

    def paste(self, y0: int, x0: int, labels: Labels, *, only: frozenset[int] | None = None) -> int:
        """Paint many classes at once; unlabelled pixels of what is pasted leave what they would cover.

        Parameters
        ----------
        y0, x0 : level-0 pixel of the labels' corner; labels that leave the image are cut
        labels : (h, w) uint8, values of `Lesion`
        only : values that may be painted over; all of them by default

        Returns
        -------
        How many pixels changed.

        Raises
        ------
        MaskError
            If a value is no class.
        """
        if labels.size:
            _require_class(int(labels.max()))
        return self.paint(Part(y0, x0, labels != 0, labels), only=only)

    def paint(self, part: Part, *, only: frozenset[int] | None = None) -> int:
        """Paint what a part says; as `edit` and `paste`, of which each gives one."""
        with self._pen:
            return self._stroke().paint(part, only)

    def commit(self, *, head: int | None = None, noted: int | str | None = None, more: bool = False) -> Stroke | None:
        """End the stroke; it is safe on disk once this returns.

        Parameters
        ----------
        head : the stroke that it is a part of, and is undone with
        noted : the gesture that it belongs to: its note's number, or its own words where it was not noted before
        more : whether more of that gesture is to come

        Returns
        -------
        The journal's entry; None if the stroke changed no pixel.

        Raises
        ------
        DiskFull
            If there is no room; the stroke is taken back, and painting can go on once there is.
        """
        with self._pen:
            drawing = self._stroke()
            try:
                entry = drawing.journalled(self.journal, user=self.user, head=head, noted=noted, more=more)
            except CtclError:
                self.abort()
                raise
            if entry is None:
                self.abort()
                return None
            with self._tiles.lock:
                drawing.release()
                self._drawing = None
                self._writer.journalled(entry.seq)
            self._history.drew(entry)
            return entry

    def abort(self) -> None:
        """Take back the stroke that is being drawn; does nothing where there is none."""
        with self._pen:
            if self._drawing is not None:
                self._drawing.restore()
                self._drawing = None

    def undo(self) -> Region | None:
        """Take back the last stroke that was not taken back yet, of this session or an earlier one.

        Returns
        -------
        The level-0 pixels that changed; None where there is nothing to take back, or a stroke is being drawn.

        Raises
        ------
        DiskFull
            If there is no room; nothing changes.
        """
        return reduce(_joined, self.stepping("undo"), None)

    def redo(self) -> Region | None:
        """Do the last stroke again that was taken back; as `undo` otherwise."""
        return reduce(_joined, self.stepping("redo"), None)

    def stepping(
        self, kind: Literal["undo", "redo"], *, first: Region | None = None, noted: int | None = None
    ) -> Iterator[Region]:
        """`undo` or `redo`, some tiles at a time; must be followed to the end.

        Parameters
        ----------
        first : level-0 pixels that are seen, and are changed before all others
        noted : the gesture that asks for it, if that was noted before

        Yields
        ------
        The level-0 pixels that have changed since the last time.
        """
        with self._pen:
            if self._drawing is None:
                self._settle()
                for region, entries in self._history.step(kind, user=self.user, first=first, noted=noted):
                    if entries:
                        self._writer.journalled(entries[-1].seq)
                    self.make_room()
                    yield region

    def cancel(self, head: int, *, noted: int | None = None) -> None:
        """Have the last stroke, with all that was made together with it, be as if it had never been.

        It cannot be done again, and what could be before it still can. Where the journal has no room for that, the
        labels are as before the stroke, and the journal follows before the next stroke.

        Parameters
        ----------
        head : the first of those made together
        noted : the gesture that they are of, if that was noted and nothing more is to come of it
        """
        with self._pen:
            for _ in self._history.cancel(head, user=self.user, noted=noted):
                self.make_room()
            self._writer.journalled(self.journal.last())

    def human(self, region: Region) -> Labels:
        """What people have labelled in a region of level 0."""
        return self.read(ys=region.ys, xs=region.xs)

    def model(self, region: Region) -> Labels:
        """What the model says of a region of level 0; all 0 where it has not been asked."""
        return self._model.read(region)

    def skin(self, region: Region) -> Labels:
        """The skin mask in a region of level 0; all 0 where the photo has none."""
        return self._skin.read(region)

    def propagate(self, upto: int | None = None) -> None:
        """Bring coarser levels up to date, up to and including that level; all of them by default."""
        self._tiles.propagate(upto)

    def flush(self) -> None:
        """Write to the label image all that is committed, and have the disk keep it.

        Raises
        ------
        DiskFull
            If there is no room; the journal still has every stroke, and a later flush goes on.
        """
        self._writer.flush()

    def close(self) -> None:
        """Commit what is being drawn, write everything, and give back the lock."""
        if not self._lock.held:
            return
        with ExitStack() as last:
            last.callback(self._lock.release)
            last.callback(self.journal.close)
            last.callback(self._writer.close)
            last.callback(self._settle_at_last)
            if self._drawing is not None:
                self.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        self.close()

    def _settle(self) -> None:
        if self._history.settle(self.user):
            self._writer.journalled(self.journal.last())

    def _stroke(self) -> Drawing:
        if self._drawing is None:
            raise RuntimeError("no stroke is being drawn: begin() comes first")
        return self._drawing

    def _settle_at_last(self) -> None:
        with suppress(CtclError):  # the next opening finds the gesture half painted, and takes it back
            self._settle()

    def make_room(self) -> None:
        """Write what is waiting if that is much, so that it need not stay in memory."""
        if self.unwritten >= MANY:
            with suppress(CtclError, OSError):  # kept in `problem`; the journal has it all, and the thread tries again
                self._writer.flush()
            self._tiles.drop_clean()


def _joined(one: Region | None, other: Region) -> Region:
    return other if one is None else one | other


def _require_class(value: int) -> None:
    if not 0 <= value < len(Lesion):
        raise MaskError(f"label value {value}", expected=f"0 to {len(Lesion) - 1}")
