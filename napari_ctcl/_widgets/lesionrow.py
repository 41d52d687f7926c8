"""One lesion as a row of a list: what it is, how large, how far it has been judged, and two buttons to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from qtpy.QtCore import QAbstractItemModel, QEvent, QModelIndex, QRect, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QHelpEvent, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from napari_ctcl._widgets.style import BLUE
from napari_ctcl.lesion import RGB, Lesion
from napari_ctcl.lesions import Found, State

FOUND: Final = Qt.ItemDataRole.UserRole
AREA: Final = Qt.ItemDataRole.UserRole + 1

_BUTTONS: Final = {"A": "Accept this lesion (A)", "R": "Reject it: the skin is normal (R)"}
_GAP, _MARK = 7, 16
_LEFT: Final = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT: Final = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


class LesionRow(QStyledItemDelegate):
    """Paints a lesion's row; says which was clicked, and which of its buttons, A or R."""

    clicked = Signal(object)
    judged = Signal(object, str)

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        self.colours: Mapping[Lesion, RGB] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802, ARG002 - Qt's
        """Room for one line."""
        return QSize(200, option.fontMetrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw one row."""
        found: Found = index.data(FOUND)
        ink = option.palette.color(option.palette.ColorRole.WindowText)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_back(painter, option)
        mark = QRect(option.rect.left() + _GAP, option.rect.center().y() - _MARK // 2 + 1, _MARK, _MARK)
        draw_mark(painter, QRectF(mark), QColor(*self.colours[found.lesion]), found.state, ink)
        words = option.rect.adjusted(_GAP + _MARK + _GAP, 0, -self._buttons_width(option) - _GAP, 0)
        painter.setPen(ink)
        metrics = option.fontMetrics
        columns = (metrics.horizontalAdvance("plaque "), metrics.horizontalAdvance("confirmed"))
        painter.drawText(words, _LEFT, found.lesion.title)
        painter.drawText(words.adjusted(columns[0], 0, -columns[1] - _GAP, 0), _RIGHT, index.data(AREA))
        ink.setAlpha(190)
        painter.setPen(ink)
        painter.drawText(words.adjusted(words.width() - columns[1], 0, 0, 0), _LEFT, found.state)
        if found.state != "confirmed":
            self._draw_buttons(painter, option)
        painter.restore()

    def _draw_back(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if not chosen and not option.state & QStyle.StateFlag.State_MouseOver:
            return
        focused = chosen and self._view.hasFocus()
        painter.setPen(QPen(QColor(BLUE), 1.5) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(91, 155, 213, 70) if chosen else QColor(127, 135, 150, 40))
        painter.drawRoundedRect(QRectF(option.rect).adjusted(1, 1, -1, -1), 5, 5)

    def _draw_buttons(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        under = self._view.viewport().mapFromGlobal(self._view.cursor().pos())
        for letter, place in self._places(option).items():
            painter.setPen(QPen(QColor(150, 160, 175, 150), 1))
            painter.setBrush(QColor(91, 155, 213, 120) if place.contains(under) else QColor(127, 135, 150, 50))
            painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            painter.setPen(option.palette.color(option.palette.ColorRole.WindowText))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, letter)

    def _buttons_width(self, option: QStyleOptionViewItem) -> int:
        return int(2 * option.fontMetrics.height() + 2 * _GAP)

    def _places(self, option: QStyleOptionViewItem) -> dict[str, QRect]:
        """Where each button is."""
        side = option.fontMetrics.height() + 2
        top, right = option.rect.center().y() - side // 2 + 1, option.rect.right() - _GAP // 2
        first = QRect(right - 2 * side - 4, top, side, side)
        return {"A": first, "R": first.translated(side + 4, 0)}

    def _button(self, option: QStyleOptionViewItem, index: QModelIndex, event: QEvent) -> str | None:
        """Which button is under the mouse, if any."""
        if not isinstance(index.data(FOUND), Found) or index.data(FOUND).state == "confirmed":
            return None
        at = event.pos() if isinstance(event, QHelpEvent) else event.position().toPoint()
        return next((letter for letter, place in self._places(option).items() if place.contains(at)), None)

    def editorEvent(  # noqa: N802 - Qt's
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: QModelIndex
    ) -> bool:
        """Tell of a click on the row or on a button in it."""
        if event.type() == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.LeftButton:
            letter, found = self._button(option, index, event), index.data(FOUND)
            if letter is None:
                self.clicked.emit(found)
            else:
                self.judged.emit(found, letter)
            return True
        return bool(super().editorEvent(event, model, option, index))

    def helpEvent(  # noqa: N802 - Qt's
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: QModelIndex
    ) -> bool:
        """Say what the button under the mouse does."""
        letter = self._button(option, index, event)
        if letter is None:
            return bool(super().helpEvent(event, view, option, index))
        QToolTip.showText(event.globalPos(), _BUTTONS[letter], view)
        return True


def draw_mark(painter: QPainter, place: QRectF, colour: QColor, state: State, ink: QColor) -> None:
    """A square in a class's colour: dashed and pale as proposed, half filled, or solid as confirmed."""
    edge = QColor(ink)
    edge.setAlpha(170)
    square = QPainterPath()
    square.addRoundedRect(place.adjusted(1, 1, -1, -1), 3, 3)
    pale = QColor(colour)
    pale.setAlpha(70)
    painter.fillPath(square, colour if state == "confirmed" else pale)
    if state == "partly":
        half = QPainterPath()
        half.addRect(QRectF(place.left(), place.center().y(), place.width(), place.height() / 2))
        painter.fillPath(square.intersected(half), colour)
    painter.strokePath(square, QPen(edge, 1.2, Qt.PenStyle.SolidLine if state == "confirmed" else Qt.PenStyle.DotLine))
