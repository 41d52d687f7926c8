"""The folder of a run: recipe, order, labels, log and what each fold came to; enough to go on after any stop."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.events import Event, Progress, encode
from napari_ctcl.store import Photo, Study
from napari_ctcl.store.disk import room_on, write_text
from napari_ctcl.store.frozen import FrozenLabels, freeze
from napari_ctcl.store.lock import Lock

from . import checkpoint
from .annotated import Annotated
from .recipe import Recipe, parse
from .scores import PhotoScore

FROZEN = "labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be trained.

    Parameters
    ----------
    name : of the model that comes out
    folds : to train, 0 to 4
    start : name or folder of the model to start from; None for random weights
    """

    name: str
    recipe: Recipe
    folds: tuple[int, ...]
    start: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldResult:
    """What a fold came to.

    Parameters
    ----------
    model : digest of the weights
    labels : digest of the labels that they learned from and were scored against; empty for those of the moment
    scores, start : level-0 matrices of the held-out photos, by these weights and by those it started from
    champion : by the model in use, where that is neither
    """

    fold: int
    model: str
    labels: str = ""
    scores: list[PhotoScore] = field(default_factory=list)
    start: list[PhotoScore] = field(default_factory=list)
    champion: list[PhotoScore] = field(default_factory=list)


def only_trainer(study: Study, name: str) -> Lock:
    """The right to train on a study, taken; whoever else asks for it before it is released gets `StudyBusy`."""
    return Lock(study.runs_dir / ".lock").acquire(f"training {name}")


def taken_names(study: Study) -> set[str]:
    """Names of the study's models, and of those that its runs were started for, finished or not."""
    runs = study.runs_dir.glob("*/run.json")
    started = {str(json.loads(path.read_text(encoding="utf-8"))["name"]) for path in runs}
    return started | {entry.name for entry in study.models.entries()}


class RunFolder:
    """One run on disk.

    Parameters
    ----------
    path : its folder
    champion : name of the model that was in use when the run began, which it is compared with however late it ends
    labels : digest of the labels as they were when it began
    """

    def __init__(self, path: Path, *, champion: str | None, labels: str) -> None:
        self.path, self.champion, self.labels = path, champion, labels

    @classmethod
    def create(cls, study: Study, order: Order, photos: Sequence[Photo]) -> RunFolder:
        """A new run folder with its recipe, order and a frozen copy of the labels; the order's name is taken now.

        Parameters
        ----------
        photos : those with labels

        Raises
        ------
        InputError
            If another run, or a model of the study, has the name.
        DiskFull
            If there is no room; nothing of it stays behind.
        """
        if order.name in taken_names(study):
            raise InputError(f"the study has a model or a run {order.name!r} already", do="choose another name")
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        path, champion = study.runs_dir / f"{stamp}-{order.name}", study.models.champion()
        facts: dict[str, Any] = {"name": order.name, "folds": order.folds, "start": order.start, "champion": champion}
        try:
            with room_on(str(path)):
                path.mkdir(parents=True)
                write_text(path / "recipe.toml", order.recipe.to_toml())
                facts["labels"] = _digest({photo.id: freeze(photo, path / FROZEN / photo.id) for photo in photos})
                write_text(path / "run.json", json.dumps(facts, indent=2))
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        return cls(path, champion=champion, labels=facts["labels"])

    @classmethod
    def open(cls, study: Study, name: str) -> tuple[RunFolder, Order]:
        """A run that was stopped, and its order.

        Raises
        ------
        NotFound
            If the study has no run of that name.
        InputError
            If it is finished.
        """
        path = study.runs_dir / Path(name).name
        if not (path / "run.json").is_file():
            known = sorted(found.parent.name for found in study.runs_dir.glob("*/run.json"))
            raise NotFound(f"no run {name!r}", expected="one of: " + (", ".join(known) or "none yet"), do="name one")
        try:
            facts = json.loads((path / "run.json").read_text(encoding="utf-8"))
            champion, labels, folds = facts["champion"], facts["labels"], tuple(facts["folds"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: not a run of this version ({error!r})", do="start a new one") from None
        recipe = parse((path / "recipe.toml").read_text(encoding="utf-8"), str(path / "recipe.toml"))
        run = cls(path, champion=champion, labels=labels)
        run.must_be_unfinished()
        return run, Order(name=facts["name"], recipe=recipe, folds=folds, start=facts["start"])

    def must_be_unfinished(self) -> None:
        """Refuse with `InputError` to take up a run that has come to its end."""
        if (self.path / "scores.json").exists():
            raise InputError(f"run {self.id} is finished", do="start a new one")

    def annotated(self, study: Study) -> list[Annotated]:
        """The photos that have labels, with these as they were when the run began.

        Raises
        ------
        InputError
            If the run's copy of the labels is not what it was.
        """
        photos = [photo for photo in study.photos() if (self.path / FROZEN / photo.id).is_dir()]
        frozen = {photo.id: FrozenLabels(self.path / FROZEN / photo.id) for photo in photos}
        if _digest(frozen) != self.labels:
            raise InputError(f"{self.path / FROZEN}: the labels are not those the run began with", do="start a new run")
        return [Annotated(photo=photo, labels=frozen[photo.id]) for photo in photos]

    @property
    def id(self) -> str:
        """What `--resume` takes."""
        return self.path.name

    def fold(self, fold: int) -> Path:
        """Folder of a fold's checkpoint and result."""
        return self.path / f"fold-{fold}"

    def keep(self, result: FoldResult) -> None:
        """Write a fold's result, which takes the place of its checkpoint."""
        lists = {
            key: [{**asdict(score), "matrix": score.matrix.tolist()} for score in getattr(result, key)]
            for key in ("scores", "start", "champion")
        }
        self.fold(result.fold).mkdir(parents=True, exist_ok=True)
        write_text(
            self.fold(result.fold) / "result.json",
            json.dumps({"model": result.model, "labels": result.labels, **lists}),
        )
        checkpoint.remove(self.fold(result.fold))

    def kept(self, fold: int) -> FoldResult | None:
        """A fold's result, if it is finished."""
        path = self.fold(fold) / "result.json"
        if not path.exists():
            return None
        facts = json.loads(path.read_text(encoding="utf-8"))
        lists = {
            key: [PhotoScore(**{**score, "matrix": np.asarray(score["matrix"], np.int64)}) for score in facts[key]]
            for key in ("scores", "start", "champion")
        }
        return FoldResult(fold=fold, model=facts["model"], labels=facts["labels"], **lists)

    def finish(self, result: dict[str, Any]) -> None:
        """Write the scores, which is what marks the run as finished, and give the frozen labels up."""
        write_text(self.path / "scores.json", json.dumps(result, indent=2))
        shutil.rmtree(self.path / FROZEN, ignore_errors=True)

    def recorded(self, work: Generator[Event, None, None]) -> Generator[Event, None, None]:
        """The same events, all but passing progress also appended to `events.jsonl`.

        Closing it closes the work at once, which keeps its state.

        Raises
        ------
        DiskFull
            If there is no room, be it when the work is closed.
        """
        with room_on(str(self.path)), (self.path / "events.jsonl").open("a", encoding="utf-8") as log, closing(work):
            for event in work:
                if not isinstance(event, Progress):
                    log.write(encode(event) + "\n")
                    log.flush()
                yield event


def _digest(frozen: Mapping[str, FrozenLabels]) -> str:
    text = "".join(f"{photo} {labels.digest}\n" for photo, labels in sorted(frozen.items()))
    return hashlib.sha256(text.encode()).hexdigest()
