"""Scores against brute force, and the conventions for classes that are not there."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_ctcl.agreement import confusion, macro_lesion
from training import scores
from training.scores import PhotoScore

TRUTH = arrays(np.uint8, (6, 7), elements=st.integers(0, 4))
ANSWER = arrays(np.uint8, (6, 7), elements=st.integers(1, 4))


@given(TRUTH, ANSWER)
@settings(max_examples=60, deadline=None)
def test_every_score_equals_brute_force(truth, answer):
    matrix = confusion(truth, answer)
    known = truth > 0
    for value, name in enumerate(("normal", "patch", "plaque", "tumor"), start=1):
        true, said = (truth == value) & known, (answer == value) & known
        hit, either = int((true & said).sum()), int((true | said).sum())
        found = scores.per_class(matrix)[name]
        assert found["pixels"] == true.sum()
        assert found["dice"] == (2 * hit / (true.sum() + said.sum()) if either else None)
        assert found["iou"] == (hit / either if either else None)
        assert found["se"] == (hit / true.sum() if true.any() else None)
        assert found["ppv"] == (hit / said.sum() if said.any() else None)
        rest = known & ~true
        assert found["sp"] == ((rest & ~said).sum() / rest.sum() if rest.any() else None)
    lesion, found = (truth > 1), (answer > 1) & known
    assert scores.paper(matrix)["ACC"] == ((truth == answer)[known].mean() if known.any() else None)
    if lesion.any() or found.any():
        assert scores.paper(matrix)["DSC"] == 2 * (lesion & found).sum() / (lesion.sum() + found.sum())


def test_streamed_parts_add_up_to_the_whole():
    rng = np.random.default_rng(0)
    truth, answer = rng.integers(0, 5, (64, 64), np.uint8), rng.integers(1, 5, (64, 64), np.uint8)
    parts = sum(confusion(truth[y : y + 16], answer[y : y + 16]) for y in range(0, 64, 16))
    assert (parts == confusion(truth, answer)).all()
    assert parts.dtype == np.int64


def test_a_class_that_is_nowhere_is_not_counted():
    matrix = confusion(np.array([[1, 2]], np.uint8), np.array([[1, 2]], np.uint8))
    assert scores.dice_of_lesions(matrix) == {"patch": 1.0, "plaque": None, "tumor": None, "macro_lesion": 1.0}


def test_a_class_that_is_only_predicted_scores_zero():
    matrix = confusion(np.array([[1, 2]], np.uint8), np.array([[4, 2]], np.uint8))
    assert scores.dice_of_lesions(matrix) == {"patch": 1.0, "plaque": None, "tumor": 0.0, "macro_lesion": 0.5}


def test_a_photo_without_any_lesion_has_no_macro_score():
    assert macro_lesion(confusion(np.ones((2, 2), np.uint8), np.ones((2, 2), np.uint8))) is None


def test_a_labelled_pixel_without_prediction_is_no_score():
    with pytest.raises(ValueError, match="without a prediction"):
        confusion(np.array([[1, 2]], np.uint8), np.array([[0, 2]], np.uint8))


def _photo(photo, patient, truth, answer):
    matrix = confusion(np.array([truth], np.uint8), np.array([answer], np.uint8))
    return PhotoScore(photo=photo, patient=patient, fold=0, matrix=matrix)


def test_the_summary_is_json_and_pools_pixels_not_photos():
    photos = [_photo("a", "P1", [2, 2, 2, 2], [2, 2, 2, 2]), _photo("b", "P2", [2, 1, 1, 1], [1, 1, 1, 1])]
    summary = json.loads(json.dumps(scores.summary(photos)))
    assert (summary["photos"], summary["patients"]) == (2, 2)
    assert summary["per_class"]["patch"]["dice"] == pytest.approx(8 / 9)
    assert summary["mean_over_photos"]["patch"] == pytest.approx(0.5)
    assert summary["per_class"]["tumor"]["dice"] is None


def test_the_interval_resamples_patients_not_photos():
    one_patient = [_photo(str(n), "P1", [2, 1], [n % 2 + 1, 1]) for n in range(20)]
    low, high = scores.ci95(one_patient)["macro_lesion"]
    assert low == high
    many = [_photo(str(n), f"P{n}", [2, 1], [n % 2 + 1, 1]) for n in range(20)]
    low, high = scores.ci95(many)["macro_lesion"]
    assert low < scores.summary(many)["macro_lesion"] < high


def test_the_interval_is_the_same_every_time():
    photos = [_photo(str(n), f"P{n}", [2, 1], [n % 2 + 1, 1]) for n in range(6)]
    assert scores.ci95(photos) == scores.ci95(photos)
