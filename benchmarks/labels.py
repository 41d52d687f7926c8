"""P3, P4, P8: how long a stroke, its undo and a region read take on a real study.

Predictions: a commit is one SQLite transaction with an fsync, a few milliseconds; an undo restores a handful of tiles
and is another such transaction; a region read is bound by decoding the chunks it touches.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.row import Row, p95, ratio, seconds
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import Photo, Study

SIDE_PX, STROKES = 4096, 60


@contextmanager
def _photo() -> Iterator[Photo]:
    rng = np.random.default_rng(0)
    coarse = rng.integers(60, 200, (SIDE_PX // 8, SIDE_PX // 8, 3), dtype=np.uint8)
    pixels = coarse.repeat(8, 0).repeat(8, 1) + rng.integers(0, 24, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photo.png"
        Image.fromarray(pixels).save(source, compress_level=1)
        with Study.create(Path(folder) / "study") as study:
            yield study.photo(study.import_photo(source, patient="P1", visit="2026-01-01", region="hands"))


def _disc(radius: int) -> np.ndarray:
    ys, xs = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return ys**2 + xs**2 <= radius**2


def durable() -> Row:
    """Stroke end to journal commit."""
    return _strokes()[0]


def undo() -> Row:
    """Undo of a 200-px stroke."""
    return _strokes()[1]


def _strokes() -> tuple[Row, Row]:
    rng, commits, undos = np.random.default_rng(1), [], []
    with _photo() as photo:
        labels = photo.labels("annotation", user="bench")
        for number in range(STROKES):
            y, x = rng.integers(0, SIDE_PX - 300, 2)
            labels.begin("brush")
            for step in range(0, 200, 10):
                labels.edit(int(y), int(x) + step, _disc(20), Lesion(number % 4 + 1))
            commits.append(seconds(labels.commit))
            undos.append(seconds(labels.undo))
        labels.close()
    where = f"{STROKES} strokes of 200 px with a 41-px brush on {SIDE_PX}^2, fsync on this disk, warm cache"
    return (
        Row(id="P3", figure=p95(commits), gate=50, goal=15, detail=f"p95 ms; {where}"),
        Row(id="P4", figure=p95(undos), gate=50, goal=20, detail=f"p95 ms; {where}"),
    )


def read() -> Row:
    """Random 608^2 region over decoding the chunks it touches."""
    from numcodecs import Zstd

    rng, ours, raw = np.random.default_rng(2), [], []
    codec = Zstd(level=1)
    with _photo() as photo:
        chunk = codec.encode(np.ascontiguousarray(photo.read(ys=(0, 512), xs=(0, 512))))
        for _ in range(40):
            y, x = (int(at) for at in rng.integers(0, SIDE_PX - 608, 2))
            touched = (-(-(y + 608) // 512) - y // 512) * (-(-(x + 608) // 512) - x // 512)
            ours.append(seconds(lambda y=y, x=x: photo.read(ys=(y, y + 608), xs=(x, x + 608))))
            raw.append(seconds(lambda n=touched: [codec.decode(chunk) for _ in range(n)]))
    figure, interval = ratio(ours, raw)
    detail = f"40 regions of {SIDE_PX}^2, against zstd decoding of as many chunks of the same photo; 95 % CI {interval}"
    return Row(id="P8", figure=figure, gate=2.0, goal=1.2, detail=detail)
