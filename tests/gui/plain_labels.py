"""A photo's labels as plain arrays: what painting means, written a second time, by brute force.

It shares no raster, fill or history with the product; where the two disagree, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

Point = tuple[float, float]
Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice]

EVERY_CLASS = (1, 2, 3, 4)
_NORMAL = 1


@dataclass
class PlainLabels:
    """What people and a model say of each pixel, and every change with what was there before and after.

    Parameters
    ----------
    model : (h, w), what the model says; it never changes
    """

    model: Labels
    human: Labels = field(init=False)
    done: list[tuple[Box, Labels, Labels]] = field(default_factory=list)
    undone: list[tuple[Box, Labels, Labels]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.human = np.zeros_like(self.model)

    # Gestures

    def draw(
        self, covered: Mask, value: int, *, over: Collection[int] = EVERY_CLASS, inside: Mask | None = None
    ) -> None:
        """Paint a class on what is covered, over unlabelled pixels and over those of some classes."""
        allowed = covered & ((self.human == 0) | np.isin(self.human, list(over)))
        self._change(allowed if inside is None else allowed & inside, value)

    def fill(self, at: Point, value: int, *, over: Collection[int] = EVERY_CLASS) -> None:
        """Paint a class on what is joined to a pixel and looks like it; what the model calls normal looks bare."""
        looks = np.where(self.human > 0, self.human, np.where(self.model > _NORMAL, self.model + 8, 0))
        patch = self._joined(looks, at)
        if patch is not None:
            self.draw(patch, value, over=over)

    def judge_lesion(self, at: Point, verdict: str, value: int | None = None) -> None:
        """Accept, reject or reclassify the lesion at a pixel; nothing, where there is none."""
        patch = self._joined(self.seen, at)
        y, x = (round(c) for c in at)
        if patch is not None and self.seen[y, x] > _NORMAL:
            self.judge(patch, verdict, value)

    def judge(self, area: Mask, verdict: str, value: int | None = None) -> None:
        """Accept, reject or reclassify what the model says in an area."""
        bare = area & (self.human == 0)
        if verdict == "accept":
            self._change(bare & (self.model > 0), self.model)
        elif verdict == "reject":
            self._change(bare & (self.model > _NORMAL), _NORMAL)
        else:
            assert value is not None
            self._change(area & (self.seen > _NORMAL), value)

    def undo(self) -> None:
        """Take back the last change, if there is one."""
        if self.done:
            box, before, after = self.done.pop()
            self.human[box] = before
            self.undone.append((box, before, after))

    def redo(self) -> None:
        """Make the last change again that was taken back, if there is one."""
        if self.undone:
            box, before, after = self.undone.pop()
            self.human[box] = after
            self.done.append((box, before, after))

    def _change(self, where: Mask, what: Any) -> None:
        wanted = np.where(where, what, self.human).astype(np.uint8)
        changed = wanted != self.human
        if changed.any():
            box = ndi.find_objects(changed.astype(np.uint8))[0]
            self.done.append((box, self.human[box].copy(), wanted[box].copy()))
            self.undone.clear()
            self.human = wanted

    def _joined(self, looks: Any, at: Point) -> Mask | None:
        y, x = (round(c) for c in at)
        if not (0 <= y < looks.shape[0] and 0 <= x < looks.shape[1]):
            return None
        parts, _ = ndi.label(looks == looks[y, x])
        return np.asarray(parts == parts[y, x])

    # What is seen

    @property
    def seen(self) -> Labels:
        """The class of each pixel, a person's before the model's."""
        return np.where(self.human > 0, self.human, self.model)

    def human_at(self, level: int) -> Labels:
        """A person's labels, seen from a level."""
        return _coarser(self.human, level)

    def codes(self, level: int) -> Labels:
        """What a screen shows of a level: a person's class, else the model's plus four."""
        human, model = self.human_at(level), _coarser(self.model, level)
        return np.where(human > 0, human, np.where(model > 0, model + 4, 0)).astype(np.uint8)


def _coarser(labels: Labels, level: int) -> Labels:
    for _ in range(level):
        labels = _halved(labels)
    return labels


def _halved(labels: Labels) -> Labels:
    """The most severe class of each 2 x 2 block."""
    height, width = labels.shape
    even = np.pad(labels, ((0, height % 2), (0, width % 2)))
    return np.asarray(even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).max((1, 3)))


# What marks cover


def near_path(shape: tuple[int, int], path: Sequence[Point], radius: float) -> Mask:
    """Pixels at most so far from a path of straight lines; of a single point, a disc."""
    ends = list(pairwise(path)) or [(path[0], path[0])]
    return near_lines(shape, [(start, end, radius) for start, end in ends])


def near_lines(shape: tuple[int, int], lines: Iterable[tuple[Point, Point, float]]) -> Mask:
    """Pixels at most `radius` from any of some lines, each (start, end, radius)."""
    covered = np.zeros(shape, bool)
    for start, end, radius in lines:
        (low_y, low_x), (high_y, high_x) = np.minimum(start, end) - radius, np.maximum(start, end) + radius
        y0, x0 = max(int(low_y) - 1, 0), max(int(low_x) - 1, 0)
        y1, x1 = max(int(high_y) + 2, y0), max(int(high_x) + 2, x0)
        part = covered[y0:y1, x0:x1]
        ys, xs = np.ogrid[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
        part |= _distance(ys, xs, start, end) <= radius
    return covered


def _distance(ys: Any, xs: Any, start: Point, end: Point) -> Any:
    (ay, ax), (by, bx) = start, end
    length = np.hypot(by - ay, bx - ax)
    if length == 0:
        return np.hypot(ys - ay, xs - ax)
    uy, ux = (by - ay) / length, (bx - ax) / length
    along = (ys - ay) * uy + (xs - ax) * ux
    beyond = np.maximum(np.maximum(-along, along - length), 0)
    return np.hypot((ys - ay) * ux - (xs - ax) * uy, beyond)


def inside_outline(shape: tuple[int, int], outline: Sequence[Point]) -> Mask:
    """Pixels whose centre lies inside a closed polygon, by turns where it crosses itself, or on its line.

    Its corners are rounded to pixels.
    """
    corners = np.round(np.asarray(outline)).astype(np.int64)
    (top, left), (bottom, right) = corners.min(0), corners.max(0)
    ys, xs = np.mgrid[top : bottom + 1, left : right + 1]
    inside, on_line = np.zeros(ys.shape, bool), np.zeros(ys.shape, bool)
    for (y0, x0), (y1, x1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        side = (xs - x0) * (y1 - y0) - (ys - y0) * (x1 - x0)
        beside = (ys >= min(y0, y1)) & (ys <= max(y0, y1)) & (xs >= min(x0, x1)) & (xs <= max(x0, x1))
        on_line |= beside & (side == 0)
        met = (ys >= min(y0, y1)) & (ys < max(y0, y1))
        inside ^= met & ((side < 0) if y1 > y0 else (side > 0))
    covered = np.zeros(shape, bool)
    height, width = shape
    kept = (inside | on_line)[max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)]
    y, x = max(top, 0), max(left, 0)
    covered[y : y + kept.shape[0], x : x + kept.shape[1]] = kept
    return covered
