"""Whether a study is whole: every chunk decodes, every hash agrees, every stroke is in the labels.

Nothing is repaired here; each fault says where it is, what it is and what a person can do.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from napari_ctcl.errors import StudyBusy, StudyError
from napari_ctcl.events import Event, Finished, Note, Progress, Started
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import labelimage
from napari_ctcl.store.catalogue import Catalogue, FoldRow, PatientRow
from napari_ctcl.store.chronicle import Chronicle
from napari_ctcl.store.chunks import Key, LabelImage
from napari_ctcl.store.disk import TEMPORARY
from napari_ctcl.store.folds import FoldLedger
from napari_ctcl.store.ingest import file_digest
from napari_ctcl.store.lock import Lock
from napari_ctcl.store.mending import lost_chunks, require_journal
from napari_ctcl.store.photo import Photo, is_painted, journal_path
from napari_ctcl.store.pyramid import BAND, SHARD
from napari_ctcl.store.readonly import may_write
from napari_ctcl.store.registry import Registry

_RESTORE = "restore the photo's folder from a backup, or import the photo again"
_REBUILT = "open the photo for painting: the journal brings them back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is not as it should be: where, what, and what to do about it."""

    where: str
    what: str
    do: str


@dataclass(frozen=True, slots=True)
class _OnDisk:
    """Level 0 of a label image as it is on disk, to be sliced."""

    photo: Photo
    name: str

    @property
    def shape(self) -> tuple[int, int]:
        return self.photo.height, self.photo.width

    def __getitem__(self, place: tuple[slice, slice]) -> npt.NDArray[np.uint8]:
        rows, columns = place
        return self.photo.read_labels(self.name, ys=(rows.start, rows.stop), xs=(columns.start, columns.stop))


def verify(catalogue: Catalogue, models: Registry, photos: list[Photo], folder: Path) -> Iterator[Event]:
    """Check a whole study; ends with `Finished(result={"ok": ..., "faults": [...]})`.

    Parameters
    ----------
    photos : all that the catalogue knows
    folder : where the photos lie
    """
    yield Started(work="verify the study", total=len(photos), unit="photos")
    faults = [*_ledger(catalogue), *_twins(photos), *_folders(photos, folder), *_models(models)]
    for done, photo in enumerate(photos):
        if photo.image_path.is_dir():
            faults += [*_image(photo), *_lost(photo)]
            for name in _label_names(photo):
                faults += _label_values(photo, name)
                if is_painted(name):
                    yield from _against_journal(photo, name, faults)
        yield Progress(done=done + 1, total=len(photos), unit="photos", note=photo.id)
    yield Finished(result={"ok": not faults, "faults": [asdict(fault) for fault in faults]})


def _ledger(catalogue: Catalogue) -> Iterator[Fault]:
    do = "restore the catalogue from a backup; do not train before"
    for what in FoldLedger(catalogue).verify():
        yield Fault(where="fold ledger", what=what, do=do)
    with catalogue.reading() as session:
        patients = set(session.scalars(select(PatientRow.id)))
        entered = set(session.scalars(select(FoldRow.patient)))
    for patient in sorted(patients - entered):
        yield Fault(where="fold ledger", what=f"patient {patient} has no fold", do=do)


def _twins(photos: list[Photo]) -> Iterator[Fault]:
    """Pictures that two patients have, in studies that were filled before such an import was refused."""
    first: dict[str, Photo] = {}
    for photo in photos:
        other = first.setdefault(photo.digest, photo)
        if other.patient != photo.patient:
            what = f"the same picture as {other.id} of patient {other.patient}"
            do = "find out whose it is; do not trust scores of either patient before"
            yield Fault(where=f"{photo.id} of patient {photo.patient}", what=what, do=do)


def _folders(photos: list[Photo], folder: Path) -> Iterator[Fault]:
    known = {photo.id for photo in photos}
    for photo in photos:
        if not photo.image_path.is_dir():
            yield Fault(where=photo.id, what="the photo's image is missing", do=_RESTORE)
    for entry in sorted(folder.iterdir()):
        if entry.name not in known and TEMPORARY not in entry.name:
            what = "a folder that the catalogue does not know"
            yield Fault(where=entry.name, what=what, do="restore the catalogue from a backup, or move the folder away")


def _models(models: Registry) -> Iterator[Fault]:
    for entry in models.entries():
        weights = models.weights_folder(entry.digest) / "weights.safetensors"
        where = f"model {entry.name}, {entry.digest[:12]}"
        do = "restore the weights from a backup, or train again"
        if not weights.is_file():
            yield Fault(where=where, what="the weights are missing", do=do)
        elif file_digest(weights) != entry.digest:
            yield Fault(where=where, what="the weights were changed", do=do)
        if not (weights.parent / "card.json").is_file():
            yield Fault(where=where, what="the card is missing", do=do)


