"""The round from lesion to lesion: the list is kept true to the photo, and what is judged in it happens there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.canvas import Canvas
from napari_ctcl._widgets.finding import Finding
from napari_ctcl._widgets.lesionlist import LesionList
from napari_ctcl._widgets.palette import Palette
from napari_ctcl._widgets.sight import Sight
from napari_ctcl.lesions import Found
from napari_ctcl.region import Region
from napari_ctcl.session import Session
from napari_ctcl.shown import InPassing
from napari_ctcl.store.gesture import Judge


class Rounds(QObject):
    """Joins the list of lesions to the photo in hand; `failed` gives a sentence where they cannot be listed.

    Parameters
    ----------
    lesions : the list
    canvas : shows the photo, and has lesions judged
    palette : knows the class colours in use
    """

    failed = Signal(str)

    def __init__(self, lesions: LesionList, canvas: Canvas, palette: Palette) -> None:
        super().__init__()
        self.lesions, self._canvas, self._palette = lesions, canvas, palette
        self._sight: Sight | None = None
        self._mm_per_px: float | None = None
        self._finding = Finding()
        self._finding.found.connect(self._show)
        self._finding.looking.connect(lesions.show_looking)
        self._finding.failed.connect(self._fail)
        lesions.chosen.connect(self._go)
        lesions.accept_asked.connect(lambda found: self._judge(found, "accept"))
        lesions.reject_asked.connect(lambda found: self._judge(found, "reject"))
        lesions.reclassify_asked.connect(lambda found, value: self._judge(found, "reclassify", value))
        palette.looks.changed.connect(lambda: lesions.show_colours(palette.looks.colours))
        canvas.changed.connect(self.look_again)

    def watch(self, sight: Sight) -> None:
        """Move this view to the lesion that is chosen."""
        self._sight = sight

    def begin(self, session: Session) -> None:
        """List the lesions of the photo that has come into hand."""
        if session.photo is None or session.shown is None:
            self.stop()
            return
        self._mm_per_px = session.photo.mm_per_px
        self.lesions.show_none("Looking for lesions...")
        self._finding.look(InPassing(session.shown))

    def look_again(self, region: Region | None = None) -> None:
        """Say that a level-0 region of the photo has changed; all of it by default."""
        self._finding.look_again(region)

    def show_scale(self, mm_per_px: float | None) -> None:
        """Tell areas by a scale that has been measured since."""
        self._mm_per_px = mm_per_px
        self._show(self.lesions.listed)

    def stop(self) -> None:
        """No photo is in hand."""
        self._finding.stop()
        self.lesions.show_none()

    def _show(self, found: Sequence[Found]) -> None:
        self.lesions.show_lesions(found, self._mm_per_px, self._palette.looks.colours)

    def _fail(self, why: str) -> None:
        self.lesions.show_none(why)
        self.failed.emit(why)

    def _go(self, found: Found) -> None:
        if self._sight is not None:
            self._sight.fit(found.box)

    def _judge(self, found: Found, tool: Literal["accept", "reject", "reclassify"], value: int | None = None) -> None:
        if self._canvas.labels is not None:
            self._canvas.labels.do(Judge(tool=tool, at=found.seed, value=value))
