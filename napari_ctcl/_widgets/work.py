"""How far work has come: a bar, the rate and the time left in words, and a button that stops it."""

from __future__ import annotations

import time

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QWidget

from napari_ctcl._widgets.style import beside, box, quiet
from napari_ctcl.events import Event, Failed, Finished, Note, Progress, RegionDone, Started


class WorkRow(QWidget):
    """Hidden while nothing runs."""

    cancel_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        frame, layout = box()
        outer = beside(frame)
        self.setLayout(outer.layout())
        self.bar, self.words, self.cancel = QProgressBar(), quiet(), QPushButton("Cancel")
        self.bar.setTextVisible(False)
        self.cancel.setProperty("role", "plain")
        self.cancel.clicked.connect(self._ask)
        layout.addWidget(self.bar)
        layout.addWidget(beside(self.words, self.cancel))
        self._begun = time.monotonic()
        self._first: int | None = None
        self.hide()

    def begin(self, what: str) -> None:
        """Show that work has begun."""
        self._begun, self._first = time.monotonic(), None
        self.bar.setRange(0, 0)
        self.words.setText(f"{what}...")
        self.cancel.setText("Cancel")
        self.cancel.setEnabled(True)
        self.show()

    def follow(self, event: Event) -> None:
        """Show what an event says of how far the work has come."""
        match event:
            case Started(work=work):
                self.words.setText(f"{work}...")
            case RegionDone(done=done, total=total):
                self._advance(done, total, "tiles", "")
            case Progress(done=done, total=total, unit=unit, note=note):
                self._advance(done, total, unit, note)
            case Note(text=text):
                self.words.setText(text)
            case Finished() | Failed():
                self.bar.setRange(0, 1)
                self.bar.setValue(1)

    def end(self) -> None:
        """Nothing runs any more."""
        self.hide()

    def _advance(self, done: int, total: int, unit: str, note: str) -> None:
        now = time.monotonic()
        if self._first is None:
            self._begun, self._first = now, done
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        parts = [note] if note else []
        parts.append(f"{done} of {total} {unit}".strip() if total else f"{done} {unit}".strip())
        since, gained = now - self._begun, done - self._first
        if gained > 0 and since > 1 and total:
            parts.append(f"{spoken((total - done) * since / gained)} left")
        self.words.setText(", ".join(parts))

    def _ask(self) -> None:
        self.cancel.setEnabled(False)
        self.cancel.setText("Stopping...")
        self.cancel_asked.emit()


def spoken(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
