"""Out-of-fold scores of a stored model: every annotated photo by the one fold that never saw its patient."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from napari_ctcl.events import Event, Finished, Note, Progress, Started
from napari_ctcl.store import Study
from napari_ctcl.store.registry import STARTER

from .annotated import survey
from .crossval import report
from .judge import judge_photos
from .lineage import find
from .runs import FoldResult
from .steps import device


def evaluate(study: Study, name: str | None = None) -> Generator[Event, None, None]:
    """Score a model against the labels as they are now.

    The last event is `Finished` with what `ctcl evaluate --json` prints.

    Parameters
    ----------
    name : of a model in the study, the starter model or a folder; by default the model in use, which is the
        starter until the study has one of its own

    Raises
    ------
    NotFound
        If there is no such model.
    NoLabels
        If no photo has a labelled pixel.
    FoldError
        If the weights may have seen the patients they are asked about.
    """
    name = name or study.models.champion() or STARTER
    model = find(study, name)
    yield Started(work=f"scoring {name} out of fold")
    photos = yield from survey(study)
    yield Progress(done=0, total=len(photos), unit="photos")
    results = []
    for fold in sorted({source.photo.fold for source in photos if isinstance(source.photo.fold, int)}):
        if not model.has(fold):
            yield Note(text=f"{name} has no weights for fold {fold}: its photos are not scored")
            continue
        weights = model.weights(study, fold)
        held_out = [source for source in photos if source.photo.fold == fold]
        found = yield from judge_photos([weights.net], held_out, weights.card.long_side_px, device())
        results.append(FoldResult(fold=fold, model=weights.digest, scores=found))
    yield Finished(result=_answer(name, results, foreign=None in model.folders))


def _answer(name: str, results: list[FoldResult], *, foreign: bool) -> dict[str, Any]:
    how = "weights from elsewhere, whose card names none of these patients" if foreign else "out-of-fold"
    return {"model": name, **report(results), "how": how}
