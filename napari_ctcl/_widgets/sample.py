"""A small synthetic study for a first look, painted on the spot."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from napari_ctcl.phantom import Phantom, plan_study
from napari_ctcl.region import Region
from napari_ctcl.store import Study


def sample_study(folder: Path) -> Path:
    """Make a study of one synthetic photo, without labels.

    Parameters
    ----------
    folder : an existing folder to make it in

    Returns
    -------
    Folder of the study.
    """
    plan = plan_study(1, size=(1200, 1600), seed=11)[0]
    phantom = Phantom(plan)
    pixels, _ = phantom.render(Region.whole(phantom.shape))
    picture = folder / "photo.png"
    Image.fromarray(pixels).save(picture)
    with Study.create(folder / "study") as study:
        study.import_photo(picture, patient=plan.patient, visit=plan.visit, region=plan.region, side=plan.side)
    picture.unlink()
    return folder / "study"
