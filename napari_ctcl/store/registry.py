"""The models of a study and which of them is in use.

A model is a name with weights per fold. Promotions are appended, never changed, so that who was champion when can
always be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.store.catalogue import Catalogue, ModelRow, PromotionRow, now

STARTER: Final = "starter"
"""Name of the model that ships with the program, where the study has none of that name itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """The weights of one fold of one model.

    Parameters
    ----------
    digest : SHA-256 of the weights file; names the folder they lie in
    fold : fold whose patients these weights never saw; None when they saw every patient
    parent : name of the model they were fine-tuned from
    run : id of the training run
    created : UTC, ISO 8601
    scores : as measured, with what on
    """

    name: str
    digest: str
    fold: int | None = None
    parent: str | None = None
    run: str | None = None
    created: str = field(default_factory=now)
    scores: Mapping[str, Any] = field(default_factory=dict)


class Registry:
    """Models and promotions in the catalogue; weights in `folder`."""

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self._catalogue, self.folder = catalogue, folder

    def weights_folder(self, digest: str) -> Path:
        """Where `weights.safetensors` and `card.json` of these weights lie."""
        return self.folder / digest

    def add(self, entry: ModelEntry) -> None:
        """Enter weights whose files are in place.

        Raises
        ------
        NotFound
            If `weights_folder` has no weights in it.
        InputError
            If the name already has weights for this fold.
        """
        if not (self.weights_folder(entry.digest) / "weights.safetensors").is_file():
            raise NotFound(f"no weights {entry.digest[:12]} in the study", do="save the weights before entering them")
        with self._catalogue.writing() as session:
            taken = session.scalars(select(ModelRow).where(ModelRow.name == entry.name)).all()
            if any(row.fold == entry.fold or row.fold is None or entry.fold is None for row in taken):
                raise InputError(
                    f"model {entry.name!r} has weights for {_spoken(entry.fold)} already", do="choose another name"
                )
            session.add(
                ModelRow(
                    name=entry.name,
                    digest=entry.digest,
                    fold=entry.fold,
                    parent=entry.parent,
                    run=entry.run,
                    created=entry.created,
                    scores=dict(entry.scores),
                )
            )

    def entries(self) -> list[ModelEntry]:
        """All weights, in the order they came."""
        with self._catalogue.reading() as session:
            return [_entry(row) for row in session.scalars(select(ModelRow).order_by(ModelRow.number))]

    def named(self, name: str) -> list[ModelEntry]:
        """Weights of one model: one per fold, by fold, or a single one with fold None.

        Raises
        ------
        NotFound
            If no model has that name; the message lists those that exist.
        """
        entries = self.entries()
        found = [entry for entry in entries if entry.name == name]
        if not found:
            known = ", ".join(dict.fromkeys(entry.name for entry in entries)) or "none yet"
            raise NotFound(f"no model {name!r} in the study", expected=f"one of: {known}", do="name one of these")
        return sorted(found, key=lambda entry: -1 if entry.fold is None else entry.fold)

    def champion(self) -> str | None:
        """Name of the model in use, if one was ever promoted and not rolled back."""
        with self._catalogue.reading() as session:
            reign = _reign(session)
        return reign[-1] if reign else None

    def promote(self, name: str) -> None:
        """Put a model into use.

        Raises
        ------
        NotFound
            If no model has that name, or files of it are gone.
        """
        for entry in self.named(name):
            for file in ("weights.safetensors", "card.json"):
                if not (self.weights_folder(entry.digest) / file).is_file():
                    raise NotFound(
                        f"model {name!r}: {file} of {entry.digest[:12]} is gone",
                        do="restore it from a backup, or train again",
                    )
        with self._catalogue.writing() as session:
            if _reign(session)[-1:] != [name]:
                session.add(PromotionRow(kind="promote", name=name, on=now()))

    def rollback(self) -> str | None:
        """Put the champion before this one back into use; gives its name, or None if there was none.

        Raises
        ------
        InputError
            If no model is in use.
        """
        with self._catalogue.writing() as session:
            reign = _reign(session)
            if not reign:
                raise InputError("no model is in use", do="promote one first")
            before = reign[-2] if len(reign) > 1 else None
            session.add(PromotionRow(kind="rollback", name=before, on=now()))
        return before


def _entry(row: ModelRow) -> ModelEntry:
    return ModelEntry(
        name=row.name,
        digest=row.digest,
        fold=row.fold,
        parent=row.parent,
        run=row.run,
        created=row.created,
        scores=row.scores,
    )


def _spoken(fold: int | None) -> str:
    return "all folds" if fold is None else f"fold {fold}"


def _reign(session: Session) -> list[str]:
    """Champions that are not rolled back, the present one last."""
    reign: list[str] = []
    for row in session.scalars(select(PromotionRow).order_by(PromotionRow.seq)):
        if row.kind == "promote" and row.name is not None:
            reign.append(row.name)
        elif reign:
            reign.pop()
    return reign
