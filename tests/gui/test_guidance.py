"""The smart brush and the walk over uncertain regions, with a real mouse in a real window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import drag, hover, place_of, press, settle, until
from PIL import Image
from qtpy.QtCore import Qt

from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region, grid
from napari_ctcl.store import Photo, Study

SHAPE = (1000, 1400)
RED, PALE = Region(300, 500, 300, 620), Region(600, 760, 900, 1100)


def predict(photo: Photo) -> None:
    """A model that proposes a plaque, and is unsure of it and of a place where it sees nothing."""
    said, doubt = np.ones(SHAPE, np.uint8), np.full((SHAPE[0] // 4, SHAPE[1] // 4), 5, np.uint8)
    said[RED.slices] = Lesion.PLAQUE
    doubt[RED.at_level(2).slices], doubt[PALE.at_level(2).slices] = 200, 120
    with photo.prediction() as writer:
        writer.start("a" * 64)
        for cell in grid(SHAPE, 512):
            writer.write(cell, np.ascontiguousarray(said[cell.slices]), doubt[cell.at_level(2).slices])


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """One photo of skin with a sharp red lesion on it."""
    grain = np.random.default_rng(1).integers(-4, 5, (*SHAPE, 1))
    pixels = np.array([205, 160, 140]) + grain
    pixels[RED.slices] = np.array([150, 60, 60]) + grain[RED.slices]
    with Study.create(tmp_path / "study") as study:
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photo.png")
        study.import_photo(tmp_path / "photo.png", patient="P01", visit="2026-03-01", region="legs", side="L")
        predict(study.photos()[0])
    return tmp_path / "study"


@pytest.fixture
def smart(window: Any) -> Iterator[Any]:
    """The window with the smart brush in hand and every piece on screen found."""
    window.viewer.scene.camera.center, window.viewer.scene.camera.zoom = (450, 500), 1.0
    settle(0.3)
    window.canvas.labels.tool = "smart"
    found(window)
    yield window
    assert not window.workplace.guidance.smart._missed


def found(window: Any) -> None:
    """Wait until every piece on screen is found."""
    ground = window.workplace.guidance.smart._ground
    until(lambda: not ground.missing_in(on_screen(window), (0, 0)), what="superpixels")
    settle(0.2)


def on_screen(window: Any) -> Region:
    top, bottom, left, right = window.workplace.furniture.sight.seen()
    return Region(int(top), int(bottom), int(left), int(right)) & Region.whole(SHAPE)


def human(window: Any) -> np.ndarray:
    window.session.painter.wait(20)
    labels = window.session.labels
    return labels.read(ys=(0, labels.shape[0]), xs=(0, labels.shape[1]))


def strokes(window: Any) -> int:
    count = 0
    while window.session.labels.can_undo:
        window.canvas.labels.undo()
        settle(0.2)
        window.session.painter.wait(20)
        count += 1
    return count


def along(window: Any, y: float, x0: float, x1: float, steps: int) -> list[tuple[float, float]]:
    return [place_of(window.viewer, y, x) for x in np.linspace(x0, x1, steps)]


def test_a_touch_paints_one_piece_that_keeps_to_the_lesions_edge(smart: Any) -> None:
    press(smart.viewer, Qt.Key.Key_3)
    drag(smart.viewer, [place_of(smart.viewer, 310, 450)] * 2)
    painted = human(smart)
    assert set(np.unique(painted)) == {0, Lesion.PLAQUE}
    ys, xs = np.nonzero(painted)
    inside = ((ys >= RED.y0) & (ys < RED.y1) & (xs >= RED.x0) & (xs < RED.x1)).mean()
    assert inside > 0.97
    assert 0.3 < ys.size / (np.pi * smart.canvas.labels.brush_size**2 / 4) < 3


def test_a_drag_paints_every_piece_on_its_way_once_and_is_one_stroke(smart: Any) -> None:
    drag(smart.viewer, along(smart, 400, 320, 600, 9))
    painted = human(smart)
    assert (painted[400, 320:600] == Lesion.PATCH).all()
    assert strokes(smart) == 1
    assert not human(smart).any()


def test_a_quick_hand_leaves_no_piece_out(smart: Any) -> None:
    drag(smart.viewer, along(smart, 400, 320, 600, 2))
    assert (human(smart)[400, 325:595] == Lesion.PATCH).all()


def test_what_is_touched_before_it_is_found_is_painted_when_it_is(window: Any) -> None:
    window.viewer.scene.camera.center, window.viewer.scene.camera.zoom = (450, 500), 1.0
    settle(0.3)
    window.canvas.labels.tool = "smart"
    window.workplace.guidance.smart.watch(window.canvas.labels)  # nothing is known
    drag(window.viewer, along(window, 400, 400, 500, 4))
    until(lambda: not window.workplace.guidance.smart._missed, what="late pieces")
    settle(0.2)
    assert (human(window)[400, 400:500] == Lesion.PATCH).all()


def test_the_piece_under_the_pen_is_outlined_and_the_outline_goes_with_the_tool(smart: Any) -> None:
    said: list[Any] = []
    smart.workplace.guidance.smart.outlined.connect(said.append)
    hover(smart.viewer, place_of(smart.viewer, 400, 450))
    (line,) = said[-1]
    assert np.abs(line.mean(0) - (400, 450)).max() < 60
    hover(smart.viewer, place_of(smart.viewer, 400, 560))
    assert len(said) == 2
    press(smart.viewer, Qt.Key.Key_B)
    assert said[-1] == []


def test_what_it_paints_is_asked_only_while_it_is_in_hand(smart: Any) -> None:
    assert smart.palette.smart.isVisible()
    smart.canvas.labels.tool = "paint"
    assert not smart.palette.smart.isVisible()


def test_the_models_segment_is_painted_whole_where_that_is_chosen(smart: Any) -> None:
    smart.palette.smart.buttons["model"].click()
    press(smart.viewer, Qt.Key.Key_4)
    drag(smart.viewer, [place_of(smart.viewer, 400, 450)] * 2)
    until(lambda: not smart.workplace.guidance.smart._missed, what="the model's segment")
    settle(0.2)
    painted = human(smart)
    assert (painted[RED.slices] == Lesion.TUMOR).all()
    assert (painted > 0).sum() == RED.area


def test_where_the_model_proposes_nothing_a_superpixel_is_painted(smart: Any) -> None:
    smart.palette.smart.buttons["model"].click()
    drag(smart.viewer, [place_of(smart.viewer, 650, 450)] * 2)
    settle(0.2)
    assert 0 < (human(smart) > 0).sum() < 10_000


def test_another_zoom_paints_on_its_own_level(smart: Any) -> None:
    smart.viewer.scene.camera.zoom = 0.3
    settle(0.6)
    found(smart)
    ground = smart.workplace.guidance.smart._ground
    assert ground.grain.level > 0
    drag(smart.viewer, [place_of(smart.viewer, 400, 450)] * 2)
    painted = human(smart) > 0
    assert painted[400, 450]
    step = 1 << ground.grain.level
    blocks = painted[: SHAPE[0] // step * step, : SHAPE[1] // step * step]
    blocks = blocks.reshape(SHAPE[0] // step, step, -1, step).sum((1, 3))
    assert set(np.unique(blocks)) == {0, step * step}


def test_n_walks_over_what_the_model_is_unsure_of(window: Any) -> None:
    heard: list[str] = []
    window.workplace.guidance.told.connect(heard.append)
    window.workplace.guidance.look_on()
    until(lambda: heard, what="the first region")
    assert RED in on_screen(window)
    assert on_screen(window).area < 12 * RED.area
    assert heard[-1].startswith("Plaque")
    window.workplace.guidance.look_on()
    until(lambda: len(heard) == 2, what="the second region")
    assert PALE in on_screen(window)
    assert RED not in on_screen(window)
    window.workplace.guidance.look_on()
    until(lambda: len(heard) == 3, what="the first again")
    assert "from the first again" in heard[-1]


def test_what_is_painted_is_no_longer_walked_to(window: Any) -> None:
    heard: list[str] = []
    window.workplace.guidance.told.connect(heard.append)
    window.workplace.guidance.look_on()
    until(lambda: heard)
    hover(window.viewer, place_of(window.viewer, 400, 450))
    settle(0.2)
    box = RED.grown(80)
    corners = ((box.y0, box.x0), (box.y0, box.x1), (box.y1, box.x1), (box.y1, box.x0))
    window.canvas.labels.paint_polygon(corners, int(Lesion.PLAQUE))
    until(lambda: not window.canvas.labels.busy)
    settle(0.3)
    for _ in range(2):
        window.workplace.guidance.look_on()
        settle(0.3)
    assert PALE in on_screen(window)
    assert RED not in on_screen(window)


def test_without_a_prediction_n_says_what_to_do(window: Any, tmp_path: Path) -> None:
    with Study.create(tmp_path / "bare") as study:
        Image.fromarray(np.full((600, 700, 3), 180, np.uint8)).save(tmp_path / "bare.png")
        study.import_photo(tmp_path / "bare.png", patient="P01", visit="2026-03-01", region="legs", side="L")
    window.open(tmp_path / "bare")
    settle(0.3)
    heard: list[str] = []
    window.workplace.guidance.told.connect(heard.append)
    window.workplace.guidance.look_on()
    until(lambda: heard)
    assert "pre-segment" in heard[-1]
