"""What napari's menus and command palette offer of the annotator."""

from __future__ import annotations

from napari.viewer import Viewer

from napari_ctcl._widgets.annotator import Annotator


def open_study(viewer: Viewer) -> None:
    """Let the person choose a study to open in the annotator, which is docked first where it is not there yet."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    found = viewer.window._qt_window.findChild(Annotator)  # noqa: SLF001 - napari gives no other way to its docks
    if found is None:
        _, found = viewer.window.add_plugin_dock_widget("napari-ctcl", "Annotator")
    found.ask_for_study()
