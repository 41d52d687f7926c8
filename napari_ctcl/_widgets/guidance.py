"""What the machine offers the hand: segments to paint with one touch, and the next place worth a look."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.canvas import Canvas
from napari_ctcl._widgets.glass import Glass
from napari_ctcl._widgets.looking import NextUncertain
from napari_ctcl._widgets.sight import Sight
from napari_ctcl._widgets.smart import SmartBrush
from napari_ctcl._widgets.smartchoice import SmartChoice
from napari_ctcl.region import Region
from napari_ctcl.session import Session
from napari_ctcl.store.gesture import Stamp


class Guidance(QObject):
    """Joins the smart brush and the walk over uncertain regions to the photo in hand.

    `told` gives a sentence for the reader, `failed` one about what went wrong.

    Parameters
    ----------
    canvas : shows the photo

    Attributes
    ----------
    choice : of what the smart brush paints, for a panel to hold
    """

    told = Signal(str)
    failed = Signal(str)

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self._canvas = canvas
        self.choice, self.smart, self._uncertain = SmartChoice(), SmartBrush(), NextUncertain()
        self.smart.late.connect(self._paint_late)
        self.smart.failed.connect(self.failed)
        self._uncertain.told.connect(self.told)
        self._uncertain.failed.connect(self.failed)
        self.choice.chosen.connect(self.smart.use)
        canvas.in_hand.connect(self._show_choice)
        canvas.changed.connect(self._uncertain.changed)

    def watch(self, sight: Sight, glass: Glass) -> None:
        """Draw outlines on this glass, and move this view."""
        self.smart.outlined.connect(glass.show_outlines)
        sight.moved.connect(self.smart.view_moved)
        self._uncertain.found.connect(sight.fit)

    def begin(self, session: Session) -> None:
        """Another photo has come into hand and onto the canvas."""
        if session.photo is not None and self._canvas.labels is not None:
            self.smart.watch(self._canvas.labels)
            self._uncertain.watch(session.photo, session.labels)

    def predicted(self, region: Region) -> None:
        """The model has spoken of a level-0 region of the photo in hand."""
        self.smart.predicted()
        self._uncertain.changed(region)

    def look_on(self) -> None:
        """Go to the next place where the model is unsure and nobody has labelled."""
        self._uncertain.next()

    def stop(self) -> None:
        """No photo is in hand."""
        self.smart.stop()
        self._uncertain.stop()

    def _show_choice(self) -> None:
        if self._canvas.labels is not None:
            self.choice.show_tool(self._canvas.labels.tool)

    def _paint_late(self, stamps: Sequence[Stamp], value: int) -> None:
        if self._canvas.labels is not None:
            self._canvas.labels.paint_segments(stamps, value)
