"""A small synthetic study for a first look, painted on the spot beside the window, once for each user."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

from qtpy.QtCore import QObject, QStandardPaths, Signal
from qtpy.QtWidgets import QPushButton

from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl.errors import CtclError
from napari_ctcl.phantom import plan_study
from napari_ctcl.sample import fill
from napari_ctcl.store import Study


def sample_folder() -> Path:
    """Where the user's sample study is kept."""
    data = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    return Path(data) / "napari-ctcl" / "sample-study"


class SampleMaker(QObject):
    """Makes the study on a thread of its own; `made` gives its folder.

    Parameters
    ----------
    button : asks for it
    header : where it is said what happens, and where the strokes stay
    """

    made = Signal(object)
    _ended = Signal(object)

    def __init__(self, button: QPushButton, header: Header) -> None:
        super().__init__()
        self.button, self.header = button, header
        self._ended.connect(self._show)

    def make(self) -> None:
        """Begin."""
        self.button.setEnabled(False)
        self.header.tell("Painting synthetic photos...", kind="work")
        threading.Thread(target=self._work, args=(sample_folder(),), name="sample", daemon=True).start()

    def _work(self, folder: Path) -> None:
        try:
            self._ended.emit(sample_study(folder))
        except TROUBLE as error:
            self._ended.emit(error)

    def _show(self, outcome: Path | CtclError | OSError) -> None:
        self.button.setEnabled(True)
        if not isinstance(outcome, Path):
            self.header.tell(in_words(outcome), kind="bad")
            return
        self.made.emit(outcome)
        self.header.tell(
            f"Synthetic photos: press Pre-segment, then correct. What you paint stays in {outcome}; "
            "delete that folder to begin afresh.",
            kind="work",
        )


def sample_study(folder: Path) -> Path:
    """A study of three synthetic photos, none of them labelled when it is made; one that is there already stays as is.

    Parameters
    ----------
    folder : of the study

    Returns
    -------
    The same folder.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
    try:
        with Study.create(making / "study") as study:
            for _ in fill(study, plan_study(3, size=(900, 1200), seed=11), masks=False):
                pass
        (making / "study").rename(folder)  # a sample that was half made never takes the folder's name
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder
