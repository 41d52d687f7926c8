"""The fold ledger: which patient is held out in which fold, decided once and chained by hash.

A patient is entered when first seen and never moved, so no photo is ever scored by a model that trained on its patient.
The least loaded fold of the patient's stratum is taken, which spreads rare tumors better than hashing does.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_ctcl.errors import FoldError, NotFound
from napari_ctcl.lesion import Lesion
from napari_ctcl.store.catalogue import Catalogue, FoldRow

Fold = int | Literal["test"]
FOLDS: Final = 5
BEGINNING: Final = "0" * 64


def fold_number(text: str) -> Fold:
    """Fold as a number or "test", from its text in the ledger."""
    return "test" if text == "test" else int(text)


def require_spelling(known: Iterable[str], patient: str) -> None:
    """Refuse a pseudonym that is a known one but for letter case and blanks around it: one patient would get two folds.

    Raises
    ------
    FoldError
        If it is; the message names the known spelling.
    """
    heard = _heard(patient)
    other = next((name for name in known if name != patient and _heard(name) == heard), None)
    if other is not None:
        raise FoldError(
            f"patient {patient!r} is in the study as {other!r}",
            expected="one spelling per patient",
            do="use the one that is there, or a pseudonym that differs by more",
        )


def _heard(patient: str) -> str:
    """A pseudonym as it is read out: without letter case and blanks around it."""
    return unicodedata.normalize("NFKC", patient).casefold().strip()


def _digest(previous: str, seq: int, patient: str, fold: str, stratum: int) -> str:
    entry = json.dumps([previous, seq, patient, fold, stratum], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(entry.encode()).hexdigest()


def _least_loaded(patient: str, stratum: int, entries: Sequence[FoldRow]) -> int:
    in_stratum = Counter(row.fold for row in entries if row.stratum == stratum)
    overall = Counter(row.fold for row in entries)
    shuffle = hashlib.sha256(patient.encode()).digest()
    return min(range(FOLDS), key=lambda fold: (in_stratum[str(fold)], overall[str(fold)], shuffle[fold]))


def enter(session: Session, patient: str, severity: Lesion, fold: Fold | None = None) -> Fold:
    """Enter a patient within an open writing transaction, unless it has a fold already.

    Parameters
    ----------
    severity : most severe class in the labels that the patient came with; the stratum
    fold : the fold to take; by default the least loaded of the stratum

    Raises
    ------
    FoldError
        If the patient is known by another spelling.
    """
    entries = session.scalars(select(FoldRow).order_by(FoldRow.seq)).all()
    known = next((row for row in entries if row.patient == patient), None)
    if known is not None:
        return fold_number(known.fold)
    require_spelling((row.patient for row in entries), patient)
    chosen = str(_least_loaded(patient, severity, entries) if fold is None else fold)
    previous, seq = (entries[-1].digest, entries[-1].seq + 1) if entries else (BEGINNING, 0)
    session.add(
        FoldRow(
            seq=seq,
            patient=patient,
            fold=chosen,
            stratum=int(severity),
            previous=previous,
            digest=_digest(previous, seq, patient, chosen, int(severity)),
        )
    )
    session.flush()
    return fold_number(chosen)


class FoldLedger:
    """The append-only list of patients and their folds."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def fold_of(self, patient: str) -> Fold:
        """Fold that holds this patient out.

        Raises
        ------
        NotFound
            If the ledger has never seen the patient.
        """
        with self._catalogue.reading() as session:
            fold = session.scalar(select(FoldRow.fold).where(FoldRow.patient == patient))
        if fold is None:
            raise NotFound(f"patient {patient!r} has no fold", do="import a photo of the patient first")
        return fold_number(fold)

    def assign(self, patient: str, severity: Lesion) -> Fold:
        """Fold of this patient, entered now if it is new; a known patient keeps its fold whatever the severity."""
        with self._catalogue.writing() as session:
            return enter(session, patient, severity)

    def reserve(self, patient: str) -> None:
        """Keep a patient for the test set, out of all folds, before its first photo comes in.

        Raises
        ------
        FoldError
            If the patient already sits in a fold.
        """
        with self._catalogue.writing() as session:
            fold = enter(session, patient, Lesion.UNLABELLED, "test")
        if fold != "test":
            raise FoldError(
                f"patient {patient!r} sits in fold {fold} already",
                expected="a patient no model has seen",
                do="reserve patients before their first import",
            )

    @property
    def head(self) -> str:
        """Hash of the last entry, which stands for the whole ledger."""
        with self._catalogue.reading() as session:
            return session.scalar(select(FoldRow.digest).order_by(FoldRow.seq.desc()).limit(1)) or BEGINNING

    def patients(self, fold: Fold) -> list[str]:
        """Patients of one fold, in the order they came."""
        with self._catalogue.reading() as session:
            rows = session.scalars(select(FoldRow.patient).where(FoldRow.fold == str(fold)).order_by(FoldRow.seq))
            return list(rows)

    def verify(self) -> list[str]:
        """What is wrong with the chain, a sentence each; empty when it is whole."""
        with self._catalogue.reading() as session:
            entries = session.scalars(select(FoldRow).order_by(FoldRow.seq)).all()
        faults, previous = [], BEGINNING
        for seq, row in enumerate(entries):
            if row.seq != seq:
                faults.append(f"entry {seq} is missing")
            if row.previous != previous:
                faults.append(f"entry {row.seq} ({row.patient}) does not follow the one before it")
            if row.digest != _digest(row.previous, row.seq, row.patient, row.fold, row.stratum):
                faults.append(f"entry {row.seq} ({row.patient}) was changed after it was written")
            previous = row.digest
        return faults
