"""Finds out how far photos are, beside the window: each state costs a look at the catalogue and at the labels."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.speaking import TROUBLE
from napari_ctcl.store import Photo


class States(QObject):
    """Gives each photo's id and state as a signal, in the order in which they were asked for."""

    found = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._round = 0

    def ask(self, photos: Sequence[Photo]) -> None:
        """Look at photos on a thread of its own."""
        threading.Thread(target=self._work, args=(list(photos), self._round), name="states", daemon=True).start()

    def stop(self) -> None:
        """Forget what was asked so far."""
        self._round += 1

    def _work(self, photos: list[Photo], asked_in: int) -> None:
        for photo in photos:
            try:
                state = photo.state
            except TROUBLE:
                continue  # a photo that cannot be read says so when it is opened; the others still have states
            if asked_in != self._round:
                return
            self.found.emit(photo.id, state)