def _missing(photo: Photo) -> Iterator[Fault]:
    if not (photo.image_path / "zarr.json").is_file():
        yield Fault(where=photo.id, what="the image's zarr.json is missing", do=_RESTORE)
    for level in range(photo.levels):
        height, width = photo.shape(level)
        for row in range(math.ceil(height / SHARD)):
            for column in range(math.ceil(width / SHARD)):
                if not (photo.image_path / str(level) / "c" / "0" / str(row) / str(column)).is_file():
                    what = f"shard {row}/{column} of the image is missing"
                    yield Fault(where=f"{photo.id}, level {level}", what=what, do=_RESTORE)


def _image(photo: Photo) -> Iterator[Fault]:
    missing = list(_missing(photo))
    yield from missing
    if missing:
        return  # decoding would only say it again
    digest = hashlib.sha256()
    for level in range(photo.levels):
        height, width = photo.shape(level)
        try:
            for y in range(0, height, BAND):
                pixels = photo.read(level=level, ys=(y, min(y + BAND, height)), xs=(0, width))
                if level == 0:
                    digest.update(pixels.data)
        except StudyError as error:
            yield Fault(where=f"{photo.id}, level {level}", what=error.what, do=_RESTORE)
            return
    if digest.hexdigest() != photo.digest:
        yield Fault(where=photo.id, what="its pixels are not those that were imported", do=_RESTORE)


def _lost(photo: Photo) -> Iterator[Fault]:
    journal = journal_path(photo.root, "annotation")
    if journal.is_file() and not photo.has_labels("annotation"):
        with Chronicle(journal) as strokes:
            if strokes.touched():
                yield Fault(where=f"{photo.id}, annotation", what="the labels are lost", do=_REBUILT)


def _label_names(photo: Photo) -> list[str]:
    folder = photo.image_path / "labels"
    return sorted(entry.parent.name for entry in folder.glob("*/zarr.json") if TEMPORARY not in entry.parent.name)


def _label_values(photo: Photo, name: str) -> Iterator[Fault]:
    """A fault for every chunk that cannot be decoded, or holds what is no class."""
    try:
        image = labelimage.open_image(photo.image_path, name)
    except StudyError as error:
        yield Fault(where=f"{photo.id}, {name}", what=error.what, do=error.do or _RESTORE)
        return
    for key in sorted(image.chunks()):
        try:
            values = np.unique(image.read(key))
        except StudyError as error:
            do = _REBUILT if is_painted(name) else "have the model propose labels again"
            yield Fault(where=_at(photo, name, key), what=error.what, do=do)
            continue
        foreign = values[values >= len(Lesion)].tolist()
        if foreign:
            yield Fault(where=_at(photo, name, key), what=f"pixels hold {foreign}, which is no class", do=_RESTORE)


def _against_journal(photo: Photo, name: str, faults: list[Fault]) -> Iterator[Note]:
    """Add a fault for all that differs from the journal; says so if it cannot be told, since somebody is painting."""
    where, lock = f"{photo.id}, {name}", Lock(photo.root / ".lock")
    try:
        if may_write(lock.path):
            lock.acquire("verifying")
        faults += _differences(photo, name)
    except StudyBusy as error:
        yield Note(text=f"{where}: not compared with its journal, since it is being painted ({error.what})")
    except StudyError as error:
        faults.append(Fault(where=where, what=error.what, do=error.do or _RESTORE))
    finally:
        lock.release()


def _differences(photo: Photo, name: str) -> Iterator[Fault]:
    """A fault for every tile that is not what the journal says; those that cannot be decoded are told already."""
    journal = journal_path(photo.root, name)
    require_journal(photo.image_path, name, journal)
    if not journal.is_file():
        return  # nothing was ever labelled
    image = labelimage.open_image(photo.image_path, name)
    with Chronicle(journal) as strokes:
        lost = lost_chunks(strokes, image)
        wrong: list[Key] = [(0, *place) for place in strokes.verify(_OnDisk(photo, name))]
    for key in sorted(lost):
        yield Fault(where=_at(photo, name, key), what="the labels are lost", do=_REBUILT)
    for key in wrong:
        if key not in lost and _decodes(image, key):
            what = "the labels are not what the journal says"
            do = "restore the photo's labels from a backup; the journal holds every stroke"
            yield Fault(where=_at(photo, name, key), what=what, do=do)


def _decodes(image: LabelImage, key: Key) -> bool:
    try:
        image.read(key)
    except StudyError:
        return False
    return True


def _at(photo: Photo, name: str, key: Key) -> str:
    level, row, column = key
    return f"{photo.id}, {name}, tile {row}/{column}" + (f" of level {level}" if level else "")
