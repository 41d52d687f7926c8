"""The strip above the photo: where in the study this is, messages, the signature, and the way to the keys."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QWidget,
)

from napari_ctcl._widgets.style import AMBER, BLUE, GREEN, RED

_STAYS_MS = 9000
_HEIGHT_PX = 44  # fixed: a message that came and went would move the photo under the pen


class Header(QWidget):
    """One line about the study, with room for a message in its middle; the badge on the photo tells about the photo."""

    sign_asked = Signal()
    reopen_asked = Signal()
    turn_asked = Signal(int)
    keys_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.place = QLabel("No photo is open")
        self.place.setStyleSheet("font-weight: 600;")
        self.back, self.on = _tool("\u2039", "Previous photo"), _tool("\u203a", "Next photo")
        self.help, self.sign = _tool("Keys", "Every key, and what it does"), _tool("Sign off", "")
        self.back.clicked.connect(lambda _=False: self.turn_asked.emit(-1))
        self.on.clicked.connect(lambda _=False: self.turn_asked.emit(1))
        self.help.clicked.connect(lambda _=False: self.keys_asked.emit())
        self.sign.clicked.connect(lambda _=False: self._ask_to_sign())
        self._message = self._message_strip()
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 3, 12, 3)
        line.setSpacing(14)
        for widget in (self.back, self.place, self.on):
            line.addWidget(widget)
        line.addWidget(self._message, 1)
        line.addStretch(0)
        self.judged = QLabel()
        self.judged.setProperty("role", "quiet")
        self.judged.setToolTip("Share of the photo that a person has labelled or accepted, normal skin included.")
        for widget in (self.judged, self.sign, self.help):
            line.addWidget(widget)
        self.setFixedHeight(_HEIGHT_PX)
        self.show_place(None)
        self.show_state(None)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hush)

    def _message_strip(self) -> QFrame:
        strip, self._words, close = QFrame(), QLabel(), QToolButton()
        strip.setObjectName("message")
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close.setText("x")
        close.setToolTip("Dismiss")
        close.clicked.connect(self.hush)
        layout = QHBoxLayout(strip)
        layout.setContentsMargins(10, 2, 4, 2)
        layout.addWidget(self._words, 1)
        layout.addWidget(close)
        self._close = close
        self._close.hide()
        return strip

    def _ask_to_sign(self) -> None:
        (self.reopen_asked if self._state == "verified" else self.sign_asked).emit()

    def hush(self) -> None:
        """Take the message away."""
        self._words.clear()
        self._close.hide()
        self._message.setStyleSheet("")

    @property
    def message(self) -> str:
        """The message on screen; empty while there is none."""
        return str(self._words.text())

    def show_place(self, number: int | None, of: int = 0) -> None:
        """Say which photo of the list is in hand, counted from 1; none for None."""
        self.place.setText(f"Photo {number} of {of}" if number is not None else "No photo is open")
        self.back.setVisible(number is not None)
        self.on.setVisible(number is not None)
        self.back.setEnabled(number is not None and number > 1)
        self.on.setEnabled(number is not None and number < of)

    def show_judged(self, pixels: int, of: int) -> None:
        """Say how much of the photo in hand people have judged."""
        share = 100 * pixels / of
        words = f"{share:.0f}" if share >= 1 or not pixels else "< 1"
        self.judged.setText(f"{'99' if pixels < of and words == '100' else words} % judged")

    def show_state(self, state: str | None) -> None:
        """Offer to sign the photo off, or to take the signature back; nothing while its state is not known."""
        self._state = state
        self.judged.setVisible(state is not None)
        self.sign.setVisible(state is not None)
        self.sign.setText("Reopen" if state == "verified" else "Sign off")
        self.sign.setEnabled(state in ("in work", "verified"))
        tips = {
            "in work": "The labels of this photo are complete and right, and your name stands for it.",
            "verified": "A person has signed this photo off. Take the signature back.",
        }
        self.sign.setToolTip(tips.get(str(state), "Paint, or accept the proposal; then the photo can be signed off."))

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


def _tool(text: str, what: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setProperty("role", "tool")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setToolTip(what)
    button.setAccessibleName(what)
    return button
