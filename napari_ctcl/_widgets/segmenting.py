"""The pre-segment box: which model, on what, one button, and what is under way."""

from __future__ import annotations

from magicgui.widgets import ComboBox
from qtpy.QtCore import QEvent, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from napari_ctcl._widgets.style import beside, heading, quiet
from napari_ctcl._widgets.work import WorkRow
from napari_ctcl.events import Event

_ROOM_PX = 6


class SegmentBox(QWidget):
    """Asks for segmentation and shows its progress."""

    asked = Signal(str)
    accept_all_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.model, self.work = quiet(), WorkRow()
        self.device = ComboBox(choices=[("best available", "auto"), ("CPU", "cpu"), ("GPU (CUDA)", "cuda")])
        self.button, self.accept = QPushButton("Pre-segment"), QPushButton("Accept all of it")
        self.button.setProperty("role", "main")
        self.accept.setProperty("role", "plain")
        self.accept.setToolTip("Take over every pixel of the proposal that nobody has painted. One stroke: Ctrl+Z.")
        self.button.clicked.connect(lambda _=False: self.asked.emit(self.device.value))
        self.accept.clicked.connect(self.accept_all_asked)
        self._asking = QWidget()
        rows = QVBoxLayout(self._asking)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(beside(QLabel("Runs on"), self.device.native))
        rows.addWidget(beside(self.button, self.accept))
        self._pages = QStackedWidget()  # progress takes the buttons' place, so that the palette below never moves
        self._pages.addWidget(self._asking)
        self._pages.addWidget(self.work)
        layout.addWidget(heading("MODEL'S PROPOSAL"))
        layout.addWidget(self.model)
        layout.addWidget(self._pages)

    def showEvent(self, event: QEvent) -> None:  # noqa: N802
        """Hold the height of the buttons, now that they have their looks."""
        super().showEvent(event)
        self._pages.setFixedHeight(self._asking.minimumSizeHint().height() + _ROOM_PX)

    def begin(self, what: str) -> None:
        """Show that a segmentation has begun."""
        self._pages.setCurrentWidget(self.work)
        self.work.begin(what)

    def follow(self, event: Event) -> None:
        """Show what it says."""
        self.work.follow(event)

    def end(self) -> None:
        """Nothing runs; it can be asked for again."""
        self.work.end()
        self._pages.setCurrentIndex(0)

    def show_model(self, champion: str | None, *, shown: bool) -> None:
        """Say whose proposal a click will ask for, and whether there is one to accept."""
        name = f"Model: <b>{champion}</b>" if champion else "Model: <b>starter</b>, trained on synthetic skin"
        self.model.setText(name)
        self.button.setText("Pre-segment again" if shown else "Pre-segment")
        self.accept.setEnabled(shown)
