"""A study with one photo of 32768 x 32768 px, made once and kept in the user's cache; every window gets a copy of it.

Its pixels are noise on slowly changing skin, never zeros, so that nothing compresses to nothing: 2.4 GB on the disk,
made in a good minute by importing a tiled BigTIFF as any other photo.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from napari_ctcl.region import Region, grid
from napari_ctcl.store import Photo, Study

SIDE_PX = 32768
_TILE, _COARSE, _NOISE = 512, 64, 4
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "napari-ctcl" / "benchmarks"
_MODEL = "a" * 64


@contextmanager
def gigapixel_study() -> Iterator[Path]:
    """A copy of the study to paint on; pixels are hard links, since nobody writes to them."""
    kept = _CACHE / f"gigapixel-{SIDE_PX}"
    if not kept.exists():
        _make(kept)
    with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
        yield Path(shutil.copytree(kept, Path(folder) / "study", copy_function=_linked))


def _linked(source: str, target: str) -> str:
    if "/c/" not in source or "/annotation/" in source:
        return str(shutil.copy2(source, target))
    os.link(source, target)
    return target


def _make(path: Path) -> None:
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
        source, root = Path(folder) / "photo.tif", Path(folder) / "study"
        shape = (SIDE_PX, SIDE_PX, 3)
        tifffile.imwrite(source, _tiles(), shape=shape, dtype=np.uint8, tile=(_TILE, _TILE), photometric="rgb")
        with Study.create(root) as study:
            photo = study.photo(study.import_photo(source, patient="P1", visit="2026-01-01", region="posterior trunk"))
            lesions = _lesions()
            _predict(photo, lesions[::2])
            _annotate(photo, lesions[1::2])
        root.rename(path)


def _tiles() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    cells = SIDE_PX // _COARSE + 2
    skin = rng.normal((200, 155, 135), 14, (cells, cells, 3)).clip(60, 240).astype(np.uint8)
    noise = rng.integers(0, _NOISE, (4096, 4096, 3), np.uint8)
    step = _TILE // _COARSE
    for cell in grid((SIDE_PX, SIDE_PX), _TILE):
        y, x = cell.y0 // _COARSE, cell.x0 // _COARSE
        coarse = Image.fromarray(skin[y : y + step + 1, x : x + step + 1])
        smooth = coarse.resize((_TILE, _TILE), Image.Resampling.BILINEAR, box=(0.5, 0.5, step + 0.5, step + 0.5))
        at_y, at_x = (int(at) for at in rng.integers(0, 4096 - _TILE, 2))
        yield np.asarray(smooth) + noise[at_y : at_y + _TILE, at_x : at_x + _TILE]


def _lesions() -> list[tuple[int, int, int, int]]:
    rng = np.random.default_rng(1)
    return [
        (int(y), int(x), int(radius), 2 + number % 3)
        for number, (y, x, radius) in enumerate(
            rng.integers((900, 900, 60), (SIDE_PX - 900, SIDE_PX - 900, 800), (60, 3))
        )
    ]


def _disc(cell: Region, lesion: tuple[int, int, int, int]) -> np.ndarray:
    y, x, radius, _ = lesion
    ys, xs = np.ogrid[cell.y0 - y : cell.y1 - y, cell.x0 - x : cell.x1 - x]
    return ys**2 + xs**2 <= radius**2


def _predict(photo: Photo, lesions: list[tuple[int, int, int, int]]) -> None:
    with photo.prediction() as writer:
        writer.start(_MODEL)
        doubt = np.zeros((_TILE // 4, _TILE // 4), np.uint8)
        for cell in grid((SIDE_PX, SIDE_PX), _TILE):
            labels = np.ones(cell.shape, np.uint8)
            met = [one for one in lesions if (Region(one[0], one[0] + 1, one[1], one[1] + 1).grown(one[2]) & cell).area]
            for lesion in met:
                labels[_disc(cell, lesion)] = lesion[3]
            if (labels > 1).any():
                writer.write(cell, labels, doubt)


def _annotate(photo: Photo, lesions: list[tuple[int, int, int, int]]) -> None:
    with photo.labels("annotation", user="benchmark") as labels:
        for y, x, radius, lesion in lesions:
            box = Region(y, y + 1, x, x + 1).grown(radius)
            labels.begin("brush")
            labels.edit(box.y0, box.x0, _disc(box, (y, x, radius, lesion)), lesion)
            labels.commit()
