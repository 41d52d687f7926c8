"""Live pictures of a training run: loss and Dice over the epochs, and one bar per fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_ctcl._widgets.style import AMBER, BLUE, GREEN, GREY
from napari_ctcl.events import Epoch

_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 34, 20, 18


class Curves(QWidget):
    """Loss (left scale) and Dice (right scale, 0 to 1) of the fold that is being trained; earlier folds are faint."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clear()

    def clear(self) -> None:
        """Forget every epoch."""
        self.folds: dict[int, list[Epoch]] = {}
        self.update()

    def add(self, epoch: Epoch) -> None:
        """Draw one more epoch."""
        self.folds.setdefault(epoch.fold, []).append(epoch)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's
        """Draw the axes and the lines."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)
        painter.fillRect(area, QColor(127, 135, 150, 22))
        losses = [epoch.loss for epochs in self.folds.values() for epoch in epochs if epoch.loss is not None]
        top = max(losses, default=1.0) * 1.05 or 1.0
        self._axes(painter, area, top)
        for fold, epochs in self.folds.items():
            faint = 70 if fold != list(self.folds)[-1] else 255
            count = max(epochs[-1].epochs, 1)
            loss = [(e.epoch / count, e.loss / top) for e in epochs if e.loss is not None]
            dice = [(e.epoch / count, d) for e in epochs if (d := e.dice.get("macro_lesion")) is not None]
            for points, colour in ((loss, AMBER), (dice, BLUE)):
                self._line(painter, area, points, QColor(colour), faint)
        painter.end()

    def _axes(self, painter: QPainter, area: QRectF, top: float) -> None:
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        right = area.right() + 4
        for share, text in ((1.0, "1"), (0.5, "0.5"), (0.0, "0")):
            y = area.bottom() - share * area.height()
            painter.setPen(QPen(QColor(127, 135, 150, 60), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(BLUE))
            painter.drawText(QRectF(right, y - 7, _RIGHT - 6, 14), Qt.AlignmentFlag.AlignVCenter, text)
            painter.setPen(QColor(AMBER))
            left = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 7, _LEFT - 4, 14), left, f"{share * top:.2g}" if self.folds else "")
        painter.setPen(QColor(AMBER))
        painter.drawText(QPointF(area.left(), 13), "training loss")
        painter.setPen(QColor(BLUE))
        words = "Dice, held-out patients"
        painter.drawText(QPointF(area.right() - painter.fontMetrics().horizontalAdvance(words), 13), words)
        painter.setPen(QColor(GREY))
        painter.drawText(
            QRectF(area.left(), area.bottom() + 2, area.width(), 14), Qt.AlignmentFlag.AlignCenter, "epochs"
        )

    def _line(
        self, painter: QPainter, area: QRectF, points: Sequence[tuple[float, float]], colour: QColor, alpha: int
    ) -> None:
        colour.setAlpha(alpha)
        painter.setPen(QPen(colour, 2))
        corners = list(_placed(area, points))
        painter.drawPolyline(QPolygonF(corners))
        if corners:
            painter.setBrush(colour)
            painter.drawEllipse(corners[-1], 2.5, 2.5)


def _placed(area: QRectF, points: Sequence[tuple[float, float]]) -> Iterator[QPointF]:
    for x, y in points:
        yield QPointF(area.left() + x * area.width(), area.bottom() - min(max(y, 0.0), 1.0) * area.height())


class FoldBars(QWidget):
    """One bar per fold: how far it is, then its Dice on the patients it never saw."""

    def __init__(self, folds: int = 5) -> None:
        super().__init__()
        self.setFixedHeight(44)
        self.count = folds
        self.clear()

    def clear(self) -> None:
        """Empty every bar."""
        self.done: dict[int, float] = {}
        self.scores: dict[int, float | None] = {}
        self.update()

    def advance(self, fold: int, share: float) -> None:
        """Fill a bar up to a share of its epochs."""
        self.done[fold] = share
        self.update()

    def score(self, fold: int, dice: float | None) -> None:
        """Fill a bar and write its score."""
        self.done[fold], self.scores[fold] = 1.0, dice
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's
        """Draw the bars."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        width = (self.width() - 6 * (self.count - 1)) / self.count
        for fold in range(self.count):
            bar = QRectF(fold * (width + 6), 18, width, 8)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(127, 135, 150, 50))
            painter.drawRoundedRect(bar, 4, 4)
            filled = QRectF(bar)
            filled.setWidth(bar.width() * self.done.get(fold, 0.0))
            painter.setBrush(QColor(GREEN if fold in self.scores else BLUE))
            painter.drawRoundedRect(filled, 4, 4)
            painter.setPen(QColor(GREY))
            score = self.scores.get(fold)
            above, below = QRectF(bar.left(), 2, width, 14), QRectF(bar.left(), 28, width, 14)
            painter.drawText(above, Qt.AlignmentFlag.AlignCenter, f"fold {fold}")
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, "" if score is None else f"{score:.2f}")
        painter.end()
