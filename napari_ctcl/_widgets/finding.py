"""Keeps the lesions of the photo in hand found, beside the window, while it is painted on.

The pen comes first: after a change nothing is looked at until the hand has rested for a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl.events import Progress
from napari_ctcl.lesions import Found, LesionMap, Source
from napari_ctcl.region import Region

_REST_S: Final = 0.4
_SHOW_S: Final = 1.0
"""While a large photo is looked at for the first time, what is found so far is told this often."""


class Finding(QObject):
    """`found` gives the list of lesions; `looking` says that it is not whole yet: tiles looked at, of how many."""

    found = Signal(object)
    looking = Signal(int, int)
    failed = Signal(str)
    _said = Signal(object, object, object)

    def __init__(self) -> None:
        super().__init__()
        self._search: _Search | None = None
        self._said.connect(self._hand_on)

    def look(self, source: Source) -> None:
        """Find the lesions of another photo; what is being looked for on the last one is given up."""
        self.stop()
        self._search = _Search(source, self._said.emit)

    def look_again(self, region: Region | None = None) -> None:
        """Say that a level-0 region has changed; the whole photo by default."""
        if self._search is not None:
            self._search.ask(region)

    def stop(self) -> None:
        """Look no further, and tell no more of the photo that was looked at."""
        search, self._search = self._search, None
        if search is not None:
            search.stop()

    def _hand_on(self, search: _Search, outcome: list[Found] | str, so_far: Progress | None) -> None:
        if search is not self._search:
            return  # it was on its way when another photo was taken in hand
        if isinstance(outcome, str):
            self.failed.emit(outcome)
            return
        self.found.emit(outcome)
        if so_far is not None:
            self.looking.emit(so_far.done, so_far.total)


class _Search:
    """A thread that finds the lesions of one photo, and finds them again where it has changed."""

    def __init__(self, source: Source, say: Callable[[_Search, list[Found] | str, Progress | None], None]) -> None:
        self._map = LesionMap(source)
        self._say = say
        self._asked: list[Region | None] = [None]
        self._resting_till = 0.0
        self._moved = threading.Condition()
        self._stopped = False
        threading.Thread(target=self._work, name="find lesions", daemon=True).start()

    def ask(self, region: Region | None) -> None:
        with self._moved:
            self._asked.append(region)
            self._resting_till = time.monotonic() + _REST_S
            self._moved.notify_all()

    def stop(self) -> None:
        with self._moved:
            self._stopped = True
            self._moved.notify_all()

    def _work(self) -> None:
        try:
            first = True
            while self._wait():
                if self._look(telling=first):
                    first = False
                    self._tell(self._map.lesions())
        except TROUBLE as error:
            self._tell(f"The lesions could not be listed. {in_words(error)}")

    def _wait(self) -> bool:
        """Wait until something is asked for and the hand rests; False once nothing more is wanted."""
        with self._moved:
            self._moved.wait_for(lambda: self._asked or self._stopped)
            while not self._stopped and (left := self._resting_till - time.monotonic()) > 0:
                self._moved.wait(left)
            return not self._stopped

    def _look(self, *, telling: bool) -> bool:
        """Look at what was asked for; False where that is interrupted by a newer request."""
        with self._moved:
            asked, self._asked = self._asked, []
        for region in asked:
            work = self._map.update(region)
        told = time.monotonic()
        for event in work:
            if self._asked or self._stopped:
                return False
            if telling and time.monotonic() - told > _SHOW_S:
                self._tell(self._map.lesions(), event)
                told = time.monotonic()
        return True

    def _tell(self, outcome: list[Found] | str, so_far: Progress | None = None) -> None:
        with self._moved:
            if not self._stopped:  # once `stop` has returned nothing more is said
                self._say(self, outcome, so_far)
