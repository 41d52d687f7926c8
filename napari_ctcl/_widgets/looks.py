"""How labels look on the photo: colour inside the outlines, width of the outlines, which colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QSlider, QVBoxLayout, QWidget

from napari_ctcl._widgets.style import heading, quiet, titled
from napari_ctcl.lesion import COLOUR_BLIND, RGB, SCREEN_COLOURS, Lesion

_TINT, _LINE_PX, _LINE_MOST_PX = 15, 3, 6
_HINT: Final = (
    "Solid lines are a person's, dashed ones the model's: {accept} accepts what is under the cursor, {reject} rejects"
    " it. Hold {peek} to see the bare photo."
)


class LooksBox(QWidget):
    """Sliders and switches; it only says what was asked for."""

    changed = Signal()
    outline_changed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        self.opacity, self.opacity_text = _slider("Opacity", 100, _TINT), QLabel(f"{_TINT} %")
        self.outline, self.outline_text = _slider("Outline", _LINE_MOST_PX, _LINE_PX), QLabel(f"{_LINE_PX} px")
        self.opacity.setToolTip("Colour inside the outlines. Much of it hides erythema.")
        self.outline.setToolTip("Solid: painted or accepted by a person. Dashed: proposed by the model.")
        self.tint, self.blind = QCheckBox("Tint verified skin"), QCheckBox("Colour-blind colours")
        self.tint.setToolTip("Show what a person has judged normal.")
        self._hint = quiet()
        for widget in (
            heading("LOOK"),
            titled("Opacity", self.opacity_text),
            self.opacity,
            titled("Outline", self.outline_text),
            self.outline,
            self.tint,
            self.blind,
            self._hint,
        ):
            layout.addWidget(widget)
        for check in (self.tint, self.blind):
            check.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            check.toggled.connect(lambda _: self.changed.emit())
        self.opacity.valueChanged.connect(self._say_opacity)
        self.outline.valueChanged.connect(self._say_outline)

    @property
    def colours(self) -> Mapping[Lesion, RGB]:
        """The class colours in use."""
        return COLOUR_BLIND if self.blind.isChecked() else SCREEN_COLOURS

    def show_keys(self, keys: Mapping[str, str]) -> None:
        """Name the keys that the hint speaks of, by the names of their actions."""
        self._hint.setText(_HINT.format(**keys))

    def _say_opacity(self, value: int) -> None:
        self.opacity_text.setText(f"{value} %")
        self.changed.emit()

    def _say_outline(self, value: int) -> None:
        self.outline_text.setText(f"{value} px" if value else "none")
        self.outline_changed.emit(value)


def _slider(name: str, most: int, value: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, most)
    slider.setValue(value)
    slider.setAccessibleName(name)
    slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return slider
