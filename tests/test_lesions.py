"""Lesions found tile by tile are those of the whole photo, and stay so while it is painted on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from skimage.measure import label, regionprops

from napari_ctcl.lesion import Lesion
from napari_ctcl.lesions import LesionMap
from napari_ctcl.region import Region

CODES = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 23), st.integers(1, 23)),
    elements=st.sampled_from([0, 1, 2, 2, 2, 3, 4, 5, 6, 6, 7, 8]),
)


class Counted:
    """View codes in memory that count which regions are read."""

    def __init__(self, codes):
        self.codes, self.shape, self.reads = codes, codes.shape, []

    def read(self, *, level, ys, xs):
        assert level == 0
        self.reads.append(Region(*ys, *xs))
        return self.codes[slice(*ys), slice(*xs)]


def found(lesion_map, region=None):
    for _ in lesion_map.update(region):
        pass
    return lesion_map.lesions()


def facts(lesions):
    return sorted((f.lesion, f.pixels, f.human_pixels, f.box) for f in lesions)


def expected(codes):
    """The same facts from the whole picture at once."""
    classes = np.where(codes > 4, codes - 4, codes)
    classes[classes < 2] = 0
    regions = regionprops(label(classes, connectivity=1))
    return sorted(
        (
            Lesion(classes[tuple(props.coords[0])]),
            int(props.num_pixels),
            int((codes[tuple(props.coords.T)] <= 4).sum()),
            Region(props.bbox[0], props.bbox[2], props.bbox[1], props.bbox[3]),
        )
        for props in regions
    )


@given(CODES, st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_tiles_joined_are_the_lesions_of_the_whole_photo(codes, tile):
    assert facts(found(LesionMap(Counted(codes), tile=tile))) == expected(codes)


@given(CODES, st.integers(1, 9))
@settings(max_examples=80, deadline=None)
def test_a_seed_lies_in_its_lesion_and_on_a_proposed_pixel_where_there_is_one(codes, tile):
    classes = np.where(codes > 4, codes - 4, codes)
    numbers = label(np.where(classes < 2, 0, classes), connectivity=1)
    lesions = found(LesionMap(Counted(codes), tile=tile))
    assert len({numbers[lesion.seed] for lesion in lesions}) == len(lesions)
    for lesion in lesions:
        mask = numbers == numbers[lesion.seed]
        assert mask.sum() == lesion.pixels
        assert classes[lesion.seed] == lesion.lesion
        assert (codes[lesion.seed] > 4) == (lesion.state != "confirmed")


@given(CODES, st.integers(1, 9), st.data())
@settings(max_examples=80, deadline=None)
def test_after_any_edits_it_is_as_if_found_from_scratch(codes, tile, data):
    source = Counted(codes)
    lesion_map = LesionMap(source, tile=tile)
    found(lesion_map)
    for _ in range(data.draw(st.integers(1, 5))):
        y0, x0 = (data.draw(st.integers(0, n - 1)) for n in codes.shape)
        y1, x1 = (data.draw(st.integers(a + 1, n)) for a, n in zip((y0, x0), codes.shape, strict=True))
        codes[y0:y1, x0:x1] = data.draw(st.sampled_from([0, 1, 2, 3, 6, 8]))
        assert facts(found(lesion_map, Region(y0, y1, x0, x1))) == expected(codes)


def test_a_changed_region_re_reads_only_its_tiles():
    source = Counted(np.full((40, 40), 2, np.uint8))
    lesion_map = LesionMap(source, tile=10)
    found(lesion_map)
    assert len(source.reads) == 16
    source.reads.clear()
    found(lesion_map, Region(9, 12, 3, 4))
    assert source.reads == [Region(0, 10, 0, 10), Region(10, 20, 0, 10)]


def test_work_that_is_stopped_is_taken_up_by_the_next_update():
    codes = np.zeros((40, 40), np.uint8)
    codes[:, 5] = 7
    source = Counted(codes)
    lesion_map = LesionMap(source, tile=10)
    work = lesion_map.update()
    said = [next(work) for _ in range(5)]
    work.close()
    assert [(event.done, event.total) for event in said] == [(n, 16) for n in range(1, 6)]
    assert len(source.reads) == 5
    assert facts(found(lesion_map, Region(0, 1, 0, 1))) == expected(codes)
    assert len(source.reads) == 5 + 1 + 11  # what was asked for, and what was left


def test_a_tile_that_is_as_it_was_is_not_worked_on_again():
    source = Counted(np.full((40, 40), 3, np.uint8))
    lesion_map = LesionMap(source, tile=10)
    found(lesion_map)
    before = dict(lesion_map._tiles)
    found(lesion_map)
    assert len(source.reads) == 32
    assert all(lesion_map._tiles[corner] is tile for corner, tile in before.items())


def test_the_most_severe_come_first_and_the_larger_before_the_smaller():
    codes = np.zeros((20, 20), np.uint8)
    codes[0:9, 0:9], codes[12, 0], codes[14, 0:2], codes[16:19, 5:9] = 2, 4, 8, 3
    lesions = found(LesionMap(Counted(codes), tile=8))
    assert [(f.lesion, f.pixels) for f in lesions] == [
        (Lesion.TUMOR, 2),
        (Lesion.TUMOR, 1),
        (Lesion.PLAQUE, 12),
        (Lesion.PATCH, 81),
    ]


@pytest.mark.parametrize(("human", "state"), [(0, "proposed"), (3, "partly"), (6, "confirmed")])
def test_the_state_says_how_much_of_a_lesion_a_person_has_judged(human, state):
    codes = np.full((1, 6), 6, np.uint8)
    codes[0, :human] = 2
    (lesion,) = found(LesionMap(Counted(codes), tile=4))
    assert (lesion.state, lesion.human_pixels) == (state, human)


def test_normal_skin_and_unlabelled_skin_are_no_lesions():
    codes = np.tile(np.array([[0, 1, 5]], np.uint8), (9, 3))
    assert found(LesionMap(Counted(codes), tile=4)) == []
