"""Whether a photo is in the study already, as whichever patient's.

One picture of two patients would sit in two folds, and be scored by a model that trained on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from napari_ctcl.errors import FoldError
from napari_ctcl.store.catalogue import Catalogue, PhotoRow, VisitRow
from napari_ctcl.store.publish import Staged


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A photo with the same bytes, or the same pixels, as another."""

    photo: str
    patient: str


def twins(catalogue: Catalogue, staged: Sequence[Staged], kind: Literal["source", "digest"], value: str) -> list[Twin]:
    """Photos, in the study or about to be, that came from the same file or have the same pixels.

    Parameters
    ----------
    staged : photos of the batch so far
    kind : what is compared: the digest of the file, or that of the pixels
    value : that digest
    """
    column = PhotoRow.source if kind == "source" else PhotoRow.digest
    with catalogue.reading() as session:
        rows = select(PhotoRow.id, VisitRow.patient).join(PhotoRow.visit).where(column == value)
        known = [Twin(photo=photo, patient=patient) for photo, patient in session.execute(rows)]
    same = [photo for photo in staged if (photo.source if kind == "source" else photo.digest) == value]
    return known + [Twin(photo=photo.id, patient=photo.intake.facts.patient) for photo in same]


def require_own(file: str, patient: str, twins: Iterable[Twin]) -> None:
    """Refuse a photo that is another patient's.

    Raises
    ------
    FoldError
        If one of its twins is; the message names photo and patient.
    """
    other = next((twin for twin in twins if twin.patient != patient), None)
    if other is not None:
        raise FoldError(
            f"{file} is in the study already, as {other.photo} of patient {other.patient}",
            expected=f"a photo of {patient} alone, since one picture of two patients would sit in two folds",
            do="correct the patient, or leave the photo out",
        )
