from __future__ import annotations

import threading
from typing import Any

from hands import settle, until
from napari._qt.qt_viewer import QtViewer


def test_tiles_are_read_on_another_thread_and_shown_by_the_windows_own(window: Any) -> None:
    layer, camera = window.canvas.labels, window.viewer.scene.camera
    read: list[threading.Thread] = []
    shown: list[threading.Thread] = []
    levels, draw = layer.shown.read, layer._slicing_state._update_slice_response

    def note_read(**region: Any) -> Any:
        read.append(threading.current_thread())
        return levels(**region)

    def note_shown(response: Any) -> None:
        shown.append(threading.current_thread())
        draw(response)

    layer.shown.read, layer._slicing_state._update_slice_response = note_read, note_shown
    camera.center, camera.zoom = (400, 500), 2.0
    until(lambda: bool(shown) and layer.loaded, what="the tile")
    camera.center, camera.zoom = (900, 1200), 0.3
    settle(0.2)
    until(lambda: layer.loaded, what="the other tile")
    assert threading.main_thread() not in read
    assert set(shown) == {threading.main_thread()}


def test_no_tile_makes_an_object_that_the_reading_thread_lets_go_of(window: Any) -> None:
    told = [owner() for owner, _ in window.viewer._layer_slicer.events.ready.callbacks]
    assert told
    assert not any(isinstance(owner, QtViewer) for owner in told)
