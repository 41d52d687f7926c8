from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_ctcl.raster import Capsule, borders, connected, polygon_mask, polygon_tiles, stroke_tiles
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


def measured(capsule: Capsule, region: Region) -> np.ndarray:
    """Every pixel's distance from the line, one by one."""
    ys = np.arange(region.y0, region.y1, dtype=np.float64)[:, None] - capsule.start[0]
    xs = np.arange(region.x0, region.x1, dtype=np.float64)[None, :] - capsule.start[1]
    dy, dx = capsule.end[0] - capsule.start[0], capsule.end[1] - capsule.start[1]
    length2 = dy * dy + dx * dx
    if length2 <= 1e-9:
        return ys**2 + xs**2 <= capsule.radius**2
    along = np.clip((ys * dy + xs * dx) / length2, 0.0, 1.0)
    return (ys - along * dy) ** 2 + (xs - along * dx) ** 2 <= capsule.radius**2


def inside(corners: list[tuple[int, int]], region: Region) -> np.ndarray:
    """Every pixel's side of every edge, one by one, in whole numbers."""
    ys, xs = np.arange(*region.ys)[:, None], np.arange(*region.xs)[None, :]
    odd, on_line = np.zeros(region.shape, bool), np.zeros(region.shape, bool)
    for (y0, x0), (y1, x1) in pairwise([*corners, corners[0]]):
        side = (xs - x0) * (y1 - y0) - (ys - y0) * (x1 - x0)
        level = (min(y0, y1) <= ys) & (ys < max(y0, y1))
        odd ^= level & ((side < 0) if y1 > y0 else (side > 0))
        within = (min(y0, y1) <= ys) & (ys <= max(y0, y1)) & (min(x0, x1) <= xs) & (xs <= max(x0, x1))
        on_line |= (side == 0) & within
    return odd | on_line


@settings(max_examples=40, deadline=None)
@given(st.lists(places, min_size=2, max_size=6), st.floats(0.5, 120), st.sampled_from([64, 100, 512]))
def test_a_stroke_tile_by_tile_equals_every_pixel_measured(
    corners: list[tuple[float, float]], radius: float, tile: int
) -> None:
    capsules = [Capsule(start=a, end=b, radius=radius) for a, b in pairwise(corners)]
    truth = np.any([measured(capsule, WHOLE) for capsule in capsules], axis=0)
    assert np.array_equal(assembled(stroke_tiles(capsules, SHAPE, tile)), truth)


# Where rounding decides: whole and half numbers, radii that pixels lie on, lines that are all but level or a point.
ties = st.sampled_from([0.0, 0.5, 1.0, 3.0, 4.0, 5.0, 7.07106781186547, 24.0, 60.0, 100.0, 1e-5, 1e-12, 5e-324])
offsets = st.one_of(ties, ties.map(lambda at: -at), st.floats(-130, 130))
radii = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, 2.5, 5.0, 13.0, 25.0, 65.0, 1e-9, 2**0.5, 50**0.5]), st.floats(0, 300)
)
far = st.sampled_from([0.0, 0.1, 1000.5, 32768.0, 1e9, 1e15])


@settings(max_examples=400, deadline=None)
@given(
    st.tuples(offsets, offsets),
    st.tuples(offsets, offsets),
    radii,
    st.tuples(far, far),
    st.tuples(st.integers(-150, 100), st.integers(-150, 100)),
)
def test_a_capsule_equals_every_pixel_measured_wherever_it_lies(
    start: tuple[float, float],
    line: tuple[float, float],
    radius: float,
    corner: tuple[float, float],
    cut: tuple[int, int],
) -> None:
    start = start[0] + corner[0], start[1] + corner[1]
    capsule = Capsule(start=start, end=(start[0] + line[0], start[1] + line[1]), radius=radius)
    region = Region(0, 151, 0, 133).moved(int(corner[0]) + cut[0], int(corner[1]) + cut[1])
    assert np.array_equal(capsule.mask(region), measured(capsule, region))


@pytest.mark.parametrize("radius", [5, 13, 25, 65])
@pytest.mark.parametrize("line", [(0, 90), (90, 0), (60, 80), (63, -16), (30, 40), (0, 0)])
def test_pixels_that_lie_exactly_on_the_rim_are_covered(radius: int, line: tuple[int, int]) -> None:
    capsule = Capsule(start=(120, 130), end=(120 + line[0], 130 + line[1]), radius=radius)
    mask = capsule.mask(WHOLE)
    assert np.array_equal(mask, measured(capsule, WHOLE))
    assert mask[120, 130]
    assert mask[120 - radius if line[0] >= 0 else 120 + radius, 130]


