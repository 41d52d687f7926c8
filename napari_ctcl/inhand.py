"""The photo in hand: its labels, open for painting with a painter at work on them, or only to look at."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Self

from napari_ctcl.errors import CtclError, DiskFull, StudyBusy, StudyError
from napari_ctcl.shown import Shown
from napari_ctcl.store import Photo, TiledPyramid
from napari_ctcl.store.painter import Painter
from napari_ctcl.store.reading import LabelReader


class InHand:
    """One photo with its labels; `take` opens it, and `close` gives it back.

    Parameters
    ----------
    photo : whose labels they are
    labels : open for painting, or to be looked at
    only_look : why they may not be painted on; None where they may
    """

    def __init__(self, photo: Photo, labels: TiledPyramid | LabelReader, only_look: CtclError | None) -> None:
        self.photo, self.labels, self.only_look = photo, labels, only_look
        self.painter = Painter(labels) if isinstance(labels, TiledPyramid) else None
        self.shown = Shown(photo, labels, self.painter)

    @classmethod
    def take(cls, photo: Photo, *, user: str) -> Self:
        """Open a photo for painting; to look at where another paints on it, or painting would put something at risk."""
        try:
            return cls(photo, photo.labels("annotation", user=user), None)
        except (StudyBusy, StudyError, DiskFull) as error:
            return cls(photo, photo.watch(), error)

    @property
    def finished(self) -> bool:
        """Whether every gesture so far is in the labels, so that the photo can be left without a wait."""
        return self.painter is None or not self.painter.waiting

    @property
    def unsafe(self) -> int:
        """Gestures that a crash would lose right now."""
        return self.painter.unsafe if self.painter else 0

    @property
    def can_undo(self) -> bool:
        """Whether there is, or will be, something to take back."""
        return self.painter is not None and self.painter.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return self.painter is not None and self.painter.can_redo

    @property
    def mended(self) -> int:
        """Chunks of the labels that had been lost or damaged, and were made anew from the journal."""
        return self.labels.mended if isinstance(self.labels, TiledPyramid) else 0

    @property
    def free(self) -> bool:
        """Whether it is only there to look at, but could be taken for painting now."""
        return isinstance(self.labels, LabelReader) and self.labels.free

    def settle(self) -> None:
        """Carry out every gesture, and have the disk keep it.

        Raises
        ------
        DiskFull
            If there is no room for it in the label image; the journal has it.
        """
        if self.painter is not None:
            self.painter.wait()
        self.labels.flush()

    def refresh(self) -> bool:
        """Whether labels that somebody else paints have changed since the last look."""
        return isinstance(self.labels, LabelReader) and self.labels.refresh()

    def close(self) -> None:
        """Carry out what is left and give the labels back; errors as `settle`."""
        with ExitStack() as last:
            last.callback(self.labels.close)
            if self.painter is not None:
                last.callback(self.painter.close)
