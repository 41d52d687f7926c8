"""Which weights a fold may start from, so that no patient is ever scored by weights that have seen it.

Weights of another study know none of this study's patients and may start every fold; weights of this study start only
the fold they were held out from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from napari_ctcl.errors import FoldError, NotFound
from napari_ctcl.mkln import MKLN, Card, load
from napari_ctcl.mkln.weights import digest_of, read_card
from napari_ctcl.store import Study

STARTER = "starter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One network with its card."""

    net: MKLN
    card: Card
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A model that folds may start from, or be compared with.

    Parameters
    ----------
    name : as a person calls it
    folders : where its weights lie, per fold; under None those that serve every fold
    """

    name: str
    folders: Mapping[int | None, Path]

    @property
    def card(self) -> Card:
        """Card of any of its weights; they share scale and architecture."""
        return read_card(next(iter(self.folders.values())))

    def has(self, fold: int) -> bool:
        """Whether there are weights for that fold."""
        return fold in self.folders or None in self.folders

    def weights(self, study: Study, fold: int) -> Weights:
        """Weights for a fold, after a look at whom they have seen.

        Raises
        ------
        FoldError
            If they have seen patients that this fold holds out, or there are none for it.
        """
        if not self.has(fold):
            raise FoldError(
                f"model {self.name!r} has no weights for fold {fold}",
                expected="weights of the same fold",
                do="leave the fold out, or start from another model",
            )
        folder = self.folders.get(fold, self.folders.get(None))
        assert folder is not None
        net, card = load(folder)
        _must_not_have_seen(self.name, card, study, fold)
        return Weights(net=net, card=card, digest=digest_of(folder))


def find(study: Study, name: str) -> Ancestor:
    """Model of that name in the study, the starter model, or the one in that folder.

    Raises
    ------
    NotFound
        If there is none of these.
    """
    known = {entry.name for entry in study.models.entries()}
    if name in known:
        entries = study.models.named(name)
        return Ancestor(name=name, folders={entry.fold: study.models.weights_folder(entry.digest) for entry in entries})
    folder = starter_folder() if name == STARTER else Path(name)
    if not (folder / "card.json").is_file():
        raise NotFound(
            f"no model {name!r}",
            expected="one of: " + ", ".join([*sorted(known), STARTER]) + ", or a folder with weights",
            do="name one of these",
        )
    return Ancestor(name=name, folders={None: folder})


def starter_folder() -> Path:
    """Where the model that ships with the program lies."""
    return Path(str(resources.files("napari_ctcl.mkln") / "starter"))


def patient_hash(study_id: str, patient: str) -> str:
    """What a card remembers of a patient: SHA-256 of "<study id>/<patient>"."""
    return hashlib.sha256(f"{study_id}/{patient}".encode()).hexdigest()


def patients_seen(study: Study, patients: Iterable[str], start: Weights | None) -> list[str]:
    """Hashes of everyone that weights have seen once they are trained on these patients."""
    seen = set(start.card.patients_sha256) if start else set()
    return sorted(seen | {patient_hash(study.id, patient) for patient in patients})


def _must_not_have_seen(name: str, card: Card, study: Study, fold: int) -> None:
    held_out = study.folds.patients(fold)
    seen = [patient for patient in held_out if patient_hash(study.id, patient) in set(card.patients_sha256)]
    same_study = card.study == study.id
    if seen or (same_study and card.fold != fold):
        whom = ", ".join(seen or held_out)
        held = "no fold" if card.fold is None else f"fold {card.fold}"
        raise FoldError(
            f"model {name!r} held out {held} and may have seen the patients of fold {fold}: {whom}",
            expected=f"weights that held out fold {fold}",
            do="start from a model with weights for every fold, or from another study's",
        )
