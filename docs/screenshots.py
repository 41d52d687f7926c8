"""Remakes the pictures in `docs/images` in a real window.

Run it where there is a display (`make screenshots`). What a reader does in them is done with mouse and keys, as a
person would; the model of the first pictures is the one that ships with the package.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "gui"))

import stage  # noqa: E402
from hands import drag, hover, place_of, press, settle, shoot, until  # noqa: E402
from PIL import Image, ImageColor  # noqa: E402
from qtpy.QtCore import Qt  # noqa: E402
from qtpy.QtWidgets import QDockWidget  # noqa: E402
from scipy.ndimage import distance_transform_edt, gaussian_filter1d  # noqa: E402
from skimage.measure import find_contours  # noqa: E402

from napari_ctcl._widgets.style import AMBER, BLUE, GREEN, RED  # noqa: E402
from napari_ctcl.events import Epoch, Failed  # noqa: E402
from napari_ctcl.lesion import SCREEN_COLOURS, Lesion  # noqa: E402
from napari_ctcl.lesions import Found  # noqa: E402
from napari_ctcl.phantom import Phantom  # noqa: E402
from napari_ctcl.region import Region  # noqa: E402
from napari_ctcl.shown import MODEL_OFFSET  # noqa: E402

IMAGES = ROOT / "docs" / "images"
LAPTOP, DESK, LARGE_SCREEN = (1366, 740), (1440, 900), (1600, 1000)
NO, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier
MOST_BYTES = 400 << 10
KEPT = [*SCREEN_COLOURS.values(), *(ImageColor.getrgb(ink) for ink in (AMBER, BLUE, GREEN, RED, "#2f6fab", "#74d6a0"))]
Points = npt.NDArray[np.float64]
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


def take(annotator: Any, name: str) -> None:
    """Take a picture of the window as it is."""
    until(lambda: all(layer.loaded for layer in annotator.viewer.layers), what="the tiles")
    shoot(annotator.viewer, IMAGES / f"{name}.png")


# The loop: proposal, correction, training


def show_loop(annotator: Any, folder: Path) -> None:
    """Have a photo segmented, correct it, retrain."""
    study, plans = stage.several(folder / "several")
    annotator.open(study)
    annotator.show_photo(annotator.session.photos()[-1].id)
    settle(1.0)
    annotator.jobs.segment("auto")
    until(lambda: annotator.session.work is None, 180, what="the proposal")
    annotator.viewer.reset_view()
    settle(0.5)
    correct(annotator, Phantom(plans[-1]).render(Region.whole((plans[-1].height, plans[-1].width)))[1])
    (folder / "short.toml").write_text(RECIPE)
    train(annotator, folder / "short.toml")


def correct(annotator: Any, truth: Any) -> None:
    """Accept the largest lesion that the proposal has right, and give the largest it has wrong its own class."""
    viewer, (height, width) = annotator.viewer, truth.shape
    model = annotator.session.shown.model(level=0, ys=(0, height), xs=(0, width))
    seen = (truth > Lesion.NORMAL) & (model > MODEL_OFFSET + Lesion.NORMAL)
    for alike in (True, False):
        lesions = seen & ((model == truth + MODEL_OFFSET) == alike)
        if not lesions.any():
            continue
        y, x = np.unravel_index(np.argmax(distance_transform_edt(lesions)), lesions.shape)
        hover(viewer, place_of(viewer, int(y), int(x)))
        if alike:
            press(viewer, "A")
        else:
            press(viewer, str(int(truth[y, x])), ALT)
    settle(1.5)


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
    take(annotator, "train")
    annotator.jobs.cancel()
    until(lambda: annotator.session.work is None, 60, what="the end of the training")
    annotator.tabs.setCurrentIndex(0)


# Painting a large photo


def show_painting(annotator: Any, study: Path) -> None:
    """Go round a photo of 48 megapixels."""
    annotator.open(study)
    until(lambda: lesions_of(annotator), 120, what="the list of lesions")
    settle(1.0)
    judge_some(annotator)
    take(annotator, "painting-whole")
    brushed = brush_a_border(annotator)
    take(annotator, "painting-lesion")
    go_near(annotator, brushed)
    take(annotator, "painting-pixels")
    paint_pieces(annotator)
    take(annotator, "painting-smart")
    measure_in_light(annotator)
    take(annotator, "painting-light")
    open_all_docks(annotator)
    take(annotator, "painting-docks")
    annotator.workplace.show_keys()
    settle(0.5)
    annotator.workplace.sheet.grab().save(str(IMAGES / "painting-keys.png"))
    annotator.workplace.sheet.close()


def judge_some(annotator: Any) -> None:
    """Accept the two largest lesions, with the whole photo on screen."""
    for found in lesions_of(annotator)[:2]:
        hover(annotator.viewer, place_of(annotator.viewer, *border_of(annotator, found).mean(0)))
        press(annotator.viewer, "A")
    settle(2.0)


def brush_a_border(annotator: Any) -> Points:
    """Go to a lesion and take a part of its border further; the level-0 points where the brush went."""
    found = lesions_of(annotator)[0]
    annotator.lesions.chosen.emit(found)
    settle(1.0)
    press(annotator.viewer, str(int(found.lesion)))
    border = border_of(annotator, found)
    part = border[len(border) // 8 : len(border) // 3]
    drag(annotator.viewer, [place_of(annotator.viewer, *point) for point in part[::4]])
    settle(1.5)
    return part


def go_near(annotator: Any, brushed: Points) -> None:
    """Show the end of that stroke at eight screen pixels to a pixel of the photo."""
    layer, sight = annotator.canvas.labels, annotator.workplace.furniture.sight
    ahead = brushed[-1] - brushed[-9]
    sight.look_at(tuple(brushed[-1] + ahead / np.hypot(*ahead) * layer.brush_size / 2))
    annotator.viewer.scene.camera.zoom = 8.0
    settle(1.0)
    hover(annotator.viewer, place_of(annotator.viewer, *sight.centre))


def paint_pieces(annotator: Any) -> None:
    """Draw a region around a lesion and paint pieces of it, in the region alone."""
    viewer, found = annotator.viewer, lesions_of(annotator)[1]
    annotator.lesions.chosen.emit(found)
    settle(0.6)
    border = border_of(annotator, found)
    middle = border.mean(0)
    press(viewer, "S")
    drag(viewer, [place_of(viewer, *point) for point in (middle + 1.15 * (border - middle))[::8]])
    annotator.palette.brush.where.setCurrentIndex(1)
    for _ in range(3):
        press(viewer, "]")
    press(viewer, str(int(found.lesion)))
    press(viewer, "W")
    settle(4.0)
    inner = middle + 0.9 * (border - middle)
    drag(viewer, [place_of(viewer, *point) for point in inner[: len(inner) // 3 : 4]])
    hover(viewer, place_of(viewer, *inner[len(inner) // 2]))
    settle(1.5)


def measure_in_light(annotator: Any) -> None:
    """Lay the ruler across the lesion, in the light theme."""
    viewer, found = annotator.viewer, lesions_of(annotator)[0]
    press(viewer, Qt.Key.Key_Escape)
    viewer.theme = "light"
    annotator.lesions.chosen.emit(found)
    settle(0.6)
    press(viewer, "M")
    border = border_of(annotator, found)
    first = border[np.argmin(border[:, 1])]
    for point in (first, border[np.argmax(np.hypot(*(border - first).T))]):
        drag(viewer, [place_of(viewer, *point)] * 2)
    settle(0.5)


def open_all_docks(annotator: Any) -> None:
    """Open napari's own docks too, on a large screen, with the next uncertain region in sight."""
    viewer = annotator.viewer
    press(viewer, Qt.Key.Key_Escape)
    press(viewer, "B")
    press(viewer, "2")
    for _ in range(3):
        press(viewer, "[")
    viewer.theme = "dark"
    viewer.window.resize(*LARGE_SCREEN)
    for dock in annotator.window().findChildren(QDockWidget):
        if dock.objectName() in ("layer list", "layer controls"):
            dock.show()
    settle(1.0)
    press(viewer, "N")
    settle(3.0)


