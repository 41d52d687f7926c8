"""Where things go in napari's main window: photos beside the canvas, the header above it, its own docks put away."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDockWidget,
    QFrame,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QSplitter,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from napari_ctcl._widgets.style import RESEARCH

_LIST_PX = 235


def dock_beside(viewer: Any, main: QMainWindow, photos: QWidget, annotator: QWidget) -> QDockWidget:
    """Dock the photos on the left, in the place of napari's layer docks, which stay in the Window menu."""
    for dock in main.findChildren(QDockWidget):
        if dock.objectName() in ("layer list", "layer controls"):
            dock.hide()
    left = viewer.window.add_dock_widget(photos, name="Photos", area="left", add_vertical_stretch=False)
    for dock in main.findChildren(QDockWidget):
        if dock is left or dock.isAncestorOf(annotator):
            _keep(viewer, dock)
    main.resizeDocks([left], [_LIST_PX], Qt.Orientation.Horizontal)
    return left


def _keep(viewer: Any, dock: QDockWidget) -> None:
    """Let a dock be put away and brought back from the Window menu; napari's x would destroy it for good."""

    def hide_x(*_: object) -> None:
        for button in dock.findChildren(QPushButton, "QTitleBarCloseButton"):
            button.hide()

    hide_x()
    dock.dockLocationChanged.connect(hide_x)  # napari makes the title bar anew wherever the dock lands
    viewer.window.window_menu.addAction(dock.toggleViewAction())


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


def column_of(*parts: QWidget) -> QWidget:
    """Parts of a tab one below the other, with the panels' margins around them."""
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(10, 8, 10, 8)
    layout.setSpacing(9)
    for part in parts:
        layout.addWidget(part)
    return page


def above(upper: QWidget, lower: QWidget) -> QWidget:
    """A part that takes the room, and below it one that is always seen whole."""
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(upper, 1)
    layout.addWidget(lower)
    return page


def in_two(upper: QWidget, lower: QWidget) -> QSplitter:
    """Two halves of a tab that share its height; the border between them can be dragged."""
    halves = QSplitter(Qt.Orientation.Vertical)
    for half, share in ((upper, 5), (lower, 2)):
        halves.addWidget(half)
        halves.setStretchFactor(halves.indexOf(half), share)
    halves.setCollapsible(0, False)
    return halves
