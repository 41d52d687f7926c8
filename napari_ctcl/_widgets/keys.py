"""The keys: what a reader chose for each action, and hearing them before napari or a menu does.

A choice that is no key, or one that two actions want, is said in a sentence, and the key stays what it was made as.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QWidget

from napari_ctcl._layers import PyramidLabels
from napari_ctcl._widgets.actions import ACTIONS, Action, Desk

OR: Final = " or "
"""Between the keys of one action, as they are shown and written."""

_ALSO_SPELT: Final = {"pageup": "PgUp", "pagedown": "PgDown", "escape": "Esc", "delete": "Del", "insert": "Ins"}
_MODIFIERS: Final = {"Shift", "Control", "Ctrl", "Alt", "Meta", "AltGr", "CapsLock", "NumLock", "ScrollLock"}
_STEPS: Final = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
    (Qt.KeyboardModifier.AltModifier, "Alt"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
    (Qt.KeyboardModifier.MetaModifier, "Meta"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bindings:
    """Which keys do what.

    Parameters
    ----------
    actions : by key
    keys : by the name of the action, in words
    complaints : sentences about choices that could not be followed
    """

    actions: Mapping[str, Action]
    keys: Mapping[str, str]
    complaints: tuple[str, ...] = ()


def bindings(chosen: Mapping[str, str] | None = None) -> Bindings:
    """Bindings of all actions.

    Parameters
    ----------
    chosen : keys by the name of an action, such as {"erase": "E or 0"}; nothing for no key. The rest keep their own.
    """
    wanted, complaints = {action.name: action.keys for action in ACTIONS} | dict(chosen or {}), []
    for action in ACTIONS:
        for word in wanted[action.name].split(OR):
            if word.strip() and not spelt(word):
                complaints.append(
                    f"{word.strip()!r} is no key; write it like B, Ctrl+Z or PgUp. {action.what!r} keeps {action.keys}."
                )
                wanted[action.name] = action.keys
    while clash := _clash(wanted):
        key, loser, winner = clash
        complaints.append(f"{key} is the key of both {loser.what!r} and {winner.what!r}; the first keeps {loser.keys}.")
        wanted[loser.name] = loser.keys
    by_key = {key: action for action in ACTIONS for key in keys_of(wanted[action.name])}
    return Bindings(
        actions=by_key,
        keys={name: OR.join(keys_of(text)) for name, text in wanted.items()},
        complaints=tuple(complaints),
    )


def _clash(wanted: Mapping[str, str]) -> tuple[str, Action, Action] | None:
    """A key of two actions, the one of them that must give way, and the other."""
    owners: dict[str, list[Action]] = defaultdict(list)
    for action in ACTIONS:
        for key in keys_of(wanted[action.name]):
            owners[key].append(action)
    for key, claimants in owners.items():
        changed = [action for action in claimants if wanted[action.name] != action.keys]
        if len(claimants) > 1 and changed:
            loser = changed[-1]
            return key, loser, next(action for action in claimants if action is not loser)
    return None


def keys_of(text: str) -> tuple[str, ...]:
    """Keys of a text such as "E or 0", as Qt spells them; words that are no key are left out."""
    return tuple(key for word in text.split(OR) if (key := spelt(word)))


def spelt(word: str) -> str:
    """A key as Qt spells it: "Ctrl+Shift+Z", "PgUp", "?"; nothing for a word that is no single key."""
    parts = word.strip().split("+")
    parts[-1] = _ALSO_SPELT.get(parts[-1].lower(), parts[-1])
    sequence = QKeySequence("+".join(parts), QKeySequence.SequenceFormat.PortableText)
    text = str(sequence.toString(QKeySequence.SequenceFormat.PortableText)) if sequence.count() == 1 else ""
    if text in _MODIFIERS or (len(text) > 1 and text[-2] != "+"):
        return "" if text in _MODIFIERS else text
    if "Shift+" in text and text[-1].isdigit():
        return ""  # Shift makes another sign of it
    return text.replace("Shift+", "") if _typed(text[-1:]) else text


def pressed(event: QKeyEvent) -> str:
    """The key of an event as `spelt` gives it: a sign is the sign, whatever was held to type it on this keyboard."""
    held, text = event.modifiers(), event.text()
    steps = [name for flag, name in _STEPS if held & flag]
    if len(text) == 1 and _typed(text):
        steps = [step for step in steps if step != "Shift"]
        if {"Ctrl", "Alt"} <= set(steps):
            steps = [step for step in steps if step not in ("Ctrl", "Alt")]  # AltGr, as Windows gives it
    key = QKeySequence(event.key()).toString(QKeySequence.SequenceFormat.PortableText)
    return "+".join([*steps, str(key)])


def _typed(text: str) -> bool:
    """Whether it is a sign or a digit: what Shift is only held to reach."""
    return len(text) == 1 and text.isprintable() and not text.isalpha() and not text.isspace()


class Keys(QObject):
    """Listens to the widgets it watches and does what their keys stand for.

    Parameters
    ----------
    desk : what the actions work on
    ready : whether a photo is in hand, and nothing else has been chosen to work on
    """

    def __init__(self, desk: Desk, ready: Callable[[], bool]) -> None:
        super().__init__()
        self._desk, self._ready = desk, ready
        self._held: dict[int, Callable[[], None]] = {}
        self.bindings = bindings()
        keep_napari_out()

    def watch(self, widget: QWidget) -> None:
        """Hear the keys that reach a widget; a window hears those that none of its parts wanted."""
        widget.installEventFilter(self)

    def choose(self, chosen: Mapping[str, str]) -> tuple[str, ...]:
        """Follow a reader's choice of keys; what of it could not be followed, in sentences."""
        self.let_go()
        self.bindings = bindings(chosen)
        return self.bindings.complaints

    def let_go(self) -> None:
        """End what lasts while a key is held."""
        while self._held:
            self._held.popitem()[1]()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Take the keys that are bound; all others go on."""
        match event.type():
            case QEvent.Type.ShortcutOverride if self._action(event) is not None:
                event.accept()  # or a menu of napari's that has the same key would get it
                return True
            case QEvent.Type.KeyPress:
                return self._press(event)
            case QEvent.Type.KeyRelease if not event.isAutoRepeat() and event.key() in self._held:
                self._held.pop(event.key())()
                return True
            case QEvent.Type.FocusOut | QEvent.Type.WindowDeactivate:
                self.let_go()  # the key would be let go elsewhere
        return bool(super().eventFilter(watched, event))

    def _action(self, event: QKeyEvent) -> Action | None:
        action = self.bindings.actions.get(pressed(event))
        return action if action is not None and (action.always or self._ready()) else None

    def _press(self, event: QKeyEvent) -> bool:
        action = self._action(event)
        if action is None:
            return False
        if event.isAutoRepeat() and not action.repeats:
            return True
        came = action.do(self._desk)
        if callable(came):
            self._held[event.key()] = came
        return came is not False


def keep_napari_out() -> None:
    """Take away from the label layer those keys of napari's that would change classes or tools behind our back."""
    for unwanted in ("5", "6", "7", "M", "X", "-", "=", "L", "P"):
        PyramidLabels.bind_key(unwanted, _nothing, overwrite=True)


def _nothing(layer: PyramidLabels) -> None:
    """Keep napari's own action away."""
