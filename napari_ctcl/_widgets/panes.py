"""The parts of the window that the keyboard goes round, and that leave the keys to the photo when they are clicked."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox, QScrollArea, QWidget

_CLICKED = (QAbstractButton, QAbstractSlider, QComboBox, QScrollArea)


def next_pane(panes: Sequence[QWidget]) -> None:
    """Move the keyboard to the first control of the next part of the window that is on screen.

    Parameters
    ----------
    panes : in the order of the round, a part of another after it; those that are put away or have nothing to do are
        passed over
    """
    now = QApplication.focusWidget()
    at = max((number for number, pane in enumerate(panes) if now is pane or pane.isAncestorOf(now)), default=-1)
    for step in range(1, len(panes) + 1):
        first = _first_control(panes[(at + step) % len(panes)])
        if first is not None:
            first.setFocus(Qt.FocusReason.TabFocusReason)
            return


def leave_keys(pane: QWidget) -> None:
    """Have a click on a control leave the keys where they are, which is mostly the photo; Tab still goes there.

    A button that was clicked would be pressed again by Space, and a list of choices would take the digits.
    """
    for control in pane.findChildren(QWidget):
        if isinstance(control, _CLICKED) and _by_tab(control):
            control.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def _first_control(pane: QWidget) -> QWidget | None:
    if _takes_keys(pane):
        return pane
    control = pane.nextInFocusChain()
    while control is not pane:
        if pane.isAncestorOf(control) and _takes_keys(control):
            return control
        control = control.nextInFocusChain()
    return None


def _takes_keys(widget: QWidget) -> bool:
    return _by_tab(widget) and widget.isVisible() and widget.isEnabled()


def _by_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
