"""A real small study: six patients, each photo a grey skin with one lesion, and a recipe of seconds."""

import numpy as np
from PIL import Image

from napari_ctcl.events import Finished
from napari_ctcl.lesion import COLOURS, Lesion
from training import recipe
from training.crossval import FOLDS
from training.runs import Order

TINY = [
    "architecture.base=4",
    "architecture.depth=3",
    "architecture.global_side=32",
    "views.long_side_px=96",
    "views.crop_side=32",
    "course.batch=2",
    "course.iterations=4",
    "course.epochs=3",
    "course.eval_every=2",
    "course.precision=fp32",
]

RECIPE = recipe.read("quick").with_fields([*TINY, "course.epochs=2", "course.iterations=2"])


def order(name="m", folds=FOLDS, **changes):
    return Order(name=name, recipe=RECIPE, folds=folds, **changes)


def draw_photo(number, side=96):
    """Skin with a disc of one lesion class, redder with severity; photo and mask."""
    rng = np.random.default_rng(number)
    lesion = (Lesion.PATCH, Lesion.PLAQUE, Lesion.TUMOR)[number % 3]
    ys, xs = np.mgrid[:side, :side]
    cy, cx = rng.integers(side // 4, 3 * side // 4, 2)
    disc = (ys - cy) ** 2 + (xs - cx) ** 2 < (side / 5) ** 2
    image = np.full((side, side, 3), 150, np.uint8) + rng.integers(0, 20, (side, side, 3), np.uint8)
    image[disc] = (220, 140 - 40 * int(lesion) + 40, 60)
    mask = np.zeros((side, side, 3), np.uint8)
    mask[:] = COLOURS[Lesion.NORMAL]
    mask[disc] = COLOURS[lesion]
    return image, mask


def import_photos(study, folder, patients, photos_each=1):
    """Import drawn photos with their masks."""
    number = 0
    for patient in patients:
        for _ in range(photos_each):
            image, mask = draw_photo(number)
            Image.fromarray(image).save(folder / f"photo{number}.png")
            Image.fromarray(mask).save(folder / f"mask{number}.png")
            study.import_photo(
                folder / f"photo{number}.png",
                patient=patient,
                visit="2026-01-01",
                region="arms",
                mask=folder / f"mask{number}.png",
            )
            number += 1


def drain(work):
    """Events of a generator, and what it returned."""
    events = []
    while True:
        try:
            events.append(next(work))
        except StopIteration as stop:
            return events, stop.value


def finished(work):
    """Result of work that came to its end, and its events."""
    events, _ = drain(work)
    assert isinstance(events[-1], Finished)
    return events[-1].result, events


def stop_when(work, condition):
    """Close work at the first event that meets a condition."""
    for event in work:
        if condition(event):
            work.close()
            return
    raise AssertionError("it came to its end")


def runs(study):
    """Folders of a study's runs."""
    return sorted(path.parent for path in study.runs_dir.glob("*/run.json"))
