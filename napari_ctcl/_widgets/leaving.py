"""Asks before running work is stopped, and goes on once the work has kept what it did, while the window stays alive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QAbstractButton, QMessageBox, QWidget

from napari_ctcl._widgets.header import Header
from napari_ctcl.session import Session, Work

NAMES: Final[dict[Work, str]] = {"segment": "pre-segmentation", "retrain": "training"}
KEPT: Final[dict[Work, str]] = {
    "segment": "What is finished stays; Pre-segment goes on from there.",
    "retrain": "It keeps what it has learnt; Resume goes on from there.",
}


class Leaving(QObject):
    """One question at a time.

    Parameters
    ----------
    panel : widget of the window that asks
    header : where it is said that the work is being stopped
    """

    def __init__(self, panel: QWidget, header: Header) -> None:
        super().__init__(panel)
        self.panel, self.header = panel, header
        self.question: QMessageBox | None = None
        self._stop: QAbstractButton | None = None
        self._session: Session | None = None
        self._waiting: Callable[[], object] | None = None
        self._then: Callable[[], object] | None = None

    def ask(self, session: Session, what: str, then: Callable[[], object]) -> None:
        """Ask whether the session's work may be stopped.

        Parameters
        ----------
        what : what is waiting for it, such as "close the window"
        then : does that, once the work has ended
        """
        if session.work is None or self._then is not None or self.question is not None:
            return
        work = session.work
        self.question = box = QMessageBox(self.panel.window())
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("CTCL")
        box.setText(f"{NAMES[work].capitalize()} is running in this study.")
        box.setInformativeText(f"Stop it and {what}? {KEPT[work]}")
        self._stop = box.addButton(f"Stop it and {what}", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton("Keep it running", QMessageBox.ButtonRole.RejectRole))
        self._session, self._waiting = session, then
        box.finished.connect(self._answered)
        box.open()

    def _answered(self, _: int) -> None:
        box, session, then = self.question, self._session, self._waiting
        self.question = self._session = self._waiting = None
        if box is None or session is None:
            return
        stop = box.clickedButton() is self._stop
        box.deleteLater()
        if stop:
            self._then = then
            self._stop_work(session)

    def _stop_work(self, session: Session) -> None:
        if session.work is None:
            self.go_on()
        else:
            self.header.tell(f"Stopping the {NAMES[session.work]}. {KEPT[session.work]}", kind="work")
            session.cancel()

    def go_on(self) -> None:
        """The work has ended: do what was waiting for it, if anything was."""
        then, self._then = self._then, None
        if then is not None:
            QTimer.singleShot(0, then)
