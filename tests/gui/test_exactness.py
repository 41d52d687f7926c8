"""On a photo of odd sides a brush paints at every zoom what it swept, and a label lies on the pixel that it labels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import drag, painted, place_of
from PIL import Image

from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Capsule
from napari_ctcl.region import Region
from napari_ctcl.store import Study
from napari_ctcl.store.gesture import Draw

SHAPE = (6000, 2921)
WHOLE = Region.whole(SHAPE)
SPOT = (2919, 1501)
"""A white pixel on a dark photo."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one photo whose sides no level of a pyramid divides evenly."""
    root = tmp_path_factory.mktemp("large")
    pixels = np.full((*SHAPE, 3), 40, np.uint8)
    pixels[SPOT] = 255
    Image.fromarray(pixels).save(root / "photo.png", compress_level=1)
    with Study.create(root / "study") as study:
        study.import_photo(root / "photo.png", patient="P01", visit="2026-03-01", region="legs", side="L")
    return root / "study"


@pytest.fixture
def study(large: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(large, tmp_path / "study"))


def look(window: Any, y: float, x: float, zoom: float) -> None:
    window.viewer.scene.camera.center = (y, x)
    window.viewer.scene.camera.zoom = zoom
    painted(window.viewer)


def swept_mask(swept: list[Capsule]) -> Any:
    truth = np.zeros(SHAPE, bool)
    for capsule in swept:
        box = capsule.box & WHOLE
        truth[box.slices] |= capsule.mask(box)
    return truth


def test_a_brush_is_exact_from_an_overview_to_single_pixels(window: Any) -> None:
    layer, labels = window.canvas.labels, window.session.labels
    window.palette.brush.unit.setCurrentIndex(1)
    swept: list[Capsule] = []
    do = layer.do
    layer.do = lambda gesture: (swept.extend(gesture.capsules), do(gesture))
    expected = np.zeros(SHAPE, np.uint8)
    for number, zoom in enumerate((1 / 64, 1 / 17, 1 / 4, 0.7, 1, 2.5, 8)):
        look(window, SPOT[0] + number * 7, SPOT[1] - number * 5, zoom)
        value, ring = 1 + number % 4, 25 / zoom
        layer.selected_label, layer.brush_size = value, max(1, round(ring))
        y, x = window.viewer.scene.camera.center[-2:]
        way = [(y + turn * 9 / zoom, x + turn * 40 / zoom) for turn in np.linspace(-0.5, 0.5, 5)]
        swept.clear()
        drag(window.viewer, [place_of(window.viewer, *point) for point in way])
        assert swept[0].start == pytest.approx(way[0], abs=1 / zoom + 0.5)
        assert swept[-1].end == pytest.approx(way[-1], abs=1 / zoom + 0.5)
        truth = swept_mask(swept)
        assert truth.any()
        expected[truth] = value
        assert np.array_equal(labels.read(ys=(0, SHAPE[0]), xs=(0, SHAPE[1])), expected), f"at a zoom of {zoom}"
        level, tile, raw = layer._tile()
        assert np.array_equal(raw, layer.shown.read(level=level, ys=tile.ys, xs=tile.xs)), f"at a zoom of {zoom}"


def test_the_tile_of_the_photo_and_that_of_its_labels_are_laid_alike_at_full_size(window: Any) -> None:
    image, labels = window.canvas.image, window.canvas.labels
    assert np.allclose(image._data_to_world.affine_matrix, labels._data_to_world.affine_matrix)
    for y, x in ((0, 0), SPOT, (SHAPE[0] - 1, SHAPE[1] - 1), (4097, 513)):
        look(window, y, x, 4.0)
        corners = []
        for layer in (image, labels):
            assert layer.data_level == 0
            laid = layer._slicing_state.transforms
            assert np.allclose(np.asarray(laid.scale), 1)
            corner = np.asarray(laid.translate)
            assert np.allclose(corner, np.round(corner))
            corners.append((*np.round(corner).astype(int).tolist(), *layer._slice.image.raw.shape[:2]))
        assert corners[0] == corners[1]
        y0, x0, height, width = corners[0]
        pixels = window.session.photo.read(ys=(y0, y0 + height), xs=(x0, x0 + width))
        assert np.array_equal(image._slice.image.raw, pixels)


def square(window: Any, *, coloured: bool) -> tuple[int, ...]:
    """First and last row and column of what is coloured on the canvas, or else white."""
    shot = np.asarray(window.viewer.screenshot(canvas_only=True, flash=False))[..., :3].astype(int)
    found = shot.max(-1) - shot.min(-1) > 60 if coloured else shot.min(-1) > 200
    ys, xs = np.nonzero(found)
    return tuple(int(edge) for edge in (ys.min(), ys.max(), xs.min(), xs.max()))


def test_a_label_covers_the_very_pixel_of_the_photo_that_it_labels(window: Any) -> None:
    look(window, *SPOT, 32.0)
    of_photo = square(window, coloured=False)
    spot = Capsule(start=SPOT, end=SPOT, radius=0.4)
    window.canvas.labels.do(Draw(tool="paint", value=int(Lesion.TUMOR), capsules=(spot,)))
    painted(window.viewer)
    assert square(window, coloured=True) == of_photo
    assert of_photo[1] - of_photo[0] == of_photo[3] - of_photo[2] == 31


def test_small_photos_of_any_shape_are_drawn_whole_after_one_another(make_napari_viewer: Any, tmp_path: Path) -> None:
    from napari_ctcl._widgets import open_annotator

    shapes = [(40, 30), (1, 300), (300, 1), (500, 480)]
    with Study.create(tmp_path / "study") as study:
        for number, shape in enumerate(shapes):
            noise = np.random.default_rng(number).integers(90, 220, (*shape, 3)).astype(np.uint8)
            Image.fromarray(noise).save(tmp_path / f"{number}.png")
            facts = {"patient": f"P{number}", "visit": "2026-01-01", "region": "legs", "side": "L"}
            study.import_photo(tmp_path / f"{number}.png", **facts)
    viewer = make_napari_viewer(show=True)
    annotator = open_annotator(viewer, tmp_path / "study")
    for photo in annotator.photos.listed:
        annotator.show_photo(photo)
        painted(viewer)
        shape = annotator.session.photo.shape()
        assert annotator.canvas.labels._tile()[2].shape == shape
        assert annotator.canvas.image._slice.image.raw.shape[:2] == shape
    annotator.close_study()
