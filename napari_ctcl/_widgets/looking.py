"""Takes the view to the next place where the model is unsure and nobody has labelled."""

from __future__ import annotations

import time
from typing import Final

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.beside import Beside
from napari_ctcl.acquire import Human, Looking, Survey, Turn
from napari_ctcl.region import Region
from napari_ctcl.store import Photo

_TELL_S: Final = 0.7
"""How long a photo is looked at before that is worth a word, and between two words."""


class NextUncertain(QObject):
    """Walks over one photo; it is looked at, and the next place chosen, beside the window.

    `found` gives the level-0 region to show, `told` a sentence about it or why there is none, `failed` what went wrong.
    """

    found = Signal(object)
    told = Signal(str)
    failed = Signal(str)
    _looked = Signal(int)
    _turned = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._walk: Looking | None = None
        self._busy = False
        self._beside = Beside("uncertain")
        self._beside.failed.connect(self._give_up)
        self._looked.connect(self._tell_progress)
        self._turned.connect(self._go)

    def watch(self, photo: Photo, human: Human) -> None:
        """Walk over another photo from now on.

        Parameters
        ----------
        human : its labels by people
        """
        self._walk, self._busy = Looking(Survey(photo, human)), False

    def stop(self) -> None:
        """Let the photo go; the thread ends."""
        self._walk, self._busy = None, False
        self._beside.stop()

    def changed(self, region: Region) -> None:
        """Labels or the prediction have changed in a level-0 region."""
        if self._walk is not None:
            self._walk.survey.changed(region)

    def next(self) -> None:
        """Go to the next region, as soon as all that has changed since is looked at."""
        walk = self._walk
        if walk is None:
            self.told.emit("Open a photo first; then this goes where the model is unsure.")
        elif not self._busy:
            self._busy = True
            self._beside.ask([lambda: self._look(walk)])

    def _look(self, walk: Looking) -> None:
        told = time.monotonic()
        for progress in walk.survey.look():
            if self._walk is not walk:
                return  # another photo is in hand; this one's pixels may be gone
            if time.monotonic() - told > _TELL_S:
                told = time.monotonic()
                self._looked.emit(100 * progress.done // progress.total)
        self._turned.emit(walk, walk.next())

    def _tell_progress(self, percent: int) -> None:
        if self._busy:
            self.told.emit(f"Looking through the photo for what the model is unsure of: {percent} %")

    def _go(self, walk: Looking, turn: Turn) -> None:
        if walk is not self._walk:
            return
        self._busy = False
        if turn.found is not None:
            self.found.emit(turn.found.region)
        self.told.emit(turn.text)

    def _give_up(self, text: str) -> None:
        self._busy = False
        self.failed.emit(text)
