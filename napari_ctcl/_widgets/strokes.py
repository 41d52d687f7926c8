"""What has become of what the hand did: whether it is safe, how far a vast one has come, what was refused."""

from __future__ import annotations

import time
from typing import Final

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ctcl._widgets.badge import LOOKED_AT, NOT_SAVED, SAVED, SAVING
from napari_ctcl._widgets.canvas import Canvas
from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.palette import Palette
from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl.errors import CtclError
from napari_ctcl.inhand import InHand
from napari_ctcl.session import Session
from napari_ctcl.store.gesture import Judge
from napari_ctcl.store.painter import News

_DONE: Final = {"accept": "accepted", "reject": "rejected", "reclassify": "reclassified"}
_LONG_S: Final = 0.7
"""How long a gesture is at work before the reader is told how far it has come."""
_LOOK_MS: Final = 250


class Strokes(QObject):
    """Tells in the header and in the palette; `saved` gives one of the words of the badge, `painted` counts for more.

    Parameters
    ----------
    canvas : where the hand works
    header : where messages are shown
    palette : whose undo and redo are kept true
    """

    saved = Signal(str)
    painted = Signal()

    def __init__(self, canvas: Canvas, header: Header, palette: Palette) -> None:
        super().__init__()
        self._canvas, self._header, self._palette = canvas, header, palette
        self._session: Session | None = None
        self._begun: float | None = None
        self._problem: CtclError | OSError | None = None
        self._word: str | None = None
        self._told, self._safe = False, True
        self._looking = QTimer(self)
        self._looking.setInterval(_LOOK_MS)
        self._looking.timeout.connect(self._look)
        canvas.painted.connect(self._painted)
        canvas.doing.connect(self._doing)
        canvas.refused.connect(lambda text: header.tell(text, kind="info"))
        canvas.failed.connect(lambda text: header.tell(f"That was not kept. {text}", kind="bad"))

    def begin(self, session: Session) -> None:
        """Another photo has come into hand."""
        self._session, self._begun, self._safe, self._word = session, None, True, None
        self._looking.start()
        self._look()
        self.show_undo()
        rebuilt = session.hand.mended if session.hand else 0
        if rebuilt:
            tiles = "1 tile" if rebuilt == 1 else f"{rebuilt:,} tiles"
            self._header.tell(f"{tiles} of the labels had been lost or damaged; all is rebuilt from the journal.")

    def stop(self) -> None:
        """No photo is in hand."""
        self._session = None
        self._looking.stop()
        self.show_undo()

    def accept_all(self) -> None:
        """Have the rest of the proposal taken over."""
        session = self._session
        if session is None or session.photo is None:
            return
        try:
            session.accept_all()
        except TROUBLE as error:
            self._header.tell(in_words(error), kind="bad")
            return
        self._canvas.follow()
        self._header.tell("Accepting the rest of the proposal; go on painting meanwhile.", kind="work")

    def show_undo(self) -> None:
        """Offer undo and redo where there is something to take back, or to do again."""
        hand = self._session.hand if self._session else None
        self._palette.undo.setEnabled(hand is not None and hand.can_undo)
        self._palette.redo.setEnabled(hand is not None and hand.can_redo)

    def _painted(self, news: News) -> None:
        session, self._begun = self._session, None
        if session is None:
            return
        try:
            labels = session.painted()
        except TROUBLE as error:
            self._safe = False
            self._header.tell(in_words(error), kind="bad")
        else:
            self._safe = True
            self._warn(labels.problem)
            self._say_done(news)
        self._look()
        self.show_undo()
        self.painted.emit()

    def _warn(self, problem: CtclError | OSError | None) -> None:
        known, self._problem = self._problem, problem
        if problem is not None and problem is not known:
            words = f"Your strokes are safe in the journal, but not in the labels yet. {in_words(problem)}"
            self._header.tell(words, kind="warn")

    def _say_done(self, news: News) -> None:
        gesture = news.gesture
        if isinstance(gesture, Judge) and gesture.inside is not None and news.error is None:
            done = f"{news.pixels:,} pixels {_DONE[gesture.tool]}. Undo takes them all back."
            self._header.tell(done, kind="good")
        elif self._told and news.error is None:
            self._header.tell(f"{gesture.tool.capitalize()}: all {_megapixels(news.pixels)} are written.", kind="good")
        self._told = False

    def _doing(self, news: News) -> None:
        if not news.pixels:  # an undo, or coarser levels that follow what has ended
            return
        now = time.monotonic()
        self._begun = self._begun or now
        if now - self._begun > _LONG_S:
            what, far = news.gesture.tool.capitalize(), _megapixels(news.pixels)
            self._header.tell(f"{what}: {far} so far. Go on meanwhile; Esc takes it back.", kind="work")
            self._told = True

    def _look(self) -> None:
        hand = self._session.hand if self._session else None
        if hand is None:
            return
        if hand.only_look is None and self._safe:
            self._warn(hand.labels.problem)
        word = self._safety(hand)
        if word != self._word:  # the badge lies on the photo: to write it anew has the photo drawn anew
            self._word = word
            self.saved.emit(word)

    def _safety(self, hand: InHand) -> str:
        if hand.only_look is not None:
            return LOOKED_AT
        if not self._safe:
            return NOT_SAVED
        return SAVING if hand.labels.problem is None and hand.unsafe else SAVED


def _megapixels(pixels: int) -> str:
    return f"{pixels / 1e6:,.{0 if pixels >= 1e7 else 1}f} megapixels"
