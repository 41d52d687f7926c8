"""A photo's scale is what somebody measured last, and every measurement stays in the catalogue."""

import math

import pytest
from sqlalchemy import select, text
from study_ground import FACTS, noise, save

from napari_ctcl.errors import InputError, StudyError
from napari_ctcl.scale import area_cm2, area_in_words
from napari_ctcl.store import Study
from napari_ctcl.store.catalogue import ScaleRow


@pytest.fixture
def photo(study, tmp_path):
    return study.photo(study.import_photo(save(tmp_path / "a.png", noise(shape=(40, 60))), **FACTS))


def test_nobody_knows_the_scale_of_a_photo_until_it_is_measured(study, photo):
    assert photo.mm_per_px is None
    photo.set_scale(0.12, "reader-1")
    assert photo.mm_per_px == 0.12
    with Study.open(study.root) as again:
        assert again.photo(photo.id).mm_per_px == 0.12


def test_the_last_measurement_counts_and_the_others_are_kept_with_who_made_them(study, photo, tmp_path):
    other = study.photo(study.import_photo(save(tmp_path / "b.png", noise(1, (40, 60))), **FACTS))
    for scale, user in ((0.1, "reader-1"), (0.2, "reader-2")):
        photo.set_scale(scale, user)
    other.set_scale(3.0, "reader-1")
    assert (photo.mm_per_px, other.mm_per_px) == (0.2, 3.0)
    with study.catalogue.reading() as session:
        kept = session.execute(select(ScaleRow.photo, ScaleRow.mm_per_px, ScaleRow.by).order_by(ScaleRow.seq)).all()
    assert kept == [(photo.id, 0.1, "reader-1"), (photo.id, 0.2, "reader-2"), (other.id, 3.0, "reader-1")]


@pytest.mark.parametrize("change", ["UPDATE scales SET mm_per_px = 1", "DELETE FROM scales"])
def test_a_measurement_cannot_be_changed_or_taken_away(study, photo, change):
    photo.set_scale(0.1, "reader-1")
    with pytest.raises(StudyError, match="append-only"), study.catalogue.writing() as session:
        session.execute(text(change))
    assert photo.mm_per_px == 0.1


@pytest.mark.parametrize("scale", [math.nan, math.inf, -math.inf, 0.0, -0.1, 0.0009, 10.1])
def test_a_scale_that_no_photo_has_is_refused(photo, scale):
    with pytest.raises(InputError, match="mm per pixel"):
        photo.set_scale(scale, "reader-1")
    assert photo.mm_per_px is None


def test_a_measurement_of_nobody_is_refused(photo):
    with pytest.raises(InputError, match="reader"):
        photo.set_scale(0.1, " ")


def test_a_study_of_before_scales_were_kept_opens_and_can_be_measured(study, photo):
    with study.catalogue.writing() as session:
        session.execute(text("DROP TABLE scales"))
    with Study.open(study.root) as older:
        assert older.photos()[0].mm_per_px is None
        older.photos()[0].set_scale(0.3, "reader-1")
        assert older.photos()[0].mm_per_px == 0.3


def test_an_area_follows_from_the_scale_and_is_unknown_without_one():
    assert area_cm2(10_000, 0.1) == pytest.approx(1.0)
    assert area_cm2(0, 0.1) == 0.0
    assert area_cm2(10_000, None) is None


@pytest.mark.parametrize(
    ("pixels", "scale", "words"),
    [
        (12_480, None, "12,480 px"),
        (687_384, None, "0.69 Mpx"),
        (21_000, 0.1, "2.1 cm²"),
        (400, 0.1, "4.0 mm²"),
        (1, 0.1, "< 0.1 mm²"),
    ],
)
def test_an_area_is_told_in_the_unit_that_fits_it(pixels, scale, words):
    assert area_in_words(pixels, scale) == words
