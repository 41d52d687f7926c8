from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region
from napari_ctcl.shown import InPassing, Shown, photo_levels
from napari_ctcl.store import Photo, Study, TiledPyramid

SIZE = (700, 1100)


@pytest.fixture
def photo(tmp_path: Path) -> Iterator[Photo]:
    pixels = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    with Study.create(tmp_path / "study") as study:
        ident = study.import_photo(tmp_path / "photo.png", patient="P01", visit="2026-03-01", region="arms")
        yield study.photo(ident)


@pytest.fixture
def labels(photo: Photo) -> Iterator[TiledPyramid]:
    labels = photo.labels(user="reader")
    yield labels
    labels.close()


def write_prediction(photo: Photo, region: Region, value: int) -> None:
    with photo.prediction() as writer:
        writer.start("b" * 64)
        doubt = np.zeros((-(-region.height // 4), -(-region.width // 4)), np.uint8)
        writer.write(region, np.full(region.shape, value, np.uint8), doubt)


def paint(labels: TiledPyramid, region: Region, value: int) -> None:
    labels.begin("brush")
    labels.edit(region.y0, region.x0, np.ones(region.shape, bool), value)
    labels.commit()


def test_human_pixels_cover_model_pixels_and_the_two_have_codes_of_their_own(
    photo: Photo, labels: TiledPyramid
) -> None:
    write_prediction(photo, Region(0, 512, 0, 512), Lesion.PATCH)
    paint(labels, Region(100, 200, 100, 200), Lesion.TUMOR)
    codes = Shown(photo, labels).read(level=0, ys=(0, 700), xs=(0, 1100))
    assert (codes[100:200, 100:200] == Lesion.TUMOR).all()
    assert (codes == 6).sum() == 512 * 512 - 100 * 100
    assert set(np.unique(codes)) == {0, 4, 6}


def test_coarser_levels_show_a_fresh_stroke(photo: Photo, labels: TiledPyramid) -> None:
    shown = Shown(photo, labels)
    paint(labels, Region(64, 128, 64, 128), Lesion.PLAQUE)
    labels.propagate()  # as the painter does after every gesture
    view = shown.views()[1]
    assert view.shape == photo.shape(1)
    assert (view[32:64, 32:64] == Lesion.PLAQUE).all()


def test_a_rewritten_prediction_is_seen_after_its_region_is_refreshed(photo: Photo, labels: TiledPyramid) -> None:
    shown = Shown(photo, labels)
    core = Region(0, 512, 512, 1024)
    assert not shown.read(level=0, ys=core.ys, xs=core.xs).any()
    write_prediction(photo, core, Lesion.PLAQUE)
    before = shown.version
    shown.refresh(core)
    assert shown.version > before
    assert (shown.read(level=0, ys=core.ys, xs=core.xs) == 7).all()
    assert (shown.read(level=1, ys=(0, 256), xs=(256, 512)) == 7).all()


def test_levels_answer_like_the_arrays_they_stand_for(photo: Photo) -> None:
    level = photo_levels(photo)[0]
    whole = np.asarray(level)
    assert whole.shape == level.shape == (*SIZE, 3)
    assert np.array_equal(level[10:20, 30:40], whole[10:20, 30:40])
    assert np.array_equal(level[5], whole[5])
    assert np.array_equal(level[5, 7], whole[5, 7])
    assert np.array_equal(level[0:100:10, 0:50:5, 0], whole[0:100:10, 0:50:5, 0])
    assert np.array_equal(level[..., 1], whole[..., 1])


def test_a_look_over_the_whole_photo_keeps_nothing_in_memory_and_sees_the_same(
    photo: Photo, labels: TiledPyramid
) -> None:
    write_prediction(photo, Region(0, 512, 0, 512), Lesion.PATCH)
    paint(labels, Region(100, 200, 100, 200), Lesion.TUMOR)
    labels.flush()
    shown = Shown(photo, labels)
    labels._tiles.drop_clean()
    glimpse = InPassing(shown).read(level=0, ys=(0, 700), xs=(0, 1100))
    assert len(shown._tiles) == len(labels._tiles._clean) == 0
    np.testing.assert_array_equal(glimpse, shown.read(level=0, ys=(0, 700), xs=(0, 1100)))
    assert len(shown._tiles) == 6
