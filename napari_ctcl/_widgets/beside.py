"""Work beside the window, piece by piece: the newest list of pieces replaces what is left of the one before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.speaking import TROUBLE, in_words

Piece = Callable[[], object]


class Beside(QObject):
    """Does pieces of work in order on a thread of its own, which waits while there are none.

    `done` comes after each piece; `failed`, with a sentence, where one could not be done and the rest is dropped.

    Parameters
    ----------
    name : of the thread
    """

    done = Signal()
    failed = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._pieces: list[Piece] = []
        self._moved = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, pieces: Iterable[Piece]) -> None:
        """Do these next, and nothing of what was asked for before."""
        with self._moved:
            self._pieces = list(pieces)
            if self._pieces and self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._moved.notify_all()

    def stop(self) -> None:
        """End the thread after the piece at hand; a later `ask` starts another."""
        with self._moved:
            self._pieces, self._thread = [], None
            self._moved.notify_all()

    def _work(self) -> None:
        while (piece := self._next()) is not None:
            try:
                piece()
            except TROUBLE as error:
                self._drop_rest()
                self.failed.emit(in_words(error))
                continue
            self.done.emit()

    def _next(self) -> Piece | None:
        me = threading.current_thread()
        with self._moved:
            self._moved.wait_for(lambda: self._pieces or self._thread is not me)
            return self._pieces.pop(0) if self._thread is me else None

    def _drop_rest(self) -> None:
        with self._moved:
            if self._thread is threading.current_thread():
                self._pieces = []
