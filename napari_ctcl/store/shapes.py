"""How large the levels of a photo and of its label images are."""

from __future__ import annotations

from typing import Final

COARSEST: Final = 512
"""Longest side of a photo's last level, px, at most."""

Shape = tuple[int, int]


def level_shapes(shape: Shape, levels: int | None = None) -> list[Shape]:
    """(height, width) of every level: each half of the one before, rounded up.

    Parameters
    ----------
    levels : how many; by default as many as a photo has, until the longest side is 512 px or less
    """
    shapes = [shape]
    while len(shapes) < levels if levels is not None else max(shapes[-1]) > COARSEST:
        shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2)))
    return shapes
