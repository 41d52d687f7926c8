"""What a study of the phantom holds, and the files it is written to."""

import csv
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ctcl.anatomy import BodyRegion
from napari_ctcl.errors import InputError
from napari_ctcl.events import Finished, Progress
from napari_ctcl.lesion import COLOURS, Lesion
from napari_ctcl.phantom import CTCL_SYNTH_57, Phantom, Stage, plan_study, write_photos
from napari_ctcl.phantom.people import Patient
from napari_ctcl.phantom.study import PAIRED
from napari_ctcl.region import Region


def test_ctcl_synth_57_has_the_size_of_the_published_set() -> None:
    assert len(CTCL_SYNTH_57) == 57
    assert len({plan.patient for plan in CTCL_SYNTH_57}) == 25
    assert {plan.region for plan in CTCL_SYNTH_57} == set(BodyRegion)
    assert np.mean([plan.width for plan in CTCL_SYNTH_57]) == pytest.approx(3255, rel=0.05)
    assert np.mean([plan.height for plan in CTCL_SYNTH_57]) == pytest.approx(2535, rel=0.05)
    assert len({plan.height for plan in CTCL_SYNTH_57}) > 3


def test_patients_have_two_or_three_photos_that_share_their_skin_and_camera() -> None:
    photos = defaultdict(list)
    for plan in CTCL_SYNTH_57:
        photos[plan.patient].append(plan)
    for plans in photos.values():
        assert len(plans) in (2, 3)
        assert len({Patient.of(plan) for plan in plans}) == 1
        assert len({(plan.height, plan.width) for plan in plans}) == 1
        assert len({plan.region for plan in plans}) == len(plans)
    assert {plan.tone for plan in CTCL_SYNTH_57} == set(range(1, 7))


def test_about_half_of_the_patients_have_tumors() -> None:
    stage = {plan.patient: plan.stage for plan in CTCL_SYNTH_57}
    share = sum(worst is Stage.TUMOR for worst in stage.values()) / len(stage)
    assert 0.4 <= share <= 0.6


@pytest.mark.parametrize("photos", [1, 5, 8, 10, 24])
def test_a_small_study_has_five_patients_for_five_folds_if_it_can(photos: int) -> None:
    plans = plan_study(photos, size=(96, 128), seed=1)
    assert len(plans) == photos
    assert len({plan.patient for plan in plans}) >= min(5, photos)
    assert [plan.photo for plan in plans] == list(range(1, photos + 1))


def test_only_paired_regions_have_a_side() -> None:
    assert all((plan.side is not None) == (plan.region in PAIRED) for plan in CTCL_SYNTH_57)


def test_the_same_seed_plans_the_same_study_and_another_seed_another() -> None:
    first = plan_study(12, size=(96, 128), seed=1)
    assert first == plan_study(12, size=(96, 128), seed=1)
    assert first != plan_study(12, size=(96, 128), seed=2)


def test_every_lesion_class_occurs_often_in_a_study() -> None:
    counts = np.zeros(5)
    for plan in plan_study(12, size=(96, 128), seed=5):
        counts += np.bincount(Phantom(plan).render(Region.whole((96, 128)))[1].ravel(), minlength=5)
    assert (counts[2:] / counts.sum() > 0.01).all()


@pytest.mark.parametrize(("photos", "size"), [(0, (96, 128)), (3, (96, 20))])
def test_an_impossible_study_is_refused(photos: int, size: tuple[int, int]) -> None:
    with pytest.raises(InputError):
        plan_study(photos, size=size, seed=0)


@pytest.mark.parametrize("form", ["jpg", "png"])
def test_files_hold_the_pixels_and_masks_of_the_plan(tmp_path: Path, form: str) -> None:
    plans = plan_study(3, size=(96, 128), seed=2)
    events = list(write_photos(plans, tmp_path, form=form))
    assert sum(isinstance(event, Progress) for event in events) == 3
    assert events[-1] == Finished(result={"table": str(tmp_path / "photos.csv"), "photos": 3})
    with (tmp_path / "photos.csv").open() as file:
        rows = list(csv.DictReader(file))
    for plan, row in zip(plans, rows, strict=True):
        rgb, labels = Phantom(plan).render(Region.whole((96, 128)))
        assert (row["patient"], row["visit"], row["region"]) == (plan.patient, plan.visit, plan.region.value)
        mask = Image.open(tmp_path / row["mask"])
        np.testing.assert_array_equal(np.asarray(mask), labels)
        colours = np.asarray(mask.convert("RGB"))
        assert all((colours[labels == lesion] == COLOURS[lesion]).all() for lesion in Lesion)
        stored = np.asarray(Image.open(tmp_path / row["file"])).astype(int)
        assert np.abs(stored - rgb).mean() <= (3 if form == "jpg" else 0)


def test_a_photo_too_large_for_one_file_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    plan = replace(plan_study(1, size=(96, 128), seed=0)[0], height=10_000, width=10_000)
    with pytest.raises(InputError, match="100 Mpx, expected at most 50 Mpx"):
        list(write_photos([plan], tmp_path / "out"))
    assert not (tmp_path / "out").exists()
