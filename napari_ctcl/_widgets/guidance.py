"""What the machine offers the hand: segments to paint with one touch, and the next place worth a look."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.canvas import Canvas
from napari_ctcl._widgets.glass import Glass
from napari_ctcl._widgets.looking import NextUncertain
from napari_ctcl._widgets.sight import Sight
from napari_ctcl._widgets.smart import SmartBrush
from napari_ctcl.region import Region
from napari_ctcl.session import Session
from napari_ctcl.store.gesture import Stamp


class Guidance(QObject):
    """Joins the smart brush and the walk over uncertain regions to the photo in hand.

    `told` gives a sentence for the reader, `failed` one about what went wrong.

    Parameters
    ----------
    canvas : shows the photo, and has the palette with the choice of what the smart brush paints
    """

    told = Signal(str)
    failed = Signal(str)

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self._canvas = canvas
        self._session: Session | None = None
        self.smart, self._uncertain = SmartBrush(), NextUncertain()
        self.smart.late.connect(self._paint_late)
        self.smart.failed.connect(self.failed)
        self._uncertain.told.connect(self.told)
        self._uncertain.failed.connect(self.failed)
        canvas.palette.smart.chosen.connect(self.smart.use)
        canvas.changed.connect(self._uncertain.changed)

    def watch(self, sight: Sight, glass: Glass) -> None:
        """Draw outlines on this glass, and move this view."""
        self.smart.outlined.connect(glass.show_outlines)
        self.smart.look_through(sight)
        self._uncertain.found.connect(sight.fit)

    def begin(self, session: Session) -> None:
        """Another photo has come into hand and onto the canvas."""
        if session is not self._session:
            self._session = session
            session.region_predicted.connect(self._predicted)
        if session.photo is not None and session.shown is not None and self._canvas.labels is not None:
            self.smart.watch(self._canvas.labels)
            self._uncertain.watch(session.photo, session.shown.labels)

    def look_on(self) -> None:
        """Go to the next place where the model is unsure and nobody has labelled."""
        self._uncertain.next()

    def stop(self) -> None:
        """No photo is in hand."""
        self._session = None
        self.smart.stop()
        self._uncertain.stop()

    def _predicted(self, photo: str, region: Region) -> None:
        session = self._session
        if session is not None and session.photo is not None and session.photo.id == photo:
            self.smart.predicted()
            self._uncertain.changed(region)

    def _paint_late(self, stamps: Sequence[Stamp], value: int) -> None:
        if self._canvas.labels is not None:
            self._canvas.labels.paint_segments(stamps, value)
