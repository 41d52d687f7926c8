"""Paints vast strokes of noise on a disk without room for them; run by the test that gives it a small disk."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import zarr
from label_ground import everything, image_at, open_at

from napari_ctcl.errors import DiskFull
from napari_ctcl.store import areas
from napari_ctcl.store.chronicle import Chronicle
from napari_ctcl.store.gesture import Draw, Judge
from napari_ctcl.store.labels import TiledPyramid
from napari_ctcl.store.painter import Painter

SHAPE = (5120, 5120)
EVERYWHERE = ((0.0, 0.0), (0.0, 5119.0), (5119.0, 5119.0), (5119.0, 0.0))


def main(folder: Path) -> None:
    """A stroke is refused over and over, each time with less room, down to none at all."""
    areas.PARTS = 2
    folder = folder / "photo"
    image_at(folder)
    with open_at(folder, shape=SHAPE) as labels:
        rng = np.random.default_rng(0)
        noise = rng.integers(1, 5, SHAPE).astype(np.uint8)
        labels.model = lambda region: noise[region.slices]  # type: ignore[method-assign]  # there is no room to store it
        hand = Painter(labels)
        hand.do(Draw(tool="paint", value=2, outlines=(((0.0, 0.0), (0.0, 99.0), (99.0, 99.0), (99.0, 0.0)),)))
        hand.wait()
        refuse_with_ever_less_room(folder, labels, hand)
        hand.close()
    with open_at(folder, shape=SHAPE) as again:
        assert (everything(again)[:100, :100] == 2).all()
        assert np.count_nonzero(everything(again)) == 100 * 100
        assert again.journal.stacks() == ([1], [])
        assert again.journal.noted() == []
        again.flush()
    with closing(Chronicle(folder / "journal.sqlite")) as journal:
        assert journal.verify(zarr.open_array(folder / "image.ome.zarr/labels/annotation/0", mode="r")) == []
    sys.stdout.write("as before\n")


def refuse_with_ever_less_room(folder: Path, labels: TiledPyramid, hand: Painter) -> None:
    before, rooms = everything(labels), (1 << 22, 1 << 20, 1 << 19, 1 << 16, 1 << 13, 0)
    try:
        for number, room in enumerate(rooms):
            fill(folder / f"ballast{number}", leave=room)
            require_refused(labels, hand)
            assert np.array_equal(everything(labels), before)
            assert labels.journal.stacks() == ([1], [])
    finally:
        for ballast in folder.glob("ballast*"):
            ballast.unlink()


def require_refused(labels: TiledPyramid, hand: Painter) -> None:
    entries = labels.journal.last()
    hand.do(Judge(tool="accept", inside=EVERYWHERE))
    assert hand.wait(120)
    while hand.busy:
        errors = [news.error for news in hand.news() if news.ended and news.gesture.tool == "accept"]
        if errors:
            assert isinstance(errors[0], DiskFull), errors
            sys.stderr.write(f"{labels.journal.last() - entries} entries, {labels.unwritten} unwritten\n")
            return
    raise AssertionError("no word of what became of it")


def fill(ballast: Path, *, leave: int) -> None:
    """Take all room of the disk but so many bytes."""
    facts = os.statvfs(ballast.parent)
    size = facts.f_bavail * facts.f_frsize - leave
    if size > 0:
        ballast.write_bytes(os.urandom(size))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
