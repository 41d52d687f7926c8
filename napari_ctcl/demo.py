"""The whole loop on sample data: propose, correct, fine-tune, propose again, and say what it was worth.

The photos come from a synthetic clinic that the starter model never met. Every figure is measured on photos of patients
that the model in question never saw: the starter saw none of them, and afterwards each photo is segmented by the fold
that left its patient out.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label, regionprops

from napari_ctcl import jobs
from napari_ctcl.agreement import Confusion, confusion, dice, macro_lesion
from napari_ctcl.console import failure
from napari_ctcl.errors import InputError
from napari_ctcl.events import Event, Failed, Finished, Note, Progress
from napari_ctcl.lesion import CLASSES, LESIONS, SCREEN_COLOURS
from napari_ctcl.phantom import Phantom, plan_study
from napari_ctcl.region import Region
from napari_ctcl.report.overlay import data_uri, outlined
from napari_ctcl.report.page import write_page
from napari_ctcl.sample import fill
from napari_ctcl.segment.protocol import Request, command
from napari_ctcl.store import Photo, Study
from napari_ctcl.store.areas import accept

PHOTOS, SIZE, CLINIC = 20, (480, 640), 20
PATIENCE_PX = 40
"""Errors smaller than this are left as they are, as a reader in a hurry would leave them."""
MARK = ".made-by-ctcl-demo"

Labels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one proposal looked like: its labels and its agreement with the truth, photo by photo."""

    labels: Mapping[str, Labels]
    counts: Mapping[str, Confusion]
    model: str

    @property
    def pooled(self) -> Confusion:
        """(4, 4) int64, over every pixel of every photo."""
        total: Confusion = np.stack(list(self.counts.values())).sum(axis=0)
        return total


def run(out: Path, *, photos: int = PHOTOS, size: tuple[int, int] = SIZE, recipe: str = "quick") -> Iterator[Event]:
    """Run the loop in a folder of its own, replacing what an earlier demo left there.

    Parameters
    ----------
    photos : how many the clinic has
    size : (height, width) of each, px
    recipe : of the fine-tuning

    Yields
    ------
    Progress of every step; last a `Finished` with `photos, strokes, dice_before, dice_after, seconds, study, report,
    per_class`.

    Raises
    ------
    InputError
        If the folder holds something that no demo made.
    """
    began = time.monotonic()
    _make_room(out)
    path = out / "study"
    plans = plan_study(photos, size=size, seed=CLINIC)
    yield Note(text=f"1 of 5  {len(plans)} photos from a clinic the starter model never met")
    with Study.create(path) as study:
        ids = yield from fill(study, plans, masks=False)
    truth = {
        key: Phantom(plan).render(Region.whole((plan.height, plan.width)))[1]
        for key, plan in zip(ids, plans, strict=True)
    }
    yield Note(text="2 of 5  the starter model proposes")
    before = yield from _propose(path, truth, "starter")
    yield Note(text="3 of 5  a scripted annotator corrects what is wrong")
    strokes = yield from _correct(path, truth)
    yield Note(text=f"4 of 5  five folds are fine-tuned on {strokes} strokes")
    tuned = yield from _job(jobs.trainer("finetune", str(path), "--recipe", recipe))
    yield Note(text="5 of 5  each photo is segmented again, by the fold that never saw its patient")
    after = yield from _propose(path, truth, str(tuned["name"]))
    facts = _facts(before, after, strokes, time.monotonic() - began)
    _write_report(out / "report.html", path, before, after, facts)
    yield Finished(result={**facts, "study": str(path), "report": str(out / "report.html")})


def _make_room(out: Path) -> None:
    if out.exists() and any(out.iterdir()) and not (out / MARK).exists():
        raise InputError(f"{out} holds files that no demo made", expected="a new folder", do="name another")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / MARK).touch()


def _job(argv: list[str]) -> Generator[Event, None, Mapping[str, Any]]:
    for event in jobs.Job(argv, patience_s=jobs.TRAINER_PATIENCE_S).events():
        if isinstance(event, Failed):
            raise failure(event)
        if isinstance(event, Finished):
            return event.result
        yield event
    return {}


