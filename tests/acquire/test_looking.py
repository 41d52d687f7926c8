"""A walk over what a model is unsure of, on real studies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from acquire_ground import SHAPE, make_study, predict

from napari_ctcl.acquire import Looking, Survey, ranked, uncertain_regions
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region, Span
from napari_ctcl.store import Photo, Study

FIRST, SECOND = Region(200, 360, 300, 420), Region(800, 900, 1000, 1200)


class Painted:
    """Labels of a person, in memory, and a tally of what was read of them."""

    def __init__(self, shape: tuple[int, int] = SHAPE) -> None:
        self.labels = np.zeros(shape, np.uint8)
        self.read_px = 0

    def read(self, *, level: int, ys: Span, xs: Span) -> np.ndarray:
        part = self.labels[:: 1 << level, :: 1 << level][slice(*ys), slice(*xs)]
        self.read_px += part.size
        return part


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with make_study(tmp_path) as study:
        yield study


@pytest.fixture
def photo(study: Study) -> Photo:
    return study.photos()[0]


def surveyed(photo: Photo, human: Painted) -> Survey:
    survey = Survey(photo, human)
    assert list(survey.look())
    return survey


def test_a_box_fits_the_doubt_it_is_about(photo: Photo) -> None:
    predict(photo, [(FIRST, 0.8), (SECOND, 0.5)])
    first, second = uncertain_regions(photo, Painted())
    for found, spot in ((first, FIRST), (second, SECOND)):
        assert spot in found.region.grown(32)
        assert found.region in spot.grown(64)
    assert first.doubt > second.doubt > 0.2


def test_the_reason_names_the_classes_on_both_sides(photo: Photo) -> None:
    labels = np.ones(SHAPE, np.uint8)
    labels[200:360, 300:370], labels[200:360, 370:420] = Lesion.PLAQUE, Lesion.TUMOR
    predict(photo, [(FIRST, 0.8)], labels)
    (found,) = uncertain_regions(photo, Painted())
    assert {Lesion.PLAQUE, Lesion.TUMOR} <= set(found.classes)
    assert "The model's doubt is " in found.why
    assert found.why.startswith(found.classes[0].title.capitalize())


def test_what_a_person_has_labelled_is_done(photo: Photo) -> None:
    predict(photo, [(FIRST, 0.8), (SECOND, 0.5)])
    human = Painted()
    human.labels[FIRST.grown(70).slices] = Lesion.PATCH
    (found,) = uncertain_regions(photo, human)
    assert (found.region & SECOND).area > 0


def test_doubt_that_is_partly_labelled_is_still_worth_a_look(photo: Photo) -> None:
    predict(photo, [(SECOND, 0.9)])
    human = Painted()
    human.labels[SECOND.y0 : SECOND.y1, SECOND.x0 : SECOND.x0 + 100] = Lesion.PATCH
    (found,) = uncertain_regions(photo, human)
    assert found.region.x0 >= SECOND.x0 + 32


def test_boxes_hardly_overlap(photo: Photo) -> None:
    rng = np.random.default_rng(3)
    corners = rng.integers(0, 1000, (25, 2))
    spots = [(Region(int(y), int(y) + 120, int(x), int(x) + 90), float(rng.uniform(0.3, 1))) for y, x in corners]
    predict(photo, spots)
    found = uncertain_regions(photo, Painted())
    assert len(found) > 5
    for place, one in enumerate(found):
        for other in found[:place]:
            assert (one.region & other.region).area <= max(one.region.area, other.region.area) / 2


def test_a_sure_model_leaves_nothing_to_look_at(photo: Photo) -> None:
    predict(photo, [])
    turn = Looking(surveyed(photo, Painted())).next()
    assert turn.found is None
    assert "sure" in turn.text


def test_without_a_prediction_it_says_so(photo: Photo) -> None:
    turn = Looking(surveyed(photo, Painted())).next()
    assert turn.found is None
    assert "pre-segment" in turn.text


def test_each_region_is_visited_once_then_the_walk_begins_anew_with_a_word(photo: Photo) -> None:
    predict(photo, [(FIRST, 0.8), (SECOND, 0.5)])
    looking = Looking(surveyed(photo, Painted()))
    first, second, third = looking.next(), looking.next(), looking.next()
    assert first.found is not None
    assert second.found is not None
    assert third.found == first.found
    assert (second.found.region & SECOND).area
    assert "1 more" in first.text
    assert "No more" in second.text
    assert "from the first again" in third.text
    assert looking.next().found == second.found


def test_a_region_that_was_labelled_on_the_way_is_not_visited(photo: Photo) -> None:
    predict(photo, [(FIRST, 0.8), (SECOND, 0.5)])
    human = Painted()
    survey = surveyed(photo, human)
    looking = Looking(survey)
    looking.next()
    human.labels[SECOND.grown(70).slices] = Lesion.NORMAL
    survey.changed(SECOND.grown(70))
    assert not survey.current
    assert list(survey.look())
    again = looking.next()
    assert again.found is not None
    assert (again.found.region & FIRST).area


def test_only_the_cores_that_changed_are_looked_at_again(photo: Photo) -> None:
    predict(photo, [(FIRST, 0.8)])
    human = Painted()
    survey = surveyed(photo, human)
    human.read_px = 0
    survey.changed(Region(10, 20, 600, 610))
    assert len(list(survey.look())) == 1
    assert human.read_px == 128 * 128
    assert survey.current


def test_a_survey_that_was_stopped_goes_on_where_it_was(photo: Photo) -> None:
    predict(photo, [(FIRST, 0.8), (SECOND, 0.5)])
    survey = Survey(photo, Painted())
    looking = survey.look()
    next(looking)
    looking.close()
    assert not survey.current
    assert len(list(survey.look())) == 3 * 3 - 1
    assert len(ranked(survey)) == 2


def test_a_prediction_that_grows_is_followed(photo: Photo) -> None:
    survey = surveyed(photo, Painted())
    predict(photo, [(FIRST, 0.8)])
    survey.changed(Region.whole(SHAPE))
    assert list(survey.look())
    assert len(ranked(survey)) == 1


def test_the_store_s_own_labels_count(photo: Photo) -> None:
    predict(photo, [(FIRST, 0.8)])
    with photo.labels(user="Eve") as labels:
        labels.begin("paint")
        box = FIRST.grown(70)
        labels.edit(box.y0, box.x0, np.ones(box.shape, bool), int(Lesion.PATCH))
        labels.commit()
        labels.propagate()
        assert uncertain_regions(photo, labels) == []


@pytest.mark.parametrize("shape", [(64, 90), (511, 513), (700, 300)])
def test_photos_of_any_size_are_looked_at(tmp_path: Path, shape: tuple[int, int]) -> None:
    with make_study(tmp_path, shape) as study:
        photo = study.photos()[0]
        spot = Region(shape[0] // 2, shape[0], shape[1] // 2, shape[1])
        predict(photo, [(spot, 0.9)])
        survey = Survey(photo, Painted(shape))
        assert list(survey.look())
        assert survey.pixels.sum() == -(-shape[0] // 4) * -(-shape[1] // 4)
        found = ranked(survey)
        assert found
        assert all(one.region in Region.whole(shape) for one in found)
        assert (found[0].region & spot).area
