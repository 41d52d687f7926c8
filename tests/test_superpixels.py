from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy import ndimage

from napari_ctcl.phantom import Phantom, plan_study
from napari_ctcl.region import Region, Span
from napari_ctcl.superpixels import COARSEST, FINEST, Grain, Superpixels, joined_up

SIZE = (700, 1100)


@dataclass
class Pyramid:
    """A photo in memory whose levels keep every second pixel, and a tally of what was read of it."""

    pixels: np.ndarray
    levels: int = 3
    read_px: int = field(default=0)

    def shape(self, level: int = 0) -> tuple[int, int]:
        return self.pixels[:: 1 << level, :: 1 << level].shape[:2]

    def read(self, *, level: int, ys: Span, xs: Span) -> np.ndarray:
        part = self.pixels[:: 1 << level, :: 1 << level][slice(*ys), slice(*xs)]
        self.read_px += part.shape[0] * part.shape[1]
        return np.ascontiguousarray(part)


@pytest.fixture(scope="module")
def phantom() -> tuple[np.ndarray, np.ndarray]:
    """A photo of a body with all that grows on it, and the truth."""
    for plan in plan_study(8, size=SIZE, seed=57):
        phantom = Phantom(plan)
        pixels, labels = phantom.render(Region.whole(phantom.shape))
        if (labels > 1).mean() > 0.02:
            return pixels, labels
    raise AssertionError("no phantom has lesions")


def whole(superpixels: Superpixels, grain: Grain) -> np.ndarray:
    shape = superpixels.photo.shape(grain.level)
    ids = np.full(shape, -1, np.int32)
    for cell in superpixels.cells(grain, Region.whole(superpixels.photo.shape())):
        ids[cell.slices] = superpixels.compute(grain, cell)
    return ids


def borders(ids: np.ndarray) -> np.ndarray:
    edge = np.zeros(ids.shape, bool)
    edge[:, 1:] |= ids[:, 1:] != ids[:, :-1]
    edge[1:] |= ids[1:] != ids[:-1]
    return edge


def recall(ids: np.ndarray, truth: np.ndarray, within_px: int = 2) -> float:
    """Share of the true borders that a piece's border follows."""
    away = ndimage.distance_transform_edt(~borders(ids))
    return float((away[borders(truth)] <= within_px).mean())


def squares(shape: tuple[int, int], side: int) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return rows // side * (shape[1] // side + 1) + columns // side