def _propose(path: Path, truth: Mapping[str, Labels], model: str) -> Generator[Event, None, Round]:
    yield from _job(command(Request(study=path, photos=(), model=model, device="auto")))
    with Study.open(path) as study:
        labels = {key: _whole(study.photo(key), "prediction") for key in truth}
    counts = {key: confusion(truth[key], labels[key]) for key in truth}
    return Round(labels=labels, counts=counts, model=model)


def _whole(photo: Photo, name: str) -> Labels:
    return photo.read_labels(name, ys=(0, photo.height), xs=(0, photo.width))


def _correct(path: Path, truth: Mapping[str, Labels]) -> Generator[Event, None, int]:
    strokes = 0
    with Study.open(path) as study:
        for done, (key, true) in enumerate(truth.items(), start=1):
            strokes += _annotate(study.photo(key), true)
            yield Progress(done=done, total=len(truth), unit="photos", note="correcting")
    return strokes


def _annotate(photo: Photo, truth: Labels) -> int:
    """Accept the proposal, then repaint each connected error; gives the strokes it took."""
    labels = photo.labels("annotation", user="scripted annotator")
    try:
        accept(labels, Region.whole(photo.shape()))
        strokes = 1
        shown = labels.read(level=0, ys=(0, photo.height), xs=(0, photo.width))
        for lesion in CLASSES:
            wrong = (truth == lesion) & (shown != lesion)
            for part in regionprops(label(wrong, connectivity=1)):
                if part.area < PATIENCE_PX:
                    continue
                labels.begin("lasso")
                labels.edit(part.bbox[0], part.bbox[1], part.image, lesion)
                labels.commit()
                strokes += 1
    finally:
        labels.close()
    return strokes


def _facts(before: Round, after: Round, strokes: int, seconds: float) -> dict[str, Any]:
    per_class = {lesion.title: (dice(before.pooled, lesion), dice(after.pooled, lesion)) for lesion in CLASSES}
    first, last = macro_lesion(before.pooled), macro_lesion(after.pooled)
    return {
        "photos": len(before.counts),
        "strokes": strokes,
        "dice_before": first,
        "dice_after": last,
        "seconds": round(seconds, 1),
        "per_class": {**per_class, "macro-lesion": (first, last)},
    }


def _write_report(page: Path, path: Path, before: Round, after: Round, facts: Mapping[str, Any]) -> None:
    colours = {lesion.title: "rgb({}, {}, {})".format(*SCREEN_COLOURS[lesion]) for lesion in LESIONS}
    rows = [
        {
            "name": name,
            "before": first,
            "after": last,
            "gain": None if first is None or last is None else last - first,
            "colour": colours.get(name),
            "sum": name == "macro-lesion",
        }
        for name, (first, last) in facts["per_class"].items()
    ]
    with Study.open(path) as study:
        photos = study.photos()
        pictures = [_picture(photo, before, after) for photo in photos]
    patients = len({photo.patient for photo in photos})
    asked = {key: facts[key] for key in ("photos", "strokes", "seconds")}
    shown = {"patients": patients, "rows": rows, "pictures": pictures, "before": before.model, "after": after.model}
    write_page(page, "demo.html", {**asked, **shown})


def _picture(photo: Photo, before: Round, after: Round) -> dict[str, Any]:
    rgb = photo.read(ys=(0, photo.height), xs=(0, photo.width))
    corrected = _whole(photo, "annotation")
    drawn = {
        "photo": rgb,
        "proposed by the starter": outlined(rgb, before.labels[photo.id]),
        "corrected": outlined(rgb, corrected),
        "proposed after fine-tuning": outlined(rgb, after.labels[photo.id]),
    }
    return {
        "title": " ".join(str(word) for word in (photo.patient, photo.visit, photo.region, photo.side) if word),
        "pictures": [(name, data_uri(picture)) for name, picture in drawn.items()],
        "before": _written(macro_lesion(before.counts[photo.id])),
        "after": _written(macro_lesion(after.counts[photo.id])),
    }


def _written(value: float | None) -> str:
    return "no lesion" if value is None else f"{value:.3f}"
