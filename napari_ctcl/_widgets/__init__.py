"""The window: docks around napari's canvas. A widget builds controls, joins them to the session and reflects it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_ctcl._widgets.annotator import Annotator


def open_annotator(viewer: Any, study: Path | str | None = None, photo: str | None = None) -> Annotator:
    """Dock the annotator in a viewer and open a study in it.

    Parameters
    ----------
    viewer : napari's
    study : folder of a study; none shows how to open one
    photo : id of the photo to begin with, the first by default
    """
    annotator = Annotator(viewer)
    dock = viewer.window.add_dock_widget(annotator, name="CTCL", area="right", add_vertical_stretch=False)
    dock.setTitleBarWidget(dock.titleBarWidget())
    annotator.arrange()
    if study is not None:
        annotator.open(study, photo)
    return annotator
