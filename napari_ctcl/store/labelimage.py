"""Label images on disk: OME-NGFF 0.5 pyramids of class values below a photo's image.

Level 0 is the truth; every coarser level holds the most severe class of the 2 x 2 pixels under it and serves the screen
alone.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import ZstdCodec

from napari_ctcl.errors import NotFound, StudyError
from napari_ctcl.lesion import COLOURS, Lesion
from napari_ctcl.region import Region, Span
from napari_ctcl.store.chunks import TILE, LabelImage, Labels, open_array, read_from, sync_files
from napari_ctcl.store.disk import TEMPORARY, partial, room_on, write_text
from napari_ctcl.store.shapes import Shape, level_shapes

Tally = npt.NDArray[np.int64]
"""Pixels of every value from 0 to 255."""


def folder(image_path: Path, name: str) -> Path:
    """Folder of a label image of an image."""
    return image_path / "labels" / name


def exists(image_path: Path, name: str) -> bool:
    """Whether the image has a label image of that name."""
    return (folder(image_path, name) / "zarr.json").is_file()


def create(image_path: Path, name: str, shape: Shape, levels: int) -> None:
    """Make an empty label image; one that is there already stays as it is. The caller holds the lock that guards it.

    What a killed maker of the same label image left is cleared away first.

    Parameters
    ----------
    image_path : the photo's `image.ome.zarr`
    name : what it holds, e.g. "annotation"
    shape : (height, width) of level 0, px
    levels : how many levels the image has

    Raises
    ------
    StudyError
        If there is no image, or the label image that is there has another size.
    DiskFull
        If there is no room; nothing of it stays behind.
    """
    target = folder(image_path, name)
    shapes = level_shapes(shape, levels)
    unfinished = target.with_name(f"{name}{TEMPORARY}{uuid.uuid4().hex}")
    _sweep(target)
    try:
        with room_on(str(target)):
            if exists(image_path, name):
                _require(LabelImage(target), shapes)
            else:
                _write_empty(unfinished, shapes, _pitch(image_path))
                unfinished.rename(target)
                sync_files([target])
            _list_names(target.parent, name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def read(image_path: Path, name: str, *, level: int = 0, ys: Span, xs: Span) -> Labels:
    """Labels of a region as they are on disk now, whoever wrote them.

    Parameters
    ----------
    level : 0 is full resolution
    ys, xs : rows and columns of that level, half-open; inside it

    Returns
    -------
    (h, w) uint8, values of `Lesion`; all 0 where the image has no such label image.
    """
    return Levels(image_path, name).read(level, Region(*ys, *xs))


class Levels:
    """The levels of a label image as they are on disk, whoever writes them; each is opened once.

    Parameters
    ----------
    image_path : the photo's `image.ome.zarr`
    name : the label image; it need not be there yet
    """

    def __init__(self, image_path: Path, name: str) -> None:
        self._image_path, self._name = image_path, name
        self._arrays: dict[int, Any] = {}

    def read(self, level: int, region: Region) -> Labels:
        """Labels of a region that lies inside the level: (h, w) uint8, all 0 where there is no such label image."""
        place = folder(self._image_path, self._name) / str(level)
        if level not in self._arrays:
            if not exists(self._image_path, self._name):
                return np.zeros(region.shape, np.uint8)
            self._arrays[level] = open_array(place)
        return read_from(self._arrays[level], region, place)

    def close(self) -> None:
        """Let go of the files; the next read opens them again."""
        self._arrays.clear()


class Count:
    """How many pixels of each class a label image holds; a chunk is read again only when it has changed.

    Parameters
    ----------
    image_path : the photo's `image.ome.zarr`
    name : the label image
    """

    def __init__(self, image_path: Path, name: str) -> None:
        self._image_path, self._name = image_path, name
        self._image: LabelImage | None = None
        self._chunks: dict[str, tuple[tuple[int, ...], Tally]] = {}
        self._one_at_a_time = threading.Lock()

    def pixels(self) -> dict[Lesion, int]:
        """Level-0 pixels of every class, as the disk has them now.

        Raises
        ------
        NotFound
            If there is no such label image.
        StudyError
            If a pixel holds no class.
        """
        with self._one_at_a_time:
            image = self._image = self._image or open_image(self._image_path, self._name)
            totals = self._totals(image)
        foreign = np.flatnonzero(totals[len(Lesion) :]) + len(Lesion)
        if foreign.size:
            raise StudyError(
                f"{image.path}: pixels hold {foreign.tolist()}", expected="values 0 to 4", do="restore it from a copy"
            )
        height, width = image.shapes[0]
        totals[Lesion.UNLABELLED] = height * width - totals[1:].sum()
        return {lesion: int(totals[lesion]) for lesion in Lesion}

    def _totals(self, image: LabelImage) -> Tally:
        counted, self._chunks = self._chunks, {}
        totals = np.zeros(256, np.int64)
        for row in _numbered(image.path / "0" / "c"):
            for chunk in _numbered(Path(row.path)):
                try:
                    facts = chunk.stat()
                except FileNotFoundError:
                    continue  # erased meanwhile
                seen = facts.st_mtime_ns, facts.st_ino, facts.st_size
                before = counted.get(chunk.path)
                if before is None or before[0] != seen:
                    labels = image.read((0, int(row.name), int(chunk.name)))
                    before = seen, np.bincount(labels.ravel(), minlength=256)
                self._chunks[chunk.path] = before
                totals += before[1]
        return totals


def count(image_path: Path, name: str) -> dict[Lesion, int]:
    """Level-0 pixels of every class; errors as `Count.pixels`."""
    return Count(image_path, name).pixels()


def _numbered(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if entry.name.isdecimal()]
    except FileNotFoundError:
        return []


def open_image(image_path: Path, name: str) -> LabelImage:
    """The chunks of a label image.

    Raises
    ------
    NotFound
        If the image has no such label image.
    """
    if not exists(image_path, name):
        raise NotFound(f"{image_path} has no label image {name!r}")
    return LabelImage(folder(image_path, name))


def _require(image: LabelImage, shapes: list[Shape]) -> None:
    if image.shapes != shapes:
        raise StudyError(
            f"{image.path}: levels of {image.shapes}", expected=f"{shapes}", do="restore the photo's folder from a copy"
        )


def _pitch(image_path: Path) -> tuple[dict[str, str], tuple[float, float]]:
    """Unit entry of the image's space axes, and its height and width of a level-0 pixel."""
    try:
        ome = json.loads((image_path / "zarr.json").read_text())["attributes"]["ome"]
        multiscale = ome["multiscales"][0]
        scale = multiscale["datasets"][0]["coordinateTransformations"][0]["scale"]
        axis = multiscale["axes"][-1]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StudyError(f"{image_path} is no OME-NGFF 0.5 image ({error!r})", do="import the photo again") from None
    unit = {"unit": axis["unit"]} if "unit" in axis else {}
    return unit, (float(scale[-2]), float(scale[-1]))


