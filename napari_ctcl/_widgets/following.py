"""Follows the running job on the window's own thread, and has the panels show how it goes and how it ended."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.segmenting import SegmentBox
from napari_ctcl._widgets.speaking import in_words
from napari_ctcl._widgets.training import TrainPanel
from napari_ctcl.events import Event, Failed, Finished
from napari_ctcl.session import Session, Work

_POLL_MS = 60


class Follower(QObject):
    """Polls while something runs.

    Parameters
    ----------
    segmenting, training : panels of the two kinds of work
    header : where the end of a segmentation is told
    """

    ended = Signal()

    def __init__(self, segmenting: SegmentBox, training: TrainPanel, header: Header) -> None:
        super().__init__()
        self.segmenting, self.training, self.header = segmenting, training, header
        self._session: Session | None = None
        self._poll = QTimer(self)
        self._poll.timeout.connect(self._hand_on)

    def watch(self, session: Session) -> None:
        """Show the jobs of a session from now on."""
        self._session = session
        session.job_event.connect(self._event)
        session.job_ended.connect(self._end)

    def start(self) -> None:
        """A job has started."""
        self._poll.start(_POLL_MS)

    def stop(self) -> None:
        """The session is closed; nothing runs any more."""
        self._poll.stop()
        self._session = None
        self.segmenting.end()
        self.training.work.end()

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
