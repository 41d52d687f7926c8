"""The photo's pyramid: what its levels are, how they are made and how they lie on disk.

OME-NGFF 0.5 with (c, y, x) arrays. Every level is the 2 x 2 area mean of the one before; bands stream through all
levels at once, so memory follows the photo's width and not its size.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorstore as ts

from napari_ctcl.store.colour import Pixels
from napari_ctcl.store.disk import write_text
from napari_ctcl.store.shapes import Shape, level_shapes

CHUNK: Final = 512
SHARD: Final = 2048
BAND: Final = 512
"""Rows that are decoded and reduced at a time."""
_SHARDS_IN_FLIGHT: Final = 4


def halved(planes: Pixels) -> Pixels:
    """Mean of each 2 x 2 block, rounded; an odd last row or column is met with its own copy.

    Parameters
    ----------
    planes : (3, H, W) uint8

    Returns
    -------
    (3, ceil(H / 2), ceil(W / 2)) uint8
    """
    odd = [(0, 0), (0, planes.shape[1] % 2), (0, planes.shape[2] % 2)]
    if planes.shape[1] % 2 or planes.shape[2] % 2:
        planes = np.pad(planes, odd, mode="edge")
    rows = planes[:, 0::2].astype(np.uint16)
    rows += planes[:, 1::2]
    blocks = rows[:, :, 0::2] + rows[:, :, 1::2]
    blocks += 2
    blocks >>= 2
    return blocks.astype(np.uint8)


class PyramidWriter:
    """Writes a new photo, band after band from the top.

    Parameters
    ----------
    folder : the `image.ome.zarr` to make; must not exist
    shape : (height, width) of the photo
    """

    def __init__(self, folder: Path, shape: Shape) -> None:
        folder.mkdir(parents=True)
        self._shapes = level_shapes(shape)
        write_text(folder / "zarr.json", json.dumps(group_metadata(len(self._shapes)), indent=1))
        context = ts.Context({"cache_pool": {"total_bytes_limit": 0}})
        self._levels = [_LevelWriter(folder / str(i), level, context) for i, level in enumerate(self._shapes)]

    def add(self, band: Pixels) -> None:
        """Add the next rows, (rows, width, 3) uint8; an even number of them in all bands but the last.

        Raises
        ------
        OSError, ValueError
            As the disk says; `room_on` tells a full one.
        """
        planes = np.ascontiguousarray(band.transpose(2, 0, 1))
        for level in self._levels:
            level.add(planes)
            if level is not self._levels[-1]:
                planes = halved(planes)


class _LevelWriter:
    """Gathers the rows of one level until a row of shards is full, then writes that."""

    def __init__(self, path: Path, shape: Shape, context: Any) -> None:
        self._height, self._width = shape
        self._array = ts.open(_array_spec(path, shape), create=True, context=context).result()
        self._rows: Pixels = np.empty((3, min(SHARD, self._height), self._width), np.uint8)
        self._top = self._filled = 0

    def add(self, planes: Pixels) -> None:
        while planes.shape[1]:
            taken = min(planes.shape[1], self._rows.shape[1] - self._filled)
            self._rows[:, self._filled : self._filled + taken] = planes[:, :taken]
            self._filled += taken
            planes = planes[:, taken:]
            if self._filled == min(SHARD, self._height - self._top):
                self._write()

    def _write(self) -> None:
        pending: list[Any] = []
        for x in range(0, self._width, SHARD):
            place = (slice(None), slice(self._top, self._top + self._filled), slice(x, min(x + SHARD, self._width)))
            shard = self._rows[:, : self._filled, place[2]]
            pending.append(self._array[place].write(shard, can_reference_source_data_indefinitely=True))
            if len(pending) == _SHARDS_IN_FLIGHT:
                pending.pop(0).result()
        for write in pending:
            write.result()
        self._top, self._filled = self._top + self._filled, 0


def _array_spec(path: Path, shape: Shape) -> dict[str, Any]:
    inner = [{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 1, "checksum": True}}]
    index = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
    sharding = {"chunk_shape": [3, CHUNK, CHUNK], "codecs": inner, "index_codecs": index, "index_location": "end"}
    return {
        "driver": "zarr3",
        "store_data_equal_to_fill_value": True,  # so that a missing shard is always a fault, never a black one
        "kvstore": {"driver": "file", "path": f"{path}/"},
        "metadata": {
            "shape": [3, *shape],
            "data_type": "uint8",
            "fill_value": 0,
            "dimension_names": ["c", "y", "x"],
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [3, SHARD, SHARD]}},
            "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
        },
    }


def group_metadata(levels: int) -> dict[str, Any]:
    """The `zarr.json` of a photo of so many levels, in pixels: nobody has measured its scale."""
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [1.0, float(step), float(step)]},
                {"type": "translation", "translation": [0.0, (step - 1) / 2, (step - 1) / 2]},
            ],
        }
        for level, step in ((level, 1 << level) for level in range(levels))
    ]
    axes = [{"name": "c", "type": "channel"}, {"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
    window = {"min": 0, "max": 255, "start": 0, "end": 255}
    channels = [
        {"label": label, "color": colour, "window": window, "active": True}
        for label, colour in (("red", "FF0000"), ("green", "00FF00"), ("blue", "0000FF"))
    ]
    ome = {
        "version": "0.5",
        "multiscales": [{"name": "photo", "axes": axes, "datasets": datasets, "type": "area"}],
        "omero": {"channels": channels, "rdefs": {"model": "color"}},
    }
    return {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}
