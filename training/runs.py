"""The folder of a run: its recipe, its order, its log and what each fold came to; enough to go on after any stop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.events import Event, Progress, encode
from napari_ctcl.store import Study
from napari_ctcl.store.disk import room_on, write_text

from .recipe import Recipe, parse
from .scores import PhotoScore


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
    scores, start : level-0 matrices of the held-out photos, by these weights and by those it started from
    champion : by the model in use, where that is neither
    """

    fold: int
    model: str
    scores: list[PhotoScore]
    start: list[PhotoScore] = field(default_factory=list)
    champion: list[PhotoScore] = field(default_factory=list)


class RunFolder:
    """One run on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, study: Study, order: Order) -> RunFolder:
        """A new run folder with its recipe and order."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        path = study.runs_dir / f"{stamp}-{order.name}"
        number = 1
        while path.exists():
            number += 1
            path = study.runs_dir / f"{stamp}-{order.name}-{number}"
        facts = {"name": order.name, "folds": list(order.folds), "start": order.start}
        with room_on(str(path)):
            path.mkdir(parents=True)
            write_text(path / "recipe.toml", order.recipe.to_toml())
            write_text(path / "run.json", json.dumps(facts, indent=2))
        return cls(path)

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
        if (path / "scores.json").exists():
            raise InputError(f"run {path.name} is finished", do="start a new one")
        facts = json.loads((path / "run.json").read_text(encoding="utf-8"))
        recipe = parse((path / "recipe.toml").read_text(encoding="utf-8"), str(path / "recipe.toml"))
        order = Order(name=facts["name"], recipe=recipe, folds=tuple(facts["folds"]), start=facts["start"])
        return cls(path), order

    @staticmethod
    def names(study: Study) -> set[str]:
        """Names of the models that the study's runs were started for, finished or not."""
        return {str(json.loads(path.read_text(encoding="utf-8"))["name"]) for path in study.runs_dir.glob("*/run.json")}

    @property
    def id(self) -> str:
        """What `--resume` takes."""
        return self.path.name

    def fold(self, fold: int) -> Path:
        """Folder of a fold's checkpoint and result."""
        return self.path / f"fold-{fold}"

    def keep(self, result: FoldResult) -> None:
        """Write a fold's result."""
        lists = {
            key: [{**asdict(score), "matrix": score.matrix.tolist()} for score in getattr(result, key)]
            for key in ("scores", "start", "champion")
        }
        self.fold(result.fold).mkdir(parents=True, exist_ok=True)
        write_text(self.fold(result.fold) / "result.json", json.dumps({"model": result.model, **lists}))

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
        return FoldResult(fold=fold, model=facts["model"], **lists)

    def finish(self, result: dict[str, Any]) -> None:
        """Write the scores, which is what marks the run as finished."""
        write_text(self.path / "scores.json", json.dumps(result, indent=2))

    def recorded(self, work: Iterator[Event]) -> Iterator[Event]:
        """The same events, all but passing progress also appended to `events.jsonl`."""
        with room_on(str(self.path)), (self.path / "events.jsonl").open("a", encoding="utf-8") as log:
            for event in work:
                if not isinstance(event, Progress):
                    log.write(encode(event) + "\n")
                    log.flush()
                yield event
