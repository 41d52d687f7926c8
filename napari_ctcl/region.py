"""Half-open pixel rectangles, the grids they form and the halos around them: pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A rectangle of pixels: rows y0 to y1 - 1, columns x0 to x1 - 1."""

    y0: int
    y1: int
    x0: int
    x1: int

    def __post_init__(self) -> None:
        if self.y0 > self.y1 or self.x0 > self.x1:
            raise ValueError(f"region ends before it starts: {self}")

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Region:
        """All of an image of that (height, width)."""
        return cls(0, shape[0], 0, shape[1])

    @property
    def ys(self) -> Span:
        """First row, and one past the last."""
        return self.y0, self.y1

    @property
    def xs(self) -> Span:
        """First column, and one past the last."""
        return self.x0, self.x1

    @property
    def height(self) -> int:
        """Rows in it."""
        return self.y1 - self.y0

    @property
    def width(self) -> int:
        """Columns in it."""
        return self.x1 - self.x0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def area(self) -> int:
        """Pixels in it."""
        return self.height * self.width

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of this region in a (height, width) array."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def __and__(self, other: Region) -> Region:
        """What both cover; empty, but never negative, where they don't meet."""
        y0, x0 = max(self.y0, other.y0), max(self.x0, other.x0)
        return Region(y0, max(y0, min(self.y1, other.y1)), x0, max(x0, min(self.x1, other.x1)))

    def __or__(self, other: Region) -> Region:
        """Smallest rectangle that holds both."""
        return Region(min(self.y0, other.y0), max(self.y1, other.y1), min(self.x0, other.x0), max(self.x1, other.x1))

    def __contains__(self, other: Region) -> bool:
        return self | other == self

    def grown(self, halo: int) -> Region:
        """The region with `halo` more pixels on every side; it may leave the image."""
        return Region(self.y0 - halo, self.y1 + halo, self.x0 - halo, self.x1 + halo)

    def moved(self, dy: int, dx: int) -> Region:
        """The region shifted by whole pixels."""
        return Region(self.y0 + dy, self.y1 + dy, self.x0 + dx, self.x1 + dx)

    def at_level(self, level: int) -> Region:
        """Smallest region of a 2^level times coarser image that covers this one."""
        step = 1 << level
        return Region(self.y0 // step, -(-self.y1 // step), self.x0 // step, -(-self.x1 // step))

    def from_level(self, level: int) -> Region:
        """The level-0 region that this region of a 2^level times coarser image stands for."""
        step = 1 << level
        return Region(self.y0 * step, self.y1 * step, self.x0 * step, self.x1 * step)

    def snapped(self, step: int) -> Region:
        """Smallest region on a grid of `step` pixels that covers this one."""
        return Region(
            self.y0 // step * step, -(-self.y1 // step) * step, self.x0 // step * step, -(-self.x1 // step) * step
        )


def grid(shape: tuple[int, int], step: int, within: Region | None = None) -> Iterator[Region]:
    """Cells of a square grid over an image, row by row, cut at the image's edge.

    Parameters
    ----------
    shape : (height, width) of the image
    step : side of a cell, px
    within : only the cells that meet this region; all of them by default
    """
    whole = Region.whole(shape)
    met = whole if within is None else within & whole
    if not met.area:
        return
    span = met.snapped(step)
    for y in range(span.y0, span.y1, step):
        for x in range(span.x0, span.x1, step):
            yield Region(y, y + step, x, x + step) & whole
