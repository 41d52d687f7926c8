"""Synthetic studies: phantom photos imported like any others, with or without their exact masks."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_ctcl.errors import InputError
from napari_ctcl.events import Event, Finished, Progress, Started
from napari_ctcl.phantom import CTCL_SYNTH_57, PhotoPlan, plan_study, write_photos
from napari_ctcl.store import Study

SIDES_PX = range(64, 32769)


def make_sample(
    out: Path, *, photos: int = 12, size: tuple[int, int] = (768, 1024), seed: int = 1, preset: str | None = None
) -> Iterator[Event]:
    """Make a study of phantom photos with their masks as labels.

    Parameters
    ----------
    out : folder of the new study
    photos : how many
    size : (height, width) of each, px
    seed : the clinic: its light, camera and patients
    preset : "ctcl-synth-57" takes the place of photos and size

    Raises
    ------
    InputError
        If there would be no photo, or a side is out of bounds.
    """
    if photos < 1 or any(side not in SIDES_PX for side in size):
        raise InputError(
            f"{photos} photos of {size[0]} x {size[1]} px",
            expected=f"at least one, with sides of {SIDES_PX[0]} to {SIDES_PX[-1]} px",
            do="choose others",
        )
    plans = CTCL_SYNTH_57 if preset else plan_study(photos, size=size, seed=seed)
    with Study.create(out) as study:
        try:
            yield from fill(study, plans, masks=True)
        except (GeneratorExit, KeyboardInterrupt):
            study.close()
            shutil.rmtree(out)  # half a sample is of no use, and would be in the way of the next try
            raise
    yield Finished(result={"study": str(out), "photos": len(plans), "patients": len({plan.patient for plan in plans})})


def fill(study: Study, plans: Sequence[PhotoPlan], *, masks: bool) -> Generator[Event, None, list[str]]:
    """Import the photos of a plan into a study, one at a time.

    Parameters
    ----------
    plans : what to paint
    masks : whether their exact masks become human labels

    Returns
    -------
    Ids of the photos, in the order of the plan.
    """
    ids: list[str] = []
    yield Started(work="painting and importing photos", total=len(plans), unit="photos")
    for plan in plans:
        with tempfile.TemporaryDirectory() as folder:
            _drain(write_photos([plan], Path(folder)))
            table = Path(folder) / "photos.csv"
            if not masks:
                _drop_masks(table)
            ids += _drain(study.import_table(table))["photos"]
        yield Progress(done=len(ids), total=len(plans), unit="photos")
    return ids


def _drain(work: Iterator[Event]) -> Mapping[str, Any]:
    return next((event.result for event in work if isinstance(event, Finished)), {})


def _drop_masks(table: Path) -> None:
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, [name for name in rows[0] if name != "mask"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
