"""Agreement of two label images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_ctcl.agreement import confusion, dice, macro_lesion
from napari_ctcl.lesion import CLASSES, LESIONS

images = arrays(np.uint8, (7, 9), elements=st.integers(0, 4))


@given(images, images)
def test_dice_equals_the_definition_pixel_by_pixel(truth: np.ndarray, predicted: np.ndarray) -> None:
    counts = confusion(truth, predicted)
    known = (truth > 0) & (predicted > 0)
    for lesion in CLASSES:
        a, b = (truth == lesion) & known, (predicted == lesion) & known
        expected = None if not (a.any() or b.any()) else 2 * (a & b).sum() / (a.sum() + b.sum())
        assert dice(counts, lesion) == (None if expected is None else pytest.approx(expected))


def test_a_lesion_that_neither_image_holds_is_not_counted_and_one_only_predicted_scores_zero() -> None:
    truth, predicted = np.ones((4, 4), np.uint8), np.ones((4, 4), np.uint8)
    assert macro_lesion(confusion(truth, predicted)) is None
    predicted[0] = LESIONS[0]
    assert macro_lesion(confusion(truth, predicted)) == 0.0


def test_unlabelled_pixels_count_in_neither_truth_nor_prediction() -> None:
    truth = np.array([[0, 2], [2, 0]], np.uint8)
    predicted = np.array([[3, 2], [0, 0]], np.uint8)
    assert confusion(truth, predicted).sum() == 1
