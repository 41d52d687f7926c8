from __future__ import annotations

from typing import Any

from hands import press, until
from napari.settings import get_plugin_settings
from qtpy.QtWidgets import QLabel

from napari_ctcl._widgets.keychoice import PLUGIN
from napari_ctcl.lesion import Lesion


def test_a_key_chosen_in_naparis_preferences_holds_at_once_and_shows_everywhere(window: Any) -> None:
    get_plugin_settings(PLUGIN).keys.tumor = "X"
    until(lambda: window.palette.rows[Lesion.TUMOR].cap.text() == "X", what="the key")
    press(window.viewer, "4")
    assert window.canvas.labels.selected_label == Lesion.PATCH
    press(window.viewer, "x")
    assert window.canvas.labels.selected_label == Lesion.TUMOR
    window.workplace.show_keys()
    caps = [label.text() for label in window.workplace.sheet.findChildren(QLabel)]
    assert "X" in caps
    assert "4" not in caps
    window.workplace.sheet.close()
    get_plugin_settings(PLUGIN).keys.tumor = "B"
    until(lambda: "is the key of both" in window.header.message, what="the complaint")
    press(window.viewer, "4")
    assert window.canvas.labels.selected_label == Lesion.TUMOR
