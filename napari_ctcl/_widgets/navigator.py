"""The navigator: the whole photo in a corner of the canvas, with the part that is on screen framed in it.

It goes away by itself while the whole photo is on screen, and folds up at a click.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from qtpy.QtWidgets import QLayout, QToolButton, QVBoxLayout, QWidget

from napari_ctcl._widgets.pinned import CARD, Pin
from napari_ctcl._widgets.sight import Sight
from napari_ctcl.lesion import LESIONS, RGB, SCREEN_COLOURS, Lesion
from napari_ctcl.shown import MODEL_OFFSET

Bytes = npt.NDArray[np.uint8]

LONGEST_PX: Final = 190
_LEAST_PX: Final = 40
_SHARE: Final = 0.36
_HUMAN, _MODEL = 190, 105
_FRAME: Final = QColor(255, 255, 255)
_INK: Final = QColor(12, 15, 20, 230)
_RIM: Final = QColor(150, 160, 172)
_SMALLEST_FRAME_PX: Final = 8.0
_NOTCHES: Final = 120


class Map(QWidget):
    """The small picture of the photo; a press or a drag on it moves the view there, the wheel zooms.

    Parameters
    ----------
    sight : the view that is framed and moved
    """

    def __init__(self, sight: Sight) -> None:
        super().__init__()
        self._sight = sight
        self._picture, self._tint = QPixmap(), QPixmap()
        self._shape = (1, 1)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Map of the photo")
        self.setToolTip("The whole photo. Click or drag to move there.")

    def show_picture(self, pixels: Bytes, shape: tuple[int, int]) -> None:
        """Take another photo.

        Parameters
        ----------
        pixels : (h, w, 3), the whole photo, small
        shape : (height, width) of the photo's level 0
        """
        self._shape, self._tint = shape, QPixmap()
        self.fit()
        solid = np.ascontiguousarray(pixels)
        image = QImage(solid.data, solid.shape[1], solid.shape[0], 3 * solid.shape[1], QImage.Format.Format_RGB888)
        sharp = self.size() * self.devicePixelRatioF()
        smooth, whole = Qt.TransformationMode.SmoothTransformation, Qt.AspectRatioMode.IgnoreAspectRatio
        self._picture = QPixmap.fromImage(image).scaled(sharp, whole, smooth)  # the bindings name these two differently
        self.update()

    def fit(self) -> None:
        """Take a size that leaves most of the canvas to the photo."""
        (height, width), surface = self._shape, self._sight.surface
        longest = min(LONGEST_PX, _SHARE * min(surface.width(), surface.height()))
        scale = longest / max(height, width)
        self.setFixedSize(QSize(max(round(width * scale), _LEAST_PX), max(round(height * scale), _LEAST_PX)))

    def show_tint(self, colours: Bytes) -> None:
        """Lay colours over the photo.

        Parameters
        ----------
        colours : (h, w, 4), red, green, blue and opacity, the whole photo, small
        """
        solid = np.ascontiguousarray(colours)
        image = QImage(solid.data, solid.shape[1], solid.shape[0], 4 * solid.shape[1], QImage.Format.Format_RGBA8888)
        self._tint = QPixmap.fromImage(image)
        self.update()

    def frame(self) -> QRectF:
        """The part of the photo that is on screen, in the map's own pixels; large enough to be seen."""
        y0, y1, x0, x1 = self._sight.seen()
        down, across = self.height() / self._shape[0], self.width() / self._shape[1]
        frame = QRectF(QPointF(x0 * across, y0 * down), QPointF(x1 * across, y1 * down))
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        frame = frame.intersected(whole)
        middle = frame.center()
        frame.setWidth(max(frame.width(), _SMALLEST_FRAME_PX))
        frame.setHeight(max(frame.height(), _SMALLEST_FRAME_PX))
        frame.moveCenter(middle)
        return frame

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's
        """Draw the photo, its labels and the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self.rect(), self._picture)
        if not self._tint.isNull():
            painter.drawPixmap(self.rect(), self._tint)
        painter.setPen(QPen(_RIM, 1.0))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        frame = self.frame()
        painter.setPen(QPen(_INK, 3.0))
        painter.drawRect(frame)
        painter.setPen(QPen(_FRAME, 1.4))
        painter.drawRect(frame)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move the view here."""
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move the view along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Keep the release from the photo below."""
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom about the middle of the view."""
        self._sight.zoom_by(event.angleDelta().y() / _NOTCHES)
        event.accept()

    def _go(self, event: QMouseEvent) -> None:
        place, (height, width) = event.position(), self._shape
        y, x = place.y() / self.height() * height, place.x() / self.width() * width
        self._sight.look_at((min(max(y, 0), height), min(max(x, 0), width)))
        event.accept()


