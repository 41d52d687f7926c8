"""The sheet of keys: every action and the keys it has now, in groups, beside the work rather than in its way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from napari_ctcl._widgets.actions import ACTIONS, Action
from napari_ctcl._widgets.keys import keys_of, pressed
from napari_ctcl._widgets.style import box, heading, key, quiet, sheet

_COLUMNS: Final = (("Class in hand", "Tool"), ("Model's proposal", "Window"), ("View",))
_ROOM_PX: Final = 28
_WHERE = "Other keys can be chosen in napari's preferences, under CTCL; they hold at once."


class KeySheet(QDialog):
    """A window of its own that stays open beside the work; Esc closes it.

    Parameters
    ----------
    parent : the window that it belongs to
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setModal(False)
        self.finished.connect(self._give_back)
        self._keys: Mapping[str, str] = {}
        self._page = QScrollArea()
        self._page.setWidgetResizable(True)
        self._page.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 10)
        layout.addWidget(self._page, 1)
        layout.addWidget(quiet(_WHERE))

    def show_keys(self, keys: Mapping[str, str], *, light: bool) -> None:
        """List all actions.

        Parameters
        ----------
        keys : of each action, by its name, as `Bindings` gives them
        """
        self._keys = keys
        self.setStyleSheet(sheet(light=light))
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setContentsMargins(0, 0, 6, 0)
        columns.setSpacing(12)
        for groups in _COLUMNS:
            column = QVBoxLayout()
            for group in groups:
                column.addWidget(self._group(group))
            column.addStretch(1)
            columns.addLayout(column)
        self._page.setWidget(page)

    def _group(self, group: str) -> QWidget:
        frame, layout = box()
        layout.addWidget(heading(group.upper()))
        rows = QGridLayout()
        rows.setHorizontalSpacing(14)
        rows.setVerticalSpacing(5)
        rows.setColumnStretch(0, 1)
        for number, action in enumerate(action for action in ACTIONS if action.group == group):
            rows.addWidget(QLabel(action.what), number, 0)
            rows.addWidget(self._caps(action), number, 1)
        layout.addLayout(rows)
        return frame

    def _caps(self, action: Action) -> QWidget:
        caps = QWidget()
        line = QHBoxLayout(caps)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addStretch(1)
        for word in keys_of(self._keys[action.name]) or ("none",):
            line.addWidget(key(word))
        caps.setAccessibleName(f"{action.what}: {self._keys[action.name] or 'no key'}")
        return caps

    def appear(self) -> None:
        """Show the sheet, large enough for all of it where the screen is; or put it away when it is there."""
        if self.isVisible():
            self.close()
            return
        wanted = self._page.widget().sizeHint()
        room = self.screen().availableGeometry().size() * 0.9
        extra = self.sizeHint().height() - self._page.sizeHint().height()
        self.resize(
            min(wanted.width() + 2 * _ROOM_PX, room.width()), min(wanted.height() + extra + _ROOM_PX, room.height())
        )
        self.show()
        self.raise_()
        self.activateWindow()
        self._page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _give_back(self, _: int) -> None:
        """Let the window have the keys again, which not every desktop does by itself."""
        self.parentWidget().activateWindow()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Close at the key that opened it, as at Esc."""
        if pressed(event) in keys_of(self._keys.get("sheet", "")):
            self.close()
            return
        super().keyPressEvent(event)
