"""Looks that the panels share: swatches, headings, one style sheet that sits on napari's light and dark themes."""

from __future__ import annotations

from typing import Final

from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_ctcl.lesion import RGB

RESEARCH: Final = "Research use only. Not a medical device."

GREEN, AMBER, BLUE, GREY, RED = "#3fa36d", "#e0a030", "#5b9bd5", "#8d99a6", "#e5575c"

STATES: Final = {
    "new": (GREY, "new", "Nobody and no model has looked at it."),
    "proposed": (BLUE, "proposed", "A model has labelled it; nobody has judged it yet."),
    "in work": (AMBER, "in work", "Some of it is labelled by a person."),
    "verified": (GREEN, "verified", "A person has signed it off."),
}
"""Colour, word and meaning of each state of a photo; the word is always shown beside the colour."""

_SHEET: Final = """
QLabel[role="heading"] { color: QUIET; font-weight: 600; padding-top: 4px; }
QLabel[role="quiet"] { color: QUIET; }
QLabel[role="key"] { border: 1px solid rgba(150,160,175,130); border-radius: 3px; padding: 0px 5px;
                     color: QUIET; min-width: 10px; }
QPushButton[role="row"] { border-radius: 5px; border: 2px solid transparent; padding: 0px;
                          background: rgba(127,135,150,26); }
QPushButton[role="row"]:hover { background: rgba(127,135,150,52); }
QPushButton[role="row"][chosen="true"] { background: rgba(91,155,213,60); border: 2px solid #5b9bd5; }
QPushButton[role="row"] QLabel { background: transparent; }
QFrame[role="box"] { border-radius: 6px; border: 1px solid rgba(127,135,150,60); }
QPushButton[role="main"] { background: #2f6fab; color: white; font-weight: 600; border-radius: 5px; padding: 5px 10px;
                           border: 2px solid transparent; }
QPushButton[role="main"]:hover { background: #3a80c2; }
QPushButton[role="main"]:disabled { background: rgba(127,135,150,50); color: rgba(160,168,180,170); }
QPushButton[role="plain"] { border-radius: 5px; padding: 3px 8px; border: 2px solid transparent;
                            background: rgba(127,135,150,60); }
QPushButton[role="plain"]:hover { background: rgba(127,135,150,95); }
QPushButton[role="plain"]:disabled { color: rgba(160,168,180,120); background: rgba(127,135,150,30); }
QToolButton[role="tool"] { border-radius: 5px; padding: 3px 2px; border: 2px solid transparent;
                          background: rgba(127,135,150,45); }
QToolButton[role="tool"]:hover { background: rgba(127,135,150,90); }
QToolButton[role="tool"]:checked { background: #2f6fab; color: white; }
QCheckBox, QSlider { border: 2px solid transparent; border-radius: 5px; }
QPushButton:focus, QToolButton:focus, QCheckBox:focus, QSlider:focus { border: 2px solid FOCUS; }
QPushButton[role]:focus, QToolButton[role]:focus { border: 2px solid FOCUS; }
QLineEdit:focus, QComboBox:focus, QListView:focus { border: 1px solid FOCUS; }
QTreeWidget { border: 0px; background: transparent; show-decoration-selected: 0; }
QListView[role="list"] { border: 0px; border-radius: 6px; background: rgba(127,135,150,26); }
QTreeWidget::branch:selected, QTreeWidget::item:selected { background: transparent; }
QTabBar::tab { padding: 6px 16px; font-weight: 600; border-radius: 0px; }
QProgressBar { border: 0px; border-radius: 4px; background: rgba(127,135,150,50); max-height: 8px; min-height: 8px; }
QProgressBar::chunk { background: #5b9bd5; border-radius: 4px; }
"""


def sheet(*, light: bool) -> str:
    """The panels' style sheet; secondary text is dark enough to read on a light theme, and the other way round."""
    soft, ring = ("#56616e", "#1c62b0") if light else ("#98a4b3", "#8fc3f5")
    return _SHEET.replace("QUIET", soft).replace("FOCUS", ring)


def heading(text: str) -> QLabel:
    """Small title above a group of controls."""
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def quiet(text: str = "") -> QLabel:
    """Secondary text that may take several lines."""
    label = QLabel(text)
    label.setProperty("role", "quiet")
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def key(text: str) -> QLabel:
    """A key cap."""
    label = QLabel(text)
    label.setProperty("role", "key")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label


def box() -> tuple[QFrame, QVBoxLayout]:
    """A framed group of controls and its layout."""
    frame = QFrame()
    frame.setProperty("role", "box")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(10, 8, 10, 10)
    layout.setSpacing(6)
    return frame, layout


def beside(*widgets: QWidget, spacing: int = 6) -> QWidget:
    """Widgets in a row; the first takes the room that is left."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for position, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if position == 0 else 0)
    return row


def titled(title: str, *right: QWidget) -> QWidget:
    """A title with secondary texts at its right."""
    for widget in right:
        if widget.property("role") is None:
            widget.setProperty("role", "quiet")
    return beside(QLabel(title), *right)


class Swatch(QLabel):
    """A square of a class's colour that keeps it while the panel around it waits; Qt would grey it."""

    def __init__(self, side: int = 18) -> None:
        super().__init__()
        self._picture = swatch(None, side)
        self.setFixedSize(side, side)

    def show_colour(self, colour: RGB | None) -> None:
        """Take a colour; an empty dashed square for None."""
        self._picture = swatch(colour, self.width())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's
        """Draw the square as it is."""
        painter = QPainter(self)
        painter.setOpacity(1.0 if self.isEnabled() else 0.75)
        painter.drawPixmap(0, 0, self._picture)
        painter.end()


def swatch(colour: RGB | None, side: int = 18) -> QPixmap:
    """Rounded square of a colour; an empty dashed one for None."""
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if colour is None:
        painter.setPen(QPen(QColor(GREY), 1.4, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    else:
        painter.setPen(QPen(QColor(255, 255, 255, 90), 1))
        painter.setBrush(QColor(*colour))
    painter.drawRoundedRect(QRectF(1, 1, side - 2, side - 2), 4, 4)
    painter.end()
    return pixmap


def counted(number: int, thing: str) -> str:
    """A number of things, in the singular where there is one."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def refresh_style(widget: QWidget) -> None:
    """Have Qt look at a widget's dynamic properties again."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    for child in widget.findChildren(QWidget):
        child.style().unpolish(child)
        child.style().polish(child)
