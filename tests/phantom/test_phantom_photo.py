"""A region of a photo alone equals the same pixels of the whole, and every pixel has a class."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ctcl.anatomy import BodyRegion
from napari_ctcl.lesion import CLASSES, LESIONS
from napari_ctcl.phantom import Phantom, PhotoPlan, Stage, plan_study
from napari_ctcl.region import Region

PLAN = replace(plan_study(5, size=(300, 400), seed=3)[0], region=BodyRegion.FOREARMS, stage=Stage.TUMOR)
WHOLE = Region.whole((300, 400))


@lru_cache
def whole(plan: PhotoPlan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    phantom = Phantom(plan)
    return *phantom.render(WHOLE), phantom.skin(WHOLE)


def regions() -> st.SearchStrategy[Region]:
    def spans(end: int) -> st.SearchStrategy[tuple[int, int]]:
        return st.tuples(st.integers(0, end), st.integers(0, end)).map(lambda pair: (min(pair), max(pair)))

    return st.builds(lambda ys, xs: Region(*ys, *xs), spans(300), spans(400))


@settings(max_examples=15, deadline=None)
@given(region=regions())
def test_any_region_alone_equals_the_same_pixels_of_the_whole(region: Region) -> None:
    rgb, labels, skin = whole(PLAN)
    phantom = Phantom(PLAN)
    alone_rgb, alone_labels = phantom.render(region)
    np.testing.assert_array_equal(alone_rgb, rgb[region.slices])
    np.testing.assert_array_equal(alone_labels, labels[region.slices])
    np.testing.assert_array_equal(phantom.skin(region), skin[region.slices])


def test_a_region_outside_the_photo_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves a photo of 300 x 400"):
        Phantom(PLAN).render(Region(0, 301, 0, 10))


def test_tiles_meet_without_a_seam() -> None:
    rgb = whole(PLAN)[0].astype(float)
    steps = np.abs(np.diff(rgb, axis=1)).mean(axis=(0, 2))
    assert steps[255] < 1.25 * np.median(steps[240:270])


@pytest.mark.parametrize("region", list(BodyRegion))
def test_every_pixel_has_a_class_and_lesions_lie_on_skin(region: BodyRegion) -> None:
    rgb, labels, skin = whole(replace(PLAN, region=region))
    assert rgb.shape == (300, 400, 3)
    assert rgb.dtype == labels.dtype == np.uint8
    assert set(np.unique(labels)) <= set(CLASSES)
    assert not np.isin(labels[~skin], LESIONS).any()
    assert 0.04 < np.isin(labels, LESIONS).mean() < 0.30


def test_a_gigapixel_photo_renders_one_region_without_the_rest() -> None:
    rgb, labels = Phantom(replace(PLAN, height=32768, width=32768)).render(Region(16000, 16064, 16000, 16100))
    assert rgb.shape == (64, 100, 3)
    assert rgb.std() > 0
    assert labels.min() >= 1


def test_the_shape_of_a_lesion_does_not_depend_on_the_size_of_the_photo() -> None:
    small = whole(PLAN)[1]
    large = Phantom(replace(PLAN, height=600, width=800)).render(Region.whole((600, 800)))[1]
    assert (large[::2, ::2] == small).mean() > 0.98


def test_another_clinic_photographs_the_same_region_otherwise() -> None:
    other = whole(replace(PLAN, seed=4))[0]
    assert np.abs(other.astype(int) - whole(PLAN)[0]).mean() > 5
