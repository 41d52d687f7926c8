"""Waits until the pen is up and all that it did is in the labels, before the photo under it is left or signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from qtpy.QtCore import QObject, QTimer

from napari_ctcl._widgets.canvas import Canvas
from napari_ctcl._widgets.header import Header
from napari_ctcl.session import Session

_LOOK_MS: Final = 30
_WRITING: Final = "A moment: what you painted last is being written"


class Resting(QObject):
    """What waits is done in the order in which it was asked for; the same thing asked for again takes its own place.

    Parameters
    ----------
    canvas : where the pen is
    header : where it is said that something waits
    """

    def __init__(self, canvas: Canvas, header: Header) -> None:
        super().__init__()
        self._canvas, self._header = canvas, header
        self._waiting: dict[str, tuple[Session, Callable[[], object]]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def first(self, session: Session, what: str, then: Callable[[], object]) -> bool:
        """Whether it must wait; if so, `then` is done later.

        Parameters
        ----------
        what : waits, such as "close the window"
        """
        if self._at_rest(session):
            return False
        drawing = "Finish what you draw, or drop it with Esc" if self._canvas.pen_down else _WRITING
        self._header.tell(f"{drawing}. Then {what}.", kind="work")
        self._waiting.pop(what, None)
        self._waiting[what] = session, then
        self._timer.start()
        return True

    def _at_rest(self, session: Session) -> bool:
        return session.finished and not self._canvas.pen_down

    def _look(self) -> None:
        for what, (session, then) in list(self._waiting.items()):
            if not self._at_rest(session):
                return
            self._waiting.pop(what, None)
            then()
        if not self._waiting:
            self._timer.stop()
