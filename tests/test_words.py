"""The words that everything else is written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ctcl import events
from napari_ctcl.anatomy import BodyRegion, Side
from napari_ctcl.errors import DiskFull, InputError, StudyBusy
from napari_ctcl.lesion import CLASSES, COLOUR_BLIND, COLOURS, LESIONS, SCREEN_COLOURS, Lesion, contract, contract_hash
from napari_ctcl.region import Region, grid

spans = st.tuples(st.integers(0, 300), st.integers(0, 300)).map(sorted)
regions = st.builds(lambda ys, xs: Region(*ys, *xs), spans, spans)


def test_class_values_are_the_contract_and_the_hash_moves_with_them() -> None:
    assert contract() == {"unlabelled": 0, "normal": 1, "patch": 2, "plaque": 3, "tumor": 4}
    assert contract_hash() == "97820e46eb8a" + contract_hash()[12:]


def test_lesions_are_named_in_any_case_and_a_foreign_name_lists_the_classes() -> None:
    assert Lesion.named(" Plaque ") is Lesion.PLAQUE
    with pytest.raises(ValueError, match="normal, patch, plaque, tumor"):
        Lesion.named("eczema")


def test_network_channels_are_the_classes_in_order_and_unlabelled_has_none() -> None:
    assert [lesion.channel for lesion in CLASSES] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="no network channel"):
        _ = Lesion.UNLABELLED.channel


@pytest.mark.parametrize("palette", [COLOURS, SCREEN_COLOURS, COLOUR_BLIND])
def test_every_palette_tells_the_lesions_apart(palette: dict[Lesion, tuple[int, int, int]]) -> None:
    assert len({palette[lesion] for lesion in LESIONS}) == len(LESIONS)


def test_the_twelve_regions_are_found_however_they_are_written() -> None:
    assert len(BodyRegion) == 12
    assert BodyRegion.named("Anterior-Trunk") is BodyRegion.ANTERIOR_TRUNK
    with pytest.raises(InputError, match=r"head, neck, .*groin"):
        BodyRegion.named("elbow")


def test_sides_are_letters_or_words_or_nothing() -> None:
    assert [Side.named(text) for text in ("l", "Right", "", None)] == [Side.LEFT, Side.RIGHT, None, None]
    with pytest.raises(InputError, match="L or R"):
        Side.named("both")


@given(regions, regions)
def test_what_two_regions_share_lies_in_both_and_their_union_holds_both(a: Region, b: Region) -> None:
    shared = a & b
    assert shared.area == 0 or (shared in a and shared in b)
    assert a in (a | b)
    assert b in (a | b)


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 64))
def test_a_grid_covers_every_pixel_once(height: int, width: int, step: int) -> None:
    cells = list(grid((height, width), step))
    assert sum(cell.area for cell in cells) == height * width
    assert len(set(cells)) == len(cells)
    assert all(cell in Region(0, height, 0, width) for cell in cells)


@given(regions, st.integers(0, 5))
def test_a_coarser_region_covers_the_finer_one(region: Region, level: int) -> None:
    assert region in region.at_level(level).from_level(level)


@pytest.mark.parametrize(
    "event",
    [
        events.Started(work="segmenting", total=3, unit="photos"),
        events.RegionDone(photo="p-1", y0=0, y1=512, x0=0, x1=512, done=1, total=4),
        events.Epoch(fold=0, epoch=1, epochs=9, loss=None, dice={"patch": None, "macro_lesion": 0.5}),
        events.Failed(what="no room", do="free some", exit_code=2),
        events.Finished(result={"photos": 3}),
    ],
)
def test_events_survive_their_line_of_text(event: events.Event) -> None:
    line = events.encode(event)
    assert "\n" not in line
    assert events.decode(line) == event


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "null", '{"event":"Nope"}', '{"event":"Note","words":1}', "Traceback"]
)
def test_a_line_that_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not an event"):
        events.decode(line)


def test_an_error_says_what_was_found_expected_and_to_be_done() -> None:
    error = InputError("level 2 is 191 x 256", expected="192 x 256", do="import the photo again")
    assert str(error) == "level 2 is 191 x 256, expected 192 x 256; import the photo again"
    assert error.exit_code == 2
    assert error.as_json()["error"]["do"] == "import the photo again"


def test_errors_are_also_the_builtin_they_resemble() -> None:
    assert issubclass(StudyBusy, BlockingIOError)
    assert issubclass(DiskFull, OSError)
    assert DiskFull("no room").exit_code == 2
    assert str(DiskFull("no room", do="free some")) == "no room; free some"


def test_one_side_of_the_body_has_one_of_each_pair() -> None:
    assert (BodyRegion.FEET.one, BodyRegion.FOREARMS.one, BodyRegion.HEAD.one) == ("foot", "forearm", "head")
