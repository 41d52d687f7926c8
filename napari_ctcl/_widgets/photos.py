"""The list of photos: patient, visit, photo, each with its picture, where on the body it looks and its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from qtpy.QtCore import QModelIndex, QRect, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_ctcl._widgets.style import STATES, beside, counted, heading, quiet
from napari_ctcl.store import Photo

_ID: Final = Qt.ItemDataRole.UserRole
_STATE: Final = Qt.ItemDataRole.UserRole + 1
_PICTURE: Final = Qt.ItemDataRole.UserRole + 2
_ABOUT: Final = Qt.ItemDataRole.UserRole + 3
_SIDE: Final = 46


def where(photo: Photo) -> str:
    """Body region, side and aspect, as a person says them: "left forearm, dorsal"."""
    sides = {"L": "left", "R": "right"}
    place = f"{sides[photo.side]} {photo.region.one}" if photo.side else str(photo.region)
    return ", ".join(part for part in (place, photo.aspect or "") if part)


def _about(photo: Photo) -> str:
    fold = "a test patient" if photo.fold == "test" else f"fold {photo.fold}"
    return f"{where(photo)}\n{photo.patient}, {photo.visit}\n{photo.width} x {photo.height} px, {fold}"


class _Row(QStyledItemDelegate):
    """Paints a photo as a picture with its place and its state beside it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        """Room for the picture, or for one line."""
        return QSize(150, _SIDE + 8) if index.data(_ID) else QSize(super().sizeHint(option, index).width(), 24)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw one row."""
        if not index.data(_ID):
            super().paint(painter, option, index)
            return
        painter.save()
        area = option.rect.adjusted(1, 2, -4, -2)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(91, 155, 213, 70))
            painter.drawRoundedRect(area, 5, 5)
        picture = index.data(_PICTURE)
        place = QRect(area.left() + 3, area.top() + 2, _SIDE, _SIDE)
        if isinstance(picture, QPixmap):
            painter.drawPixmap(place, picture)
        words = QRect(place.right() + 9, area.top() + 5, area.right() - place.right() - 12, 18)
        painter.setPen(option.palette.color(option.palette.ColorRole.WindowText))
        title = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)
        if index.data(_STATE) in STATES:
            _draw_state(painter, words.translated(0, 20), index.data(_STATE), option)
        painter.restore()


def _draw_state(painter: QPainter, line: QRect, state: str, option: QStyleOptionViewItem) -> None:
    colour, ink = QColor(STATES[state][0]), option.palette.color(option.palette.ColorRole.WindowText)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour if state != "new" else Qt.BrushStyle.NoBrush)
    painter.setPen(colour)
    painter.drawEllipse(line.left() + 1, line.center().y() - 3, 7, 7)
    ink.setAlpha(190)
    painter.setPen(ink)
    painter.drawText(line.adjusted(14, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, STATES[state][1])


class PhotoList(QWidget):
    """Shows the photos and says which one was chosen; teaches what to do while no study is open."""

    chosen = Signal(str)
    open_asked = Signal()
    sample_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.search, self.tree = QLineEdit(), QTreeWidget()
        self.search.setPlaceholderText("Search patient, date, region")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(10)
        self.tree.setItemDelegate(_Row(self.tree))
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.tree.currentItemChanged.connect(self._choose)
        self.tree.itemClicked.connect(self._choose)  # the photo in hand may be covered by an image put above it
        self._items: dict[str, QTreeWidgetItem] = {}
        self._unpictured: list[Photo] = []
        self._painter = QTimer(self)
        self._painter.timeout.connect(self._picture_next)
        self.count, self.another = quiet(), QPushButton("Open study...")
        self.another.setProperty("role", "plain")
        self.another.setToolTip("Open another study; dropping its folder on the window does the same.")
        self.another.clicked.connect(self.open_asked)
        self._pages = QStackedWidget()
        self._pages.addWidget(_welcome(self))
        self._pages.addWidget(self._listing())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 4, 4)
        layout.addWidget(self._pages)
        self.setMinimumWidth(205)

    def _listing(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.search, self.tree, beside(self.count, self.another)):
            layout.addWidget(widget)
        return page

    def show_photos(self, photos: Sequence[Photo], current: str | None = None) -> None:
        """List photos; pictures and states follow one by one, so that a long list opens at once."""
        self._painter.stop()
        known = {ident: (item.data(0, _PICTURE), item.data(0, _STATE)) for ident, item in self._items.items()}
        self.tree.blockSignals(True)
        self.tree.clear()
        self._items = {}
        for photo in photos:
            item = QTreeWidgetItem(self._group(photo), [where(photo)])
            self._items[photo.id] = item
            item.setData(0, _ID, photo.id)
            drawn, state = known.get(photo.id, (None, None))
            item.setData(0, _PICTURE, drawn)
            item.setData(0, _ABOUT, _about(photo))
            item.setToolTip(0, _about(photo))
            if state is not None:
                self.show_state(photo.id, state)
        self.tree.expandAll()
        if current in self._items:
            self.tree.setCurrentItem(self._items[current])
        self.tree.blockSignals(False)
        self._unpictured = [photo for photo in photos if known.get(photo.id, (None,))[0] is None]
        self._painter.start(0)
        self._pages.setCurrentIndex(1)
        self.count.setText(counted(len(photos), "photo"))

    @property
    def listed(self) -> list[str]:
        """Ids of the photos in the list."""
        return list(self._items)

    def show_state(self, ident: str, state: str) -> None:
        """Show how far a photo is: one of the words of `STATES`."""
        item = self._items.get(ident)
        if item is not None:
            item.setData(0, _STATE, state)
            item.setToolTip(0, f"{item.data(0, _ABOUT)}\n{STATES[state][2]}")

    def show_current(self, ident: str) -> None:
        """Mark the photo in hand without saying that it was chosen."""
        self.tree.blockSignals(True)
        self.tree.setCurrentItem(self._items.get(ident))
        self.tree.blockSignals(False)

    def _group(self, photo: Photo) -> QTreeWidgetItem:
        patient = _child(self.tree.invisibleRootItem(), photo.patient, bold=True)
        return _child(patient, photo.visit)

    def _picture_next(self) -> None:
        if not self._unpictured:
            self._painter.stop()
            return
        photo = self._unpictured.pop(0)
        self._items[photo.id].setData(0, _PICTURE, picture(photo.thumbnail(), _SIDE))

    def _choose(self, item: QTreeWidgetItem | None, _: Any = None) -> None:
        if item is not None and item.data(0, _ID):
            self.chosen.emit(item.data(0, _ID))

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for item in self._items.values():
            said = f"{item.text(0)} {item.toolTip(0)}".lower()
            item.setHidden(not all(word in said for word in words))
        for patient in _children(self.tree.invisibleRootItem()):
            for visit in _children(patient):
                visit.setHidden(all(photo.isHidden() for photo in _children(visit)))
            patient.setHidden(all(visit.isHidden() for visit in _children(patient)))


def _welcome(panel: PhotoList) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    title = QLabel("No study is open")
    title.setStyleSheet("font-size: 15px; font-weight: 600;")
    panel.open_button, panel.sample_button = QPushButton("Open study..."), QPushButton("Try a sample")
    panel.open_button.setProperty("role", "main")
    panel.sample_button.setProperty("role", "plain")
    panel.open_button.clicked.connect(panel.open_asked)
    panel.sample_button.clicked.connect(panel.sample_asked)
    layout.addWidget(heading("PHOTOS"))
    layout.addWidget(title)
    layout.addWidget(quiet("A study is a folder made by <b>ctcl init</b> and filled by <b>ctcl import</b>."))
    layout.addWidget(panel.open_button)
    layout.addSpacing(14)
    layout.addWidget(quiet("Nothing at hand? Paint a synthetic photo and work on that."))
    layout.addWidget(panel.sample_button)
    layout.addStretch(1)
    return page


def picture(pixels: np.ndarray[Any, Any], side: int) -> QPixmap:
    """Square cut from the middle of (h, w, 3) uint8."""
    height, width = pixels.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    cut = np.ascontiguousarray(pixels[top : top + edge, left : left + edge])
    image = QImage(cut.data, edge, edge, 3 * edge, QImage.Format.Format_RGB888).copy()
    smooth, square = Qt.TransformationMode.SmoothTransformation, Qt.AspectRatioMode.IgnoreAspectRatio
    return QPixmap.fromImage(image).scaled(side, side, square, smooth)  # the bindings name these two differently


def _child(parent: QTreeWidgetItem, text: str, *, bold: bool = False) -> QTreeWidgetItem:
    for item in _children(parent):
        if item.text(0) == text:
            return item
    item = QTreeWidgetItem(parent, [text])
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    font = item.font(0)
    font.setBold(bold)
    item.setFont(0, font)
    return item


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    return [item.child(index) for index in range(item.childCount())]
