"""Everything that lies on the photo, joined to the label layer: badge, map, scale bar, ruler and drawn lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QApplication, QWidget

from napari_ctcl._layers import PyramidLabels
from napari_ctcl._widgets.badge import Badge
from napari_ctcl._widgets.glass import Glass
from napari_ctcl._widgets.navigator import Navigator
from napari_ctcl._widgets.overview import Overview
from napari_ctcl._widgets.palette import Palette
from napari_ctcl._widgets.ruler import Ruler, ScaleBar
from napari_ctcl._widgets.sight import Point, Sight
from napari_ctcl.lesion import RGB, Lesion
from napari_ctcl.session import Session

_REGION: RGB = (255, 255, 255)


class Furniture(QObject):
    """Reflects the photo in hand on the canvas; `told` says what is odd, `measured` gives mm per level-0 pixel.

    Parameters
    ----------
    viewer : napari's
    surface : what the photo is drawn in
    palette : gives the colours
    """

    told = Signal(str)
    measured = Signal(float)

    def __init__(self, viewer: Any, surface: QWidget, palette: Palette) -> None:
        super().__init__(surface)
        self._palette = palette
        self._layer: PyramidLabels | None = None
        self._aimed = False
        self.sight, self.overview = Sight(viewer, surface), Overview()
        self.glass, self.badge = Glass(self.sight), Badge(surface)
        self.navigator, self.bar = Navigator(self.sight), ScaleBar(self.sight)
        self.ruler = Ruler(self.sight, self.glass)
        self.ruler.told.connect(self.told)
        self.ruler.measured.connect(self.measured)
        self.overview.pictured.connect(self._picture)
        self.overview.labelled.connect(self._tint)
        palette.looks.changed.connect(lambda: self.navigator.show_colours(palette.looks.colours))

    def join(self, layer: PyramidLabels) -> None:
        """Draw what a label layer says is being drawn on it, from now on."""
        if layer is self._layer:
            return
        self._layer = layer
        layer.events.trail.connect(lambda event: self._trail(event.tool, event.points))
        layer.events.region.connect(lambda event: self.glass.show_region(event.points or None))
        layer.events.measured.connect(lambda event: self.ruler.measure(*event.points))
        layer.mouse_move_callbacks.append(self._hover)

    def begin(self, session: Session | None) -> None:
        """Show another photo, or none."""
        photo = session.photo if session is not None else None
        self.badge.show_photo(photo)
        self.ruler.drop()
        self.glass.show_aim(None)
        self.navigator.show_picture(None)
        self.overview.watch(session.shown if session is not None else None)
        self.show_scale(photo.mm_per_px if photo is not None else None)
        if session is not None:
            self.badge.show_reader(session.user)

    def show_scale(self, mm_per_px: float | None) -> None:
        """Show a photo's scale, mm per level-0 pixel."""
        self.ruler.show_scale(mm_per_px)
        self.bar.show_scale(mm_per_px)

    def put_down(self) -> bool:
        """Drop or take back the last thing that is under way; whether there was one.

        What is being drawn goes first, then what is still being painted, the ruler's line and the region; where there
        is none of these, the keyboard comes back to the photo.
        """
        layer, surface = self._layer, self.sight.surface
        if layer is not None and (layer.drop() or layer.stop()):
            return True
        if self.ruler.drop():
            return True
        if layer is not None and layer.tool != "polygon" and layer.region is not None:
            layer.region = None
            return True
        elsewhere = QApplication.focusWidget() is not surface
        surface.setFocus()
        return elsewhere

    def pan(self, down: float, across: float) -> None:
        """Move the view by key steps, and point at its middle until the mouse moves."""
        self.sight.pan_by(down, across)
        self.aim()

    def aim(self) -> None:
        """Point at the middle of the view, as the mouse does where it is; the next judgement is meant for that."""
        if self._layer is not None:
            self._layer.point_at(self.sight.centre)
            self.glass.show_aim(self.sight.centre)
            self._aimed = True

    def _trail(self, tool: str, points: Sequence[Point]) -> None:
        if tool == "ruler":
            self.ruler.draw(points)
            return
        self.ruler.drop()
        lesion = Lesion(self._layer.selected_label) if self._layer is not None else Lesion.UNLABELLED
        self.glass.show_trail(points, _REGION if tool == "region" else self._palette.looks.colours[lesion])

    def _hover(self, layer: PyramidLabels, event: Any) -> None:
        if self._aimed:
            self._aimed = False
            self.glass.show_aim(None)
        if layer.tool == "ruler" and layer.ruler_start is not None:
            y, x = layer.world_to_data(event.position)[-2:]
            self.ruler.hover((float(y), float(x)))

    def _picture(self, shown: Any, pixels: Any) -> None:
        if self._layer is not None and shown is self._layer.shown:
            self.navigator.show_picture(pixels, shown.shape)

    def _tint(self, shown: Any, codes: Any) -> None:
        if self._layer is not None and shown is self._layer.shown:
            self.navigator.show_labels(codes)
