"""Agreement of two label images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_ctcl.agreement import confusion, dice, macro_lesion
from napari_ctcl.lesion import CLASSES, LESIONS

truths = arrays(np.uint8, (7, 9), elements=st.integers(0, 4))
answers = arrays(np.uint8, (7, 9), elements=st.integers(1, 4))


@given(truths, answers)
def test_dice_equals_the_definition_pixel_by_pixel(truth: np.ndarray, predicted: np.ndarray) -> None:
    counts = confusion(truth, predicted)
    known = truth > 0
    for lesion in CLASSES:
        a, b = (truth == lesion) & known, (predicted == lesion) & known
        expected = None if not (a.any() or b.any()) else 2 * (a & b).sum() / (a.sum() + b.sum())
        assert dice(counts, lesion) == (None if expected is None else pytest.approx(expected))


def test_a_lesion_that_neither_image_holds_is_not_counted_and_one_only_predicted_scores_zero() -> None:
    truth, predicted = np.ones((4, 4), np.uint8), np.ones((4, 4), np.uint8)
    assert macro_lesion(confusion(truth, predicted)) is None
    predicted[0] = LESIONS[0]
    assert macro_lesion(confusion(truth, predicted)) == 0.0


def test_pixels_that_nobody_labelled_count_for_nothing() -> None:
    truth, predicted = np.array([[0, 2], [2, 0]], np.uint8), np.array([[3, 2], [1, 0]], np.uint8)
    assert confusion(truth, predicted).sum() == 2


def test_a_labelled_pixel_without_a_prediction_is_an_error_and_never_a_score() -> None:
    with pytest.raises(ValueError, match="without a prediction"):
        confusion(np.array([[1]], np.uint8), np.array([[0]], np.uint8))
