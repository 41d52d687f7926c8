"""The photo and its labels in napari's viewer: one layer object of each, whose contents are swapped with the photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QApplication, QWidget

from napari_ctcl._layers import PyramidLabels, colour_ring, colours
from napari_ctcl._widgets.brush import SCREEN, SKIN
from napari_ctcl._widgets.palette import Palette
from napari_ctcl._widgets.speaking import in_words
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region
from napari_ctcl.session import Session
from napari_ctcl.shown import Shown, photo_levels

NO_CLASS: Final = ("pan_zoom", "erase", "region", "ruler", "pick")
"""Tools that do not paint the class in hand."""

_MEND_MS: Final = 8


class Canvas(QObject):
    """Joins the palette to the label layer; says when something was painted or refused.

    Parameters
    ----------
    viewer : napari's
    palette : what is in hand
    """

    painted = Signal(object)
    doing = Signal(object)
    changed = Signal(object)
    refused = Signal(str)
    failed = Signal(str)
    in_hand = Signal()

    def __init__(self, viewer: Any, palette: Palette) -> None:
        super().__init__()
        self.viewer, self.palette = viewer, palette
        self.image: Image | None = None
        self.labels: PyramidLabels | None = None
        self._photo: str | None = None
        self._own_size = False
        self._mm_per_px: float | None = None
        self._line = palette.looks.outline.value()
        self._mending = QTimer(self)
        self._mending.setInterval(_MEND_MS)
        self._mending.timeout.connect(self._mend)
        for signal, slot in (
            (palette.class_chosen, self.take),
            (palette.tool_chosen, self.use),
            (palette.brush.size_changed, self.size_brush),
            (palette.brush.rule_changed, lambda: self._set("rule", self.palette.brush.rule)),
            (palette.looks.outline_changed, lambda width: self._set("outline_px", width)),
            (palette.looks.changed, self._colour),
            (palette.undo_asked, lambda: self._do(PyramidLabels.undo)),
            (palette.redo_asked, lambda: self._do(PyramidLabels.redo)),
        ):
            signal.connect(slot)
        self.in_hand.connect(self._colour_ring)
        viewer.scene.camera.events.zoom.connect(self.size_brush)

    def watch(self, surface: QWidget) -> None:
        """Give the photo the keys when a class or a tool was chosen with the mouse.

        Parameters
        ----------
        surface : what the photo is drawn in
        """

        def go_on(_: object) -> None:
            if not self.palette.isAncestorOf(QApplication.focusWidget()):  # chosen by keyboard: that stays where it is
                surface.setFocus()

        self.palette.class_chosen.connect(go_on)
        self.palette.tool_chosen.connect(go_on)

    def show(self, session: Session) -> None:
        """Put the photo in hand on the canvas, whole."""
        if session.photo is None or session.shown is None:
            return
        levels = photo_levels(session.photo)
        if self.image is None or self.image not in self.viewer.layers:
            self.image = self.viewer.add_image(levels, rgb=True, multiscale=True, name="photo")
        else:
            self.image.data = levels
        if self.labels is None or self.labels not in self.viewer.layers:
            self._add_labels(session.shown)
        else:
            self.labels.show(session.shown)
        if len(levels) == 1:
            self._show_whole(session.photo.shape())
        self.viewer.layers.selection.active = self.labels
        anew, self._photo = session.photo.id != self._photo, session.photo.id
        if anew:
            self.viewer.reset_view()
            QTimer.singleShot(0, self.viewer.reset_view)  # docks still being laid out change the canvas's size
        self.palette.brush.show_skin(exists=session.photo.has_labels("skin"))
        self.show_scale(session.photo.mm_per_px)
        self.in_hand.emit()

    def _show_whole(self, shape: tuple[int, int]) -> None:
        """Have all of a photo of one level drawn, of which napari would show what the last one's view covered."""
        for layer in (self.image, self.labels):
            if layer is not None:
                layer.corner_pixels = np.array([[0, 0], [shape[0] - 1, shape[1] - 1]])
                layer.refresh()

    def _add_labels(self, shown: Shown) -> None:
        self.labels = layer = PyramidLabels(shown, name="lesions")
        layer.rule = self.palette.brush.rule
        self.viewer.add_layer(layer)
        layer.selected_label = int(Lesion.PATCH)
        layer.tool = "paint"
        layer.outline_px = self.palette.looks.outline.value()
        self._colour()
        layer.events.behind.connect(lambda _: self.follow())
        layer.events.changed.connect(lambda event: self.changed.emit(event.region))
        layer.events.paint.connect(lambda event: self.painted.emit(event.value[0]))
        layer.events.doing.connect(lambda event: self.doing.emit(event.news))
        layer.events.refused.connect(lambda event: self.refused.emit(in_words(event.error)))
        layer.events.failed.connect(lambda event: self.failed.emit(in_words(event.error)))
        layer.events.brush_size.connect(self._brush_resized)
        layer.events.region.connect(lambda event: self.palette.brush.show_region(event.points or None))
        for event in (layer.events.tool, layer.events.selected_label):
            event.connect(lambda _: self.in_hand.emit())

    @property
    def pen_down(self) -> bool:
        """Whether a stroke is being drawn right now."""
        return self.labels is not None and self.labels.pen_down

    def follow(self) -> None:
        """Show by and by what becomes of gestures that were handed to the painter elsewhere."""
        if self.labels is not None:
            self._mending.start()

    def _mend(self) -> None:
        if self.labels is None or not self.labels.catch_up():
            self._mending.stop()

    def clear(self) -> None:
        """Take photo and labels off the canvas."""
        for layer in (self.labels, self.image):
            if layer is not None and layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        self.labels = self.image = None

    def put_away_looked_at(self) -> None:
        """Take images off the canvas that were opened only to be looked at."""
        for layer in list(self.viewer.layers):
            if "looked_at" in layer.metadata.get("ctcl", {}):
                self.viewer.layers.remove(layer)
        if self.labels is not None:
            self.viewer.layers.selection.active = self.labels

    def redraw(self, region: Region | None = None) -> None:
        """Have a level-0 region shown anew, as far as it is on screen; all of it by default."""
        if self.labels is not None:
            area = region or Region.whole(self.labels.shown.shape)
            self.labels.spoil(area)
            self.changed.emit(area)

    def visible(self) -> Region | None:
        """Level-0 region that is on screen."""
        if self.labels is None:
            return None
        return self.labels.in_view

    def size_brush(self, *_: Any) -> None:
        """Give the layer the palette's brush, in the photo's pixels."""
        if self.labels is None:
            return
        self._own_size = True
        self.labels.brush_size = max(1, round(self.palette.brush.diameter * self._px_per_unit()))
        self._own_size = False

    def _brush_resized(self, _: Any) -> None:
        if not self._own_size and self.labels is not None:
            self.palette.brush.show_size(self.labels.brush_size / self._px_per_unit())

    def _px_per_unit(self) -> float:
        """Pixels of the photo in one unit of the brush."""
        unit = self.palette.brush.chosen
        if unit is SCREEN:
            return float(1 / self.viewer.scene.camera.zoom)
        return 1 / self._mm_per_px if unit is SKIN and self._mm_per_px else 1.0

    def show_scale(self, mm_per_px: float | None) -> None:
        """Size the brush by the photo's scale, where millimetres are chosen."""
        self._mm_per_px = mm_per_px
        self.palette.brush.show_scale(mm_per_px)
        self.size_brush()

    def take(self, value: int) -> None:
        """Take a class in hand, and the brush where the tool in hand paints none."""
        if self.labels is not None:
            self.labels.selected_label = value
            if self.labels.tool in NO_CLASS:
                self.labels.tool = "paint"

    def use(self, tool: str) -> None:
        """Take a tool in hand."""
        self._set("tool", tool)

    def outline(self) -> None:
        """Draw the outlines of lesions, or leave them away."""
        slider = self.palette.looks.outline
        self._line, line = slider.value(), self._line
        slider.setValue(0 if self._line else line)

    def _colour(self) -> None:
        looks = self.palette.looks
        tint = looks.opacity.value() / 100
        table = colours(looks.colours, tint=tint, tint_verified=looks.tint.isChecked())
        self._set("colormap", table)
        self.in_hand.emit()

    def _colour_ring(self) -> None:
        if self.labels is not None:
            colour = self.palette.looks.colours[Lesion(self.labels.selected_label)]
            colour_ring(self.viewer, None if self.labels.tool in NO_CLASS else colour)

    def _set(self, name: str, value: Any) -> None:
        if self.labels is not None:
            setattr(self.labels, name, value)

    def _do(self, step: Callable[[PyramidLabels], None]) -> None:
        if self.labels is not None:
            step(self.labels)
