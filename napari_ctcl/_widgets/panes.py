"""The parts of the window that the keyboard goes round."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QWidget


def next_pane(panes: Sequence[QWidget]) -> None:
    """Move the keyboard to the first control of the next part of the window that is on screen.

    Parameters
    ----------
    panes : in the order of the round; parts that are put away or have nothing to do are passed over
    """
    now = QApplication.focusWidget()
    at = next((number for number, pane in enumerate(panes) if now is pane or pane.isAncestorOf(now)), -1)
    for step in range(1, len(panes) + 1):
        first = _first_control(panes[(at + step) % len(panes)])
        if first is not None:
            first.setFocus(Qt.FocusReason.TabFocusReason)
            return


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
    by_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return by_tab and widget.isVisible() and widget.isEnabled()
