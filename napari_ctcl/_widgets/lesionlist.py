"""The list of the lesions on the photo in hand, to walk through and to judge; they are found and sorted elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from qtpy.QtCore import QAbstractListModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QAbstractItemView, QCheckBox, QComboBox, QListView, QVBoxLayout, QWidget

from napari_ctcl._widgets.lesionrow import AREA, FOUND, LesionRow
from napari_ctcl._widgets.style import beside, heading, quiet
from napari_ctcl.lesion import CLASSES, LESIONS, RGB, SCREEN_COLOURS, Lesion
from napari_ctcl.lesions import Found
from napari_ctcl.scale import area_in_words

_ROWS_SHOWN: Final = 4
_CLASS_KEYS: Final = {str(int(lesion)): lesion for lesion in CLASSES}


class LesionRows(QAbstractListModel):
    """The rows that the list shows, however many there are."""

    def __init__(self) -> None:
        super().__init__()
        self.lesions: Sequence[Found] = ()
        self._mm_per_px: float | None = None

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802 - Qt's
        """How many rows there are."""
        return 0 if parent is not None and parent.isValid() else len(self.lesions)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The lesion itself, its area in words, or the whole row as a sentence."""
        if not index.isValid():
            return None
        found = self.lesions[index.row()]
        area = area_in_words(found.pixels, self._mm_per_px)
        if role == FOUND:
            return found
        if role == AREA:
            return area
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{found.lesion.title}, {area}, {found.state}"
        if role == Qt.ItemDataRole.ToolTipRole:
            mine = f"{found.human_pixels:,} of {found.pixels:,} pixels painted or accepted by a person"
            return f"{found.lesion.title.capitalize()}, {area}\n{mine}\nClick to go there"
        return None

    def show(self, lesions: Sequence[Found], mm_per_px: float | None) -> None:
        """Take other rows."""
        self.beginResetModel()
        self.lesions, self._mm_per_px = lesions, mm_per_px
        self.endResetModel()


class LesionView(QListView):
    """Says which keys were pressed on which row; a sentence stands where there are no rows."""

    entered = Signal(object)
    judged = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self.empty_text = ""
        self.setProperty("role", "list")
        self.setAccessibleName("Lesions")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(_ROWS_SHOWN * (self.fontMetrics().height() + 10) + 4)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's
        """Light up the button under the mouse."""
        super().mouseMoveEvent(event)
        self.viewport().update(self.visualRect(self.indexAt(event.position().toPoint())))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's
        """Enter goes to the row's lesion; A, R and the classes' keys judge it."""
        found, letter = self.currentIndex().data(FOUND), event.text().upper()
        if found is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit(found)
        elif letter in ("A", "R", *_CLASS_KEYS):
            self.judged.emit(found, letter)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        """Draw the rows, or the sentence."""
        super().paintEvent(event)
        if self.model().rowCount() == 0 and self.empty_text:
            painter = QPainter(self.viewport())
            painter.setOpacity(0.75)
            area = self.viewport().rect().adjusted(12, 8, -12, -8)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty_text)
            painter.end()


class LesionList(QWidget):
    """Shows the lesions and says which was chosen, accepted, rejected or given another class."""

    chosen = Signal(object)
    accept_asked = Signal(object)
    reject_asked = Signal(object)
    reclassify_asked = Signal(object, int)

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[Found] = ()
        self._mm_per_px: float | None = None
        self.title, self.note = heading("LESIONS"), quiet()
        self.rows, self.view = LesionRows(), LesionView()
        self.view.setModel(self.rows)
        self.row = LesionRow(self.view)
        self.row.colours = SCREEN_COLOURS
        self.view.setItemDelegate(self.row)
        self.only_class, self.only_proposed = QComboBox(), QCheckBox("Only proposed")
        self._build_filters()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for widget in (self.title, beside(self.only_class, self.only_proposed), self.view, self.note):
            layout.addWidget(widget, 1 if widget is self.view else 0)
        self.row.judged.connect(self._judge)
        self.row.clicked.connect(self.chosen)
        self.view.judged.connect(self._judge)
        self.view.entered.connect(self.chosen)
        self.show_none()

    def _build_filters(self) -> None:
        self.only_class.addItem("Every class", None)
        for lesion in reversed(LESIONS):
            self.only_class.addItem(lesion.title, int(lesion))
        self.only_class.setAccessibleName("Which class of lesion to list")
        self.only_proposed.setToolTip("List only what a model proposes and nobody has judged in full.")
        self.only_class.currentIndexChanged.connect(lambda _: self._filter())
        self.only_proposed.toggled.connect(lambda _: self._filter())

    # What it shows

    @property
    def listed(self) -> Sequence[Found]:
        """All lesions, those too that the filters leave out."""
        return self._all

    def show_lesions(self, lesions: Sequence[Found], mm_per_px: float | None, colours: Mapping[Lesion, RGB]) -> None:
        """Show lesions in the order given; the row in hand stays in hand.

        Parameters
        ----------
        mm_per_px : the photo's scale; None where it is not known
        colours : of the classes
        """
        self._all, self._mm_per_px, self.row.colours = lesions, mm_per_px, colours
        scaled = f"At {mm_per_px:.3g} mm per pixel, skin taken as flat." if mm_per_px else ""
        self.note.setText(scaled or "Areas in pixels: the photo has no scale yet.")
        self._filter()

    def show_none(self, why: str = "No photo is open.") -> None:
        """Show no lesions, and a sentence in their place."""
        self._all = ()
        self.note.clear()
        self._filter()
        self.title.setText("LESIONS")
        self.view.empty_text = why

    def show_looking(self, done: int, total: int) -> None:
        """Say how much of the photo has been looked at."""
        self.title.setText(f"LESIONS   looking, {100 * done // max(total, 1)} %")

    def show_colours(self, colours: Mapping[Lesion, RGB]) -> None:
        """Take other class colours."""
        self.row.colours = colours
        self.view.viewport().update()

    def _filter(self) -> None:
        lesion, proposed = self.only_class.currentData(), self.only_proposed.isChecked()
        kept = [
            found
            for found in self._all
            if (lesion is None or found.lesion == lesion) and not (proposed and found.state == "confirmed")
        ]
        last = self.view.currentIndex()
        hand = last.data(FOUND)
        self.rows.show(kept, self._mm_per_px)
        if hand is not None and kept:
            self.view.setCurrentIndex(self.rows.index(_same(kept, hand, last.row())))
        count = f"{len(kept):,} of {len(self._all):,}" if len(kept) < len(self._all) else f"{len(kept):,}"
        self.title.setText(f"LESIONS ({count})")
        self.view.empty_text = "None of these is left." if self._all else "No lesion is painted or proposed here yet."

    # What it says

    def _judge(self, found: Found, letter: str) -> None:
        if letter in _CLASS_KEYS:
            self.reclassify_asked.emit(found, int(_CLASS_KEYS[letter]))
        elif found.state != "confirmed":
            (self.accept_asked if letter == "A" else self.reject_asked).emit(found)


def _same(lesions: Sequence[Found], hand: Found, row: int) -> int:
    """Row of the lesion in hand, as it is now; the row where it was if it is gone."""
    for place, found in enumerate(lesions):
        if found.seed == hand.seed or found.box == hand.box:
            return place
    return min(row, len(lesions) - 1)