def test_a_capsule_covers_what_lies_within_its_radius_and_its_box_holds_all_of_it() -> None:
    capsule = Capsule(start=(50, 60), end=(50, 160), radius=10)
    mask = capsule.mask(WHOLE)
    assert mask[50, 50]
    assert mask[60, 100]
    assert not mask[61, 100]
    assert not mask[50, 49]
    assert mask.sum() == capsule.mask(capsule.box).sum()


def test_a_stroke_of_no_length_beside_the_photo_covers_nothing() -> None:
    assert not list(stroke_tiles([], SHAPE, 64))
    assert not list(stroke_tiles([Capsule(start=(-90, -90), end=(-90, -90), radius=20)], SHAPE, 64))


pixels = st.tuples(st.integers(-40, 130), st.integers(-40, 150))


@settings(max_examples=150, deadline=None)
@given(st.lists(pixels, min_size=1, max_size=14), st.sampled_from([16, 33, 512]))
def test_a_polygon_tile_by_tile_equals_every_pixel_looked_at(corners: list[tuple[int, int]], tile: int) -> None:
    area = Region(0, 90, 0, 110)
    whole = np.zeros(area.shape, bool)
    for cell, mask in polygon_tiles(corners, area.shape, tile):
        assert not whole[cell.slices].any(), "a tile came twice"
        assert mask.any()
        whole[cell.slices] = mask
    assert np.array_equal(whole, inside(corners, area))
    part = Region(-10, 60, 20, 120)
    assert np.array_equal(polygon_mask(corners, part), inside(corners, part))


def test_a_lasso_of_many_corners_equals_every_pixel_looked_at() -> None:
    turn = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    reach = 120 + 40 * np.sin(23 * turn)
    corners = [(round(150 + r * np.sin(t)), round(200 + r * np.cos(t))) for r, t in zip(reach, turn, strict=True)]
    assert np.array_equal(assembled(polygon_tiles(corners, SHAPE, 64)), inside(corners, WHOLE))


def test_a_polygon_may_leave_the_photo() -> None:
    assert assembled(polygon_tiles([(-50.0, -50.0), (-50.0, 100.0), (100.0, 100.0), (100.0, -50.0)], SHAPE, 64))[0, 0]


def test_a_line_that_crosses_itself_leaves_what_it_goes_round_twice_bare() -> None:
    star = [(100.0 - 90 * np.cos(turn), 200.0 + 90 * np.sin(turn)) for turn in np.arange(5) * 0.8 * np.pi]
    covered = assembled(polygon_tiles(star, SHAPE, 64))
    assert not covered[100, 200]
    assert covered[25, 200]


def test_what_is_connected_is_found_across_the_small_window() -> None:
    image = np.zeros((2400, 2400), np.uint8)
    image[100:2300, 1200:1240] = 3
    patch = connected(lambda region: image[region.slices], (1200, 1220), image.shape, 4096)
    assert patch.whole
    assert patch.region == Region(100, 2300, 1200, 1240)
    assert patch.mask.all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 70), st.integers(2, 50), st.integers(1, 3))
def test_what_is_connected_in_a_window_is_the_component_of_its_part_of_the_photo(
    seed: int, height: int, width: int, window: int, coarse: int
) -> None:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 3, (height, width)).astype(np.uint8)
    image = blocks.repeat(coarse, 0).repeat(coarse, 1)[:height, :width]
    at = (int(rng.integers(height)), int(rng.integers(width)))
    patch = connected(lambda region: image[region.slices], at, image.shape, window)
    reach = Region(at[0] - window // 2, at[0] + window // 2 + 1, at[1] - window // 2, at[1] + window // 2 + 1)
    seen = reach & Region.whole(image.shape)
    parts, _ = ndimage.label((image == image[at])[seen.slices])
    inside = np.zeros(image.shape, bool)
    inside[seen.slices] = parts == parts[at[0] - seen.y0, at[1] - seen.x0]
    found = np.zeros(image.shape, bool)
    found[patch.region.slices] = patch.mask
    assert np.array_equal(found, inside)
    assert patch.mask.any(0).all()
    assert patch.mask.any(1).all()
    rim = np.ones(image.shape, bool)  # of what the window shows, but for where the photo itself ends
    rim[
        seen.y0 + (seen.y0 > 0) : seen.y1 - (seen.y1 < height), seen.x0 + (seen.x0 > 0) : seen.x1 - (seen.x1 < width)
    ] = 0
    assert patch.whole == (not (inside & rim).any())
    beyond, _ = ndimage.label(image == image[at])
    assert not patch.whole or np.array_equal(found, beyond == beyond[at])


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
