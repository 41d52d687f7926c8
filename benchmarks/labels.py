"""P3, P4, P8: how long a stroke, its undo and a region read take on a real study.

P3 and P4 are measured twice: on the labels alone, which is the figure, and through the window, in the detail.

Predictions: a commit is one SQLite transaction with an fsync, a few milliseconds; an undo restores a handful of tiles
and is another such transaction; a region read is bound by decoding the chunks it touches.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.keeping import small_strokes, vast_strokes
from benchmarks.row import Row, p95, ratio, seconds
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import Photo, Study

SIDE_PX, STROKES = 4096, 60
_WHERE = f"{STROKES} strokes of 200 px with a 41-px brush on {SIDE_PX}^2, fsync on this disk, warm cache"


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
    """Stroke end to journal commit, on the labels and through the window."""
    commits, _ = _strokes()
    small, (vast, _, pixels) = small_strokes(), vast_strokes()
    through = f"{p95(small.durable)} ms from pen-up to commit on 32768^2; a stroke of {pixels / 1e6:.0f} Mpx: {vast}"
    return Row(id="P3", figure=p95(commits), gate=50, goal=15, detail=f"p95 ms; {_WHERE}; through the window {through}")


def undo() -> Row:
    """Undo of a 200-px stroke, on the labels and through the window."""
    _, undos = _strokes()
    small, (_, vast, pixels) = small_strokes(), vast_strokes()
    through = (
        f"{p95(small.undone)} ms from Ctrl+Z to the tile on screen on 32768^2, {p95(small.drawn)} with the frame; "
        f"undo of {pixels / 1e6:.0f} Mpx: {vast}"
    )
    return Row(id="P4", figure=p95(undos), gate=50, goal=20, detail=f"p95 ms; {_WHERE}; through the window {through}")


@cache
def _strokes() -> tuple[list[float], list[float]]:
    """Seconds of each commit and of each undo."""
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
    return commits, undos


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
