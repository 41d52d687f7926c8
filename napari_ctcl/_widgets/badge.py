"""The badge on the canvas: which photo this is, what is in hand, that it is saved and under whose name."""

from __future__ import annotations

from typing import Final

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QVBoxLayout, QWidget

from napari_ctcl._widgets.photos import where
from napari_ctcl._widgets.pinned import CARD, MARGIN_PX, Pin
from napari_ctcl._widgets.style import Swatch
from napari_ctcl.lesion import RGB, Lesion
from napari_ctcl.store import Photo

WITH_A_CLASS: Final = {
    "paint": "brush",
    "fill": "fill",
    "polygon": "polygon",
    "lasso": "lasso",
    "smart": "smart brush",
}
"""Tools that give a class, as they are spoken of."""

WITHOUT: Final = {
    "erase": ("erase", "back to unlabelled"),
    "region": ("region", "draw what to work in"),
    "pick": ("pick", "take a class from the photo"),
    "ruler": ("ruler", "click two points"),
    "pan_zoom": ("move", "drag the photo"),
}
"""Tools that give none: their name, and what they do."""

SAVED, SAVING, NOT_SAVED, LOOKED_AT = "● saved", "○ saving", "▲ not saved", "only to look at"
"""Words for whether every stroke so far is on disk."""

_INKS: Final = {SAVED: "#74d6a0", SAVING: "#f0c674", NOT_SAVED: "#ff9a96", LOOKED_AT: "#f0c674"}
_WIDEST_PX: Final = 340
_GAP_PX, _SIDES_PX = 8, 24


class Badge(QFrame):
    """Sits in the top left corner of the photo; the mouse goes through it.

    Parameters
    ----------
    surface : what the photo is drawn in
    """

    def __init__(self, surface: QWidget) -> None:
        super().__init__(surface)
        self.setProperty("role", "card")
        self.setStyleSheet(CARD)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Photo and class in hand")
        self.title, self.facts = QLabel(), QLabel()
        self.hand, self.tool, self.saved, self.reader = QLabel(), QLabel(), QLabel(), QLabel()
        self.swatch = Swatch(16)
        self.title.setStyleSheet("font-size: 14px; font-weight: 600;")
        self.hand.setStyleSheet("font-weight: 600;")
        for label in (self.facts, self.tool, self.reader):
            label.setProperty("role", "quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_SIDES_PX // 2, 7, _SIDES_PX // 2, 8)
        layout.setSpacing(4)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        self._lines = (self.title, self.facts), (self.swatch, self.hand, self.tool, self.saved, self.reader)
        for line in self._lines:
            layout.addLayout(_line(*line))
        Pin(self, Qt.Corner.TopLeftCorner)
        surface.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Fit the canvas when that has another size."""
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return bool(super().eventFilter(watched, event))

    def show_photo(self, photo: Photo | None) -> None:
        """Name the photo in hand; none hides the badge."""
        self.setVisible(photo is not None)
        if photo is not None:
            place = where(photo)
            self._write(self.title, place[:1].upper() + place[1:])
            self._write(self.facts, f"{photo.patient}  ·  {photo.visit}")

    def show_class(self, lesion: Lesion, colour: RGB, tool: str) -> None:
        """Name the class and the tool in hand."""
        gives = tool in WITH_A_CLASS and lesion is not Lesion.UNLABELLED
        name, what = (lesion.title, WITH_A_CLASS[tool]) if gives else WITHOUT.get(tool, WITHOUT["erase"])
        self.swatch.show_colour(colour if gives else None)
        self._write(self.hand, name)
        self._write(self.tool, what)

    def show_saved(self, word: str) -> None:
        """Say whether every stroke so far is safe: one of the words above."""
        self.saved.setStyleSheet(f"color: {_INKS[word]}; font-weight: {600 if word == NOT_SAVED else 400};")
        self._write(self.saved, word)

    def show_reader(self, name: str) -> None:
        """Name the reader under whose name strokes are kept."""
        self._write(self.reader, name)

    def _write(self, label: QLabel, text: str) -> None:
        label.ensurePolished()  # its font is known only then
        label.setText(label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, _WIDEST_PX))
        self._fit()

    def _fit(self) -> None:
        """Leave away on a narrow canvas what can be read elsewhere."""
        room = self.parentWidget().width() - 2 * MARGIN_PX
        spare = [self.tool, self.reader, self.facts]
        for label in (*spare, self.saved):
            label.setVisible(bool(label.text()))
        while spare and self._wanted() > room:
            spare.pop(0).hide()

    def _wanted(self) -> int:
        """Width of the wider line, counted here since a layout learns only later what was left away."""
        wide = (sum(w.sizeHint().width() + _GAP_PX for w in line if not w.isHidden()) for line in self._lines)
        return int(max(wide)) + _SIDES_PX


def _line(*widgets: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(_GAP_PX)
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(1)
    return line