def _write_empty(path: Path, shapes: list[Shape], pitch: tuple[dict[str, str], tuple[float, float]]) -> None:
    path.mkdir(parents=True)
    write_text(path / "zarr.json", json.dumps(_group({"ome": _label_metadata(shapes, pitch)}), indent=2))
    for level, shape in enumerate(shapes):
        zarr.create_array(
            path / str(level),
            shape=shape,
            chunks=(TILE, TILE),
            dtype="uint8",
            compressors=ZstdCodec(level=1, checksum=True),
            fill_value=0,
            dimension_names=("y", "x"),
        )
    sync_files([path / "zarr.json", *(path / str(level) / "zarr.json" for level in range(len(shapes)))])


def _label_metadata(shapes: list[Shape], pitch: tuple[dict[str, str], tuple[float, float]]) -> dict[str, Any]:
    unit, (height, width) = pitch
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [height * step, width * step]},
                {"type": "translation", "translation": [height * (step - 1) / 2, width * (step - 1) / 2]},
            ],
        }
        for level, step in ((level, 1 << level) for level in range(len(shapes)))
    ]
    return {
        "version": "0.5",
        "multiscales": [
            {
                "axes": [{"name": "y", "type": "space", **unit}, {"name": "x", "type": "space", **unit}],
                "datasets": datasets,
                "type": "max",
            }
        ],
        "image-label": {
            "colors": [{"label-value": int(lesion), "rgba": _rgba(lesion)} for lesion in Lesion],
            "properties": [{"label-value": int(lesion), "class": lesion.title} for lesion in Lesion],
            "source": {"image": "../../"},
        },
    }


def _rgba(lesion: Lesion) -> list[int]:
    return [*COLOURS[lesion], 0 if lesion is Lesion.UNLABELLED else 255]


def _group(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"zarr_format": 3, "node_type": "group", "attributes": attributes}


def _sweep(target: Path) -> None:
    for litter in target.parent.glob(f"{target.name}{TEMPORARY}*"):
        shutil.rmtree(litter)
    partial(target.with_name("zarr.json"), target.name).unlink(missing_ok=True)


def _list_names(labels: Path, writer: str) -> None:
    """Name every label image in the group above them.

    Two label images of a photo may be made at once, each under its own lock. Each maker lists again after it wrote, so
    the last one to write has seen them all.
    """
    listing = labels / "zarr.json"
    while True:
        group = _group({"ome": {"version": "0.5", "labels": _label_names(labels)}})
        if listing.is_file() and json.loads(listing.read_text()) == group:
            return
        write_text(listing, json.dumps(group, indent=2), writer=writer)


def _label_names(labels: Path) -> list[str]:
    return sorted(entry.parent.name for entry in labels.glob("*/zarr.json") if TEMPORARY not in entry.parent.name)
