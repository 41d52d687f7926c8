"""Both scales of a photo are needed to tell its classes apart: the gate that every change of the phantom must pass.

Hand features of a crop and of the shrunken photo go to a random forest, train and test on different patients. Photos
are 384 x 384 px, one per patient, so that the forest meets many skins.
"""

import pytest
from probe import drawn, macro_lesion_f1

from napari_ctcl.lesion import Lesion
from napari_ctcl.phantom import PhotoPlan, plan_study

MARGIN = 0.10


def one_photo_per_patient(patients: int, seed: int) -> list[PhotoPlan]:
    plans = plan_study(round(2.28 * patients), size=(384, 384), seed=seed)
    return list({plan.patient: plan for plan in plans}.values())


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_both_scales_tell_the_classes_apart_better_than_either(seed: int) -> None:
    plans = one_photo_per_patient(54, seed)
    train, test = drawn(plans[:40], 120), drawn(plans[40:], 120)
    scores = {view: macro_lesion_f1(view, train, test) for view in ("local", "whole", "both")}
    assert scores["both"] >= scores["local"] + MARGIN, scores
    assert scores["both"] >= scores["whole"] + MARGIN, scores


def test_patch_and_plaque_are_told_apart_by_a_crop_and_not_by_the_shrunken_photo() -> None:
    plans = one_photo_per_patient(16, seed=1)
    train, test = drawn(plans[:11], 80), drawn(plans[11:], 80)
    kinds = (Lesion.PATCH, Lesion.PLAQUE)
    scores = {view: macro_lesion_f1(view, train.only(kinds), test.only(kinds), kinds) for view in ("local", "whole")}
    assert scores["local"] >= 0.75, scores
    assert scores["local"] >= scores["whole"] + MARGIN, scores
