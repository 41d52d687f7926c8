"""Which weights may look at which photo.

A patient who took part in training is segmented by the fold that never saw them; anyone else by the mean of all folds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from napari_ctcl.errors import FoldError
from napari_ctcl.mkln.weights import Card, digest_of, read_card, starter_folder
from napari_ctcl.store import Photo, Study
from napari_ctcl.store.registry import STARTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights on disk; `fold` is the one they never saw."""

    digest: str
    folder: Path
    card: Card
    fold: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The weights for one photo, whose probabilities are averaged.

    Parameters
    ----------
    digest : of the weights; of their digests together where there are several
    """

    digest: str
    weights: tuple[Weights, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model by name, with the weights of all its folds."""

    name: str
    weights: tuple[Weights, ...]

    @classmethod
    def find(cls, study: Study, name: str | None) -> Model:
        """The study's model of that name; None is its champion or, where it has none, the starter model.

        Raises
        ------
        NotFound
            If the study has no such model, or its files are gone.
        ContractMismatch
            If it was trained for other classes.
        """
        known = {entry.name for entry in study.models.entries()}
        name = name or study.models.champion() or STARTER
        if name == STARTER and name not in known:
            return cls(name=name, weights=(_starter(),))
        entries = study.models.named(name)
        folders = [study.models.weights_folder(entry.digest) for entry in entries]
        return cls(
            name=name,
            weights=tuple(
                Weights(digest=entry.digest, folder=folder, card=read_card(folder), fold=entry.fold)
                for entry, folder in zip(entries, folders, strict=True)
            ),
        )

    def for_photo(self, photo: Photo, study_id: str) -> Choice:
        """Weights that may look at a photo.

        Raises
        ------
        FoldError
            If all of them were trained with its patient.
        """
        patient = study_id, photo.patient, photo.fold
        unseen = [weights for weights in self.weights if not weights.card.has_seen(*patient)]
        if not unseen:
            raise FoldError(
                f"{photo.id}: all weights of model {self.name!r} were trained with patient {photo.patient}",
                expected="a fold that held the patient out",
                do="choose a model with all five folds, or leave the photo out",
            )
        return _choice(unseen)


def _choice(weights: list[Weights]) -> Choice:
    digests = [one.digest for one in weights]
    together = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return Choice(digest=digests[0] if len(digests) == 1 else together, weights=tuple(weights))


def _starter() -> Weights:
    folder = starter_folder()
    return Weights(digest=digest_of(folder), folder=folder, card=read_card(folder), fold=None)
