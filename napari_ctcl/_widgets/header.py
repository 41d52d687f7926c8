"""The strip above the photo: which photo, which class is in hand, that it is saved, who is reading, and messages."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from napari_ctcl._widgets.keys import KEYS
from napari_ctcl._widgets.photos import where
from napari_ctcl._widgets.style import AMBER, BLUE, GREEN, RED
from napari_ctcl.lesion import RGB, Lesion
from napari_ctcl.store import Photo

_STAYS_MS = 9000
_HEIGHT_PX = 44  # fixed: a message that came and went would move the photo under the pen


class Header(QWidget):
    """One line about the photo in hand, with room for a message in its middle."""

    sign_asked = Signal()
    reopen_asked = Signal()

    def __init__(self, user: str) -> None:
        super().__init__()
        self.title, self.chip, self.saved, self.reader = QLabel("No photo is open"), QLabel(), QLabel(), QLabel(user)
        self.title.setStyleSheet("font-size: 14px; font-weight: 600;")
        self.reader.setProperty("role", "quiet")
        self.reader.setToolTip("Strokes are kept under this name.")
        self.chip.setFixedHeight(22)
        self.help = QToolButton()
        self.help.setText("Keys")
        self.help.setToolTip("Every key, and what it does")
        self.help.setProperty("role", "tool")
        self.help.clicked.connect(self._show_keys)
        self.sign = QToolButton()
        self.sign.setProperty("role", "tool")
        self.sign.clicked.connect(self._ask_to_sign)
        self._message = self._message_strip()
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 3, 12, 3)
        line.setSpacing(14)
        for widget in (self.title, self.chip):
            line.addWidget(widget)
        line.addWidget(self._message, 1)
        line.addStretch(0)
        for widget in (self.saved, self.sign, self.reader, self.help):
            line.addWidget(widget)
        self.setFixedHeight(_HEIGHT_PX)
        self.chip.hide()
        self.show_state(None)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._hush)

    def _message_strip(self) -> QFrame:
        strip, self._words, close = QFrame(), QLabel(), QToolButton()
        strip.setObjectName("message")
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close.setText("x")
        close.setToolTip("Dismiss")
        close.clicked.connect(self._hush)
        layout = QHBoxLayout(strip)
        layout.setContentsMargins(10, 2, 4, 2)
        layout.addWidget(self._words, 1)
        layout.addWidget(close)
        self._close = close
        self._close.hide()
        return strip

    def _ask_to_sign(self) -> None:
        (self.reopen_asked if self._state == "verified" else self.sign_asked).emit()

    def _hush(self) -> None:
        self._words.clear()
        self._close.hide()
        self._message.setStyleSheet("")

    def _show_keys(self) -> None:
        rows = "".join(f"<tr><td align=right><b>{key}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for key, what in KEYS)
        menu, label, action = QMenu(self), QLabel(f"<table cellspacing=3>{rows}</table>"), QWidgetAction(self)
        label.setContentsMargins(12, 10, 16, 10)
        action.setDefaultWidget(label)
        menu.addAction(action)
        menu.popup(self.help.mapToGlobal(self.help.rect().bottomLeft()))

    @property
    def message(self) -> str:
        """The message on screen; empty while there is none."""
        return str(self._words.text())

    def show_photo(self, photo: Photo | None) -> None:
        """Name the photo in hand."""
        words = f"{where(photo)}  ·  {photo.patient}  ·  {photo.visit}" if photo else "No photo is open"
        self.title.setText(words[:1].upper() + words[1:])
        self.chip.setVisible(photo is not None)
        self.show_saved(saved=True if photo is not None else None)
        self.show_state(None)

    def show_state(self, state: str | None) -> None:
        """Offer to sign the photo off, or to take the signature back; nothing while its state is not known."""
        self._state = state
        self.sign.setVisible(state is not None)
        self.sign.setText("Reopen" if state == "verified" else "Sign off")
        self.sign.setEnabled(state in ("in work", "verified"))
        tips = {
            "in work": "The labels of this photo are complete and right, and your name stands for it.",
            "verified": "A person has signed this photo off. Take the signature back.",
        }
        self.sign.setToolTip(tips.get(str(state), "Paint, or accept the proposal; then the photo can be signed off."))

    def show_class(self, lesion: Lesion, colour: RGB, tool: str) -> None:
        """Name the class and the tool in hand, in the class's colour."""
        dark = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140
        ink, name = ("#101418" if dark else "#ffffff"), lesion.title
        if tool in ("erase", "pan_zoom") or lesion is Lesion.UNLABELLED:
            colour, ink = (96, 105, 117), "#ffffff"
            name = "move" if tool == "pan_zoom" else "erase"
        what = {"fill": "fill with ", "polygon": "outline "}.get(tool, "")
        self.chip.setText(f"{what}{name}")
        red, green, blue = colour
        self.chip.setStyleSheet(
            f"background: rgb({red},{green},{blue}); color: {ink}; border-radius: 9px; padding: 2px 12px;"
            "font-weight: 600;"
        )

    def show_saved(self, *, saved: bool | None) -> None:
        """Say that every stroke so far is safe, or that one is not; nothing for None."""
        self.saved.setText("" if saved is None else "● saved" if saved else "▲ not saved")
        self.saved.setStyleSheet(f"color: {GREEN if saved else RED};")
        safe = "Every finished stroke is on disk; nothing needs to be saved by hand."
        self.saved.setToolTip(safe if saved else "The last stroke is not on disk; the message says why.")

    def tell(self, text: str, *, kind: str = "info") -> None:
        """Show a message: info goes by itself, what is being done and a refusal stay until dismissed or replaced."""
        colour = {"info": BLUE, "work": BLUE, "good": GREEN, "warn": AMBER, "bad": RED}[kind]
        self._words.setText(text)
        self._words.setToolTip(text)
        self._message.setStyleSheet(
            f"#message {{ border-left: 4px solid {colour}; border-radius: 3px; background: rgba(127,135,150,38); }}"
            "#message QWidget { background: transparent; }"
        )
        self._close.show()
        self._timer.stop()
        if kind in ("info", "good"):
            self._timer.start(_STAYS_MS)
