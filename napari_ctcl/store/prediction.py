"""A model's labels of a photo, written core by core, with a record of which model made which core.

A core is entered in the record only when its pixels are on disk, so that a run that was killed goes on with the core it
died in.
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import ZstdCodec

from napari_ctcl.errors import InputError, MaskError, StudyError
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region, Span, grid
from napari_ctcl.store import labelimage
from napari_ctcl.store.chunks import TILE, Labels, read_array, sweep, sync_files
from napari_ctcl.store.closing import Closing
from napari_ctcl.store.disk import TEMPORARY, room_on, write_text
from napari_ctcl.store.lock import Lock
from napari_ctcl.store.shapes import Shape
from napari_ctcl.store.tiles import Tiles

NAME: Final = "prediction"

COARSE: Final = 4
"""Level-0 pixels per pixel of uncertainty, along each axis."""

CELL: Final = TILE // COARSE
"""Side of a chunk of uncertainty: one core."""

_RECORD: Final = "prediction.json"
_SCHEMA: Final = 1
_CACHE_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Made:
    """The cores that one model made.

    Parameters
    ----------
    model : digest of the model
    done : (rows, columns) of the core grid; True where a core is the model's
    """

    model: str
    done: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Record:
    """Which models made what is stored: the newest last, and no core twice.

    Parameters
    ----------
    photo : digest of the pixels that were looked at
    made : one entry per model of which something is left
    """

    photo: str
    made: tuple[Made, ...]

    def started(self, model: str, cores: Shape) -> Record:
        """The record with that model as the newest."""
        if self.made and self.made[-1].model == model:
            return self
        kept = tuple(made for made in self.made if made.done.any() and made.model != model)
        return Record(self.photo, (*kept, Made(model, np.zeros(cores, np.bool_))))

    def without(self, core: tuple[int, int]) -> Record:
        """The record with a core that no model made, or only a part of."""
        made = tuple(Made(entry.model, entry.done.copy()) for entry in self.made)
        for entry in made:
            entry.done[core] = False
        return Record(self.photo, tuple(entry for entry in made if entry is made[-1] or entry.done.any()))

    def wrote(self, core: tuple[int, int]) -> Record:
        """The record with a core given to the newest model."""
        record = self.without(core)
        record.made[-1].done[core] = True
        return record

    def model_of(self, core: tuple[int, int]) -> str | None:
        """The model that made a core; None where none did."""
        return next((entry.model for entry in self.made if entry.done[core]), None)


def predicted_by(folder: Path) -> str | None:
    """Digest of the model whose prediction of a photo is stored whole; None where there is none.

    Parameters
    ----------
    folder : the photo's folder
    """
    record = read_record(folder)
    if record is None or not record.made or not record.made[-1].done.all():
        return None
    return record.made[-1].model


def read_record(folder: Path) -> Record | None:
    """Which models made what is stored of a photo; None where nothing is.

    Raises
    ------
    StudyError
        If the record cannot be read.
    """
    path = folder / _RECORD
    try:
        fields = json.loads(path.read_text())
        if fields["schema"] > _SCHEMA:
            raise StudyError(
                f"{path}: version {fields['schema']}", expected=f"{_SCHEMA}", do="open it with a newer napari-ctcl"
            )
        rows, columns = fields["cores"]
        cores = (int(rows), int(columns))
        made = tuple(Made(entry["model"], _from_hex(entry["done"], cores)) for entry in fields["made"])
        return Record(fields["photo"], made)
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError) as error:
        raise StudyError(f"{path} is damaged ({error})", do="remove it and predict the photo again") from None


def read_uncertainty(folder: Path, *, ys: Span, xs: Span) -> npt.NDArray[np.uint8]:
    """How unsure the model was: 0 sure, 255 all classes alike; 0 where nothing was predicted.

    Parameters
    ----------
    folder : the photo's folder
    ys, xs : rows and columns at a quarter of level 0's resolution, half-open; inside it
    """
    region = Region(*ys, *xs)
    path = folder / "uncertainty.zarr"
    return read_array(path, region) if (path / "zarr.json").is_file() else np.zeros(region.shape, np.uint8)


class PredictionWriter(Closing):
    """Writes one photo's prediction; holds a lock of its own, so that a person may paint meanwhile.

    Parameters
    ----------
    folder : the photo's folder, with `image.ome.zarr` in it
    shape, levels : (height, width) of level 0, px, and the number of levels, both the image's own
    photo_digest : of the photo's pixels

    Raises
    ------
    StudyBusy
        If the photo is being predicted already.
    """

    def __init__(self, folder: Path, *, shape: Shape, levels: int, photo_digest: str) -> None:
        self.folder, self.shape, self.photo_digest = folder, shape, photo_digest
        self._lock = Lock(folder / ".prediction.lock").acquire("predicting")
        try:
            image_path = folder / "image.ome.zarr"
            labelimage.create(image_path, NAME, shape, levels)
            image = labelimage.open_image(image_path, NAME)
            sweep(image.path)
            self._tiles = Tiles(image, clean_bytes=_CACHE_BYTES)
            self._uncertainty = self._open_uncertainty()
            self._record = self._opened_record()
        except BaseException:
            self._lock.release()
            raise

    def start(self, model: str) -> set[Region]:
        """Begin, or go on, to write a model's prediction.

        Parameters
        ----------
        model : digest of the model; another one than before starts anew, and what is stored stays until it is
            overwritten

        Returns
        -------
        Cores that this model has already written, level-0 pixels.
        """
        self._record = self._record.started(model, self._cores)
        self._save()
        done = self._record.made[-1].done
        return {cell for cell in grid(self.shape, TILE) if done[_core(cell)]}

    def write(self, region: Region, labels: Labels, uncertainty: npt.NDArray[np.uint8]) -> None:
        """Write one core, with what is derived from it.

        Parameters
        ----------
        region : a cell of the 512-pixel grid, cut at the image's edge
        labels : of the region, values of `Lesion`
        uncertainty : (ceil(h / 4), ceil(w / 4)) of the region

        Raises
        ------
        InputError
            If the region is no cell of the grid, or the arrays don't fit it.
        DiskFull
            If there is no room; the core is not entered as done.
        """
        self._require(region, labels, uncertainty)
        key = (0, *_core(region))
        if self._record.model_of(_core(region)) is not None:
            self._record = self._record.without(_core(region))
            self._save()
        self._tiles.rebuild([(key, labels.copy())])
        self._tiles.write_back()
        coarse = Region(region.y0 // COARSE, -(-region.y1 // COARSE), region.x0 // COARSE, -(-region.x1 // COARSE))
        with room_on(str(self.folder)):
            self._uncertainty[coarse.slices] = uncertainty
        sync_files([self.folder / "uncertainty.zarr" / "c" / str(key[1]) / str(key[2])])
        self._record = self._record.wrote(_core(region))
        self._save()

    def close(self) -> None:
        """Give the lock back; every core that `write` returned from is safe."""
        self._lock.release()

    @property
    def _cores(self) -> Shape:
        return -(-self.shape[0] // TILE), -(-self.shape[1] // TILE)

    def _opened_record(self) -> Record:
        record = read_record(self.folder)
        fits = record is not None and all(made.done.shape == self._cores for made in record.made)
        return record if record and fits and record.photo == self.photo_digest else Record(self.photo_digest, ())

    def _save(self) -> None:
        fields = {
            "schema": _SCHEMA,
            "photo": self._record.photo,
            "cores": self._cores,
            "made": [
                {"model": made.model, "done": np.packbits(made.done).tobytes().hex()} for made in self._record.made
            ],
        }
        with room_on(str(self.folder)):
            write_text(self.folder / _RECORD, json.dumps(fields, indent=2))

    def _open_uncertainty(self) -> Any:
        path = self.folder / "uncertainty.zarr"
        for litter in self.folder.glob(f"{path.name}{TEMPORARY}*"):
            shutil.rmtree(litter)
        if not (path / "zarr.json").is_file():
            unfinished = path.with_name(f"{path.name}{TEMPORARY}{uuid.uuid4().hex}")
            try:
                with room_on(str(path)):
                    zarr.create_array(
                        unfinished,
                        shape=(-(-self.shape[0] // COARSE), -(-self.shape[1] // COARSE)),
                        chunks=(CELL, CELL),
                        dtype="uint8",
                        compressors=ZstdCodec(level=1, checksum=True),
                        fill_value=0,
                        dimension_names=("y", "x"),
                    )
                    unfinished.rename(path)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        sweep(path)
        return zarr.open_array(path, mode="r+")

    def _require(self, region: Region, labels: Labels, uncertainty: npt.NDArray[np.uint8]) -> None:
        if not self._record.made:
            raise RuntimeError("no prediction is being written: start() comes first")
        if region not in set(grid(self.shape, TILE, region)):
            raise InputError(f"{region}", expected=f"a cell of the {TILE}-pixel grid over {self.shape}")
        coarse = -(-region.height // COARSE), -(-region.width // COARSE)
        if labels.shape != region.shape or uncertainty.shape != coarse:
            raise InputError(
                f"labels of {labels.shape} and uncertainty of {uncertainty.shape}",
                expected=f"{region.shape} and {coarse}",
            )
        if labels.size and int(labels.max()) >= len(Lesion):
            raise MaskError(f"label value {int(labels.max())}", expected=f"0 to {len(Lesion) - 1}")


def _core(region: Region) -> tuple[int, int]:
    return region.y0 // TILE, region.x0 // TILE


def _from_hex(text: str, cores: Shape) -> npt.NDArray[np.bool_]:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8), count=cores[0] * cores[1])
    return bits.reshape(cores).astype(np.bool_)
