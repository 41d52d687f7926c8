"""A synthetic study as files that the import reads: photos, masks in the class colours, one table."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from napari_ctcl.errors import InputError
from napari_ctcl.events import Event, Finished, Progress, Started
from napari_ctcl.lesion import COLOURS, Lesion
from napari_ctcl.phantom.photo import Phantom
from napari_ctcl.phantom.study import PhotoPlan
from napari_ctcl.region import Region

COLUMNS: Final = ("file", "patient", "visit", "region", "side", "mask")
"""Columns of `photos.csv`; files are relative to the table."""

LARGEST_PX: Final = 50_000_000
"""Largest photo that is written as one file: pillow holds all of it in memory."""

JPEG_QUALITY: Final = 94
"""Enough to keep textures of four pixels."""


def write_photos(plans: Sequence[PhotoPlan], folder: Path, *, form: Literal["jpg", "png"] = "jpg") -> Iterator[Event]:
    """Write photos, masks and `photos.csv` into a folder, which is made if it is not there.

    The table is written last: a folder with a table is complete. Ends with Finished, whose result names the table and
    how many photos it lists.

    Parameters
    ----------
    form : of the photos; masks are palette PNG in the class colours

    Raises
    ------
    InputError
        If a photo is too large to be one file; nothing has been written then.
    """
    _refuse_huge(plans)
    table = folder / "photos.csv"
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    (folder / "masks").mkdir(exist_ok=True)
    yield Started(work="make synthetic photos", total=len(plans), unit="photo")
    rows = []
    for done, plan in enumerate(plans, start=1):
        rows.append(_write_photo(plan, folder, form))
        yield Progress(done=done, total=len(plans), unit="photo", note=plan.name)
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    yield Finished(result={"table": str(table), "photos": len(plans)})


def mask_image(labels: npt.NDArray[np.uint8]) -> Image.Image:
    """Palette image, (h, w), whose index is the class value and whose colours are the class table's."""
    image = Image.fromarray(labels)
    image.putpalette([part for lesion in Lesion for part in COLOURS[lesion]])
    return image


def _refuse_huge(plans: Sequence[PhotoPlan]) -> None:
    for plan in plans:
        if plan.height * plan.width > LARGEST_PX:
            raise InputError(
                f"{plan.name}: {plan.height} x {plan.width} px are {plan.height * plan.width / 1e6:.0f} Mpx",
                expected=f"at most {LARGEST_PX // 1_000_000} Mpx for a photo that is one file",
                do="ask for smaller photos",
            )


def _write_photo(plan: PhotoPlan, folder: Path, form: str) -> tuple[str, ...]:
    rgb, labels = Phantom(plan).render(Region.whole((plan.height, plan.width)))
    photo, mask = f"photos/{plan.name}.{form}", f"masks/{plan.name}.png"
    Image.fromarray(rgb).save(folder / photo, quality=JPEG_QUALITY, subsampling=0)  # png takes no notice of either
    mask_image(labels).save(folder / mask, compress_level=9)
    return photo, plan.patient, plan.visit, plan.region.value, plan.side.value if plan.side else "", mask
