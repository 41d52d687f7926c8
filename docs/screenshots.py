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

from hands import drag, place_of, settle, shoot, until  # noqa: E402
from PIL import Image  # noqa: E402

from napari_ctcl.events import Epoch, Failed, FoldDone  # noqa: E402
from napari_ctcl.lesion import Lesion  # noqa: E402
from napari_ctcl.phantom import Phantom, plan_study  # noqa: E402
from napari_ctcl.region import Region  # noqa: E402
from napari_ctcl.sample import fill  # noqa: E402
from napari_ctcl.store import Study  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SIZE, PHOTOS, SEED = (1200, 1600), 10, 7
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
    """Stroke along the largest lesion that the proposal has wrong, in its own class."""
    shown = annotator.session.shown.model(level=0, ys=(0, SIZE[0]), xs=(0, SIZE[1]))
    wrong = (truth > Lesion.NORMAL) & (shown != truth + 4)
    ys, xs = np.nonzero(wrong if wrong.any() else truth > Lesion.NORMAL)
    middle = np.argsort(ys)[len(ys) // 2]
    y, x = int(ys[middle]), int(xs[middle])
    annotator.canvas.labels.selected_label = int(truth[y, x])
    path = [(y + 26 * np.sin(t), x + 44 * np.cos(t)) for t in np.linspace(0, 6.2, 26)]
    drag(annotator.viewer, [place_of(annotator.viewer, *at) for at in path])
    settle(1.5)


def propose(annotator: Any) -> None:
    """Press the button and wait for all chunks."""
    annotator.segment("auto")
    until(lambda: annotator.session.work is None, 180, what="the proposal")


def train(annotator: Any) -> None:
    """Retrain on what is labelled, as far as a picture of a running training needs."""
    annotator.tabs.setCurrentIndex(1)
    seen: list[Any] = []
    annotator.session.job_event.connect(lambda _, event: seen.append(event))
    annotator.retrain("quick")
    until(
        lambda: sum(isinstance(e, Epoch) for e in seen) > 7 or any(isinstance(e, FoldDone | Failed) for e in seen), 1500
    )
    shoot(annotator.viewer, IMAGES / "train.png")
    annotator.cancel()
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
        annotator.header.reader.setText("r.one")
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
        train(annotator)
        annotator.close_study()
    viewer.close()
    for picture in IMAGES.glob("*.png"):
        Image.open(picture).convert("RGB").save(picture, optimize=True)


if __name__ == "__main__":
    main()
