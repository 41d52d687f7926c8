"""A small synthetic study for a first look, painted on the spot."""

from __future__ import annotations

from pathlib import Path

from napari_ctcl.phantom import plan_study
from napari_ctcl.sample import fill
from napari_ctcl.store import Study


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
