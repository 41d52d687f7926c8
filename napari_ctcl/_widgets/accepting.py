"""Takes over the whole proposal of a photo: at once where it is small, beside the window where that takes a while."""

from __future__ import annotations

import threading
from typing import Final

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.speaking import TROUBLE
from napari_ctcl.session import Session

AT_ONCE_PX: Final = 16_000_000
"""Photos up to this size are accepted on the window's own thread, in a fraction of a second."""


class Accepting(QObject):
    """`done` gives how many pixels were taken over, or the error that kept them from being so."""

    began = Signal()
    done = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.busy = False

    def begin(self, session: Session) -> None:
        """Accept all of the proposal of the photo in hand; the caller keeps the pen away until it is done."""
        self.busy = True
        height, width = session.labels.shape
        if height * width <= AT_ONCE_PX:
            self._work(session)
            return
        self.began.emit()
        threading.Thread(target=self._work, args=(session,), name="accept").start()

    def _work(self, session: Session) -> None:
        try:
            outcome: object = session.accept_all()
        except TROUBLE as error:
            outcome = error
        self.busy = False
        self.done.emit(outcome)
