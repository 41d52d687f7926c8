from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ctcl.raster import Capsule, borders, connected, polygon_tiles, stroke_tiles
from napari_ctcl.region import Region

SHAPE = (300, 400)
WHOLE = Region.whole(SHAPE)
places = st.tuples(st.floats(-60, 360), st.floats(-60, 460))


def assembled(tiles: object) -> np.ndarray:
    whole = np.zeros(SHAPE, bool)
    for cell, mask in tiles:
        assert not whole[cell.slices].any(), "a tile came twice"
        whole[cell.slices] = mask
    return whole


@settings(max_examples=40, deadline=None)
@given(st.lists(places, min_size=2, max_size=6), st.floats(0.5, 120))
def test_a_stroke_tile_by_tile_equals_the_stroke_as_one(corners: list[tuple[float, float]], radius: float) -> None:
    capsules = [Capsule(start=a, end=b, radius=radius) for a, b in pairwise(corners)]
    truth = np.any([capsule.mask(WHOLE) for capsule in capsules], axis=0)
    assert np.array_equal(assembled(stroke_tiles(capsules, SHAPE, 64)), truth)


def test_a_capsule_covers_what_lies_within_its_radius_and_its_box_holds_all_of_it() -> None:
    capsule = Capsule(start=(50, 60), end=(50, 160), radius=10)
    mask = capsule.mask(WHOLE)
    assert mask[50, 50]
    assert mask[60, 100]
    assert not mask[61, 100]
    assert not mask[50, 49]
    assert mask.sum() == capsule.mask(capsule.box).sum()


def test_a_polygon_tile_by_tile_equals_the_polygon_as_one() -> None:
    corners = [(20.0, 30.0), (35.0, 350.0), (280.0, 300.0), (150.0, 120.0)]
    small, large = assembled(polygon_tiles(corners, SHAPE, 64)), assembled(polygon_tiles(corners, SHAPE, 512))
    assert np.array_equal(small, large)
    assert small[100, 200]
    assert not small[200, 100]


def test_a_polygon_may_leave_the_photo() -> None:
    assert assembled(polygon_tiles([(-50.0, -50.0), (-50.0, 100.0), (100.0, 100.0), (100.0, -50.0)], SHAPE, 64))[0, 0]


def test_what_is_connected_is_found_across_the_small_window() -> None:
    image = np.zeros((2400, 2400), np.uint8)
    image[100:2300, 1200:1240] = 3
    patch = connected(lambda region: image[region.slices], (1200, 1220), image.shape, 4096)
    assert patch.whole
    assert patch.region == Region(100, 2300, 1200, 1240)
    assert patch.mask.all()


def test_what_runs_out_of_the_window_says_so() -> None:
    image = np.zeros((3000, 3000), np.uint8)
    patch = connected(lambda region: image[region.slices], (1500, 1500), image.shape, 1024)
    assert not patch.whole
    assert patch.region.shape == pytest.approx((1025, 1025), abs=1)


def test_the_edge_of_the_photo_ends_an_area() -> None:
    image = np.zeros((300, 300), np.uint8)
    assert connected(lambda region: image[region.slices], (0, 0), image.shape, 1024).whole


def test_borders_are_as_wide_inside_every_area_whatever_its_code() -> None:
    codes = np.zeros((40, 60), np.uint8)
    codes[10:30, 10:30], codes[10:30, 30:50] = 2, 7
    thin, wide = (border & (codes > 0) for border in borders(codes, (1, 3)))
    assert np.flatnonzero(thin[20]).tolist() == [10, 29, 30, 49]
    assert np.flatnonzero(wide[20]).tolist() == [10, 11, 12, 27, 28, 29, 30, 31, 32, 47, 48, 49]
