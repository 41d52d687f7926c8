"""The ruler: two clicks on the photo and the length between them give the photo its scale; a bar then shows it.

A photo whose scale is known is measured with the same two clicks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from qtpy.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QPainter, QPen
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_ctcl._widgets.glass import Glass
from napari_ctcl._widgets.pinned import CARD, MARGIN_PX, Pin
from napari_ctcl._widgets.sight import Point, Sight

SHORTEST_PX: Final = 20.0
"""Level-0 pixels that two clicks must lie apart: a click is a pixel or so off, which is 5 % of this."""

_UNITS: Final = {"mm": 1.0, "cm": 10.0}
_BAR_PX: Final = 130.0
_APART_PX: Final = 22
_CARD_PX: Final = 230


def spoken_mm(length_mm: float) -> str:
    """A length as it is said: "8.4 mm", "12 cm"."""
    if length_mm < 100:
        return f"{length_mm:.3g} mm"
    return f"{length_mm / 10:.3g} cm"


class LengthCard(QFrame):
    """Asks how long the line is; Enter answers, Esc leaves it."""

    answered = Signal(float)
    left = Signal()

    def __init__(self, surface: QWidget) -> None:
        super().__init__(surface)
        self.setProperty("role", "card")
        self.setStyleSheet(CARD)
        self.words, self.length, self.unit = QLabel(), QDoubleSpinBox(), QComboBox()
        self.words.setWordWrap(True)
        self.length.setRange(0.0, 9999.0)
        self.length.setDecimals(2)
        self.length.setAccessibleName("Length of the line")
        self.unit.addItems(list(_UNITS))
        self.unit.setAccessibleName("Unit of the length")
        self.use, self.leave = QPushButton("Set scale"), QPushButton("Cancel")
        self.use.setProperty("role", "main")
        self._known_mm: float | None = None
        self.use.clicked.connect(lambda _=False: self._use())
        self.leave.clicked.connect(lambda _=False: self.left.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 9, 12, 10)
        layout.addWidget(self.words)
        for row in ((self.length, self.unit), (self.use, self.leave)):
            line = QHBoxLayout()
            for widget in row:
                line.addWidget(widget)
            layout.addLayout(line)
        self.hide()

    @property
    def length_mm(self) -> float:
        """The length in the boxes."""
        return float(self.length.value() * _UNITS[self.unit.currentText()])

    def ask(self, words: str, length_mm: float, line: QRect, *, known: bool) -> None:
        """Ask beside a line on the canvas, offering a length; one that is known and stays as it is is no answer."""
        self.words.setText(words)
        unit = "cm" if length_mm >= 100 else "mm"
        self.unit.setCurrentText(unit)
        self.length.setValue(length_mm / _UNITS[unit])
        self._known_mm = self.length_mm if known else None
        self.use.setText("Correct scale" if known else "Set scale")
        self.words.setWordWrap(False)
        wide = self.layout().sizeHint().width()  # in one line, where that is not wider than the canvas
        self.words.setWordWrap(True)
        self.setFixedWidth(min(max(wide, _CARD_PX), self.parentWidget().width() - 2 * MARGIN_PX))
        self.adjustSize()
        self.move(self._beside(line))
        self.show()
        self.raise_()
        self.length.setFocus()
        self.length.selectAll()

    def _beside(self, line: QRect) -> QPoint:
        """Under the line, or above it where there is no room below, and never off the canvas."""
        room = self.parentWidget().size() - self.size()
        below, above = line.bottom() + _APART_PX, line.top() - _APART_PX - self.height()
        y = below if below <= room.height() - MARGIN_PX else above
        x = line.center().x() - self.width() // 2
        return QPoint(
            *(max(min(c, most - MARGIN_PX), MARGIN_PX) for c, most in ((x, room.width()), (y, room.height())))
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Answer or leave; no other key goes through to the photo."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._use()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        event.accept()

    def _use(self) -> None:
        if not self.length_mm:
            self.words.setText("How long is the line? More than 0.")
        elif self.length_mm == self._known_mm:
            self.left.emit()
        else:
            self.answered.emit(self.length_mm)


class Ruler(QObject):
    """Shows the line and asks its length; `measured` gives mm per level-0 pixel, `told` what is odd about the line.

    Parameters
    ----------
    sight : of the canvas
    glass : where the line is drawn
    """

    measured = Signal(float)
    told = Signal(str)

    def __init__(self, sight: Sight, glass: Glass) -> None:
        super().__init__(sight.surface)
        self._sight, self._glass = sight, glass
        self._ends: tuple[Point, Point] | None = None
        self._mm_per_px: float | None = None
        self.card = LengthCard(sight.surface)
        self.card.answered.connect(self._answer)
        self.card.left.connect(self.drop)

    def show_scale(self, mm_per_px: float | None) -> None:
        """Measure in millimetres from now on, or in pixels while the scale is not known."""
        self._mm_per_px = mm_per_px

    def draw(self, points: Sequence[Point]) -> None:
        """Show the line while it is drawn: from its first level-0 point to the mouse; none for no points."""
        if not points:
            self.drop()
            return
        self._put_away()
        self._ends = points[0], points[-1]
        length = self._length(math.dist(*self._ends)) if len(points) > 1 else ""
        self._glass.show_ruler(points[0], points[-1] if length else None, length)

    def hover(self, point: Point) -> None:
        """Have the line follow the mouse after a first click."""
        if self._ends is not None and not self.card.isVisible():
            self.draw((self._ends[0], point))

    def measure(self, start: Point, end: Point) -> None:
        """Take both ends of a line, level-0 points, and ask how long it is."""
        distance = math.dist(start, end)
        if distance < SHORTEST_PX:
            self.drop()
            self.told.emit(
                f"The two points are {distance:.0f} px apart: too close to give an exact scale."
                f" Choose points at least {SHORTEST_PX:.0f} px apart, the further the better."
            )
            return
        self.draw((start, end))
        line = QRect(self._sight.place(start).toPoint(), self._sight.place(end).toPoint()).normalized()
        if self._mm_per_px is None:
            self.card.ask(f"How long is this line of {distance:,.0f} px?", 10.0, line, known=False)
        else:
            length = distance * self._mm_per_px
            self.card.ask(f"{spoken_mm(length)} long. If that is wrong, how long is it?", length, line, known=True)

    def drop(self) -> bool:
        """Take the line away; whether there was one."""
        there, self._ends = self._ends is not None, None
        self._put_away()
        self._glass.show_ruler(None)
        return there

    def _put_away(self) -> None:
        if self.card.isVisible():
            self.card.hide()
            self._sight.surface.setFocus()

    def _length(self, pixels: float) -> str:
        return f"{pixels:,.0f} px" if self._mm_per_px is None else spoken_mm(pixels * self._mm_per_px)

    def _answer(self, length_mm: float) -> None:
        if self._ends is not None:
            mm_per_px = length_mm / math.dist(*self._ends)
            self.drop()
            self.measured.emit(mm_per_px)


class ScaleBar(QWidget):
    """A bar of a round length in the bottom left corner of the canvas; hidden while the scale is not known.

    Parameters
    ----------
    sight : of the canvas that it lies on
    """

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight.surface)
        self._sight = sight
        self._mm_per_px: float | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedSize(round(_BAR_PX) + 24, 38)
        sight.moved.connect(self._follow)
        Pin(self, Qt.Corner.BottomLeftCorner)
        self.hide()

    def show_scale(self, mm_per_px: float | None) -> None:
        """Show a photo's scale, mm per level-0 pixel."""
        self._mm_per_px = mm_per_px
        self.setVisible(mm_per_px is not None)
        self._follow()

    def bar(self) -> tuple[float, str]:
        """Length of the bar in screen pixels, and what it says."""
        mm_per_screen_px = (self._mm_per_px or 1.0) / self._sight.zoom
        length_mm = round_length(_BAR_PX * mm_per_screen_px)
        return length_mm / mm_per_screen_px, spoken_mm(length_mm)

    def _follow(self) -> None:
        if not self.isHidden():
            self.setAccessibleName(f"Scale bar, {self.bar()[1]}")
            self.update()

    def paintEvent(self, event: QEvent) -> None:  # noqa: N802, ARG002 - Qt's
        """Draw the bar, light on dark, and its length above it."""
        length, words = self.bar()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(17, 21, 27, 190))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        painter.setPen(QColor(243, 246, 249))
        painter.drawText(self.rect().adjusted(12, 4, -12, -16), Qt.AlignmentFlag.AlignLeft, words)
        painter.setPen(QPen(QColor(243, 246, 249), 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        base = self.height() - 10
        painter.drawLine(12, base, round(12 + length), base)
        painter.end()


def round_length(most: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a length."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= most * (1 + 1e-9))
