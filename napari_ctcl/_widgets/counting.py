"""Counts what people have painted, beside the window: the photo in hand, or the whole study for the Train tab."""

from __future__ import annotations

import threading
from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl.session import Session


class Counter(QObject):
    """Counts on a thread of its own, a moment after it was asked; a newer request replaces one that still waits."""

    counted = Signal(str, object, int)
    learnt = Signal(object)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._whole_study = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._begin)

    def ask(self, session: Session, *, whole_study: bool, soon_ms: int = 0) -> None:
        """Count the photo in hand, or the whole study; the answer comes as a signal.

        Parameters
        ----------
        soon_ms : how long to wait for further strokes
        """
        self._session, self._whole_study = session, whole_study
        self._soon.start(soon_ms)

    def stop(self) -> None:
        """Forget what waits to be counted."""
        self._session = None
        self._soon.stop()

    def _begin(self) -> None:
        session = self._session
        if session is not None and session.photo is not None:
            work = self._count_study if self._whole_study else self._count_photo
            threading.Thread(target=self._work, args=(work, session), name="count", daemon=True).start()

    def _work(self, work: Callable[[Session], None], session: Session) -> None:
        try:
            work(session)
        except TROUBLE as error:
            if self._session is session:  # a study that was closed meanwhile has nothing to say
                self.failed.emit(f"What is painted could not be counted. {in_words(error)}")

    def _count_study(self, session: Session) -> None:
        self.learnt.emit(session.learnable())

    def _count_photo(self, session: Session) -> None:
        photo, labels = session.photo, session.labels
        if photo is not None:
            labels.flush()
            self.counted.emit(photo.id, photo.label_pixels("annotation"), photo.height * photo.width)
