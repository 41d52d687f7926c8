"""The chunks of a label image: read through tensorstore, written whole through zarr-python.

zarr-python writes beside the chunk and renames, so that a killed writer leaves the old chunk or the new one;
tensorstore reads a chunk in a fifth of the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorstore as ts
import zarr

from napari_ctcl.errors import InputError, StudyError
from napari_ctcl.region import Region
from napari_ctcl.store.disk import room_on
from napari_ctcl.store.shapes import Shape

Labels = npt.NDArray[np.uint8]
Key = tuple[int, int, int]
"""Level, and row and column of a tile in it."""

TILE: Final = 512
"""Side of a chunk, px."""


def halved(labels: Labels) -> Labels:
    """Most severe class of each 2 x 2 block; an odd last row or column stands alone.

    Parameters
    ----------
    labels : (H, W) uint8

    Returns
    -------
    (ceil(H / 2), ceil(W / 2)) uint8
    """
    rows = labels[0::2].copy()
    odd = labels[1::2]
    np.maximum(rows[: len(odd)], odd, out=rows[: len(odd)])
    halves = rows[:, 0::2].copy()
    other = rows[:, 1::2]
    np.maximum(halves[:, : other.shape[1]], other, out=halves[:, : other.shape[1]])
    return halves


def read_array(path: Path, region: Region) -> Labels:
    """Pixels of an array of labels on disk, as they are now.

    Raises
    ------
    StudyError
        If a chunk cannot be decoded.
    """
    return read_from(open_array(path), region, path)


class LabelImage:
    """The chunks of one label image, read and written whole.

    Whoever writes holds the lock that guards this label image; this class knows nothing of locks.

    Parameters
    ----------
    path : the label image's own folder, with one array per level
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        levels = sorted(
            (entry for entry in path.iterdir() if entry.name.isdecimal()), key=lambda entry: int(entry.name)
        )
        self._readers = [open_array(level) for level in levels]
        self._writers = [zarr.open_array(level, mode="r+") for level in levels]
        self.shapes: list[Shape] = [(int(reader.shape[0]), int(reader.shape[1])) for reader in self._readers]

    def region(self, key: Key) -> Region:
        """Pixels of its level that a tile covers, cut at the edge."""
        level, row, column = key
        y, x = row * TILE, column * TILE
        return Region(y, y + TILE, x, x + TILE) & Region.whole(self.shapes[level])

    def read(self, key: Key) -> Labels:
        """One tile, as it is on disk now; 0 where nothing was written."""
        return read_from(self._readers[key[0]], self.region(key), self.chunk(key))

    def write(self, key: Key, tile: Labels) -> None:
        """Replace one chunk; a reader sees the old one or the new one, never a part.

        Raises
        ------
        DiskFull
            If there is no room; the old chunk stays.
        """
        with room_on(str(self.path)):
            self._writers[key[0]][self.region(key).slices] = tile

    def chunk(self, key: Key) -> Path:
        """File of a tile; an empty tile has none."""
        return self.path / str(key[0]) / "c" / str(key[1]) / str(key[2])

    def chunks(self) -> set[Key]:
        """Tiles that have a file, of every level."""
        return {
            (level, int(path.parent.name), int(path.name))
            for level in range(len(self.shapes))
            for path in (self.path / str(level) / "c").glob("*/*")
            if path.name.isdecimal()  # a writer's unfinished files lie beside the chunks
        }

    def sync(self, keys: Iterable[Key]) -> None:
        """Have the disk keep these tiles through a power cut."""
        sync_files([self.chunk(key) for key in keys])


def sync_files(paths: Iterable[Path]) -> None:
    """Flush files, and the folders that name them, to the disk; absent ones are passed over.

    Raises
    ------
    DiskFull
        If there is no room for them.
    """
    files = list(paths)
    for path in [*files, *{folder for file in files for folder in file.parents[:3]}]:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            with room_on(str(path)):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(path: Path) -> None:
    """Remove what killed writers left in a label image; only the holder of its lock may."""
    for litter in [*path.rglob("*.partial"), *path.rglob("*.__lock")]:
        litter.unlink(missing_ok=True)


def open_array(path: Path) -> Any:
    """An array of labels on disk, for `read_from`; what it reads is always what the disk has then.

    Raises
    ------
    StudyError
        If there is none.
    """
    spec = {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": f"{path}/"},
        "recheck_cached_data": True,
        "recheck_cached_metadata": "open",
    }
    try:
        return ts.open(spec, open=True, read=True).result()
    except ValueError as error:
        raise StudyError(f"{path} is not an array of labels ({error})", do="restore it from a copy") from None


def read_from(array: Any, region: Region, place: Path) -> Labels:
    """Pixels of an open array of labels.

    Parameters
    ----------
    place : where they are, for messages

    Raises
    ------
    InputError
        If the region leaves the array.
    StudyError
        If a chunk cannot be decoded.
    """
    whole = Region.whole((int(array.shape[0]), int(array.shape[1])))
    if region not in whole:
        raise InputError(f"{place}: {region} leaves the level", expected=f"inside {whole.shape}")
    try:
        labels: Labels = np.array(array[region.slices].read().result())
    except ValueError as error:
        raise StudyError(
            f"{place}: the pixels of {region} cannot be decoded ({error})", do="run the study's verification"
        ) from None
    return labels
