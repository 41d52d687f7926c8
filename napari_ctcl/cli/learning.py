"""Commands about models: propose labels, train, score, choose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from napari_ctcl.cli.answers import Json, answer, as_json, tell
from napari_ctcl.errors import InputError


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

    found = answer(Job(command(Request(study=study, photos=photos, model=model, device=device))).events(), json)
    tell(dict(found), f"{found['photos']} photos segmented by {found['model']} on {found['device']}", json)


def train(
    study: Path,
    /,
    *,
    recipe: str = "strong",
    folds: str = "all",
    name: str | None = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    resume: str | None = None,
    json: Json = False,
) -> None:
    """Train five folds from scratch.

    Parameters
    ----------
    recipe
        paper, strong, quick, or a TOML file.
    folds
        all, or some of them, such as 0,3.
    set_
        Overrides of the recipe, such as optimiser.lr=0.001.
    resume
        A run that was stopped.
    """
    options = {"--recipe": recipe, "--folds": folds, "--name": name, "--resume": resume}
    _train("train", study, options, set_, json)


def finetune(
    study: Path,
    /,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    recipe: str = "strong",
    folds: str = "all",
    name: str | None = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    resume: str | None = None,
    json: Json = False,
) -> None:
    """Train five folds from the champion on, each from its own fold's weights.

    Parameters
    ----------
    from_
        A model of the study; its champion by default, or the starter model that ships with the program.
    """
    options = {"--from": from_, "--recipe": recipe, "--folds": folds, "--name": name, "--resume": resume}
    _train("finetune", study, options, set_, json)


def _train(kind: str, study: Path, options: Mapping[str, str | None], overrides: tuple[str, ...], json: bool) -> None:
    from napari_ctcl.jobs import Job, trainer

    given = [word for name, value in options.items() if value is not None for word in (name, value)]
    given += [word for override in overrides for word in ("--set", override)]
    found = answer(Job(trainer(kind, str(study), *given)).events(), json)
    tell(dict(found), f"model {found['name']}: macro-lesion Dice {found['macro_lesion']}, {found['why']}", json)


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
    facts = [
        {
            "name": entry.name,
            "fold": entry.fold,
            "digest": entry.digest,
            "parent": entry.parent,
            "champion": entry.name == champion,
            "macro_lesion": entry.scores.get("macro_lesion"),
        }
        for entry in entries
    ]
    if json:
        print(as_json(facts))
        return
    rows = [
        (row["name"], row["fold"], str(row["digest"])[:12], row["macro_lesion"], "champion" if row["champion"] else "")
        for row in facts
    ]
    table(
        "" if rows else "no models yet; the starter model proposes labels",
        ("model", "fold", "digest", "Dice", ""),
        rows,
    )


def _required(name: str | None) -> str:
    if name is None:
        raise InputError("no model named", expected="its name", do="ctcl models STUDY lists them")
    return name
