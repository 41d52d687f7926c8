"""What napari's own reader puts in the viewer, dropped or opened from its menu: studies, and images to look at."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ctcl._widgets.header import Header


class Incoming(QObject):
    """Gives the folder of a study whose photo came as a layer, and takes that layer away.

    Parameters
    ----------
    viewer : napari's
    header : where it is said how to paint on an image that is in no study
    """

    study_came = Signal(str)

    def __init__(self, viewer: Any, header: Header) -> None:
        super().__init__()
        self.viewer, self.header = viewer, header

    def watch(self) -> None:
        """Look at what is there, and at what comes from now on."""
        self.viewer.layers.events.inserted.connect(self._came)
        self._take_over()

    def _came(self, event: Any) -> None:
        if "ctcl" in event.value.metadata:
            QTimer.singleShot(0, self._take_over)  # napari is still at work on the layer

    def _take_over(self) -> None:
        for layer in list(self.viewer.layers):
            found = layer.metadata.get("ctcl", {})
            if "study" in found:
                self.viewer.layers.remove(layer)
                self.study_came.emit(found["study"])
                return
            if "looked_at" in found:
                self.header.tell(
                    f"{found['looked_at']} is in no study, so it is only to look at. To paint on it, import the "
                    "original photo: ctcl import STUDY PHOTO. A click in the list puts it away.",
                    kind="work",
                )
