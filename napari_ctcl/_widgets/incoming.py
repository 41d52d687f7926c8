"""What comes into the viewer, dropped on it or opened from napari's menu: studies, and images to look at.

A folder that is dropped is opened at once; napari by itself would ask which of its plugins is to read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.speaking import TROUBLE, in_words


class Incoming(QObject):
    """Gives the folder of a study that came; where its photo came as a layer, that is taken away.

    Parameters
    ----------
    viewer : napari's
    header : where it is said how to paint on an image that is in no study
    """

    study_came = Signal(str)

    def __init__(self, viewer: Any, header: Header) -> None:
        super().__init__()
        self.viewer, self.header = viewer, header

    def watch(self, surface: QWidget | None) -> None:
        """Look at what is there, and at what comes from now on.

        Parameters
        ----------
        surface : what the photo is drawn in; things are dropped on it or on what it lies in
        """
        while surface is not None and not surface.isWindow():
            surface.installEventFilter(self)
            surface = surface.parentWidget()
        self.viewer.layers.events.inserted.connect(self._came)
        self._take_over()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Take a folder that is dropped, if it is a study or an image."""
        if event.type() == QEvent.Type.Drop:
            folders = [Path(url.toLocalFile()) for url in event.mimeData().urls()]
            if len(folders) == 1 and self._takes(folders[0]):
                event.acceptProposedAction()
                return True
        return bool(super().eventFilter(watched, event))

    def _takes(self, folder: Path) -> bool:
        if (folder / "study.toml").is_file():
            QTimer.singleShot(0, lambda: self.study_came.emit(str(folder)))
        elif folder.suffix == ".zarr" and folder.is_dir():
            QTimer.singleShot(0, lambda: self._look_at(folder))
        else:
            return False
        return True

    def _look_at(self, folder: Path) -> None:
        try:
            self.viewer.open(str(folder), plugin="napari-ctcl")
        except TROUBLE as error:
            self.header.tell(in_words(error), kind="bad")

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
