"""The palette: which class and which tool are in hand, how wide the brush is and how the labels are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_ctcl._widgets.style import Swatch, beside, heading, key, quiet, refresh_style
from napari_ctcl.lesion import CLASSES, COLOUR_BLIND, RGB, SCREEN_COLOURS, Lesion

TOOLS: Final = (
    ("paint", "Brush", "Paint with the class in hand. Right-drag around an area and back to fill it."),
    ("smart", "Smart", "Paint the piece of skin under the pen, up to its own border."),
    ("lasso", "Lasso", "Draw around an area to fill it."),
    ("polygon", "Polygon", "Click the corners; double-click to close, right-click to take one back."),
    ("fill", "Fill", "Fill the connected area under the cursor."),
    ("erase", "Erase", "Back to unlabelled; the model's proposal shows again."),
    ("pick", "Pick", "Take the class that is under the cursor."),
    ("region", "Region", "Draw around what accepting and rejecting is meant for; a click drops it."),
    ("ruler", "Ruler", "Click two points and say how far apart they are, or measure where that is known."),
    ("pan_zoom", "Move", "Drag the photo."),
)
"""Tools in the order of their buttons: the layer's word, the button's, and what the tool does."""

_IN_A_ROW: Final = 5
_TINT, _LINE_PX, _AMOUNT_PX = 15, 3, 58
_BRUSH_STEPS, _BRUSH_MIN, _BRUSH_MAX = 200, 3.0, 600.0


class ClassRow(QPushButton):
    """One class: its colour, name, key and how much of the photo a person has given it."""

    def __init__(self, lesion: Lesion) -> None:
        super().__init__()
        self.lesion = lesion
        self.setProperty("role", "row")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.picture, self.amount, self.cap = Swatch(), QLabel(), key("")
        self.amount.setProperty("role", "quiet")
        self.amount.setMinimumWidth(_AMOUNT_PX)
        self.amount.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(8)
        for widget in (self.picture, QLabel(lesion.title)):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self.amount)
        layout.addWidget(self.cap)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for what it holds, which a button by itself does not count."""
        return QSize(self.layout().sizeHint())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The same."""
        return QSize(self.layout().minimumSize())

    def show_key(self, keys: str) -> None:
        """Show the key that takes this class in hand."""
        self.cap.setText(keys)
        self.cap.setVisible(bool(keys))
        self.setToolTip(f"Paint {self.lesion.title} ({keys})")
        self.setAccessibleName(f"{self.lesion.title}, key {keys}")

    def choose(self, chosen: bool) -> None:
        """Show whether this class is in hand."""
        self.setChecked(chosen)
        self.setProperty("chosen", "true" if chosen else "false")
        refresh_style(self)


class Palette(QWidget):
    """Classes, tools and looks; it only says what was asked for and shows what it is told."""

    class_chosen = Signal(int)
    tool_chosen = Signal(str)
    brush_changed = Signal(float, bool)
    outline_changed = Signal(int)
    keep_human_changed = Signal(bool)
    looks_changed = Signal()
    undo_asked = Signal()
    redo_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(5)
        self._build_classes()
        self._build_tools()
        self._build_brush()
        self._build_looks()
        self.colour()
        self.show_class(Lesion.PATCH)

    def _build_classes(self) -> None:
        self._layout.addWidget(heading("CLASS IN HAND"))
        self.rows = {lesion: ClassRow(lesion) for lesion in CLASSES}
        self._classes = QButtonGroup(self)
        for lesion, row in self.rows.items():
            self._classes.addButton(row)
            row.clicked.connect(lambda _=False, value=int(lesion): self.class_chosen.emit(value))
            self._layout.addWidget(row)

    def _build_tools(self) -> None:
        self._layout.addWidget(heading("TOOL"))
        self.tools, self._group, grid = {}, QButtonGroup(self), QGridLayout()
        grid.setSpacing(4)
        for number, (tool, name, _) in enumerate(TOOLS):
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setProperty("role", "tool")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            button.clicked.connect(lambda _=False, tool=tool: self.tool_chosen.emit(tool))
            self._group.addButton(button)
            self.tools[tool] = button
            grid.addWidget(button, *divmod(number, _IN_A_ROW))
        self._layout.addLayout(grid)
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        for button, signal in ((self.undo, self.undo_asked), (self.redo, self.redo_asked)):
            button.setProperty("role", "plain")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(signal)
        row = beside(self.undo, self.redo, spacing=4)
        row.layout().setStretch(1, 1)
        self._layout.addWidget(row)

    def _build_brush(self) -> None:
        self.size, self.size_text = _slider(0, _BRUSH_STEPS), QLabel()
        self.constant = QCheckBox("Same size on screen at every zoom")
        self.constant.setChecked(True)
        self.constant.setToolTip("Off: the brush keeps its size in the photo's own pixels.")
        self.keep = QCheckBox("Never paint over human pixels")
        self.size.setAccessibleName("Brush size")
        self._smaller, self._larger = key(""), key("")
        self._layout.addWidget(_titled("Brush", self.size_text, self._smaller, self._larger))
        for widget in (self.size, self.constant, self.keep):
            self._layout.addWidget(widget)
        self.size.valueChanged.connect(lambda _: self._say_brush())
        self.constant.toggled.connect(lambda _: self._say_brush())
        self.keep.toggled.connect(self.keep_human_changed)
        self.show_brush(40)

    def _build_looks(self) -> None:
        self.opacity, self.opacity_text = _slider(0, 100, _TINT), QLabel(f"{_TINT} %")
        self.outline, self.outline_text = _slider(0, 6, _LINE_PX), QLabel(f"{_LINE_PX} px")
        self.opacity.setToolTip("Colour inside the outlines. Much of it hides erythema.")
        self.outline.setToolTip("Solid: painted or accepted by a person. Dashed: proposed by the model.")
        self.tint, self.blind = QCheckBox("Tint verified skin"), QCheckBox("Colour-blind colours")
        for check in (self.constant, self.keep, self.tint, self.blind):
            check.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tint.setToolTip("Show what a person has judged normal.")
        self._layout.addWidget(heading("LOOK"))
        for title, slider, text in (
            ("Opacity", self.opacity, self.opacity_text),
            ("Outline", self.outline, self.outline_text),
        ):
            slider.setAccessibleName(title)
            self._layout.addWidget(_titled(title, text))
            self._layout.addWidget(slider)
        self._layout.addWidget(self.tint)
        self._layout.addWidget(self.blind)
        self._hint = quiet()
        self._layout.addWidget(self._hint)
        self.opacity.valueChanged.connect(self._say_opacity)
        self.outline.valueChanged.connect(self._say_outline)
        self.tint.toggled.connect(lambda _: self.looks_changed.emit())
        self.blind.toggled.connect(self.colour)

    # What it says

    def _say_opacity(self, value: int) -> None:
        self.opacity_text.setText(f"{value} %")
        self.looks_changed.emit()

    def _say_outline(self, value: int) -> None:
        self.outline_text.setText(f"{value} px" if value else "none")
        self.outline_changed.emit(value)

    def _say_brush(self) -> None:
        self._write_brush()
        self.brush_changed.emit(self.brush, self.constant.isChecked())

    @property
    def brush(self) -> float:
        """Diameter: pixels of the screen, or of the photo when it is not constant on screen."""
        return float(_BRUSH_MIN * (_BRUSH_MAX / _BRUSH_MIN) ** (self.size.value() / _BRUSH_STEPS))

    @property
    def colours(self) -> Mapping[Lesion, RGB]:
        """The class colours in use."""
        return COLOUR_BLIND if self.blind.isChecked() else SCREEN_COLOURS

    # What it shows

    def show_brush(self, diameter: float) -> None:
        """Show a brush size that was set elsewhere, without saying it again."""
        clamped = min(max(diameter, _BRUSH_MIN), _BRUSH_MAX)
        self.size.blockSignals(True)
        self.size.setValue(round(_BRUSH_STEPS * math.log(clamped / _BRUSH_MIN) / math.log(_BRUSH_MAX / _BRUSH_MIN)))
        self.size.blockSignals(False)
        self._write_brush()

    def _write_brush(self) -> None:
        where = "on screen" if self.constant.isChecked() else "in the photo"
        self.size_text.setText(f"{self.brush:.0f} px {where}")

    def show_class(self, lesion: Lesion) -> None:
        """Mark the class in hand."""
        for known, row in self.rows.items():
            row.choose(known is lesion)

    def show_tool(self, mode: str) -> None:
        """Mark the tool in hand."""
        if mode in self.tools:
            self.tools[mode].setChecked(True)

    def show_keys(self, keys: Mapping[str, str]) -> None:
        """Name the keys that do the same as the controls.

        Parameters
        ----------
        keys : by the name of an action
        """
        for lesion, row in self.rows.items():
            row.show_key(keys[lesion.title])
        for tool, name, what in TOOLS:
            self.tools[tool].setToolTip(f"{what} ({keys[tool]})")
            self.tools[tool].setAccessibleName(f"{name}, key {keys[tool]}")
        self.undo.setToolTip(f"Take back the last stroke ({keys['undo']})")
        self.redo.setToolTip(f"Paint it again ({keys['redo']})")
        self._smaller.setText(keys["smaller"])
        self._larger.setText(keys["larger"])
        self._hint.setText(
            f"Solid lines are a person's, dashed ones the model's: {keys['accept']} accepts what is under the cursor,"
            f" {keys['reject']} rejects it. Hold {keys['peek']} to see the bare photo."
        )

    def show_amounts(self, pixels: Mapping[Lesion, int], total: int) -> None:
        """Show how much of the photo people have given each class."""
        for lesion, row in self.rows.items():
            count = pixels.get(lesion, 0)
            row.amount.setText(f"{100 * count / total:.2f} %" if count else "")
            row.amount.setToolTip(f"{count:,} of the photo's {total:,} pixels, painted or accepted by a person")

    def colour(self, *_: object) -> None:
        """Give the rows the colours in use, and say so."""
        for lesion, row in self.rows.items():
            row.picture.show_colour(self.colours[lesion])
        self.looks_changed.emit()


def _slider(low: int, high: int, value: int = 0) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setValue(value)
    slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return slider


def _titled(title: str, *right: QWidget) -> QWidget:
    name = QLabel(title)
    for widget in right:
        if widget.property("role") is None:
            widget.setProperty("role", "quiet")
    return beside(name, *right)
