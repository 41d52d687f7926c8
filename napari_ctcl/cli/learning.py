"""Commands about models: propose labels, train, score, choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from napari_ctcl.cli.answers import Json, answer, as_json, tell
from napari_ctcl.errors import Cancelled, InputError

if TYPE_CHECKING:
    from napari_ctcl.store import ModelEntry


def segment(
    study: Path,
    /,
    *photos: str,
    model: str | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    json: Json = False,
) -> None:
    """Let the model propose labels, for the photos named or for all.

    Parameters
    ----------
    model
        A model of the study; its champion by default, or the starter model that ships with the program.
    """
    from napari_ctcl.jobs import Job
    from napari_ctcl.segment.protocol import Request, command

    found = answer(
        Job(command(Request(study=study, photos=tuple(dict.fromkeys(photos)), model=model, device=device))).events(),
        json,
    )
    tell(dict(found), f"{found['photos']} photos segmented by {found['model']} on {found['device']}", json)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Course:
    """How to train.

    Parameters
    ----------
    recipe
        paper, strong (the default), quick, or a TOML file.
    folds
        all (the default), or some of them, such as 0,3.
    name
        Of the model that comes out; the recipe's title and a number by default.
    overrides
        Fields of the recipe to replace, such as optimiser.lr=0.001; may be repeated.
    resume
        A run of the study that was stopped; it goes on as it was ordered, so nothing else can be said.
    """

    recipe: str | None = None
    folds: str | None = None
    name: str | None = None
    overrides: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = ()
    resume: str | None = None

    def words(self) -> list[str]:
        """Options for the trainer's own command line.

        Raises
        ------
        InputError
            If a run is resumed and ordered anew at once.
        """
        given = {"--recipe": self.recipe, "--folds": self.folds, "--name": self.name}
        words = [word for option, value in given.items() if value is not None for word in (option, value)]
        words += [word for override in self.overrides for word in ("--set", override)]
        if self.resume is None:
            return words if self.recipe else [*words, "--recipe", "strong"]
        if words:
            raise InputError(f"--resume beside {words[0]}", expected="--resume alone", do="leave the others out")
        return ["--resume", self.resume]


def train(study: Path, /, *, course: Course = Course(), json: Json = False) -> None:
    """Train five folds from scratch."""
    _train("train", study, course.words(), json)


def finetune(
    study: Path,
    /,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    course: Course = Course(),
    json: Json = False,
) -> None:
    """Train five folds from the champion on, each from its own fold's weights.

    Parameters
    ----------
    from_
        A model of the study; its champion by default, or the starter model that ships with the program.
    """
    _train("finetune", study, [*(("--from", from_) if from_ else ()), *course.words()], json)


def _train(kind: str, study: Path, words: list[str], json: bool) -> None:
    from napari_ctcl.jobs import TRAINER_PATIENCE_S, Job, trainer

    try:
        found = answer(Job(trainer(kind, str(study), *words), patience_s=TRAINER_PATIENCE_S).events(), json)
    except KeyboardInterrupt:
        runs = sorted(mark.parent.name for mark in (study / "runs").glob("*/run.json"))
        do = f"ctcl {kind} {study} --resume {runs[-1]} goes on from there" if runs else "nothing was begun"
        raise Cancelled("cancelled", do=do) from None
    macro = found["macro_lesion"]
    dice = "no lesion to score" if macro is None else f"macro-lesion Dice {macro:.3f} out of fold"
    sentence = f"model {found['name']}: {dice} on {found['photos']} photos of {found['patients']} patients"
    tell(dict(found), sentence, json)


def evaluate(study: Path, /, *, model: str | None = None, json: Json = False) -> None:
    """Score a model out of fold: every photo by the fold that never saw its patient."""
    from napari_ctcl.console import table
    from napari_ctcl.jobs import Job, trainer

    found = answer(Job(trainer("evaluate", str(study), *(("--model", model) if model else ()))).events(), json)
    if json:
        print(as_json(found))
        return
    rows = [
        (name, *(scores[key] for key in ("dice", "iou", "se", "sp", "ppv")))
        for name, scores in found["per_class"].items()
    ]
    title = f"{found['model']}, {found['how']}, {found['photos']} photos of {found['patients']} patients"
    table(title, ("class", "Dice", "IoU", "SE", "SP", "PPV"), rows)
    table("", ("macro-lesion Dice", *found["paper"]), [(found["macro_lesion"], *found["paper"].values())])


def models(
    study: Path,
    action: Literal["promote", "rollback", "show"] | None = None,
    name: str | None = None,
    /,
    *,
    json: Json = False,
) -> None:
    """List the models of a study; promote NAME, rollback, or show NAME.

    Parameters
    ----------
    action
        promote makes NAME the model that proposes labels; rollback returns to the one before.
    """
    from napari_ctcl.console import table
    from napari_ctcl.store import Study

    with Study.open(study) as opened:
        if action == "promote":
            opened.models.promote(_required(name))
        elif action == "rollback":
            opened.models.rollback()
        champion = opened.models.champion()
        entries = opened.models.named(_required(name)) if action == "show" else opened.models.entries()
    facts = [_facts(entry, champion) for entry in entries]
    if json:
        print(as_json(facts))
        return
    rows = [
        (row["name"], row["fold"], row["digest"][:12], row["macro_lesion"], "champion" if row["champion"] else "")
        for row in facts
    ]
    if rows:
        table("", ("model", "fold", "digest", "Dice", ""), rows)
    else:
        print("no models yet; the starter model proposes labels")


def _facts(entry: ModelEntry, champion: str | None) -> dict[str, Any]:
    return {
        "name": entry.name,
        "fold": entry.fold,
        "digest": entry.digest,
        "parent": entry.parent,
        "champion": entry.name == champion,
        "macro_lesion": entry.scores.get("macro_lesion"),
    }


def _required(name: str | None) -> str:
    if name is None:
        raise InputError("no model named", expected="its name", do="ctcl models STUDY lists them")
    return name
