from __future__ import annotations

import numpy as np
import pytest

from napari_ctcl._layers.looks import DASH, GAP, HEM, SOLID, drawn
from napari_ctcl.raster import borders

NORMAL, SAYS_MODEL = 1, 4


def pixel_by_pixel(codes: np.ndarray, width: int, corner: tuple[int, int]) -> np.ndarray:
    """What `drawn` promises, said of every pixel at once."""
    looks = np.where(codes == NORMAL + SAYS_MODEL, 0, codes)
    thin = max(2 * width // 3, 1)
    near, line, hem = borders(looks.astype(np.uint8), (thin, width, width + 1))
    human, model = (looks > 0) & (looks <= SAYS_MODEL), looks > SAYS_MODEL
    ys, xs = np.indices(looks.shape)
    gap = ((ys + corner[0]) // (5 * thin) + (xs + corner[1]) // (5 * thin)) % 2
    out = np.where(hem & human & (looks > NORMAL), HEM, looks)
    out = np.where(line & human, looks + SOLID, out)
    return np.where(near & model, looks - SAYS_MODEL + np.where(gap, GAP, DASH), out)


@pytest.mark.parametrize("seed", range(8))
def test_outlines_are_drawn_near_edges_as_if_every_pixel_were_looked_at(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = np.full(rng.integers(1, 700, 2), rng.choice([0, 5]), np.uint8)
    for _ in range(3 * seed):
        y, x, height, width = rng.integers(0, (*codes.shape, 200, 200))
        codes[y : y + height, x : x + width] = rng.integers(0, 9)
    for width in (1, 3, 12):
        assert np.array_equal(drawn(codes, width, (seed, 31)), pixel_by_pixel(codes, width, (seed, 31)))


def test_without_outlines_only_what_the_model_calls_normal_is_cleared() -> None:
    codes = np.arange(9, dtype=np.uint8).reshape(3, 3)
    assert drawn(codes, 0).tolist() == [[0, 1, 2], [3, 4, 0], [6, 7, 8]]
