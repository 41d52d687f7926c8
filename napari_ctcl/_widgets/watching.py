"""Looks now and then at a photo that somebody else paints on: what is new, and whether it has become free."""

from __future__ import annotations

from typing import Final

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl.session import Session

_LOOK_MS: Final = 2000


class Watching(QObject):
    """Runs only while the photo in hand may not be painted on.

    `changed` says that its labels are others now, `freed` that they are in hand from now on, `failed` why not.
    """

    changed = Signal()
    freed = Signal()
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._soon = QTimer(self)
        self._soon.setInterval(_LOOK_MS)
        self._soon.timeout.connect(self.look)

    def begin(self, session: Session) -> str:
        """Watch the photo in hand, if it is only there to look at; a sentence that says why, empty where it is not."""
        self._session = session
        if session.only_look is None:
            self._soon.stop()
            return ""
        self._soon.start()
        return f"You can look at this photo, but not paint on it. {in_words(session.only_look)}"

    def stop(self) -> None:
        """No photo is in hand."""
        self._soon.stop()
        self._session = None

    def look(self) -> None:
        """Look once."""
        session = self._session
        if session is None:
            return
        try:
            changed = session.look_again()
        except TROUBLE as error:
            self.failed.emit(in_words(error))
            return
        if session.only_look is None:
            self.freed.emit()
        elif changed:
            self.changed.emit()
