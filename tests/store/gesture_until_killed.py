"""Makes gestures faster than they are painted; run by the test that kills it. Each is named once a crash spares it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from label_ground import image_at, open_at

from napari_ctcl.raster import Capsule, polygon_mask
from napari_ctcl.region import Region, grid
from napari_ctcl.store import areas, writer
from napari_ctcl.store.chunks import TILE
from napari_ctcl.store.gesture import Draw, Gesture, Judge, Step
from napari_ctcl.store.labels import TiledPyramid
from napari_ctcl.store.painter import Painter
from napari_ctcl.store.prediction import PredictionWriter
from napari_ctcl.store.stroke import pack, unpack

SHAPE = (3601, 4003)
LEVELS = 4
WHOLE = Region.whole(SHAPE)
BEHIND = 6
"""Gestures that may wait behind the one that is being painted."""


def ground(folder: Path) -> None:
    """A photo with nothing but what a model said of it."""
    image_at(folder, levels=LEVELS)
    said = proposed()
    with PredictionWriter(folder, shape=SHAPE, levels=LEVELS, photo_digest="photo") as prediction:
        prediction.start("model")
        for cell in grid(SHAPE, TILE):
            unsure = np.zeros((-(-cell.height // 4), -(-cell.width // 4)), np.uint8)
            prediction.write(cell, said[cell.slices], unsure)


def proposed() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """What the model said: every class in blocks, and nothing at all in some."""
    blocks = np.random.default_rng(7).integers(0, 5, (19, 21)).astype(np.uint8)
    return np.kron(blocks, np.ones((200, 200), np.uint8))[: SHAPE[0], : SHAPE[1]]


def labelled(folder: Path) -> TiledPyramid:
    return open_at(folder, shape=SHAPE, levels=LEVELS)


def gesture(number: int) -> Gesture:
    """The gesture of that number: strokes across the whole photo, and all that may wait behind one."""
    rng = np.random.default_rng(number)
    choice = int(rng.integers(10))
    if choice < 3:
        return Step(tool="redo" if choice == 2 else "undo")
    ends = rng.uniform((-200, -200), (SHAPE[0] + 200, SHAPE[1] + 200), (3, 2)).tolist()
    corners = tuple((y, x) for y, x in ends)
    if choice < 5:
        return Judge(tool="accept", inside=corners)
    radius = float(rng.uniform(5, 60) if choice < 7 else rng.uniform(300, 1500))
    capsule = Capsule(start=corners[0], end=corners[1], radius=radius)
    return Draw(tool="paint", value=int(rng.integers(5)), capsules=(capsule,))


class Sheet:
    """The same gestures on one array."""

    def __init__(self) -> None:
        self.labels = np.zeros(SHAPE, np.uint8)
        self.made = 0
        self.done: list[tuple[bytes, bytes]] = []
        self.undone: list[tuple[bytes, bytes]] = []
        self._said = proposed()

    def make(self) -> None:
        """Carry out the next gesture."""
        match gesture(self.made):
            case Step(tool="undo"):
                self._step(self.done, self.undone, 0)
            case Step():
                self._step(self.undone, self.done, 1)
            case Judge(inside=corners) if corners is not None:
                free = polygon_mask(corners, WHOLE) & (self.labels == 0)
                self._paint(free, self._said)
            case Draw(capsules=(capsule,), value=value):
                self._paint(capsule.mask(WHOLE), np.uint8(value))
        self.made += 1

    def _paint(self, mask: Any, values: Any) -> None:
        before = self.labels.copy()
        np.copyto(self.labels, values, where=mask)
        if not np.array_equal(before, self.labels):
            self.done.append((pack(before), pack(self.labels)))
            self.undone.clear()

    def _step(self, source: list[tuple[bytes, bytes]], target: list[tuple[bytes, bytes]], side: int) -> None:
        if source:
            target.append(source.pop())
            self.labels = unpack(target[-1][side], SHAPE)


def main(folder: Path, number: int) -> None:
    writer.REST_S = 0.0
    areas.PARTS = 8
    hand = Painter(labelled(folder))
    sys.stdout.write("painting\n")
    while True:
        hand.do(gesture(number))
        number += 1
        while hand.unsafe:
            time.sleep(0.0005)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        while len(hand.waiting) > BEHIND:
            time.sleep(0.001)
        list(hand.news())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
