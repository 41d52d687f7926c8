"""Five folds, one after another: train on four fifths of the patients, score the rest at level 0, save, enter, judge.

The folds are the ledger's and nobody else's, so a patient that is held out here was held out in every run before.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from napari_ctcl import __version__
from napari_ctcl.errors import FoldError, InputError
from napari_ctcl.events import Event, Finished, FoldDone, Note, Started
from napari_ctcl.mkln import IMAGENET, Card, save
from napari_ctcl.store import ModelEntry, Photo, Study

from . import scores
from .album import Album
from .annotated import Annotated, survey
from .fit import Task, fit
from .gate import Verdict, judge
from .judge import judge_photos
from .lineage import Ancestor, Weights, find, patients_seen
from .recipe import Recipe
from .runs import FoldResult, Order, RunFolder, only_trainer
from .scores import PhotoScore
from .steps import device
from .views import Deck

FOLDS = (0, 1, 2, 3, 4)


@dataclass(slots=True, kw_only=True)
class _Campaign:
    """A run under way."""

    study: Study
    order: Order
    recipe: Recipe
    run: RunFolder
    album: Album
    start: Ancestor | None
    champion: Ancestor | None
    results: list[FoldResult] = field(default_factory=list)


def crossval(study: Study, order: Order, *, resume: RunFolder | None = None) -> Generator[Event, None, None]:
    """Train, score, save and enter the folds of an order; the last event is `Finished` with the scores.

    Nothing is written before all that can be known to be wrong has been looked at. A run sees the labels as they were
    when it began, however late it ends. Closing the generator leaves a run that can be taken up again.

    Parameters
    ----------
    resume : the folder of a run that was stopped

    Raises
    ------
    NoLabels
        If no photo has a labelled pixel.
    FoldError
        If fewer than five patients have labels, a fold has no patients, or a start has seen whom it must not.
    InputError
        If the order's name is taken, or the run is finished.
    StudyBusy
        If somebody else is training on this study.
    """
    began = time.monotonic()
    yield Started(work=f"training {order.name}", total=len(order.folds), unit="folds")
    photos: list[Annotated] = []
    if resume is None:
        photos = yield from survey(study)
        _must_split(study, photos, order.folds)
    start = find(study, order.start) if order.start else None
    recipe = _fitted(order.recipe, study, start, order.folds)
    with only_trainer(study, order.name):
        if resume:
            resume.must_be_unfinished()
        run = resume or RunFolder.create(study, order, [source.photo for source in photos])
        album = Album(
            long_side_px=recipe.views.long_side_px,
            global_side=recipe.architecture.global_side,
            cache_bytes=recipe.views.cache_mb << 20,
        )
        yield from album.fill(run.annotated(study))
        rival = run.champion if start is None or run.champion != start.name else None
        campaign = _Campaign(
            study=study,
            order=order,
            recipe=recipe,
            run=run,
            album=album,
            start=start,
            champion=find(study, rival) if rival else None,
        )
        yield from run.recorded(_folds(campaign, began))


def report(results: Sequence[FoldResult]) -> dict[str, Any]:
    """Pooled out-of-fold scores and those of every fold, as `evaluate` and `scores.json` write them."""
    everyone = [score for result in results for score in result.scores]
    folds = [
        {"fold": result.fold, "weights": result.model, **scores.summary(result.scores, intervals=False)}
        for result in results
    ]
    return {"how": "out-of-fold", **scores.summary(everyone), "folds": folds}


def _folds(campaign: _Campaign, began: float) -> Generator[Event, None, None]:
    for fold in campaign.order.folds:
        result = campaign.run.kept(fold)
        if result is None:
            result = yield from _one_fold(campaign, fold)
            campaign.run.keep(result)
        else:
            yield Note(text=f"fold {fold} was finished before")
        campaign.results.append(result)
        yield FoldDone(
            fold=fold,
            model=result.model,
            scores=scores.summary(result.scores, intervals=False),
            start=scores.summary(result.start, intervals=False) if result.start else {},
        )
    yield from _conclude(campaign, began)


def _one_fold(campaign: _Campaign, fold: int) -> Generator[Event, None, FoldResult]:
    album, study = campaign.album, campaign.study
    held_out = tuple(at for at, entry in enumerate(album.entries) if entry.photo.fold == fold)
    weights = campaign.start.weights(study, fold) if campaign.start else None
    if not held_out:
        yield Note(text=f"fold {fold} holds out no patient with labels: it is trained, but adds nothing to the scores")
    task = Task(
        album=album,
        deck=_deck(campaign, held_out, weights),
        held_out=held_out,
        recipe=campaign.recipe,
        fold=fold,
        folder=campaign.run.fold(fold),
        start=weights.net if weights else None,
        start_digest=weights.digest if weights else "",
    )
    net = yield from fit(task)
    photos = [album.entries[at].source for at in held_out]
    scale, on = campaign.recipe.views.long_side_px, device()
    found = yield from judge_photos([net], photos, scale, on)
    before = yield from _scores_of(weights, photos)
    rival = campaign.champion.weights(study, fold) if campaign.champion and campaign.champion.has(fold) else None
    reigning = yield from _scores_of(rival, photos)
    digest = save(net.cpu(), _card(campaign, task, weights, found), study.models_dir)
    return FoldResult(
        fold=fold, model=digest, labels=campaign.run.labels, scores=found, start=before, champion=reigning
    )


def _scores_of(weights: Weights | None, photos: Sequence[Annotated]) -> Generator[Event, None, list[PhotoScore]]:
    if weights is None:
        return []
    return (yield from judge_photos([weights.net], photos, weights.card.long_side_px, device()))


def _deck(campaign: _Campaign, held_out: tuple[int, ...], weights: Weights | None) -> Deck:
    """Training photos; those of patients that the start has seen are replayed beside the new ones."""
    positions = [at for at in range(len(campaign.album.entries)) if at not in held_out]
    seen = tuple(at for at in positions if weights and _knows(weights, campaign, campaign.album.entries[at].photo))
    fresh = tuple(at for at in positions if at not in seen)
    if not fresh:
        return Deck(fresh=seen)
    return Deck(fresh=fresh, seen=seen, replay=campaign.recipe.finetune.replay)


def _knows(weights: Weights, campaign: _Campaign, photo: Photo) -> bool:
    return weights.card.has_seen(campaign.study.id, photo.patient, photo.fold)


def _card(campaign: _Campaign, task: Task, weights: Weights | None, found: Sequence[PhotoScore]) -> Card:
    study, order = campaign.study, campaign.order
    trained_on = {campaign.album.entries[at].photo.patient for at in task.deck.positions}
    return Card(
        architecture=campaign.recipe.architecture.built(),
        normalisation=weights.card.normalisation if weights else IMAGENET,
        long_side_px=campaign.recipe.views.long_side_px,
        title=order.name,
        study=study.id,
        fold=task.fold,
        parent=weights.digest if weights else None,
        recipe_digest=campaign.recipe.digest,
        ledger_head=study.folds.head,
        labels_digest=campaign.run.labels,
        patients_sha256=patients_seen(study, trained_on, weights),
        scores={"how": "out-of-fold", **scores.summary(found, intervals=False)},
        made_on=datetime.now(UTC).isoformat(timespec="seconds"),
        code_version=__version__,
    )


def _conclude(campaign: _Campaign, began: float) -> Iterator[Event]:
    """Judge, enter, promote and finish; nothing is said in between, so that nobody can stop it half-way."""
    study, order = campaign.study, campaign.order
    missing = _not_entered(campaign)
    verdict = _verdict(campaign)
    yield Note(text=f"{order.name}: {verdict.why}")
    for result in missing:
        study.models.add(
            ModelEntry(
                name=order.name,
                digest=result.model,
                fold=result.fold,
                parent=campaign.start.name if campaign.start else None,
                run=campaign.run.id,
                scores={"how": "out-of-fold", **scores.summary(result.scores, intervals=False)},
            )
        )
    if verdict.promoted:
        study.models.promote(order.name)
    summary = _result(campaign, verdict, time.monotonic() - began)
    campaign.run.finish(summary)
    yield Finished(result=summary)


def _not_entered(campaign: _Campaign) -> list[FoldResult]:
    """Results whose weights the study has not under the order's name; a run killed at its very end has entered some."""
    name, run = campaign.order.name, campaign.run.id
    there = {entry.fold: entry for entry in campaign.study.models.entries() if entry.name == name}
    ours: dict[int | None, str] = {result.fold: result.model for result in campaign.results}
    for entry in there.values():
        if (entry.run, entry.digest) != (run, ours.get(entry.fold)):
            raise InputError(
                f"the study has another model {name!r}, of run {entry.run}",
                expected=f"only weights of run {run}",
                do="start a new run under another name; what this one trained lies in the study's models",
            )
    return [result for result in campaign.results if result.fold not in there]


