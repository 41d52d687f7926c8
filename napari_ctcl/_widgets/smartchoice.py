"""What the smart brush paints: superpixels, or the model's segments; shown while that brush is in hand."""

from __future__ import annotations

from typing import Final

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from napari_ctcl._widgets.smart import Source
from napari_ctcl._widgets.style import beside, heading, key

_CHOICES: Final[tuple[tuple[Source, str, str], ...]] = (
    ("superpixel", "Superpixel", "Pieces whose borders follow what is seen, as large as the brush."),
    (
        "model",
        "Model's segment",
        "The whole shape that the model proposes under the pen; superpixels where it proposes none.",
    ),
)


class SmartChoice(QWidget):
    """Two buttons, of which one is down."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        self._cap = key("")
        layout.addWidget(beside(heading("SMART BRUSH PAINTS"), self._cap))
        group = QButtonGroup(self)
        self.buttons: dict[Source, QRadioButton] = {}
        for source, name, what in _CHOICES:
            button = QRadioButton(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(what)
            button.setAccessibleDescription(what)
            button.toggled.connect(lambda down, source=source: down and self.chosen.emit(source))
            group.addButton(button)
            layout.addWidget(button)
            self.buttons[source] = button
        self.buttons["superpixel"].setChecked(True)
        self.hide()

    def show_keys(self, keys: str) -> None:
        """Name the keys that take the smart brush in hand and put it away."""
        self._cap.setText(keys)
        self._cap.setVisible(bool(keys))

    def show_tool(self, tool: str) -> None:
        """Show the choice while the smart brush is in hand."""
        self.setVisible(tool == "smart")
