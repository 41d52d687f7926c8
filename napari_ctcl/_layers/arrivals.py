"""Takes tiles that napari has read on a thread of its own over to the window's thread, by a signal of Qt's.

napari itself makes an object for every tile and lets go of it on the reading thread. Under PySide6 that thread then
waits for the interpreter with a lock of Qt's in hand; a window that wants the lock meanwhile never wakes again.
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, Signal


class Arrivals(QObject):
    """Lives as long as the viewer's window.

    Parameters
    ----------
    viewer : napari's, with a window
    """

    _came = Signal(object)

    def __init__(self, viewer: Any) -> None:
        window, ready = viewer.window._qt_viewer, viewer._layer_slicer.events.ready
        super().__init__(window)
        self._came.connect(self._show)
        ready.disconnect(window._on_slice_ready)
        ready.connect(self._hand_over)

    def _hand_over(self, event: Any) -> None:
        self._came.emit(event)

    def _show(self, event: Any) -> None:
        self.parent()._on_slice_ready(event)
