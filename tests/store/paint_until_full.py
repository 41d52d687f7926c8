"""Paints until the disk is full, makes room, and paints on; run by the test that gives it a small disk."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zarr
from label_ground import SHAPE, everything, image_at, open_at

from napari_ctcl.errors import DiskFull
from napari_ctcl.raster import Capsule
from napari_ctcl.store.gesture import Draw
from napari_ctcl.store.labels import TiledPyramid
from napari_ctcl.store.painter import Painter

SMALL = 2 << 20
"""Bytes that a file may have where the disk itself cannot be made small."""


def main(folder: Path, how: str) -> None:
    folder = folder / "photo"
    image_at(folder)
    make_room = ballast(folder) if how == "disk" else file_limit()
    labels = open_at(folder)
    before = fill(labels)
    assert np.array_equal(everything(labels), before)
    refused_whoever_draws(labels, before)
    make_room()
    go_on(labels)
    painted = everything(labels)
    assert not np.array_equal(painted, before)
    labels.flush()
    assert labels.problem is None
    array = zarr.open_array(folder / "image.ome.zarr/labels/annotation/0", mode="r")
    assert labels.journal.verify(array) == []
    labels.close()
    with open_at(folder) as again:
        assert again.mended == 0
        assert np.array_equal(everything(again), painted)
        again.undo(), again.undo()
        assert np.array_equal(everything(again), before)
    sys.stdout.write("painted on\n")


def ballast(folder: Path) -> Callable[[], None]:
    """Something on the disk that can be thrown away."""
    heavy = folder / "ballast"
    heavy.write_bytes(bytes(7 << 20))  # the journal's log alone may take 4 MB before it is folded in
    return heavy.unlink


def file_limit() -> Callable[[], None]:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, hard))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def fill(labels: TiledPyramid) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Paint what no codec makes small until a stroke is refused; the labels as they then should be."""
    for number in range(1000):
        before, entries = everything(labels), labels.journal.last()
        rng = np.random.default_rng(number)
        y, x = (int(rng.integers(0, side - 400)) for side in SHAPE)
        labels.begin("import")
        labels.paste(y, x, rng.integers(0, 5, (400, 400)).astype(np.uint8))
        try:
            labels.commit()
        except DiskFull as error:
            refusal = str(error)
        else:
            continue
        assert "no room" in refusal, refusal
        assert "free some space" in refusal, refusal
        assert labels.journal.last() == entries > 0
        return before
    raise AssertionError("the disk never filled up")


def refused_whoever_draws(labels: TiledPyramid, painted: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> None:
    """A stroke that does not fit is refused whoever draws it, and leaves what was painted alone."""
    hand = Painter(labels)
    hand.do(draw(radius=900.0, value=4))  # its note alone may still fit
    noise = np.random.default_rng(5).integers(1, 5, SHAPE).astype(np.uint8)
    assert hand.wait(60)
    errors = [news.error for news in hand.news() if news.error is not None]
    hand.close()
    if not errors:
        labels.undo()
    assert all(isinstance(error, DiskFull) for error in errors)
    labels.begin("import")
    labels.paste(0, 0, noise)
    try:
        labels.commit()
    except DiskFull:
        pass
    else:
        raise AssertionError("a stroke of a megapixel of noise fitted on a full disk")
    assert np.array_equal(everything(labels), painted)


def go_on(labels: TiledPyramid) -> None:
    hand = Painter(labels)
    hand.do(draw(radius=60.0, value=3))
    hand.do(draw(radius=900.0, value=2))
    assert hand.wait(60)
    errors = [news.error for news in hand.news() if news.error is not None]
    assert errors == [], errors
    hand.close()


def draw(*, radius: float, value: int) -> Draw:
    return Draw(tool="paint", value=value, capsules=(Capsule(start=(200.0, 200.0), end=(900.0, 800.0), radius=radius),))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
