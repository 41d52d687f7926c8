"""Where things go in napari's main window: photos beside the canvas, the header above it, its own docks put away."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QFrame, QLabel, QMainWindow, QScrollArea, QToolBar, QWidget

from napari_ctcl._widgets.style import RESEARCH

_LIST_PX = 235


def dock_beside(viewer: Any, main: QMainWindow, photos: QWidget) -> QDockWidget:
    """Dock the photos on the left, in the place of napari's layer docks, which stay in the Window menu."""
    for dock in main.findChildren(QDockWidget):
        if dock.objectName() in ("layer list", "layer controls"):
            dock.hide()
    left = viewer.window.add_dock_widget(photos, name="Photos", area="left", add_vertical_stretch=False)
    main.resizeDocks([left], [_LIST_PX], Qt.Orientation.Horizontal)
    return left


def dock_above(main: QMainWindow, header: QWidget) -> None:
    """Put the header across the top of the window."""
    strip = QToolBar("Photo in hand", main)
    strip.setObjectName("ctcl photo in hand")
    strip.setMovable(False)
    strip.addWidget(header)
    main.addToolBar(Qt.ToolBarArea.TopToolBarArea, strip)


def tell_research(main: QMainWindow) -> None:
    """Say at the foot of the window, always, that this is no medical device."""
    label = QLabel(RESEARCH)
    label.setStyleSheet("font-weight: 600; padding: 0px 8px;")
    main.statusBar().addPermanentWidget(label)


class Column(QScrollArea):
    """Scrolls up and down alone: it is never narrower than what it holds."""

    def __init__(self, held: QWidget) -> None:
        super().__init__()
        self.setWidget(held)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def fit(self) -> None:
        """Take the width that the controls want now that they have their looks."""
        bar = self.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(self.widget().minimumSizeHint().width() + bar + 2)
