"""The pre-segment box: which model, on what, one button, and what is under way."""

from __future__ import annotations

from magicgui.widgets import ComboBox
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_ctcl._widgets.style import beside, heading, quiet
from napari_ctcl._widgets.work import WorkRow


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
        layout.addWidget(heading("MODEL'S PROPOSAL"))
        layout.addWidget(self.model)
        layout.addWidget(beside(QLabel("Runs on"), self.device.native))
        layout.addWidget(beside(self.button, self.accept))
        layout.addWidget(self.work)

    def show_model(self, champion: str | None, *, shown: bool) -> None:
        """Say whose proposal a click will ask for, and whether there is one to accept."""
        name = f"Model: <b>{champion}</b>" if champion else "Model: <b>starter</b>, trained on synthetic skin"
        self.model.setText(name)
        self.button.setText("Pre-segment again" if shown else "Pre-segment")
        self.accept.setEnabled(shown)
