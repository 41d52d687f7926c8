"""What a gesture paints is what the same gesture paints on one array, however it waits, is noted, or is cut short."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_ground import SHAPE, everything, image_at, open_at, predict
from scipy import ndimage

from napari_ctcl.errors import DiskFull, InputError
from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Capsule, polygon_mask
from napari_ctcl.region import Region, grid
from napari_ctcl.store import areas, covering, painter
from napari_ctcl.store.flood import flooded, unpacked
from napari_ctcl.store.gesture import UNJUDGED, Draw, Fill, Judge, Rule, Stamp, Step, decode, encode
from napari_ctcl.store.painter import Painter

WHOLE = Region.whole(SHAPE)
LESION = Region(300, 620, 400, 700)


@pytest.fixture
def folder(tmp_path):
    """A photo on which the model sees one plaque that lies across tiles."""
    image_at(tmp_path)
    seen = np.ones(SHAPE, np.uint8)
    seen[LESION.slices] = Lesion.PLAQUE
    predict(tmp_path, seen)
    return tmp_path


@pytest.fixture
def labels(folder):
    with open_at(folder) as pyramid:
        yield pyramid


@pytest.fixture
def hand(labels):
    busy = Painter(labels)
    yield busy
    busy.close()


def done(hand, *gestures):
    for gesture in gestures:
        hand.do(gesture)
    assert hand.wait(60)
    return list(hand.news())


def stroke(*, radius=40.0, value=Lesion.TUMOR, start=(100.0, 100.0), end=(200.0, 900.0), **more):
    capsule = Capsule(start=start, end=end, radius=radius)
    return Draw(tool="paint", value=int(value), capsules=(capsule,), **more)


points = st.tuples(st.floats(-100, 1400), st.floats(-100, 1200))
strokes = st.builds(
    lambda a, b, radius, value, rule: stroke(start=a, end=b, radius=radius, value=value, rule=rule),
    points,
    points,
    st.floats(0.5, 400),
    st.integers(0, 4),
    st.builds(
        lambda human, model, corners: Rule(human=human, model=model, inside=corners),
        st.frozensets(st.integers(1, 4)),
        st.frozensets(st.integers(0, 4)),
        st.none() | st.tuples(points, points, points),
    ),
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(strokes, min_size=1, max_size=4))
def test_strokes_under_any_rule_equal_the_same_on_one_array(made):
    paper, said = np.zeros(SHAPE, np.uint8), np.random.default_rng(3).integers(0, 5, SHAPE).astype(np.uint8)
    with tempfile.TemporaryDirectory() as name:
        image_at(Path(name))
        predict(Path(name), said)
        with open_at(Path(name)) as labels:
            hand = Painter(labels)
            done(hand, *made)
            hand.close()
            painted = everything(labels)
    for draw in made:
        mask = draw.capsules[0].mask(WHOLE)
        free = np.where(paper > 0, np.isin(paper, list(draw.rule.human)), np.isin(said, list(draw.rule.model)))
        if draw.rule.inside is not None:
            free &= polygon_mask(draw.rule.inside, WHOLE)
        paper[mask & free] = draw.value
    assert np.array_equal(painted, paper)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(3, 17))
def test_an_area_flooded_tile_by_tile_equals_the_component_of_the_whole(seed, side, tile):
    rng = np.random.default_rng(seed)
    looks = rng.integers(0, 2, (side, side + 5)).astype(np.uint8)
    at = (int(rng.integers(side)), int(rng.integers(side + 5)))
    parts, _ = ndimage.label(looks == looks[at])
    found = np.zeros(looks.shape, bool)
    for cell, bits in flooded(lambda region: looks[region.slices], at, looks.shape, tile).items():
        found[cell.slices] = unpacked(bits, cell)
    assert np.array_equal(found, parts == parts[at])


def test_a_gesture_survives_being_written_down():
    stamp = Stamp.of(np.random.default_rng(0).random((5, 9)) > 0.5, level=2, y0=3, x0=4)
    for gesture in (
        stroke(rule=UNJUDGED),
        Draw(tool="smart", value=2, stamps=(stamp,)),
        Fill(at=(1.0, 2.0), value=3),
        Judge(tool="accept", inside=((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))),
        Step(tool="undo"),
    ):
        assert decode(encode(gesture)) == gesture


def test_the_journal_keeps_every_stroke_as_it_was_meant_with_its_radius_on_level_0(labels, hand):
    small, vast = stroke(radius=12.5), stroke(radius=900.0)
    done(hand, small, vast)
    kept = labels.journal._rows("SELECT gesture, head, settled FROM gestures ORDER BY seq")
    assert [(decode(text), settled) for text, _, settled in kept] == [(small, 1), (vast, 1)]
    assert [head for _, head, _ in kept] == [1, 2]


def test_a_stamp_of_a_coarse_level_is_painted_pixel_for_pixel(labels, hand):
    mask = np.random.default_rng(1).random((40, 30)) > 0.5
    done(hand, Draw(tool="smart", value=3, stamps=(Stamp.of(mask, level=3, y0=60, x0=60),)))
    wide = mask.repeat(8, 0).repeat(8, 1)
    assert np.array_equal(everything(labels)[480:800, 480:720] == 3, wide)


def test_accepting_one_lesion_takes_it_whole_and_nothing_else(labels, hand):
    done(hand, Judge(tool="accept", at=(400.0, 500.0)))
    expected = np.zeros(SHAPE, np.uint8)
    expected[LESION.slices] = Lesion.PLAQUE
    assert np.array_equal(everything(labels), expected)


def test_rejecting_makes_normal_what_no_person_has_judged(labels, hand):
    done(hand, stroke(start=(450.0, 450.0), end=(450.0, 450.0)), Judge(tool="reject", at=(600.0, 690.0)))
    pixels = everything(labels)[LESION.slices]
    assert (pixels == Lesion.TUMOR).sum() == stroke(start=(450.0, 450.0), end=(450.0, 450.0)).capsules[0].mask(
        WHOLE
    ).sum()
    assert set(np.unique(pixels)) == {Lesion.NORMAL, Lesion.TUMOR}


def test_reclassifying_renames_the_whole_lesion_whoever_labelled_it(labels, hand):
    done(hand, stroke(value=Lesion.PLAQUE, start=(450.0, 450.0), end=(450.0, 450.0)))
    done(hand, Judge(tool="reclassify", at=(600.0, 690.0), value=int(Lesion.TUMOR)))
    expected = np.zeros(SHAPE, np.uint8)
    expected[LESION.slices] = Lesion.TUMOR
    assert np.array_equal(everything(labels), expected)


def test_accepting_in_a_region_takes_over_normal_skin_too(labels, hand):
    done(hand, Judge(tool="accept", inside=((250.0, 350.0), (250.0, 450.0), (350.0, 450.0), (350.0, 350.0))))
    pixels = everything(labels)[250:351, 350:451]
    assert (pixels > 0).all()
    assert set(np.unique(pixels)) == {Lesion.NORMAL, Lesion.PLAQUE}
    assert np.count_nonzero(everything(labels)) == pixels.size


@pytest.mark.parametrize(
    "pointless",
    [
        Judge(tool="accept", at=(50.0, 50.0)),
        Judge(tool="reject", at=(-5.0, 50.0)),
        Judge(tool="reclassify", inside=((0.0, 0.0), (0.0, 50.0), (50.0, 50.0)), value=2),
    ],
)
def test_a_judgement_of_nothing_is_explained_and_leaves_no_stroke(labels, hand, pointless):
    last = done(hand, pointless)[-1]
    assert isinstance(last.error, InputError)
    assert last.error.do
    assert labels.journal.strokes() == []


def test_a_fill_that_runs_out_of_reach_changes_nothing(labels, hand, monkeypatch):
    monkeypatch.setattr(covering, "REACH_PX", 300)
    news = done(hand, Fill(at=(1000.0, 1000.0), value=2))
    assert "reach" in news[-1].error.what
    assert not everything(labels).any()


def test_gestures_are_carried_out_in_the_order_in_which_they_were_made(labels, hand):
    wide = stroke(radius=900.0, value=Lesion.PATCH)
    done(hand, wide, stroke(), Step(tool="undo"), stroke(value=Lesion.PLAQUE), Step(tool="undo"), Step(tool="redo"))
    expected = np.where(wide.capsules[0].mask(WHOLE), np.uint8(Lesion.PATCH), 0)
    expected[stroke().capsules[0].mask(WHOLE)] = Lesion.PLAQUE
    assert np.array_equal(everything(labels), expected)


def test_what_waits_behind_a_large_stroke_is_noted_before_it_is_painted(labels, hand, monkeypatch):
    held, monkeypatched = threading.Event(), painter.gestured
    monkeypatch.setattr(painter, "gestured", lambda *a, **k: (held.wait(30), monkeypatched(*a, **k))[1])
    hand.do(stroke(radius=900.0))
    hand.do(stroke(value=Lesion.PATCH))
    hand.do(Step(tool="undo"))
    for _ in range(500):
        if not hand.unsafe:
            break
        threading.Event().wait(0.01)
    assert [decode(text).tool for _, text, _ in labels.journal.noted()] == ["paint", "paint", "undo"]
    held.set()
    assert hand.wait(60)
    assert labels.journal.noted() == []


def test_a_crash_between_note_and_pixels_loses_no_gesture(folder, tmp_path_factory):
    labels = open_at(folder)
    for gesture in (
        stroke(radius=900.0),
        stroke(value=Lesion.PATCH),
        Step(tool="undo"),
        Judge(tool="accept", at=(0.0, 0.0)),
    ):
        labels.journal.note(encode(gesture), user="Anna")
    wreck = Path(shutil.copytree(folder, tmp_path_factory.mktemp("crash") / "photo"))
    labels.close()
    with open_at(wreck) as again:
        assert np.array_equal(everything(again) == Lesion.TUMOR, stroke(radius=900.0).capsules[0].mask(WHOLE))
        assert again.journal.noted() == []
        assert again.can_redo


def test_a_crash_in_the_middle_of_a_large_stroke_leaves_one_stroke_to_undo(folder, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(areas, "PARTS", 2)
    labels = open_at(folder)
    gesture = stroke(radius=900.0)
    note = labels.journal.note(encode(gesture), user="Anna")
    halves = painter.gestured(labels, gesture, noted=note)
    next(halves), next(halves)
    wreck = Path(shutil.copytree(folder, tmp_path_factory.mktemp("crash") / "photo"))
    halves.close()
    labels.close()
    with open_at(wreck) as again:
        assert np.array_equal(everything(again) == Lesion.TUMOR, gesture.capsules[0].mask(WHOLE))
        again.undo()
        assert not everything(again).any()
        assert not again.can_undo


@pytest.mark.parametrize("many", [1, 2, 256])
def test_a_crash_at_the_end_of_a_judgement_leaves_it_whole(folder, tmp_path_factory, monkeypatch, many):
    monkeypatch.setattr(areas, "PARTS", many)
    everywhere = ((0.0, 0.0), (0.0, 1099.0), (1300.0, 1099.0), (1300.0, 0.0))
    labels = open_at(folder)
    for gesture in (Judge(tool="accept", at=(400.0, 500.0)), Judge(tool="accept", inside=everywhere)):
        note = labels.journal.note(encode(gesture), user="Anna")
        for _ in painter.gestured(labels, gesture, noted=note):
            pass
        expected = everything(labels)
        wreck = Path(shutil.copytree(folder, tmp_path_factory.mktemp("crash") / "photo"))
        with open_at(wreck) as again:
            assert np.array_equal(everything(again), expected)
            assert again.journal.noted() == []
    assert expected.all()
    labels.close()


def test_a_rejection_that_a_crash_cut_in_two_is_done_whole(folder, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(areas, "PARTS", 1)
    labels = open_at(folder)
    gesture = Judge(tool="reject", at=(400.0, 500.0))
    note = labels.journal.note(encode(gesture), user="Anna")
    halves = painter.gestured(labels, gesture, noted=note)
    next(halves)
    wreck = Path(shutil.copytree(folder, tmp_path_factory.mktemp("crash") / "photo"))
    halves.close()
    labels.close()
    with open_at(wreck) as again:
        assert (everything(again) == Lesion.NORMAL).sum() == LESION.area
        assert again.journal.noted() == []
        again.undo()
        assert not everything(again).any()
        assert not again.can_undo


def test_what_is_on_screen_is_taken_back_first(labels, hand, monkeypatch):
    monkeypatch.setattr("napari_ctcl.store.history.AT_ONCE", 1)
    done(hand, stroke(radius=900.0))
    corner = Region(1024, 1301, 1024, 1100)
    hand.see(corner, 0)
    news = [news.region for news in done(hand, Step(tool="undo")) if news.region is not None]
    assert (news[0] & corner).area
    assert len(news) > 2
    assert not everything(labels).any()


def test_a_large_gesture_that_is_cancelled_is_taken_back_whole(labels, hand, monkeypatch):
    monkeypatch.setattr(areas, "PARTS", 1)
    steps, go_on = painter.gestured, threading.Semaphore(1)

    def slow(*args, **options):
        walk = steps(*args, **options)
        try:
            for step in walk:
                go_on.acquire()
                yield step
        finally:
            walk.close()

    monkeypatch.setattr(painter, "gestured", slow)
    hand.do(stroke(radius=900.0))
    while not any(news.region for news in hand.news()):
        threading.Event().wait(0.01)
    hand.cancel()
    go_on.release(100)
    assert hand.wait(60)
    assert not everything(labels).any()
    assert not labels.can_undo


def test_a_gesture_can_be_taken_back_from_the_moment_that_it_has_begun(labels, hand):
    for _ in range(5):
        hand.do(stroke(radius=900.0))
        while not hand.cancel() and hand.waiting:
            pass
        assert hand.wait(60)
        assert not everything(labels).any()


def test_a_gesture_without_room_is_refused_and_the_next_one_goes_on(labels, hand, monkeypatch):
    add = labels.journal.add

    def full(*_args, **_options):
        raise DiskFull("no room on the disk", do="free some space")

    monkeypatch.setattr(labels.journal, "add", full)
    assert isinstance(done(hand, stroke())[-1].error, DiskFull)
    assert not everything(labels).any()
    monkeypatch.setattr(labels.journal, "add", add)
    assert done(hand, stroke())[-1].error is None
    assert everything(labels).any()


def test_news_covers_every_pixel_that_has_changed(labels, hand):
    rng = np.random.default_rng(5)
    for _ in range(12):
        before = everything(labels)
        ends = rng.uniform(0, 1300, (2, 2)).tolist()
        gesture = stroke(start=tuple(ends[0]), end=tuple(ends[1]), radius=float(rng.uniform(1, 300)))
        seen = np.zeros(SHAPE, bool)
        for news in done(hand, gesture if rng.random() < 0.7 else Step(tool="undo")):
            if news.region is not None:
                seen[(news.region & WHOLE).slices] = True
        assert not ((before != everything(labels)) & ~seen).any()
    assert len(list(grid(SHAPE, 512))) == 9


def test_nothing_is_noted_while_what_came_before_it_could_still_be_lost(labels, hand, monkeypatch):
    add, held = labels.journal.add, threading.Event()
    monkeypatch.setattr(labels.journal, "add", lambda *a, **k: (held.wait(30), add(*a, **k))[1])
    hand.do(stroke())
    hand.do(Step(tool="undo"))
    assert not hand.wait(0.3)
    assert labels.journal.noted() == []
    held.set()
    assert hand.wait(30)
    assert not everything(labels).any()


def test_a_fault_in_the_middle_of_a_gesture_keeps_no_later_one_waiting(labels, hand, monkeypatch):
    propagate = labels.propagate

    def broken(*_args):
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr(labels, "propagate", broken)
    assert done(hand, stroke())[-1].error is not None
    monkeypatch.setattr(labels, "propagate", propagate)
    assert done(hand, stroke(value=Lesion.PATCH))[-1].error is None
    assert (everything(labels) == Lesion.PATCH).any()


def test_a_noted_gesture_without_room_waits_for_the_next_opening(folder, monkeypatch):
    with open_at(folder) as labels:
        labels.journal.note(encode(stroke()), user="Anna")

    def full(*_args, **_options):
        raise DiskFull("no room on the disk", do="free some space")

    with monkeypatch.context() as full_disk:
        full_disk.setattr("napari_ctcl.store.journal.Journal.add", full)
        with pytest.raises(DiskFull):
            open_at(folder)
    with open_at(folder) as labels:
        assert (everything(labels) == Lesion.TUMOR).any()


@pytest.mark.parametrize("nowhere", [float("nan"), float("inf")])
def test_a_gesture_at_no_place_is_refused(hand, nowhere):
    with pytest.raises(InputError):
        hand.do(stroke(end=(nowhere, 5.0)))
    with pytest.raises(InputError):
        hand.do(Judge(tool="accept", inside=((0.0, 0.0), (0.0, nowhere), (5.0, 5.0))))