def test_every_pixel_belongs_to_exactly_one_connected_piece(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    superpixels, grain = Superpixels(Pyramid(phantom[0][:300, :700])), Grain(level=0, side=23)
    seen = np.zeros((300, 700), np.int32)
    while (left := np.argwhere(seen == 0)).size:
        y, x = left[0]
        piece = superpixels.segment_at(grain, (float(y), float(x)))
        assert piece is not None
        assert piece.mask.any(0).all()
        assert piece.mask.any(1).all()
        assert ndimage.label(piece.mask)[1] == 1
        assert piece.holds((y, x))
        seen[piece.region.slices] += piece.mask
    assert seen.max() == 1


def test_any_pixel_of_a_piece_gives_the_same_piece(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    superpixels, grain = Superpixels(Pyramid(phantom[0])), Grain(level=0, side=32)
    piece = superpixels.segment_at(grain, (350, 512))  # on the border of two cells
    assert piece is not None
    for y, x in np.argwhere(piece.mask)[:: max(1, piece.mask.sum() // 9)]:
        again = superpixels.segment_at(grain, (y + piece.region.y0, x + piece.region.x0))
        assert piece.same_as(again)


def test_the_same_click_gives_the_same_piece_whatever_was_looked_at_before(
    phantom: tuple[np.ndarray, np.ndarray],
) -> None:
    grain = Grain(level=0, side=16)
    fresh, used = Superpixels(Pyramid(phantom[0])), Superpixels(Pyramid(phantom[0]), cached_cells=2)
    whole(used, grain)
    for at in ((10.0, 10.0), (511.0, 512.0), (699.0, 1099.0)):
        first, second = fresh.segment_at(grain, at), used.segment_at(grain, at)
        assert first is not None
        assert first.same_as(second)


def test_panning_back_reads_nothing(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    pyramid, grain = Pyramid(phantom[0]), Grain(level=0, side=16)
    superpixels = Superpixels(pyramid)
    whole(superpixels, grain)
    read = pyramid.read_px
    whole(superpixels, grain)
    superpixels.segment_at(grain, (300, 300))
    assert pyramid.read_px == read


def test_a_piece_goes_on_across_the_border_of_a_cell(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    superpixels, grain = Superpixels(Pyramid(phantom[0])), Grain(level=0, side=16)
    across = 0
    for y in range(8, 500, 16):
        piece = superpixels.segment_at(grain, (float(y), 511.0))
        assert piece is not None
        across += piece.region.x0 < 512 < piece.region.x1
    assert across > 20


@pytest.mark.parametrize("side", [16, 32])
def test_pieces_follow_lesions_better_than_squares_of_their_size(
    phantom: tuple[np.ndarray, np.ndarray], side: int
) -> None:
    pixels, truth = phantom
    ids = whole(Superpixels(Pyramid(pixels)), Grain(level=0, side=side))
    assert recall(ids, truth) > recall(squares(truth.shape, side), truth) + 0.2


def test_pieces_are_about_as_large_as_the_brush(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    superpixels = Superpixels(Pyramid(phantom[0]))
    for diameter in (12.0, 25.0, 40.0, 90.0):
        grain = Grain.of_brush(diameter, shown=0, levels=3)
        pieces = len(np.unique(whole(superpixels, grain)))
        area = phantom[0].shape[0] * phantom[0].shape[1] / pieces
        assert 0.5 < area / (np.pi * diameter**2 / 4) < 2


def test_nothing_finer_than_the_screen_and_nothing_slower_than_a_lattice_is_looked_at() -> None:
    assert Grain.of_brush(30, shown=2, levels=5).level == 2
    assert Grain.of_brush(3000, shown=0, levels=5).level == 4
    for diameter in (0.5, 3, 40, 333, 5000):
        grain = Grain.of_brush(diameter, shown=1, levels=6)
        assert FINEST <= grain.side <= COARSEST
        assert grain.cell % grain.side == 0


def test_off_the_photo_there_is_no_piece(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    superpixels, grain = Superpixels(Pyramid(phantom[0])), Grain(level=0, side=16)
    assert superpixels.segment_at(grain, (-5, 10)) is None
    assert superpixels.segment_at(grain, (10, SIZE[1] + 10)) is None
    assert superpixels.around(grain, (-5, 10)) == []


def test_a_piece_of_a_coarse_level_is_outlined_in_the_photos_own_pixels() -> None:
    pixels = np.full((400, 400, 3), 200, np.uint8)
    pixels[160:240, 160:240] = (120, 40, 40)
    superpixels, grain = Superpixels(Pyramid(pixels)), Grain(level=1, side=32)
    piece = superpixels.segment_at(grain, (200, 200))
    assert piece is not None
    (line,) = piece.outlines()
    low, high = line.min(0), line.max(0)
    assert (low >= 157).all()
    assert (high <= 242).all()


def test_a_grey_photo_falls_into_squares() -> None:
    ids = whole(Superpixels(Pyramid(np.full((256, 256, 3), 90, np.uint8))), Grain(level=0, side=16))
    assert len(np.unique(ids)) == 256


def test_a_photo_smaller_than_a_piece_is_one_piece() -> None:
    piece = Superpixels(Pyramid(np.full((20, 30, 3), 90, np.uint8))).segment_at(Grain(level=0, side=45), (5, 5))
    assert piece is not None
    assert piece.region == Region(0, 20, 0, 30)


def test_stray_bits_go_to_a_piece_they_touch() -> None:
    ids = np.zeros((9, 9), np.int32)
    ids[:, 5:] = 1
    ids[4, 1] = ids[0, 0] = 1
    joined = joined_up(ids)
    assert (joined[:, :5] == 0).all()
    assert (joined[:, 5:] == 1).all()
