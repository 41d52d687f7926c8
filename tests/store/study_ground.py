"""Photo files and looks at a study that several store tests share."""

import hashlib

import numpy as np
from PIL import Image
from sqlalchemy import func, select

from napari_ctcl.store.catalogue import Base

FACTS = {"patient": "P01", "visit": "2026-03-01", "region": "forearms"}


def noise(seed=0, shape=(300, 400)):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def rows(study):
    """Rows in each table of the catalogue, by its name."""
    with study.catalogue.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table))
            for name, table in Base.metadata.tables.items()
        }


def look(study):
    """Everything a failed import could have changed: files with their bytes, and rows."""
    quiet = {"catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm", ".import.lock"}
    files = {
        str(path.relative_to(study.root)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(study.root.rglob("*"))
        if path.name not in quiet
    }
    return files, rows(study), study.folds.head
