"""A pane of glass over the photo: lines that are drawn in pixels of the screen from places on the photo.

It is hidden, and so costs nothing, while there is nothing on it; the mouse never notices it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

from napari_ctcl._widgets.sight import Point, Sight
from napari_ctcl.lesion import RGB

Outline = Sequence[Point]

_INK: Final = QColor(16, 20, 26, 220)
_LIGHT: Final = QColor(255, 255, 255, 235)
_DASH: Final = 5.0
_END_PX: Final = 7.0
_PAD_PX: Final = 6.0
_AIM_PX: Final = (5.0, 14.0)


class Glass(QWidget):
    """Draws the trail of a lasso, the region in use, the ruler, and outlines of what the pen is about to paint.

    Parameters
    ----------
    sight : of the canvas that it lies on
    """

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight.surface)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._sight = sight
        self._trail: tuple[Outline, QColor] | None = None
        self._region: Outline | None = None
        self._ruler: tuple[Point, Point | None, str] | None = None
        self._outlines: tuple[Sequence[Outline], QColor] | None = None
        self._aim: Point | None = None
        sight.moved.connect(self._follow)
        self.hide()

    # What is shown

    def show_trail(self, points: Outline, colour: RGB) -> None:
        """Show the way of a lasso or a polygon so far, and how it would close; none for no points.

        Parameters
        ----------
        points : (y, x), level-0 pixels
        """
        self._trail = (points, QColor(*colour)) if len(points) else None
        self._refresh()

    def show_region(self, points: Outline | None) -> None:
        """Show a closed outline as the region that work is kept to; none for None.

        Parameters
        ----------
        points : (y, x), level-0 pixels
        """
        self._region = points
        self._refresh()

    def show_ruler(self, start: Point | None, end: Point | None = None, text: str = "") -> None:
        """Show the ruler from one level-0 point to another with a text beside it; none for None."""
        self._ruler = (start, end, text) if start is not None else None
        self._refresh()

    def show_outlines(self, outlines: Sequence[Outline], colour: RGB = (255, 255, 255)) -> None:
        """Show closed outlines of level-0 (y, x) corners, such as the segment under the pen; none for no outlines."""
        self._outlines = (outlines, QColor(*colour)) if len(outlines) else None
        self._refresh()

    def show_aim(self, point: Point | None) -> None:
        """Show a cross where keys point while the mouse rests: a level-0 point; none for None."""
        self._aim = point
        self._refresh()

    @property
    def bare(self) -> bool:
        """Whether nothing is on it."""
        return not self._drawings()

    def _refresh(self) -> None:
        if self.bare:
            self.hide()
            return
        self._follow()
        if self.isHidden():
            self.show()
            self.lower()  # under whatever else sits on the canvas
        self.update()

    def _follow(self) -> None:
        if not self.bare:
            self.setGeometry(self._sight.surface.rect())
            self.update()

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's
        """Draw all of it where the photo lies now."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for draw in self._drawings():
            draw(painter)
        painter.end()

    def _drawings(self) -> list[Callable[[QPainter], None]]:
        drawings: list[Callable[[QPainter], None]] = []
        if self._outlines is not None:
            drawings.append(self._draw_outlines)
        if self._region is not None:
            drawings.append(self._draw_region)
        if self._trail is not None:
            drawings.append(self._draw_trail)
        if self._ruler is not None:
            drawings.append(self._draw_ruler)
        if self._aim is not None:
            drawings.append(self._draw_aim)
        return drawings

    def _polygon(self, points: Outline) -> QPolygonF:
        return QPolygonF([self._sight.place(point) for point in points])

    def _draw_outlines(self, painter: QPainter) -> None:
        outlines, colour = self._outlines or ((), _LIGHT)
        for outline in outlines:
            polygon = self._polygon(outline)
            painter.setPen(QPen(_INK, 3.0))
            painter.drawPolygon(polygon)
            painter.setPen(QPen(colour, 1.5))
            painter.drawPolygon(polygon)

    def _draw_region(self, painter: QPainter) -> None:
        polygon = self._polygon(self._region or ())
        painter.setPen(QPen(_INK, 2.5))
        painter.drawPolygon(polygon)
        pen = QPen(_LIGHT, 2.5, Qt.PenStyle.CustomDashLine)  # white on black: one of the two shows on any skin
        pen.setDashPattern([_DASH, _DASH])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawPolygon(polygon)

    def _draw_trail(self, painter: QPainter) -> None:
        points, colour = self._trail or ((), _LIGHT)
        polygon = self._polygon(points)
        painter.setPen(QPen(_INK, 4.0))
        painter.drawPolyline(polygon)
        painter.setPen(QPen(colour, 2.0))
        painter.drawPolyline(polygon)
        if len(points) > 2:
            painter.setPen(QPen(_LIGHT, 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(polygon[len(points) - 1], polygon[0])

    def _draw_ruler(self, painter: QPainter) -> None:
        if self._ruler is None:
            return
        start, end, text = self._ruler
        first = self._sight.place(start)
        last = self._sight.place(end) if end is not None else first
        for ink, width in ((_INK, 4.5), (_LIGHT, 2.0)):
            painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(first, last)
            for place in (first, last):
                _draw_end(painter, place, last - first)
        if text:
            _draw_words(painter, (first + last) / 2, text)

    def _draw_aim(self, painter: QPainter) -> None:
        if self._aim is None:
            return
        middle = self._sight.place(self._aim)
        for ink, width in ((_INK, 4.0), (_LIGHT, 1.6)):
            painter.setPen(QPen(ink, width))
            for way in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
                painter.drawLine(middle + way * _AIM_PX[0], middle + way * _AIM_PX[1])


def _draw_end(painter: QPainter, place: QPointF, along: QPointF) -> None:
    length = (along.x() ** 2 + along.y() ** 2) ** 0.5
    across = QPointF(-along.y(), along.x()) * (_END_PX / length) if length else QPointF(0, _END_PX)
    painter.drawLine(place - across, place + across)


def _draw_words(painter: QPainter, middle: QPointF, text: str) -> None:
    font = painter.font()
    font.setBold(True)
    painter.setFont(font)
    size = painter.fontMetrics().size(0, text)
    card = QRectF(0, 0, size.width() + 2 * _PAD_PX, size.height() + _PAD_PX)
    card.moveCenter(middle + QPointF(0, -size.height() - _PAD_PX))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_INK)
    painter.drawRoundedRect(card, 4, 4)
    painter.setPen(_LIGHT)
    painter.drawText(card, Qt.AlignmentFlag.AlignCenter, text)
