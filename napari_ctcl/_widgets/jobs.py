"""Starts the jobs of the open study, follows them on the window's own thread, and shows how they go and end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.segmenting import SegmentBox
from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl._widgets.training import TrainPanel
from napari_ctcl.events import Event, Failed, Finished
from napari_ctcl.region import Region
from napari_ctcl.session import Session, Work

_POLL_MS = 60


class Jobs(QObject):
    """Polls while something runs.

    Parameters
    ----------
    segmenting, training : panels of the two kinds of work, which ask for it
    header : where the end of a segmentation is told
    visible : gives the level-0 region on screen, which is segmented first
    """

    began = Signal()
    ended = Signal()

    def __init__(
        self, segmenting: SegmentBox, training: TrainPanel, header: Header, visible: Callable[[], Region | None]
    ) -> None:
        super().__init__()
        self.segmenting, self.training, self.header, self._visible = segmenting, training, header, visible
        self._session: Session | None = None
        self._poll = QTimer(self)
        self._poll.timeout.connect(self._hand_on)
        segmenting.asked.connect(self.segment)
        training.asked.connect(self.retrain)
        training.resume_asked.connect(self.resume)
        for panel in (segmenting, training):
            panel.work.cancel_asked.connect(self.cancel)

    def watch(self, session: Session) -> None:
        """Do and show the jobs of a session from now on."""
        self._session = session
        self.training.clear(resumable=session.stopped_run is not None)
        session.job_event.connect(self._event)
        session.job_ended.connect(self._end)

    def stop(self) -> None:
        """The session is closed; nothing runs any more."""
        self._poll.stop()
        self._session = None
        self.segmenting.end()
        self.training.work.end()

    # Asking

    def segment(self, device: str, model: str | None = None) -> None:
        """Have a model label the photo in hand, beginning with what is on screen; the one in use by default."""
        if self._start(lambda session: session.segment(device, model=model, first=self._visible())):
            self.segmenting.begin("Starting the model")

    def retrain(self, recipe: str) -> None:
        """Learn from everything that people have labelled."""
        if self._start(lambda session: session.retrain(recipe)):
            self.training.begin()

    def resume(self) -> None:
        """Go on with the training that was stopped."""
        if self._start(lambda session: session.retrain(resume=session.stopped_run)):
            self.training.begin()

    def cancel(self) -> None:
        """Stop what is running."""
        if self._session is not None:
            self._session.cancel()

    def _start(self, start: Callable[[Session], None]) -> bool:
        if self._session is None:
            return False
        try:
            start(self._session)
        except TROUBLE as error:
            self.header.tell(in_words(error), kind="bad")
            return False
        self._poll.start(_POLL_MS)
        self.began.emit()
        return True

    # Following

    def _hand_on(self) -> None:
        if self._session is None or self._session.work is None:
            self._poll.stop()
        else:
            self._session.poll()

    def _event(self, work: Work, event: Event) -> None:
        (self.segmenting if work == "segment" else self.training).follow(event)

    def _end(self, work: Work, event: Finished | Failed) -> None:
        if isinstance(event, Failed) and event.exit_code == 1 and self._session is not None:
            event = replace(event, do=f"see {self._session.log(work)}" + (f", or {event.do}" if event.do else ""))
        if work == "segment":
            self.segmenting.end()
            self._tell(event)
        else:
            stopped = self._session.stopped_run if self._session is not None else None
            self.training.end(event, resumable=stopped is not None)
        self.ended.emit()

    def _tell(self, event: Finished | Failed) -> None:
        if isinstance(event, Finished):
            self.header.tell("The model's proposal is complete: dashed until you accept or correct it.", kind="good")
        elif event.exit_code == 130:
            self.header.tell("Stopped. What was finished stays; pre-segment again to go on from there.")
        else:
            self.header.tell(in_words(event), kind="bad")
