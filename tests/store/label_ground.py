"""What the tests of labels stand on: an image to label, and the same painting done on plain numpy arrays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_ctcl.region import grid
from napari_ctcl.store.chunks import TILE, halved
from napari_ctcl.store.labels import TiledPyramid, open_labels
from napari_ctcl.store.prediction import PredictionWriter

SHAPE = (1301, 1100)
LEVELS = 3


def image_at(folder: Path, levels: int = LEVELS) -> Path:
    """An image's group with the metadata that labels are made after; it has no pixels."""
    image = folder / "image.ome.zarr"
    image.mkdir(parents=True)
    axes = [{"name": "c", "type": "channel"}] + [{"name": n, "type": "space", "unit": "millimeter"} for n in "yx"]
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [{"type": "scale", "scale": [1, 0.2 * 2**level, 0.1 * 2**level]}],
        }
        for level in range(levels)
    ]
    ome = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    (image / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}))
    return image


def open_at(folder: Path, *, shape: tuple[int, int] = SHAPE, levels: int = LEVELS, user: str = "Anna") -> TiledPyramid:
    """The annotation of the photo in a folder."""
    return open_labels(
        folder / "image.ome.zarr",
        "annotation",
        shape=shape,
        levels=levels,
        journal=folder / "journal.sqlite",
        lock=folder / ".lock",
        user=user,
    )


def everything(labels: TiledPyramid, level: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A level, whole and up to date."""
    labels.propagate(level)
    height, width = (-(-side // (1 << level)) for side in labels.shape)
    return labels.read(level=level, ys=(0, height), xs=(0, width))


def chunk_files(folder: Path, name: str = "annotation") -> dict[str, int]:
    """Inode of every chunk of a label image; a chunk that is rewritten gets a new one."""
    root = folder / "image.ome.zarr" / "labels" / name
    return {str(path.relative_to(root)): path.stat().st_ino for path in root.glob("*/c/*/*")}


def disc(radius: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """A round brush's mask."""
    ys, xs = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(ys**2 + xs**2 <= radius**2)


def predict(folder: Path, labels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    """Store labels as what a model said of the photo."""
    with PredictionWriter(folder, shape=SHAPE, levels=LEVELS, photo_digest="photo") as prediction:
        prediction.start("model")
        for cell in grid(SHAPE, TILE):
            unsure = np.zeros((-(-cell.height // 4), -(-cell.width // 4)), np.uint8)
            prediction.write(cell, labels[cell.slices], unsure)


class Paper:
    """Painting done on one numpy array: what a pyramid must agree with."""

    def __init__(self, shape: tuple[int, int] = SHAPE) -> None:
        self.labels = np.zeros(shape, np.uint8)
        self.done: list[Any] = []
        self.undone: list[Any] = []
        self.entries = 0
        self._before = self.labels

    def begin(self, _tool: str) -> None:
        self._before = self.labels.copy()

    def edit(self, y0: int, x0: int, mask: Any, value: int, *, only: frozenset[int] | None = None) -> int:
        y, x = max(0, -y0), max(0, -x0)
        under = self.labels[max(0, y0) : max(0, y0 + mask.shape[0]), max(0, x0) : max(0, x0 + mask.shape[1])]
        changing = mask[y : y + under.shape[0], x : x + under.shape[1]] & (under != value)
        if only is not None:
            changing &= np.isin(under, list(only))
        under[changing] = value
        return int(changing.sum())

    def commit(self) -> None:
        at = np.nonzero(self._before != self.labels)
        if at[0].size:
            self.done.append((at, self._before[at], self.labels[at]))
            self.undone.clear()
            self.entries += 1

    def abort(self) -> None:
        self.labels = self._before.copy()

    def undo(self) -> None:
        if self.done:
            self.undone.append(self.done.pop())
            at, before, _ = self.undone[-1]
            self.labels[at] = before
            self.entries += 1

    def redo(self) -> None:
        if self.undone:
            self.done.append(self.undone.pop())
            at, _, after = self.done[-1]
            self.labels[at] = after
            self.entries += 1

    def levels(self, count: int = LEVELS) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
        labels = self.labels
        for _ in range(count):
            yield labels
            labels = halved(labels)


def act(target: TiledPyramid | Paper, number: int) -> None:
    """Do the painter's action of that number: mostly strokes, now and then an undo or a redo."""
    rng = np.random.default_rng(number)
    choice = rng.integers(10)
    if choice == 0:
        target.undo()
    elif choice == 1:
        target.redo()
    else:
        target.begin("brush")
        value, radius = int(rng.integers(5)), int(rng.integers(3, 150))
        y, x = rng.integers(-100, SHAPE[0]), rng.integers(-100, SHAPE[1])
        for step in range(int(rng.integers(1, 6))):
            target.edit(int(y) + step * radius // 2, int(x) - step * radius // 3, disc(radius), value)
        target.commit()
