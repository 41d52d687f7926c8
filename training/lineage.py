"""Which weights a fold may start from, so that no patient is ever scored by weights that have seen it.

Weights that know none of this study's patients may start every fold; others start only the folds whose patients they
were never trained with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_ctcl.errors import FoldError, NotFound
from napari_ctcl.mkln import MKLN, Card, load
from napari_ctcl.mkln.weights import digest_of, patient_hash, read_card, starter_folder
from napari_ctcl.store import Study
from napari_ctcl.store.registry import STARTER


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


def patients_seen(study: Study, patients: Iterable[str], start: Weights | None) -> list[str]:
    """Hashes of everyone that weights have seen once they are trained on these patients."""
    seen = set(start.card.patients_sha256) if start else set()
    return sorted(seen | {patient_hash(study.id, patient) for patient in patients})


def _must_not_have_seen(name: str, card: Card, study: Study, fold: int) -> None:
    seen = [patient for patient in study.folds.patients(fold) if card.has_seen(study.id, patient, fold)]
    if seen:
        held = "no fold" if card.fold is None else f"fold {card.fold}"
        raise FoldError(
            f"model {name!r} held out {held} and may have seen patients of fold {fold}: {', '.join(seen)}",
            expected=f"weights that held out fold {fold}",
            do="start from a model with weights for every fold, or from another study's",
        )
