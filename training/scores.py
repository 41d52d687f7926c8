"""Scores that follow from one 4 x 4 confusion matrix per photo, and from nothing else.

A class that neither truth nor prediction holds is not counted (None); one that is only predicted scores 0. The `paper`
set reads lesion against rest over all pixels, and accuracy over four classes, which is how the published table adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_ctcl.agreement import Confusion, dice, macro_lesion
from napari_ctcl.lesion import CLASSES, LESIONS

RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoScore:
    """Confusion matrix of one photo.

    Parameters
    ----------
    matrix : (4, 4) int64 pixels, rows truth and columns prediction, in channel order
    """

    photo: str
    patient: str
    fold: int
    matrix: Confusion


def per_class(matrix: Confusion) -> dict[str, dict[str, float | int | None]]:
    """Dice, IoU, sensitivity, specificity, precision and true pixels of every class."""
    return {lesion.title: _class_scores(matrix, lesion.channel) for lesion in CLASSES}


def dice_of_lesions(matrix: Confusion) -> dict[str, float | None]:
    """Dice per lesion class and `macro_lesion`; None where neither truth nor prediction holds the class."""
    return {**{lesion.title: dice(matrix, lesion) for lesion in LESIONS}, "macro_lesion": macro_lesion(matrix)}


def paper(matrix: Confusion) -> dict[str, float | None]:
    """Four-class accuracy, and Dice, sensitivity and specificity of lesion against rest."""
    total, hits = int(matrix.sum()), int(np.trace(matrix))
    hit, extra = int(matrix[1:, 1:].sum()), int(matrix[0, 1:].sum())
    missed, clear = int(matrix[1:, 0].sum()), int(matrix[0, 0])
    return {
        "ACC": _ratio(hits, total),
        "DSC": _ratio(2 * hit, 2 * hit + extra + missed),
        "SE": _ratio(hit, hit + missed),
        "SP": _ratio(clear, clear + extra),
    }


def pooled(scores: Iterable[PhotoScore]) -> Confusion:
    """Sum of the photos' matrices."""
    total = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    for score in scores:
        total += score.matrix
    return total


def summary(scores: Sequence[PhotoScore], *, intervals: bool = True) -> dict[str, Any]:
    """Pooled scores, means over photos and bootstrap intervals, as they are written to JSON.

    Parameters
    ----------
    scores : one per photo
    intervals : add `ci95`, by resampling patients
    """
    matrix = pooled(scores)
    result: dict[str, Any] = {
        "photos": len(scores),
        "patients": len({score.patient for score in scores}),
        "macro_lesion": macro_lesion(matrix),
        "paper": paper(matrix),
        "per_class": per_class(matrix),
        "mean_over_photos": _mean_over_photos(scores),
        "confusion": matrix.tolist(),
    }
    if intervals:
        result["ci95"] = ci95(scores)
    return result


def ci95(scores: Sequence[PhotoScore], *, seed: int = 0) -> dict[str, list[float] | None]:
    """Bootstrap 95 % interval of pooled `macro_lesion`, lesion-against-rest Dice and each class's Dice.

    Patients, not photos, are drawn with replacement: photos of one patient are not independent.
    """
    by_patient: dict[str, Confusion] = {}
    for score in scores:
        by_patient[score.patient] = by_patient.get(score.patient, 0) + score.matrix
    if not by_patient:
        return {}
    matrices = np.stack(list(by_patient.values()))
    draws = np.random.default_rng(seed).integers(0, len(matrices), (RESAMPLES, len(matrices)))
    samples = [_headline(matrices[draw].sum(0)) for draw in draws]
    return {name: _interval([sample[name] for sample in samples]) for name in samples[0]}


def _headline(matrix: Confusion) -> dict[str, float | None]:
    return {**dice_of_lesions(matrix), "DSC": paper(matrix)["DSC"]}


def _interval(values: Sequence[float | None]) -> list[float] | None:
    known = [value for value in values if value is not None]
    return [float(edge) for edge in np.percentile(known, (2.5, 97.5))] if known else None


def _mean_over_photos(scores: Sequence[PhotoScore]) -> dict[str, float | None]:
    rows = [_headline(score.matrix) for score in scores]
    names: Mapping[str, float | None] = rows[0] if rows else {}
    means: dict[str, float | None] = {}
    for name in names:
        known = [row[name] for row in rows if row[name] is not None]
        means[name] = float(np.mean(np.asarray(known, np.float64))) if known else None
    return means


def _class_scores(matrix: Confusion, channel: int) -> dict[str, float | int | None]:
    hit = int(matrix[channel, channel])
    true, predicted, total = int(matrix[channel].sum()), int(matrix[:, channel].sum()), int(matrix.sum())
    clear = total - true - predicted + hit
    return {
        "dice": _ratio(2 * hit, true + predicted),
        "iou": _ratio(hit, true + predicted - hit),
        "se": _ratio(hit, true),
        "sp": _ratio(clear, total - true),
        "ppv": _ratio(hit, predicted),
        "pixels": true,
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
