"""The moment a batch of photos becomes part of the study, and what is cleared away if that moment never came.

Rows and folds are entered and folders renamed within one transaction. A mark in each folder outlives a crash in between
and tells which folders the catalogue must know.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_ctcl.errors import StudyError
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import folds
from napari_ctcl.store.catalogue import Catalogue, PatientRow, PhotoRow, VisitRow, now
from napari_ctcl.store.disk import TEMPORARY, sync_folder
from napari_ctcl.store.intake import Intake
from napari_ctcl.store.shapes import level_shapes

UNPUBLISHED: Final = ".unpublished"
"""Marks a photo's folder until its catalogue row is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A photo that is complete on disk but not yet in the study.

    Parameters
    ----------
    source : SHA-256 of the file it came from
    digest : SHA-256 of its pixels
    severity : most severe class of the labels it came with
    """

    id: str
    intake: Intake
    source: str
    folder: Path
    shape: tuple[int, int]
    digest: str
    severity: Lesion


def publish(catalogue: Catalogue, photos: Path, staged: Sequence[Staged]) -> None:
    """Make staged photos part of the study, all or none."""
    try:
        with catalogue.writing() as session:
            _enter_patients(session, staged)
            for photo in staged:
                _enter_photo(session, photo)
            session.flush()
            for photo in staged:
                _move_in(photo, photos / photo.id)
            sync_folder(photos)
    except BaseException:
        sweep(catalogue, photos)
        raise
    for photo in staged:
        (photos / photo.id / UNPUBLISHED).unlink()


def sweep(catalogue: Catalogue, photos: Path) -> None:
    """Clear away what an unfinished import left; only the holder of the import lock may.

    What is being made within a photo's folder is left alone: it belongs to the holder of one of the photo's own locks.
    """
    with catalogue.reading() as session:
        known = set(session.scalars(select(PhotoRow.id)))
    for entry in photos.glob(f"*{TEMPORARY}*"):
        shutil.rmtree(entry, ignore_errors=True)
    for mark in photos.glob(f"*/{UNPUBLISHED}"):
        if mark.parent.name in known:
            mark.unlink()
        else:
            shutil.rmtree(mark.parent)


def needs_sweep(photos: Path) -> bool:
    """Whether an import ended in the middle, or one is running."""
    return any(photos.glob(f"*{TEMPORARY}*")) or any(photos.glob(f"*/{UNPUBLISHED}"))


def _move_in(photo: Staged, target: Path) -> None:
    if target.exists():
        raise StudyError(
            f"the folder {target.name} exists, but the catalogue does not know it",
            do="restore the catalogue from a backup, or move the folder away",
        )
    (photo.folder / UNPUBLISHED).touch()
    sync_folder(photo.folder)
    photo.folder.rename(target)


def _enter_patients(session: Session, staged: Sequence[Staged]) -> None:
    """Enter new patients, the most severe first, so that the rare ones are spread before the many fill the folds."""
    worst: dict[str, Lesion] = {}
    for photo in staged:
        patient = photo.intake.facts.patient
        worst[patient] = max(photo.severity, worst.get(patient, Lesion.UNLABELLED))
    for patient, severity in sorted(worst.items(), key=lambda item: -item[1]):
        if session.get(PatientRow, patient) is None:
            session.add(PatientRow(id=patient))
        folds.enter(session, patient, severity)
    session.flush()


def _enter_photo(session: Session, photo: Staged) -> None:
    facts = photo.intake.facts
    same_visit = select(VisitRow).where(VisitRow.patient == facts.patient, VisitRow.date == facts.visit)
    visit = session.scalar(same_visit) or VisitRow(patient=facts.patient, date=facts.visit)
    session.add(
        PhotoRow(
            id=photo.id,
            visit=visit,
            region=facts.region.value,
            side=facts.side.value if facts.side else None,
            aspect=facts.aspect,
            height=photo.shape[0],
            width=photo.shape[1],
            levels=len(level_shapes(photo.shape)),
            digest=photo.digest,
            source=photo.source,
            added=now(),
        )
    )
