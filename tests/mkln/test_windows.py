"""Windows cover each pixel once, see what the whole image would show them, and begin where the person looks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ctcl.mkln.overview import overview
from napari_ctcl.mkln.windows import Plan, batches, windows, working_level
from napari_ctcl.region import Region

SIDES = st.integers(1, 300)
PLAN = Plan(core=64, halo=16, tile=64)


@given(SIDES, SIDES)
def test_cores_cover_every_pixel_once_and_views_lie_inside(height, width):
    cut, whole = windows((height, width), PLAN), Region.whole((height, width))
    assert sum(window.core.area for window in cut) == whole.area
    assert len({(window.core.y0, window.core.x0) for window in cut}) == len(cut)
    for window in cut:
        assert window.core in window.view
        assert window.view in whole
        assert window.view.y0 % 16 == window.view.x0 % 16 == 0


@given(SIDES, SIDES, SIDES, SIDES)
def test_work_starts_where_the_person_looks_and_goes_outward(height, width, y, x):
    first = Region(y, y + 20, x, x + 20)
    order = windows((height, width), PLAN, first)
    assert set(order) == set(windows((height, width), PLAN))

    def gap(window):
        core = window.core
        return max(core.y0 - first.y1 + 1, first.y0 - core.y1 + 1, core.x0 - first.x1 + 1, first.x0 - core.x1 + 1, 0)

    assert [gap(window) for window in order] == sorted(gap(window) for window in order)


def test_a_batch_holds_views_of_one_shape():
    order = windows((300, 300), PLAN)
    runs = list(batches(order, 3))
    assert [window for run in runs for window in run] == order
    assert all(len(run) <= 3 and len({window.view.shape for window in run}) == 1 for run in runs)
    assert max(len(run) for run in runs) == 3


@pytest.mark.parametrize(
    ("long_side_px", "level"), [(3255, 3), (4096, 3), (32768, 0), (90000, 0), (512, 6), (1, 6), (6000, 2)]
)
def test_the_working_level_is_nearest_in_ratio_to_the_scale_of_training(long_side_px, level):
    shapes = [(32768 >> n, 24000 >> n) for n in range(7)]
    assert working_level(shapes, long_side_px) == level


class Array:
    def __init__(self, pixels):
        self.pixels, self.rows = pixels, []

    @property
    def shape(self):
        return self.pixels.shape[:2]

    def read(self, ys, xs):
        self.rows.append(ys)
        return self.pixels[slice(*ys), slice(*xs)]


def test_the_overview_is_the_mean_of_what_each_value_covers():
    pixels = np.random.default_rng(0).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    means = pixels.reshape(16, 6, 16, 10, 3).mean((1, 3))
    assert np.abs(overview(Array(pixels), 16) - means).max() <= 0.5 + 1e-9


def test_the_overview_of_a_small_photo_interpolates_between_its_pixels():
    column = np.array([0, 100], np.uint8)[:, None, None] * np.ones((1, 1, 3), np.uint8)
    assert overview(Array(column), 4)[:, 0, 0].tolist() == [0, 25, 75, 100]


def test_the_overview_reads_each_row_once_in_bands():
    source = Array(np.full((1300, 8, 3), 7, np.uint8))
    assert np.unique(overview(source, 32)).tolist() == [7]
    assert source.rows == [(0, 512), (512, 1024), (1024, 1300)]
