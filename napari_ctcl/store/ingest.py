"""Photo files into a study: decoded once, written aside, then published all at once.

Everything of a batch is built in folders beside the photos. One transaction then enters the rows, assigns the folds and
renames the folders, so that a batch is in the study as a whole or not at all.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import select

from napari_ctcl.errors import InputError
from napari_ctcl.events import Event, Note, Progress, Started
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import areas
from napari_ctcl.store.catalogue import Catalogue, FoldRow, PhotoRow
from napari_ctcl.store.chunks import TILE
from napari_ctcl.store.disk import TEMPORARY, room_on, sync_tree
from napari_ctcl.store.drawing import Part
from napari_ctcl.store.folds import require_spelling
from napari_ctcl.store.formats import PhotoFile, open_photo
from napari_ctcl.store.intake import Intake
from napari_ctcl.store.labels import open_labels
from napari_ctcl.store.lock import Lock
from napari_ctcl.store.masks import Mask, MaskMap, open_mask
from napari_ctcl.store.photo import IMAGE, journal_path
from napari_ctcl.store.publish import Staged, publish, sweep
from napari_ctcl.store.pyramid import BAND, PyramidWriter
from napari_ctcl.store.shapes import level_shapes
from napari_ctcl.store.twins import require_own, twins

_SHORTEST_ID: Final = 8
_DISK: Final = "the study's disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Imports into one study.

    Parameters
    ----------
    photos : the folder that holds the photos
    lock : the study's import lock, held for as long as a batch runs
    """

    catalogue: Catalogue
    photos: Path
    lock: Path

    def batch(
        self, intakes: Sequence[Intake], mask_map: MaskMap | None, *, skip_known: bool
    ) -> Generator[Event, None, list[str]]:
        """Import photos, all or none; gives their ids.

        Parameters
        ----------
        skip_known : pass over photos that the study has already, with a note; otherwise they are an error

        Raises
        ------
        InputError
            If anything is wrong with a photo or its mask; the study is as it was.
        StudyBusy
            If another import runs.
        DiskFull
            If there is no room; the study is as it was.
        """
        staged: list[Staged] = []
        with Lock(self.lock) as lock, room_on(_DISK):
            lock.acquire("an import")
            try:
                sweep(self.catalogue, self.photos)
                ids = yield from self._staged(intakes, mask_map, staged, skip_known=skip_known)
                publish(self.catalogue, self.photos, staged)
            finally:
                for photo in staged:
                    shutil.rmtree(photo.folder, ignore_errors=True)
        return ids

    def _staged(
        self, intakes: Sequence[Intake], mask_map: MaskMap | None, staged: list[Staged], *, skip_known: bool
    ) -> Generator[Event, None, list[str]]:
        self._require_spellings(intakes)
        heights = [_height(intake) for intake in intakes]
        ids, done, total = [], 0, sum(heights)
        yield Started(work=f"import {len(intakes)} photo{'' if len(intakes) == 1 else 's'}", total=total, unit="rows")
        for intake, height in zip(intakes, heights, strict=True):
            steps = self._taken_in(intake, mask_map, staged, skip_known=skip_known)
            try:
                ids.append((yield from _further(steps, done, total)))
            except InputError as error:
                raise _placed(error, intake.where) from error
            done += height
            yield Progress(done=done, total=total, unit="rows", note=intake.path.name)
        return ids

    def _taken_in(
        self, intake: Intake, mask_map: MaskMap | None, staged: list[Staged], *, skip_known: bool
    ) -> Generator[Event, None, str]:
        """Id of a photo that was staged now, or that the study had already."""
        source = file_digest(intake.path)
        same = twins(self.catalogue, staged, "source", source)
        known = next((twin.photo for twin in same if twin.patient == intake.facts.patient), None)
        if known is None:
            require_own(intake.path.name, intake.facts.patient, same)
            name = self._new_id(intake.facts.patient, source, staged)
            staged.append((yield from self._stage(intake, name, source, mask_map, staged)))
            return name
        if not skip_known:
            raise InputError(
                f"{intake.path.name} is in the study already, as {known} of patient {intake.facts.patient}",
                do="paint on that one, or choose another photo",
            )
        yield Note(text=f"{intake.path.name} is in the study as {known} already and was left as it is")
        return known

    def _require_spellings(self, intakes: Sequence[Intake]) -> None:
        with self.catalogue.reading() as session:
            known = set(session.scalars(select(FoldRow.patient)))
        for intake in intakes:
            try:
                require_spelling(known, intake.facts.patient)
            except InputError as error:
                raise _placed(error, intake.where) from error
            known.add(intake.facts.patient)

    def _new_id(self, patient: str, source: str, staged: Sequence[Staged]) -> str:
        """An id that the same photo gets in any study, longer only where two photos would share it."""
        with self.catalogue.reading() as session:
            taken = {*session.scalars(select(PhotoRow.id)), *(photo.id for photo in staged)}
        digest = hashlib.sha256(f"{patient}\0{source}".encode()).hexdigest()
        return next(name for length in range(_SHORTEST_ID, 65) if (name := f"p-{digest[:length]}") not in taken)

    def _stage(
        self, intake: Intake, name: str, source: str, mask_map: MaskMap | None, staged: Sequence[Staged]
    ) -> Generator[Event, None, Staged]:
        folder = self.photos / f"{name}{TEMPORARY}{uuid.uuid4().hex}"
        notes: list[str] = []
        classes = frozenset({Lesion.UNLABELLED})
        try:
            with ExitStack() as files:
                file = files.enter_context(open_photo(intake.path))
                mask = files.enter_context(open_mask(intake.mask, file.shape, mask_map)) if intake.mask else None
                if mask is not None:
                    classes = mask.classes()  # before the long work, since it finds what is wrong with the mask
                digest = yield from _write_image(file, folder / IMAGE)
                require_own(intake.path.name, intake.facts.patient, twins(self.catalogue, staged, "digest", digest))
                notes += file.notes
                if mask is not None:
                    _paint(folder, file.shape, mask)
                    notes += [f"mask {mask.name}: {note}" for note in mask.notes] + _advice(classes, mask_map)
                shape = file.shape
            sync_tree(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        for text in notes:
            yield Note(text=f"{intake.path.name}: {text}")
        return Staged(
            id=name, intake=intake, source=source, folder=folder, shape=shape, digest=digest, severity=max(classes)
        )


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _height(intake: Intake) -> int:
    """Rows of a photo, told by its header alone, so that a wrong file is found before long work begins."""
    try:
        with open_photo(intake.path) as file:
            return file.shape[0]
    except InputError as error:
        raise _placed(error, intake.where) from error


def _further(steps: Generator[Event, None, str], done: int, total: int) -> Generator[Event, None, str]:
    """The steps of one photo, with its progress counted within the whole batch."""
    try:
        while True:
            event = next(steps)
            yield replace(event, done=done + event.done, total=total) if isinstance(event, Progress) else event
    except StopIteration as end:
        return str(end.value)
    finally:
        steps.close()


def _placed(error: InputError, where: str) -> InputError:
    return type(error)(f"{where}: {error.what}", expected=error.expected, do=error.do) if where else error


def _write_image(file: PhotoFile, folder: Path) -> Generator[Event, None, str]:
    """Write a photo's pyramid; gives the digest of its pixels."""
    digest = hashlib.sha256()
    writer = PyramidWriter(folder, file.shape)
    rows = 0
    for band in file.bands(BAND):
        digest.update(band.data)
        writer.add(band)
        rows += len(band)
        if rows < file.shape[0]:
            yield Progress(done=rows, total=file.shape[0], unit="rows", note=file.name)
    return digest.hexdigest()


def _paint(folder: Path, shape: tuple[int, int], mask: Mask) -> None:
    """Put a mask into the annotation by strokes, so that the journal holds all that was ever labelled."""
    pyramid = open_labels(
        folder / IMAGE,
        "annotation",
        shape=shape,
        levels=len(level_shapes(shape)),
        journal=journal_path(folder, "annotation"),
        lock=folder / ".lock",
        user="import",
    )
    try:
        areas.paint(pyramid, "import", _parts(shape, mask))
        pyramid.flush()
    finally:
        pyramid.close()


def _parts(shape: tuple[int, int], mask: Mask) -> Iterator[Part]:
    """A mask tile by tile."""
    for y in range(0, shape[0], TILE):
        band = mask.labels((y, min(y + TILE, shape[0])))
        for x in range(0, shape[1], TILE):
            labels = band[:, x : x + TILE]
            yield Part(y, x, labels != 0, labels)


def _advice(classes: frozenset[Lesion], mask_map: MaskMap | None) -> list[str]:
    if mask_map is not None or Lesion.NORMAL in classes or Lesion.UNLABELLED not in classes:
        return []
    return ["the mask has no normal pixel; what it leaves black stays unlabelled, unless the mask map says rest=normal"]
