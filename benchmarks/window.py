"""A real window and a hand in it: mouse and key events as Qt delivers them, and what each costs the window's thread.

Drawing is counted by itself, since on a machine without a graphics card it is another program's work: software OpenGL.
"""
# ruff: noqa: SLF001 - what a window costs is seen from inside alone

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

Place = tuple[float, float]
SIZE_PX = (1600, 1000)
GAP_S = 0.013
"""Between two mouse moves; napari and vispy drop those that follow faster than 10 ms."""


@dataclass(slots=True)
class Spent:
    """Thread time of one mouse move, in seconds: what it set off, and the drawing of the window that followed."""

    handling: float
    drawing: float


@dataclass(slots=True)
class Hand:
    """A hand on the mouse and the keys of a napari window.

    Attributes
    ----------
    drawn_s, drawn_wall_s : thread time and wall time of drawing the window since the hand was laid on it
    frames : how often it was drawn
    """

    viewer: Any
    drawn_s: float = 0.0
    drawn_wall_s: float = 0.0
    frames: int = 0

    @classmethod
    def on(cls, viewer: Any) -> Self:
        """A hand on the window of a viewer, which from now on counts what it draws."""
        hand, main = cls(viewer), viewer.window._qt_window
        handle = type(main).event

        def event(window: Any, happened: QEvent) -> bool:
            if window is not main or happened.type() != QEvent.Type.UpdateRequest:
                return bool(handle(window, happened))
            began, clock = time.thread_time(), time.perf_counter()
            done = bool(handle(window, happened))
            hand.drawn_s += time.thread_time() - began
            hand.drawn_wall_s += time.perf_counter() - clock
            hand.frames += 1
            return done

        type(main).event = event
        return hand

    @property
    def surface(self) -> Any:
        """The widget that the photo is drawn in."""
        return self.viewer.window._qt_viewer.canvas.native

    @property
    def middle(self) -> Place:
        """(x, y) of the middle of the canvas."""
        return self.surface.width() / 2, self.surface.height() / 2

    def look(self, y: float, x: float, zoom: float) -> None:
        """Bring a place of the photo to the middle, and wait until it is sharp."""
        camera = self.viewer.scene.camera
        camera.center, camera.zoom = (y, x), zoom
        self.wait(0.3)
        end = time.monotonic() + 20
        while not all(layer.loaded for layer in self.viewer.layers) and time.monotonic() < end:
            self.wait(0.05)
        self.wait(0.2)

    def move(self, place: Place, *, held: bool = False) -> None:
        """Move the mouse, with the left button down or not."""
        button = Qt.MouseButton.LeftButton if held else Qt.MouseButton.NoButton
        self._send(QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, button)

    def press(self, place: Place) -> None:
        """Press the left button."""
        self._send(QEvent.Type.MouseButtonPress, place, Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton)

    def release(self, place: Place) -> None:
        """Let the left button go."""
        self._send(QEvent.Type.MouseButtonRelease, place, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton)

    def turn(self, place: Place, clicks: float) -> None:
        """Turn the wheel; away from the hand is more than 0."""
        at, everywhere = self._places(place)
        turned, none = QPoint(0, round(120 * clicks)), Qt.MouseButton.NoButton
        how = (none, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
        QApplication.sendEvent(self.surface, QWheelEvent(at, everywhere, QPoint(), turned, *how))

    def key(self, key: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key and let it go."""
        self.surface.setFocus()
        QTest.keyClick(self.surface, key, modifier)

    def stroke(self, places: Sequence[Place]) -> list[Spent]:
        """Draw along places; gives what each move cost the window's thread, with all that it did before the next."""
        self.move(places[0])
        self.wait(GAP_S)
        self.press(places[0])
        self.wait(GAP_S)
        costs = [self.dragged(place) for place in places[1:]]
        self.release(places[-1])
        return costs

    def dragged(self, place: Place) -> Spent:
        """Move on with the button down; gives what that costs."""
        began, drawn = time.thread_time(), self.drawn_s
        self.move(place, held=True)
        QApplication.processEvents()
        time.sleep(GAP_S)
        QApplication.processEvents()
        drawing = self.drawn_s - drawn
        return Spent(time.thread_time() - began - drawing, drawing)

    def wait(self, seconds: float) -> None:
        """Let the window do what it has to do."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            QApplication.processEvents()
            time.sleep(min(0.002, left))

    def _send(self, kind: Any, place: Place, button: Any, buttons: Any) -> None:
        at, everywhere = self._places(place)
        event = QMouseEvent(kind, at, everywhere, button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.surface, event)

    def _places(self, place: Place) -> tuple[QPointF, QPointF]:
        return QPointF(*place), QPointF(self.surface.mapToGlobal(QPoint(int(place[0]), int(place[1]))))


@contextmanager
def annotator_on(study: Path) -> Iterator[tuple[Any, Hand]]:
    """The annotator on a study as a program shows it, reading tiles beside the window, and a hand in it."""
    with _viewer() as viewer:
        from napari_ctcl._widgets import open_annotator

        annotator = open_annotator(viewer, study)
        hand = Hand.on(viewer)
        hand.wait(1.5)
        try:
            yield annotator, hand
        finally:
            annotator.close_study()
            hand.wait(0.2)


@contextmanager
def napari_labels(side_px: int) -> Iterator[tuple[Any, Hand]]:
    """napari's own Labels in memory over a photo of as many pixels, with the brush in hand, and a hand on it."""
    rng = np.random.default_rng(3)
    with _viewer() as viewer:
        viewer.add_image(rng.integers(60, 200, (side_px, side_px, 3), np.uint8), rgb=True)
        layer = viewer.add_labels(np.zeros((side_px, side_px), np.uint8))
        layer.mode, layer.selected_label = "paint", 2
        hand = Hand.on(viewer)
        hand.wait(1.0)
        yield layer, hand


@contextmanager
def _viewer() -> Iterator[Any]:
    import napari
    from napari.settings import get_settings

    get_settings().experimental.async_ = True
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE_PX)
    try:
        yield viewer
    finally:
        viewer.close()
        QApplication.processEvents()