class Navigator(QWidget):
    """The map and the button that folds it up, in the bottom right corner of the canvas.

    Parameters
    ----------
    sight : of the canvas that it lies on
    """

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight.surface)
        self._sight = sight
        self._shape: tuple[int, int] | None = None
        self._codes: Bytes | None = None
        self._colours: Mapping[Lesion, RGB] = SCREEN_COLOURS
        self.setStyleSheet(CARD)
        self.map, self.fold = Map(sight), QToolButton()
        self.fold.setProperty("role", "corner")
        self.fold.clicked.connect(lambda _=False: self._fold(self.map.isVisible()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        layout.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.map, 0, Qt.AlignmentFlag.AlignRight)
        sight.moved.connect(self._follow)
        Pin(self, Qt.Corner.BottomRightCorner)
        self._fold(False)
        self.hide()

    def show_picture(self, pixels: Bytes | None, shape: tuple[int, int] | None = None) -> None:
        """Take another photo; none hides the navigator.

        Parameters
        ----------
        pixels : (h, w, 3), the whole photo, small
        shape : (height, width) of the photo's level 0
        """
        self._shape, self._codes = shape if pixels is not None else None, None
        if pixels is not None and shape is not None:
            self.map.show_picture(pixels, shape)
        self._follow()

    def show_labels(self, codes: Bytes | None) -> None:
        """Lay labels over the photo.

        Parameters
        ----------
        codes : (h, w), view codes of the whole photo, small; None for none
        """
        self._codes = codes
        if codes is not None:
            self.map.show_tint(tints(self._colours)[codes])

    def show_colours(self, colours: Mapping[Lesion, RGB]) -> None:
        """Draw the classes in other colours."""
        self._colours = colours
        self.show_labels(self._codes)

    def _fold(self, away: bool) -> None:
        self.map.setVisible(not away)
        self.fold.setText("▴ map" if away else "▾")
        words = "Show the map of the photo" if away else "Fold the map up"
        self.fold.setToolTip(words)
        self.fold.setAccessibleName(words)

    def _follow(self) -> None:
        shown = self._shape is not None and not self._whole_on_screen(self._shape)
        if shown != self.isVisibleTo(self.parentWidget()):
            self.setVisible(shown)
        if shown:
            self.map.fit()
            self.map.update()

    def _whole_on_screen(self, shape: tuple[int, int]) -> bool:
        y0, y1, x0, x1 = self._sight.seen()
        return y0 <= 0 and x0 <= 0 and y1 >= shape[0] - 1 and x1 >= shape[1] - 1


def tints(colours: Mapping[Lesion, RGB]) -> Any:
    """Colour of every view code on the map: (9, 4) uint8; a model's lesions are paler than a person's."""
    table = np.zeros((MODEL_OFFSET + len(Lesion), 4), np.uint8)
    for lesion in LESIONS:
        table[int(lesion)] = (*colours[lesion], _HUMAN)
        table[int(lesion) + MODEL_OFFSET] = (*colours[lesion], _MODEL)
    return table