def _verdict(campaign: _Campaign) -> Verdict:
    """Whether the model goes into use; it never takes the place of one that it was not compared with."""
    order, reigning = campaign.order, campaign.study.models.champion()
    if reigning not in (campaign.run.champion, order.name):
        return Verdict(promoted=False, why=f"{reigning!r} was put into use meanwhile and stays in use")
    return judge(campaign.results, whole=set(order.folds) == set(FOLDS), reigning=campaign.run.champion)


def _result(campaign: _Campaign, verdict: Verdict, seconds: float) -> dict[str, Any]:
    return {
        "name": campaign.order.name,
        "model": campaign.order.name,
        "run": campaign.run.id,
        "promoted": verdict.promoted,
        "why": verdict.why,
        "start_macro_lesion": verdict.before,
        "seconds": round(seconds, 1),
        **report(campaign.results),
    }


def _fitted(recipe: Recipe, study: Study, start: Ancestor | None, folds: Sequence[int]) -> Recipe:
    """The recipe with the architecture and scale of what it starts from; every fold's start is looked at first."""
    if start is None:
        return recipe
    for fold in folds:
        start.weights(study, fold)
    return recipe.starting_from(start.card.architecture, start.card.long_side_px)


def _must_split(study: Study, annotated: Sequence[Annotated], folds: Sequence[int]) -> None:
    photos = [source.photo for source in annotated]
    patients = {photo.patient for photo in photos}
    if len(patients) < len(FOLDS):
        raise FoldError(
            f"{len(patients)} patient{'s' * (len(patients) != 1)} with labels",
            expected="at least five for five folds",
            do="annotate photos of more patients",
        )
    for fold in folds:
        if not study.folds.patients(fold):
            raise FoldError(f"fold {fold} holds no patient", do="import photos of more patients")
        if all(photo.fold == fold for photo in photos):
            raise FoldError(f"all labelled patients sit in fold {fold}", do="annotate photos of other patients")
