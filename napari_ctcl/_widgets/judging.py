"""What a reader decides of the photo in hand: all of the proposal accepted, the photo signed off or opened again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.accepting import Accepting
from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.photos import PhotoList
from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl._widgets.states import States
from napari_ctcl.errors import CtclError
from napari_ctcl.session import Session
from napari_ctcl.store import Photo


class Judging(QObject):
    """Does it, says what came of it, and shows how far each photo is.

    `held` says whether the pen must be kept off the photo, `accepted` that its labels have changed.

    Parameters
    ----------
    photos, header : where the states of the photos are shown; the header also asks for signatures
    """

    held = Signal(bool)
    accepted = Signal()

    def __init__(self, photos: PhotoList, header: Header) -> None:
        super().__init__()
        self.photos, self.header = photos, header
        self._session: Session | None = None
        self._accepting, self._states = Accepting(), States()
        self._accepting.began.connect(self._began)
        self._accepting.done.connect(self._done)
        self._states.found.connect(self._show_state)
        header.sign_asked.connect(lambda: self._sign(Session.sign_off))
        header.reopen_asked.connect(lambda: self._sign(Session.reopen))

    @property
    def busy(self) -> bool:
        """Whether a proposal is being accepted."""
        return self._accepting.busy

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

    def accept_all(self) -> None:
        """Take over the rest of the proposal."""
        session = self._session
        if session is not None and session.photo is not None and not self.busy:
            self._accepting.begin(session)

    def _began(self) -> None:
        self.header.tell("Accepting the proposal; painting goes on when it is done.", kind="work")
        self.held.emit(True)

    def _done(self, outcome: int | CtclError | OSError) -> None:
        self.held.emit(False)
        if not isinstance(outcome, int):
            self.header.tell(in_words(outcome), kind="bad")
            return
        self.accepted.emit()
        said = f"{outcome:,} pixels of the proposal accepted. Undo takes them all back."
        self.header.tell(said if outcome else "Nothing of the proposal is left to accept.", kind="good")

    def _sign(self, step: Callable[[Session], None]) -> None:
        session = self._session
        if session is None or session.photo is None or self.busy:
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
