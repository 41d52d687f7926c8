"""Labels written to a PNG or TIFF file of one's choice, tile by tile.

The file holds the values of `Lesion` and the few words it is given. It appears under its name when it is whole, and
never in the place of another.
"""

from __future__ import annotations

import os
import queue
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from napari_ctcl.errors import CtclError, InputError
from napari_ctcl.region import Region
from napari_ctcl.store.chunks import TILE, Labels
from napari_ctcl.store.disk import room_on, sync_folder
from napari_ctcl.store.shapes import Shape

LARGEST_PNG: Final = 178_000_000
"""Pixels of a PNG, at most: it is held in memory whole, and many programs refuse to read a larger one."""
LARGEST_CLASSIC: Final = 3_000_000_000
"""Pixels from which a TIFF may grow beyond 4 GB, and becomes a BigTIFF."""
_TIFF: Final = (".tif", ".tiff")
_WAITING: Final = 8
_PATIENCE_S: Final = 0.2


class LabelFile(Protocol):
    """A file that is being written; tiles come row by row."""

    def add(self, cell: Region, tile: Labels) -> None:
        """Write the next tile of 512 px, cut at the image's edge."""
        ...


@contextmanager
def new_label_file(path: Path, shape: Shape, words: str) -> Iterator[LabelFile]:
    """Write a new file; it is put in place at the end, and nothing of it stays if anything fails.

    Parameters
    ----------
    path : its ending says what it becomes: .png, .tif or .tiff
    shape : (height, width), px
    words : what the file says of itself

    Raises
    ------
    InputError
        If there is a file of that name, no such folder, another ending, or too many pixels for it.
    DiskFull
        If there is no room.
    """
    require_writable(path, shape)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        with room_on(str(path)):
            if path.suffix.lower() in _TIFF:
                with _tiff(unfinished, shape, words) as tiff:
                    yield tiff
            else:
                png = _Png(shape)
                yield png
                png.save(unfinished, words)
            _put_in_place(unfinished, path)
    finally:
        with suppress(OSError):  # where nothing may be written there is nothing to tidy up either
            unfinished.unlink(missing_ok=True)


def require_writable(path: Path, shape: Shape) -> None:
    """Refuse a file that `new_label_file` would not write, before any work is done."""
    ending, pixels = path.suffix.lower(), shape[0] * shape[1]
    if ending not in {".png", *_TIFF}:
        raise InputError(f"{path}: ending {ending or 'missing'}", expected=".png, .tif or .tiff", do="name it so")
    if ending == ".png" and pixels > LARGEST_PNG:
        raise InputError(
            f"{path}: {shape[1]} x {shape[0]} pixels",
            expected=f"at most {LARGEST_PNG // 1_000_000} million in a PNG",
            do="name it .tif",
        )
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: no such folder", do="make the folder first")
    if path.exists() or path.is_symlink():
        raise _taken(path)


def _taken(path: Path) -> InputError:
    return InputError(f"{path} exists already", expected="a new file", do="choose another name, or move it away")


def _put_in_place(unfinished: Path, path: Path) -> None:
    descriptor = os.open(unfinished, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if path.exists():
        raise _taken(path)
    unfinished.rename(path)
    sync_folder(path.absolute().parent)


class _Png:
    """A PNG, held in memory whole."""

    def __init__(self, shape: Shape) -> None:
        self._labels = np.zeros(shape, np.uint8)

    def add(self, cell: Region, tile: Labels) -> None:
        self._labels[cell.slices] = tile

    def save(self, path: Path, words: str) -> None:
        said = PngInfo()
        said.add_text("Description", words)
        Image.fromarray(self._labels).save(path, format="PNG", pnginfo=said)


class _Tiff:
    """A tiled TIFF; a few tiles wait in memory for the thread that compresses and writes them."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Labels | None] = queue.Queue(_WAITING)
        self.writing: Future[None] | None = None
        self.given_up = False

    def add(self, cell: Region, tile: Labels) -> None:
        self._pass_on(np.pad(tile, ((0, TILE - cell.height), (0, TILE - cell.width))))

    def finish(self) -> None:
        self._pass_on(None)

    def _pass_on(self, tile: Labels | None) -> None:
        while True:
            try:
                self._waiting.put(tile, timeout=_PATIENCE_S)
            except queue.Full:
                if self.writing is not None and self.writing.done():
                    self.writing.result()  # raises what stopped it
            else:
                return

    def tiles(self) -> Iterator[Labels]:
        """Tiles as they come, for the thread."""
        while not self.given_up:
            try:
                tile = self._waiting.get(timeout=_PATIENCE_S)
            except queue.Empty:
                continue
            if tile is None:
                return
            yield tile
        raise _GivenUp("the file is not wanted any more")


class _GivenUp(CtclError):
    """Whoever gave the tiles has stopped."""


@contextmanager
def _tiff(path: Path, shape: Shape, words: str) -> Iterator[_Tiff]:
    file = _Tiff()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="label-file") as thread:
        file.writing = thread.submit(_write_tiff, path, shape, words, file.tiles())
        try:
            yield file
            file.finish()
            file.writing.result()
        finally:
            file.given_up = True


def _write_tiff(path: Path, shape: Shape, words: str, tiles: Iterator[Labels]) -> None:
    tifffile.imwrite(
        path,
        data=tiles,
        shape=shape,
        dtype=np.uint8,
        tile=(TILE, TILE),
        compression="zlib",
        photometric="minisblack",
        description=words,
        metadata=None,
        software=False,
        bigtiff=shape[0] * shape[1] > LARGEST_CLASSIC,
        maxworkers=1,
    )
