"""The palette: which class and which tool are in hand; with the brush and the looks below them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_ctcl._widgets.brush import BrushBox
from napari_ctcl._widgets.looks import LooksBox
from napari_ctcl._widgets.smartchoice import SmartChoice
from napari_ctcl._widgets.style import Swatch, beside, heading, key, refresh_style
from napari_ctcl.lesion import CLASSES, Lesion

TOOLS: Final = (
    ("paint", "Brush", "Paint with the class in hand. Right-click, go around an area and back: it is filled."),
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
_AMOUNT_PX: Final = 58


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
    undo_asked = Signal()
    redo_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(5)
        self._build_classes()
        self._build_tools()
        self.smart, self.brush, self.looks = SmartChoice(), BrushBox(), LooksBox()
        for box in (self.smart, self.brush, self.looks):
            self._layout.addWidget(box)
        self.looks.changed.connect(self._colour)
        self._colour()
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

    # What it shows

    def show_class(self, lesion: Lesion) -> None:
        """Mark the class in hand."""
        for known, row in self.rows.items():
            row.choose(known is lesion)

    def show_tool(self, mode: str) -> None:
        """Mark the tool in hand."""
        if mode in self.tools:
            self.tools[mode].setChecked(True)
        self.smart.show_tool(mode)

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
        self.smart.show_keys(keys["smart"])
        self.brush.show_keys(keys["smaller"], keys["larger"])
        self.looks.show_keys(keys)

    def show_amounts(self, pixels: Mapping[Lesion, int], total: int) -> None:
        """Show how much of the photo people have given each class."""
        for lesion, row in self.rows.items():
            count = pixels.get(lesion, 0)
            row.amount.setText(f"{100 * count / total:.2f} %" if count else "")
            row.amount.setToolTip(f"{count:,} of the photo's {total:,} pixels, painted or accepted by a person")

    def _colour(self) -> None:
        for lesion, row in self.rows.items():
            row.picture.show_colour(self.looks.colours[lesion])
