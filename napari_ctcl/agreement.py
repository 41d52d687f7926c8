"""How well two label images agree, from one confusion matrix.

Truth runs down the rows and prediction along the columns, both in channel order; pixels that nobody labelled count in
neither. Everything else in the project that speaks of Dice reads it off here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_ctcl.lesion import CLASSES, LESIONS, Lesion

Confusion = NDArray[np.int64]


def confusion(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> Confusion:
    """Count pixels by true and predicted class.

    Parameters
    ----------
    truth, predicted : (H, W), values of `Lesion`; pixels whose truth is UNLABELLED are left out

    Returns
    -------
    (4, 4) int64: pixels of true class `row` predicted as class `column`.

    Raises
    ------
    ValueError
        If a labelled pixel has no prediction, or a value is not of the class table.
    """
    known = truth != Lesion.UNLABELLED
    rows, columns = truth[known].astype(np.int64) - 1, predicted[known].astype(np.int64) - 1
    size = len(CLASSES)
    if rows.size and (columns.min() < 0 or max(rows.max(), columns.max()) >= size):
        raise ValueError("a labelled pixel without a prediction, or a value outside the class table")
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size).astype(np.int64)


def dice(counts: Confusion, lesion: Lesion) -> float | None:
    """Dice coefficient 2 TP / (2 TP + FP + FN) of one class; None where neither image holds it."""
    at = lesion.channel
    both = int(counts[at].sum() + counts[:, at].sum())
    return None if both == 0 else float(2 * counts[at, at] / both)


def macro_lesion(counts: Confusion) -> float | None:
    """Mean Dice of the lesion classes that either image holds; None where there is none."""
    found = [value for lesion in LESIONS if (value := dice(counts, lesion)) is not None]
    return float(np.mean(found)) if found else None