def lesions_of(annotator: Any, state: str = "proposed") -> list[Found]:
    """Lesions of the list that are in a state, the largest first."""
    return sorted((found for found in annotator.lesions.listed if found.state == state), key=lambda f: -f.pixels)


def border_of(annotator: Any, found: Found) -> Points:
    """(n, 2) level-0 points round a lesion's outer border."""
    shown, level = annotator.session.shown, 4
    box = found.box.at_level(level)
    codes = np.pad(shown.read(level=level, ys=box.ys, xs=box.xs), 1)
    lines = find_contours(np.isin(codes, (found.lesion, found.lesion + MODEL_OFFSET)).astype(np.float32), 0.5)
    longest = max(lines, key=len)
    return gaussian_filter1d(longest - 1 + (box.y0, box.x0), 2, axis=0, mode="wrap") * (1 << level)


def main() -> None:
    """Make every picture anew."""
    import napari

    from napari_ctcl._widgets import open_annotator

    os.environ["LOGNAME"] = stage.READER  # the name of the account is the reader's
    viewer = napari.Viewer(title="CTCL")
    viewer.window.resize(*LAPTOP)
    annotator = open_annotator(viewer)
    settle(0.6)
    take(annotator, "empty")
    viewer.window.resize(*DESK)
    with tempfile.TemporaryDirectory() as folder:
        show_loop(annotator, Path(folder))
        show_painting(annotator, stage.large(Path(folder) / "large"))
        annotator.close_study()
    viewer.close()
    for picture in IMAGES.glob("*.png"):
        shrink(picture)


def shrink(picture: Path) -> None:
    """Keep a picture in as many colours as its bytes allow; those of the classes stay as they are."""
    with Image.open(picture) as image:
        whole = image.convert("RGB")
    for colours in (256, 208, 160, 128, 96):
        common = whole.quantize(colours - len(KEPT), Image.Quantize.MEDIANCUT).getpalette() or []
        few = Image.new("P", (1, 1))
        few.putpalette([channel for colour in KEPT for channel in colour] + common)
        whole.quantize(palette=few, dither=Image.Dither.NONE).save(picture, optimize=True)
        if picture.stat().st_size <= MOST_BYTES:
            return


if __name__ == "__main__":
    main()
