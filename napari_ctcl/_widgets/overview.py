"""Reads the whole of a photo and of its labels at their coarsest, beside the window, for the navigator.

However often it is asked, it looks at most twice a second.
"""

from __future__ import annotations

import threading
from typing import Final

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ctcl._widgets.speaking import TROUBLE
from napari_ctcl.shown import Shown

PAUSE_MS: Final = 500


class Overview(QObject):
    """`pictured` gives (h, w, 3) uint8 of the photo once, `labelled` its (h, w) uint8 view codes after each look.

    Both come with the `Shown` that they were read from.
    """

    pictured = Signal(object, object)
    labelled = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._shown: Shown | None = None
        self._busy = False
        self._seen: int | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._look)
        self.labelled.connect(self._rest)

    def watch(self, shown: Shown | None) -> None:
        """Read another photo from now on; none for None."""
        self._shown, self._seen = shown, None
        if shown is not None:
            threading.Thread(target=self._picture, args=(shown,), name="overview", daemon=True).start()
            self.ask()

    def ask(self) -> None:
        """Look at the labels again soon, unless that is already due."""
        if self._shown is not None and not self._pause.isActive():
            self._pause.start()

    def _look(self) -> None:
        shown = self._shown
        if shown is None or shown.version == self._seen:
            return
        if self._busy:
            self.ask()
            return
        self._busy = True
        threading.Thread(target=self._read, args=(shown,), name="overview", daemon=True).start()

    def _rest(self, *_: object) -> None:
        self._busy = False

    def _picture(self, shown: Shown) -> None:
        try:
            self.pictured.emit(shown, shown.photo.thumbnail())
        except TROUBLE:
            return  # a photo that cannot be read says so on the canvas

    def _read(self, shown: Shown) -> None:
        level = shown.levels - 1
        height, width = shown.photo.shape(level)
        seen = shown.version
        try:
            codes = shown.read(level=level, ys=(0, height), xs=(0, width))
        except TROUBLE:
            codes = None  # labels that cannot be read say so on the canvas; the photo is shown without them
        if shown is self._shown:
            self._seen = seen
        self.labelled.emit(shown, codes)
