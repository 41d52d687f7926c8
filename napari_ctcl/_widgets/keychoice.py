"""The keys that a reader chose in napari's preferences, where this plugin has one setting per action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from napari.settings import get_plugin_settings
from qtpy.QtCore import QObject, QTimer, Signal

PLUGIN: Final = "napari-ctcl"
_TYPED_MS: Final = 700
"""How long a setting must rest before it is followed: a key such as Ctrl+Q is typed letter by letter."""


class KeyChoice(QObject):
    """`changed` gives all settings anew, by the name of the action, when one of them has been changed."""

    changed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = _settings()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_TYPED_MS)
        self._rest.timeout.connect(lambda: self.changed.emit(self.keys))
        if self._settings is not None:
            self._settings.events.connect(self._wait)
            parent.destroyed.connect(self.stop)

    @property
    def keys(self) -> Mapping[str, str]:
        """Keys by the name of an action; none where napari has this plugin switched off, and so no settings for it."""
        return dict(self._settings.model_dump()) if self._settings is not None else {}

    def stop(self, *_: object) -> None:
        """Follow the settings no longer."""
        if self._settings is not None:
            self._settings.events.disconnect(self._wait)
            self._settings = None

    def _wait(self, _: Any = None) -> None:
        self._rest.start()


def _settings() -> Any:
    try:
        return get_plugin_settings(PLUGIN).keys
    except KeyError:
        return None
