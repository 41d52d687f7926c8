"""Remakes the pictures in `docs/images` from a synthetic study, in a real window.

Run it where there is a display (`make screenshots`). The model is the one that ships with the package; what a reader
corrects is painted with mouse events, as a person would.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "gui"))

from hands import drag, hover, place_of, press, settle, shoot, until  # noqa: E402
from PIL import Image  # noqa: E402
from scipy.ndimage import distance_transform_edt  # noqa: E402

from napari_ctcl.events import Epoch, Failed  # noqa: E402
from napari_ctcl.lesion import Lesion  # noqa: E402
from napari_ctcl.phantom import Phantom, plan_study  # noqa: E402
from napari_ctcl.region import Region  # noqa: E402
from napari_ctcl.sample import fill  # noqa: E402
from napari_ctcl.shown import MODEL_OFFSET  # noqa: E402
from napari_ctcl.store import Study  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SIZE, PHOTOS, SEED = (1200, 1600), 10, 12
EPOCHS = 6
RECIPE = f"""title = "short"
[views]
crop_side = 96
[optimiser]
name = "adamw"
lr = 3e-4
[course]
batch = 2
epochs = {EPOCHS}
iterations = 6
eval_every = 1
[finetune]
lr = 3e-4
share = 1.0
"""
SIZES = {"1600": (1600, 1000), "1366": (1366, 740)}


def make_study(folder: Path) -> Path:
    """Ten photos of five patients; all but the last are labelled."""
    plans = plan_study(PHOTOS, size=SIZE, seed=SEED)
    with Study.create(folder / "study") as study:
        for _ in fill(study, plans, masks=False):
            pass
        for photo, plan in list(zip(study.photos(), plans, strict=True))[:-1]:
            with photo.labels(user="r.one") as labels:
                labels.begin("brush")
                labels.paste(0, 0, Phantom(plan).render(Region.whole(SIZE))[1])
                labels.commit()
    return folder / "study"


def correct(annotator: Any, truth: Any) -> None:
    """Accept the largest lesion that the proposal has right, and give the largest it has wrong its own class."""
    viewer, model = annotator.viewer, annotator.session.shown.model(level=0, ys=(0, SIZE[0]), xs=(0, SIZE[1]))
    seen = (truth > Lesion.NORMAL) & (model > MODEL_OFFSET + Lesion.NORMAL)
    for alike in (True, False):
        lesions = seen & ((model == truth + MODEL_OFFSET) == alike)
        if not lesions.any():
            continue
        y, x = _inmost(lesions)
        hover(viewer, place_of(viewer, y, x))
        if alike:
            press(viewer, "A")
        else:
            press(viewer, str(int(truth[y, x])))
            press(viewer, "F")
            drag(viewer, [place_of(viewer, y, x)] * 2)
    press(viewer, "B")
    settle(1.5)


def _inmost(mask: Any) -> tuple[int, int]:
    """The pixel that is farthest from a mask's edge."""
    y, x = np.unravel_index(np.argmax(distance_transform_edt(mask)), mask.shape)
    return int(y), int(x)


def propose(annotator: Any) -> None:
    """Press the button and wait for all chunks."""
    annotator.jobs.segment("auto")
    until(lambda: annotator.session.work is None, 180, what="the proposal")
    if annotator.session.photo.predicted_by() is None:
        raise SystemExit(annotator.header.message)


def train(annotator: Any, recipe: Path) -> None:
    """Retrain on what is labelled, as far as a picture of a running training needs."""
    annotator.tabs.setCurrentIndex(1)
    seen: list[Any] = []
    annotator.session.job_event.connect(lambda _, event: seen.append(event))
    annotator.jobs.retrain(str(recipe))
    until(
        lambda: sum(isinstance(e, Epoch) for e in seen) > EPOCHS + 3 or any(isinstance(e, Failed) for e in seen),
        300,
        what="the first folds",
    )
    shoot(annotator.viewer, IMAGES / "train.png")
    annotator.jobs.cancel()
    until(lambda: annotator.session.work is None, 60, what="the end of the training")


def main() -> None:
    """Make every picture anew."""
    import napari

    from napari_ctcl._widgets import open_annotator

    viewer = napari.Viewer(title="CTCL")
    viewer.window.resize(*SIZES["1366"])
    annotator = open_annotator(viewer)
    settle(0.6)
    shoot(viewer, IMAGES / "empty.png")
    with tempfile.TemporaryDirectory() as folder:
        annotator.open(make_study(Path(folder)))
        annotator.workplace.furniture.badge.show_reader("r.one")
        photo = annotator.session.photos()[-1]
        annotator.show_photo(photo.id)
        viewer.window.resize(*SIZES["1600"])
        settle(1.0)
        propose(annotator)
        viewer.reset_view()
        settle(0.5)
        correct(annotator, Phantom(plan_study(PHOTOS, size=SIZE, seed=SEED)[-1]).render(Region.whole(SIZE))[1])
        shoot(viewer, IMAGES / "annotate.png")
        viewer.window.resize(*SIZES["1366"])
        settle(0.8)
        viewer.reset_view()
        settle(0.5)
        shoot(viewer, IMAGES / "annotate-1366.png")
        (Path(folder) / "short.toml").write_text(RECIPE)
        train(annotator, Path(folder) / "short.toml")
        annotator.close_study()
    viewer.close()
    for picture in IMAGES.glob("*.png"):
        Image.open(picture).convert("RGB").save(picture, optimize=True)


if __name__ == "__main__":
    main()
