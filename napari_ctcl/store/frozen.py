"""Labels as they were at one moment, for work that takes hours while people go on painting.

A frozen copy is made of hard links to the level-0 chunks, so it costs nothing until a chunk is painted over.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from napari_ctcl.region import Region, Span
from napari_ctcl.store import labelimage
from napari_ctcl.store.chunks import Labels, read_array
from napari_ctcl.store.disk import room_on
from napari_ctcl.store.photo import Photo

METADATA = "zarr.json"


@dataclass(frozen=True, slots=True)
class FrozenLabels:
    """The level-0 annotation of a photo as it was when it was frozen.

    Parameters
    ----------
    folder : the copy, a zarr array of its own
    """

    folder: Path

    def read(self, ys: Span, xs: Span) -> Labels:
        """Labels of a region of level 0, (h, w) uint8."""
        return read_array(self.folder, Region(*ys, *xs))

    @property
    def digest(self) -> str:
        """SHA-256 of the chunks, by their files and the files' names."""
        digest = hashlib.sha256()
        for chunk in _chunks(self.folder):
            digest.update(f"{chunk.relative_to(self.folder)}\n".encode())
            digest.update(hashlib.sha256(chunk.read_bytes()).digest())
        return digest.hexdigest()


def freeze(photo: Photo, folder: Path) -> FrozenLabels:
    """Keep a photo's annotation, as it is on disk now, in a new folder.

    Parameters
    ----------
    photo : one that has an annotation
    folder : on the disk of the study, absent; where that disk knows no links, the chunks are copied

    Raises
    ------
    DiskFull
        If there is no room.
    """
    level = labelimage.folder(photo.image_path, "annotation") / "0"
    with room_on(str(folder)):
        folder.mkdir(parents=True)
        shutil.copyfile(level / METADATA, folder / METADATA)
        for chunk in _chunks(level):
            target = folder / chunk.relative_to(level)
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(chunk, target)
    return FrozenLabels(folder)


def _chunks(level: Path) -> list[Path]:
    # a writer's unfinished files lie beside the chunks, under names that are no numbers
    return sorted(path for path in (level / "c").glob("*/*") if path.name.isdecimal())


def _link(chunk: Path, target: Path) -> None:
    """Keep one chunk; one that was emptied a moment ago has no file, and stays empty."""
    # A chunk is only ever replaced, by a file written beside it and renamed: what a link names never changes.
    try:
        os.link(chunk, target)
    except FileNotFoundError:
        return
    except OSError:
        shutil.copyfile(chunk, target)
