"""What a reader decides of the photo in hand: signed off, or opened again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QObject

from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.photos import PhotoList
from napari_ctcl._widgets.resting import Resting
from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl._widgets.states import States
from napari_ctcl.session import Session
from napari_ctcl.store import Photo


class Judging(QObject):
    """Does it, says what came of it, and shows how far each photo is.

    Parameters
    ----------
    photos, header : where the states of the photos are shown; the header also asks for signatures
    resting : waits for strokes that are still being painted
    """

    def __init__(self, photos: PhotoList, header: Header, resting: Resting) -> None:
        super().__init__()
        self.photos, self.header, self._resting = photos, header, resting
        self._session: Session | None = None
        self._states = States()
        self._states.found.connect(self._show_state)
        header.sign_asked.connect(lambda: self._sign(Session.sign_off))
        header.reopen_asked.connect(lambda: self._sign(Session.reopen))

    def watch(self, session: Session) -> None:
        """Judge the photos of a session from now on."""
        self._session = session

    def stop(self) -> None:
        """The session is closed."""
        self._session = None
        self._states.stop()

    def look_at(self, photos: Sequence[Photo], *, anew: bool = False) -> None:
        """Find out how far photos are, and show it.

        Parameters
        ----------
        anew : forget whatever was looked at so far
        """
        if anew:
            self._states.stop()
        self._states.ask(photos)

    def _sign(self, step: Callable[[Session], None]) -> None:
        session = self._session
        if session is None or session.photo is None:
            return
        if self._resting.first(session, "sign", lambda: self._sign(step)):
            return
        try:
            step(session)
        except TROUBLE as error:
            self.header.tell(in_words(error), kind="bad")
        self.look_at([session.photo])

    def _show_state(self, ident: str, state: str) -> None:
        self.photos.show_state(ident, state)
        if self._session is not None and self._session.photo is not None and self._session.photo.id == ident:
            self.header.show_state(state)
