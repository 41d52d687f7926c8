"""A small synthetic study for a first look, painted on the spot beside the window."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_ctcl.errors import CtclError
from napari_ctcl.phantom import plan_study
from napari_ctcl.sample import fill
from napari_ctcl.store import Study


class SampleMaker(QObject):
    """Makes the study on a thread of its own; `made` gives its folder, or the error that kept it from being made."""

    made = Signal(object)

    def make(self) -> None:
        """Begin."""
        threading.Thread(target=self._work, name="sample", daemon=True).start()

    def _work(self) -> None:
        try:
            self.made.emit(sample_study(Path(tempfile.mkdtemp(prefix="ctcl-sample-"))))
        except (CtclError, OSError) as error:
            self.made.emit(error)


def sample_study(folder: Path) -> Path:
    """Make a study of three synthetic photos, none of them labelled.

    Parameters
    ----------
    folder : an existing folder to make it in

    Returns
    -------
    Folder of the study.
    """
    with Study.create(folder / "study") as study:
        for _ in fill(study, plan_study(3, size=(900, 1200), seed=11), masks=False):
            pass
    return folder / "study"
