"""How the photo lies on the canvas: from its level-0 pixels to pixels of the screen and back, and moving the view.

Whatever is drawn over the photo, or moves it without a mouse, goes through here, so that all of it agrees.
"""

from __future__ import annotations

from typing import Any, Final

from qtpy.QtCore import QEvent, QObject, QPointF, Signal
from qtpy.QtWidgets import QWidget

from napari_ctcl.region import Region

Point = tuple[float, float]

ZOOM_STEP: Final = 1.25
"""Factor of one step of a zoom key."""

PAN_STEP: Final = 0.2
"""Share of the canvas that one step of a pan key moves the view by."""

_MARGIN: Final = 0.85
_CLOSEST: Final = 8.0


class Sight(QObject):
    """The view of the photo; `moved` says that it has moved, or that the canvas has another size.

    Parameters
    ----------
    viewer : napari's
    surface : what the photo is drawn in
    """

    moved = Signal()

    def __init__(self, viewer: Any, surface: QWidget) -> None:
        super().__init__(surface)
        self._viewer, self.surface = viewer, surface
        surface.installEventFilter(self)
        self._camera = viewer.scene.camera
        self._camera.events.zoom.connect(self._say)
        self._camera.events.center.connect(self._say)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Say that the canvas has another size."""
        if event.type() == QEvent.Type.Resize:
            self.moved.emit()
        return bool(super().eventFilter(watched, event))

    def _say(self, _: Any) -> None:
        self.moved.emit()

    @property
    def zoom(self) -> float:
        """Screen pixels per level-0 pixel."""
        return float(self._camera.zoom)

    @property
    def centre(self) -> Point:
        """(y, x) of the level-0 point in the middle of the canvas."""
        y, x = self._camera.center[-2:]
        return float(y), float(x)

    def place(self, point: Point) -> QPointF:
        """Where on the canvas a level-0 point is."""
        (y, x), (cy, cx), zoom = point, self.centre, self.zoom
        return QPointF(self.surface.width() / 2 + (x - cx) * zoom, self.surface.height() / 2 + (y - cy) * zoom)

    def point(self, place: QPointF) -> Point:
        """Level-0 (y, x) of a place on the canvas."""
        (cy, cx), zoom = self.centre, self.zoom
        across, down = place.x() - self.surface.width() / 2, place.y() - self.surface.height() / 2
        return cy + down / zoom, cx + across / zoom

    def seen(self) -> tuple[float, float, float, float]:
        """Top, bottom, left and right edge of the view in level-0 pixels; they may lie outside the photo."""
        y0, x0 = self.point(QPointF(0, 0))
        y1, x1 = self.point(QPointF(self.surface.width(), self.surface.height()))
        return y0, y1, x0, x1

    def look_at(self, point: Point) -> None:
        """Bring a level-0 point into the middle."""
        self._camera.center = point

    def fit(self, region: Region) -> None:
        """Show a level-0 region as large as it goes with a margin around it."""
        across = self.surface.width() / max(region.width, 1)
        down = self.surface.height() / max(region.height, 1)
        self._camera.zoom = min(_MARGIN * min(across, down), _CLOSEST)
        self._camera.center = ((region.y0 + region.y1 - 1) / 2, (region.x0 + region.x1 - 1) / 2)

    def zoom_by(self, steps: float) -> None:
        """Zoom in by key steps, or out by negative ones, about the middle."""
        self._camera.zoom = self.zoom * ZOOM_STEP**steps

    def pan_by(self, down: float, across: float) -> None:
        """Move the view by key steps."""
        (y, x), zoom = self.centre, self.zoom
        step_y, step_x = PAN_STEP * self.surface.height() / zoom, PAN_STEP * self.surface.width() / zoom
        self._camera.center = (y + down * step_y, x + across * step_x)

    def whole(self) -> None:
        """Show the whole photo."""
        self._viewer.reset_view()
