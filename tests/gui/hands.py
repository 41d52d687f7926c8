"""Real mouse and key events for napari's window, and time for it to answer them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_ctcl.phantom import Phantom, plan_study
from napari_ctcl.region import Region, grid
from napari_ctcl.store import Photo, Study

Place = tuple[float, float]
GAP_S = 0.013  # napari and vispy drop mouse moves that follow faster than 10 ms


def settle(seconds: float = 0.25) -> None:
    """Let the window do what it has to do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def until(happened: Callable[[], bool], seconds: float = 20, *, what: str = "it") -> None:
    """Let the window work until something has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        settle(0.03)


def native(viewer: Any) -> Any:
    """The widget that the photo is drawn in."""
    return viewer.window._qt_viewer.canvas.native


def place_of(viewer: Any, y: float, x: float) -> Place:
    """Where on the canvas a pixel of the photo is, as (x, y)."""
    widget, camera = native(viewer), viewer.scene.camera
    cy, cx = camera.center[-2:]
    return widget.width() / 2 + (x - cx) * camera.zoom, widget.height() / 2 + (y - cy) * camera.zoom


def drag(viewer: Any, places: Sequence[Place], *, button: Any = Qt.MouseButton.LeftButton) -> None:
    """Press at the first place, move over all of them, release at the last."""
    none = Qt.MouseButton.NoButton
    _send(viewer, QEvent.Type.MouseMove, places[0], none, none)
    _send(viewer, QEvent.Type.MouseButtonPress, places[0], button, button)
    for place in places[1:]:
        _send(viewer, QEvent.Type.MouseMove, place, none, button)
    _send(viewer, QEvent.Type.MouseButtonRelease, places[-1], button, none)
    painted(viewer)


def painted(viewer: Any) -> None:
    """Wait until all that was done with the mouse and the keys is in the labels and on screen."""
    settle(0.03)
    until(lambda: all(layer.loaded for layer in viewer.layers), what="the tiles")
    until(lambda: not any(getattr(layer, "busy", False) for layer in viewer.layers), what="the last stroke")
    settle(0.02)


def hover(viewer: Any, place: Place) -> None:
    """Move the mouse to a place with no button down."""
    _send(viewer, QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)


def double_click(viewer: Any, place: Place) -> None:
    """Double-click the left button."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    _send(viewer, QEvent.Type.MouseButtonPress, place, left, left)
    _send(viewer, QEvent.Type.MouseButtonRelease, place, left, none)
    _send(viewer, QEvent.Type.MouseButtonDblClick, place, left, left)
    _send(viewer, QEvent.Type.MouseButtonRelease, place, left, none)
    painted(viewer)


def drop(viewer: Any, path: Path) -> None:
    """Drop a file or folder on the photo."""
    load = QMimeData()
    load.setUrls([QUrl.fromLocalFile(str(path))])
    how = (Qt.DropAction.CopyAction, load, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    for event in (QDragEnterEvent(QPoint(50, 50), *how), QDropEvent(QPointF(50, 50), *how)):
        QApplication.sendEvent(viewer.window._qt_viewer, event)
    settle(0.1)


def press(viewer: Any, key: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key and let it go."""
    native(viewer).setFocus()
    QTest.keyClick(native(viewer), key, modifier)
    painted(viewer)


def _send(viewer: Any, kind: Any, place: Place, button: Any, buttons: Any) -> None:
    widget = native(viewer)
    at = QPointF(*place)
    everywhere = QPointF(widget.mapToGlobal(QPoint(int(place[0]), int(place[1]))))
    event = QMouseEvent(kind, at, everywhere, button, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)
    time.sleep(GAP_S)
    QApplication.processEvents()


def shoot(viewer: Any, path: Path) -> None:
    """Save a picture of the whole window."""
    settle(0.2)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(viewer.screenshot(canvas_only=False, flash=False)).convert("RGB").save(path)


def paint_study(root: Path, *, photos: int = 1, size: tuple[int, int] = (600, 800), seed: int = 5) -> Path:
    """A study of synthetic photos, none of them labelled."""
    with Study.create(root) as study:
        for plan in plan_study(photos, size=size, seed=seed):
            phantom = Phantom(plan)
            pixels, _ = phantom.render(Region.whole(phantom.shape))
            file = root.parent / f"{root.name}-{plan.photo}.png"
            Image.fromarray(pixels).save(file)
            study.import_photo(file, patient=plan.patient, visit=plan.visit, region=plan.region, side=plan.side)
    return root


def predict(photo: Photo, labels: Any, *, model: str = "a" * 64) -> None:
    """Store labels as what a model said of a photo."""
    import numpy as np

    with photo.prediction() as writer:
        writer.start(model)
        for cell in grid((photo.height, photo.width), 512):
            doubt = np.zeros((-(-cell.height // 4), -(-cell.width // 4)), np.uint8)
            writer.write(cell, np.ascontiguousarray(labels[cell.slices]), doubt)
