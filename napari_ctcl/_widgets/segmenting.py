"""The pre-segment box: which model, on what, one button, and what is under way."""

from __future__ import annotations

from collections.abc import Sequence

from magicgui.widgets import ComboBox
from qtpy.QtCore import QEvent, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from napari_ctcl._widgets.style import beside, heading
from napari_ctcl._widgets.work import WorkRow
from napari_ctcl.events import Event
from napari_ctcl.session import STARTER

_ROOM_PX = 6


class SegmentBox(QWidget):
    """Asks for segmentation and shows its progress."""

    asked = Signal(str, object)
    accept_all_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.work = WorkRow()
        self.model = ComboBox(choices=[_labelled(STARTER, None)])
        self.model.native.setMinimumContentsLength(10)
        self.model.native.setToolTip("The model that proposes. Its own folds never judge a patient they learnt from.")
        self.device = ComboBox(choices=[("best", "auto"), ("CPU", "cpu"), ("GPU (CUDA)", "cuda")])
        self.button, self.accept = QPushButton("Pre-segment"), QPushButton("Accept all of it")
        self.button.setProperty("role", "main")
        self.accept.setProperty("role", "plain")
        self.accept.setToolTip("Take over every pixel of the proposal that nobody has painted. One stroke: Ctrl+Z.")
        self.button.clicked.connect(lambda _=False: self.asked.emit(self.device.value, self.model.value))
        self.accept.clicked.connect(self.accept_all_asked)
        self._champion: str | None = None
        self._listed = [_labelled(STARTER, None)]
        self._asking = QWidget()
        rows = QVBoxLayout(self._asking)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(beside(self.model.native, QLabel("on"), self.device.native))
        rows.addWidget(beside(self.button, self.accept))
        self._pages = QStackedWidget()  # progress takes the buttons' place, so that the palette below never moves
        self._pages.addWidget(self._asking)
        self._pages.addWidget(self.work)
        layout.addWidget(heading("MODEL'S PROPOSAL"))
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

    def show_models(self, models: Sequence[str], champion: str | None, *, shown: bool) -> None:
        """List the models, the first as the choice of whoever chooses nothing.

        Parameters
        ----------
        models : the one in use first
        champion : the study's own model in use, if it has one
        shown : whether there is a proposal to accept
        """
        choices = [_labelled(name, champion) for name in models]
        if choices != self._listed:
            chosen, fresh = self.model.value, champion != self._champion
            self._listed, self._champion = choices, champion
            self.model.choices = choices
            self.model.value = models[0] if fresh or chosen not in models else chosen
        self.button.setText("Pre-segment again" if shown else "Pre-segment")
        self.accept.setEnabled(shown)


def _labelled(name: str, champion: str | None) -> tuple[str, str]:
    notes = [note for note, said in (("synthetic skin", name == STARTER), ("in use", name == champion)) if said]
    return f"{name} ({', '.join(notes)})" if notes else name, name
