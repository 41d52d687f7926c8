"""A study with one photo, of which a model is unsure where a test says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from napari_ctcl.region import Region, grid
from napari_ctcl.store import Photo, Study

SHAPE = (1200, 1500)
Spot = tuple[Region, float]


def make_study(root: Path, shape: tuple[int, int] = SHAPE) -> Study:
    """A study with one skin-coloured photo."""
    study = Study.create(root / "study")
    Image.fromarray(np.full((*shape, 3), (205, 160, 140), np.uint8)).save(root / "photo.png")
    study.import_photo(root / "photo.png", patient="P01", visit="2026-03-01", region="forearms", side="L")
    return study


def predict(photo: Photo, spots: Sequence[Spot], labels: np.ndarray | None = None) -> None:
    """Store a prediction whose doubt (0 to 1) is that of the spots, and 0.02 elsewhere."""
    said = np.ones((photo.height, photo.width), np.uint8) if labels is None else labels
    doubt = np.full((-(-photo.height // 4), -(-photo.width // 4)), 5, np.uint8)
    for region, value in spots:
        doubt[region.at_level(2).slices] = round(255 * value)
    with photo.prediction() as writer:
        writer.start("a" * 64)
        for cell in grid((photo.height, photo.width), 512):
            writer.write(cell, np.ascontiguousarray(said[cell.slices]), doubt[cell.at_level(2).slices])
