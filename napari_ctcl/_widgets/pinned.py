"""Keeps small cards in the corners of the canvas, and the looks that make them readable on any skin."""

from __future__ import annotations

from typing import Final

from qtpy.QtCore import QEvent, QObject, QPoint, Qt
from qtpy.QtWidgets import QWidget

MARGIN_PX: Final = 12

CARD: Final = """
QFrame[role="card"] { background: rgba(17,21,27,214); border: 1px solid rgba(255,255,255,46); border-radius: 8px; }
QFrame[role="card"] QLabel { color: #f3f6f9; background: transparent; }
QFrame[role="card"] QLabel[role="quiet"] { color: #b7c1cd; }
QFrame[role="card"] QPushButton { color: #f3f6f9; background: rgba(255,255,255,38); border: 1px solid transparent;
                                  border-radius: 5px; padding: 5px 12px; }
QFrame[role="card"] QPushButton:hover { background: rgba(255,255,255,66); }
QFrame[role="card"] QPushButton:focus { border: 1px solid #8fc3f5; }
QFrame[role="card"] QPushButton[role="main"] { background: #2f6fab; font-weight: 600; }
QFrame[role="card"] QDoubleSpinBox, QFrame[role="card"] QComboBox {
    color: #f3f6f9; background: #2b323c; border: 1px solid rgba(255,255,255,60); border-radius: 4px; padding: 3px 6px; }
QFrame[role="card"] QComboBox::down-arrow { image: url("theme_dark:/drop_down_50.svg"); }
QFrame[role="card"] QDoubleSpinBox::up-arrow { image: url("theme_dark:/plus_50.svg"); }
QFrame[role="card"] QDoubleSpinBox::down-arrow { image: url("theme_dark:/minus_50.svg"); }
QFrame[role="card"] QDoubleSpinBox:focus, QFrame[role="card"] QComboBox:focus { border: 1px solid #8fc3f5; }
QToolButton[role="corner"] { color: #f3f6f9; background: rgba(17,21,27,200); border: 1px solid rgba(255,255,255,46);
                             border-radius: 5px; padding: 2px 7px; }
QToolButton[role="corner"]:hover { background: rgba(60,70,84,230); }
QToolButton[role="corner"]:focus { border: 1px solid #8fc3f5; }
"""
"""Style sheet of what lies on the photo: dark in both themes, since it is the photo that it must stand out from."""

_FOLLOWED: Final = (QEvent.Type.Resize, QEvent.Type.Show)


class Pin(QObject):
    """Holds a widget in a corner of the one it lies on, whatever size either takes.

    Parameters
    ----------
    widget : a child of the canvas
    corner : where it belongs
    lift_px : further away from the edge above or below, past another card
    """

    def __init__(self, widget: QWidget, corner: Qt.Corner, *, lift_px: int = 0) -> None:
        super().__init__(widget)
        self._widget, self._corner, self._lift_px = widget, corner, lift_px
        widget.installEventFilter(self)
        widget.parentWidget().installEventFilter(self)
        self.place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Follow both of them."""
        if event.type() in _FOLLOWED:
            self.place()
        return bool(super().eventFilter(watched, event))

    def place(self) -> None:
        """Put it into its corner."""
        around, own = self._widget.parentWidget().size(), self._widget.size()
        right = self._corner in (Qt.Corner.TopRightCorner, Qt.Corner.BottomRightCorner)
        below = self._corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner)
        edge = MARGIN_PX + self._lift_px
        x = around.width() - own.width() - MARGIN_PX if right else MARGIN_PX
        y = around.height() - own.height() - edge if below else edge
        self._widget.move(QPoint(x, y))
