"""Which windows cover an image, and in which order: pure arithmetic.

Every pixel belongs to the core of one window, and cores lie on the grid of label chunks, so each chunk is written
exactly once and by itself: writes may stop, resume and come in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from napari_ctcl.region import Region, grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How an image is cut.

    Parameters
    ----------
    core : side of what a window answers for, px
    halo : what it sees beyond that, px; from `Architecture.reach` on, tiling changes nothing (736 = 512 + 2 * 112 at
        depth 5), at 48 it changes a few pixels in ten thousand
    tile : side of the level-0 chunks that are written, px; a core covers whole ones
    """

    core: int = 512
    halo: int = 48
    tile: int = 512

    def __post_init__(self) -> None:
        if self.core < 1 or self.halo < 0 or self.tile < 4 or self.tile % 4:
            raise ValueError(f"{self}: expected core >= 1, halo >= 0 and a tile that is a multiple of 4")

    def check(self, step: int, scale: int) -> None:
        """Refuse what would shift a network's pooling grid, or split a chunk between windows.

        Parameters
        ----------
        step : the pooling grid, px
        scale : level-0 pixels per pixel of the image that is cut
        """
        if self.core % step or self.halo % step:
            raise ValueError(f"core {self.core} and halo {self.halo} px, expected multiples of {step}")
        if self.core * scale % self.tile:
            raise ValueError(f"core {self.core} px at scale {scale}, expected whole chunks of {self.tile} px")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One window.

    Parameters
    ----------
    core : what it answers for, cut at the image's edge
    view : what it sees: the core and its halo, cut at the image's edge, as the whole image is
    """

    core: Region
    view: Region


def windows(shape: tuple[int, int], plan: Plan, first: Region | None = None) -> list[Window]:
    """Windows over an image, in the order of work.

    Parameters
    ----------
    shape : (height, width) of the image
    first : what the person looks at: its windows come first, then outward; row by row without it
    """
    whole = Region.whole(shape)
    cut = [Window(core=core, view=core.grown(plan.halo) & whole) for core in grid(shape, plan.core)]
    return cut if first is None else sorted(cut, key=lambda window: _remoteness(window.core, first))


def _remoteness(core: Region, first: Region) -> tuple[int, int, int, int]:
    gap = max(core.y0 - first.y1, first.y0 - core.y1, core.x0 - first.x1, first.x0 - core.x1, -1) + 1
    dy, dx = (core.y0 + core.y1 - first.y0 - first.y1), (core.x0 + core.x1 - first.x0 - first.x1)
    return gap, dy * dy + dx * dx, core.y0, core.x0


def batches(order: Sequence[Window], size: int) -> Iterator[list[Window]]:
    """Runs of at most `size` windows whose views have one shape, in the order given."""
    batch: list[Window] = []
    for window in order:
        if batch and (len(batch) == size or window.view.shape != batch[0].view.shape):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def working_level(shapes: Sequence[tuple[int, int]], long_side_px: int) -> int:
    """Level whose long side is nearest, in ratio, to that of the photos a network was trained on.

    Parameters
    ----------
    shapes : (height, width) of every level, finest first
    long_side_px : long side at the scale of training
    """
    if not shapes:
        raise ValueError("a photo has at least one level")

    def ratio(level: int) -> float:
        long_side = max(shapes[level])
        return max(long_side, long_side_px) / max(min(long_side, long_side_px), 1)

    return min(range(len(shapes)), key=ratio)
