"""What a stroke costs, counted in chunks: none read twice, none written twice, and none that it does not touch."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from label_ground import LEVELS, SHAPE, everything, image_at, open_at, predict

from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Capsule
from napari_ctcl.region import Region
from napari_ctcl.store import chunks, labelimage, writer
from napari_ctcl.store.gesture import ANYWHERE, UNJUDGED, Draw, Rule
from napari_ctcl.store.painter import Painter

ACROSS_FOUR_TILES = ((500.0, 500.0), (530.0, 530.0))
ITS_CHUNKS = {(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (2, 0, 0)}
ONLY_UNLABELLED = Rule(human=frozenset(), model=frozenset({0, 1}))
ONLY_PLAQUE = Rule(human=frozenset({3}), model=frozenset({3}))


@pytest.fixture
def folder(tmp_path):
    """A photo on which a model sees plaque everywhere but in the corner where the strokes go."""
    image_at(tmp_path)
    said = np.full(SHAPE, Lesion.PLAQUE, np.uint8)
    said[:515, :515] = Lesion.NORMAL
    predict(tmp_path, said)
    for path in (tmp_path / "image.ome.zarr/labels/prediction/0/c").glob("*/*"):
        os.utime(path, ns=(10**18, path.stat().st_mtime_ns - 10**9))  # of long ago
    return tmp_path


@pytest.fixture
def labels(folder, monkeypatch):
    monkeypatch.setattr(writer, "REST_S", 3600.0)  # it writes when it is told to
    with open_at(folder) as pyramid:
        yield pyramid


@pytest.fixture
def hand(labels):
    busy = Painter(labels)
    yield busy
    busy.close()


@pytest.fixture
def written(monkeypatch):
    keys, write = Counter(), chunks.LabelImage.write

    def counting(image, key, tile):
        keys[key] += 1
        write(image, key, tile)

    monkeypatch.setattr(chunks.LabelImage, "write", counting)
    return keys


@pytest.fixture
def read(monkeypatch):
    """Every region of a chunk that is decoded, of any label image."""
    places, read_from = [], chunks.read_from

    def counting(array, region, place):
        places.append((place, region))
        return read_from(array, region, place)

    monkeypatch.setattr(chunks, "read_from", counting)
    monkeypatch.setattr(labelimage, "read_from", counting)
    return places


def paint(hand, value, rule=ANYWHERE, ends=ACROSS_FOUR_TILES):
    hand.do(Draw(tool="paint", value=value, capsules=(Capsule(start=ends[0], end=ends[1], radius=20.0),), rule=rule))
    assert hand.wait(30)
    while hand.busy:
        assert all(news.error is None for news in hand.news())


def test_a_stroke_writes_each_chunk_that_it_changed_once_on_every_level(labels, hand, written):
    paint(hand, 2)
    labels.flush()
    assert written == dict.fromkeys(ITS_CHUNKS, 1)
    assert {key[0] for key in written} == set(range(LEVELS))


def test_strokes_in_one_place_are_written_together(labels, hand, written):
    for value in (2, 3, 4):
        paint(hand, value)
    labels.flush()
    assert written == dict.fromkeys(ITS_CHUNKS, 1)


def test_a_stroke_reads_and_changes_only_the_tiles_that_it_touches(labels, hand, read, folder):
    paint(hand, 2)
    tiles = {str(place.relative_to(labels._tiles.image.path)) for place, _ in read}
    assert tiles == {f"{level}/c/{row}/{column}" for level, row, column in ITS_CHUNKS}
    assert len(read) == len(ITS_CHUNKS)
    labels.flush()
    files = {path.relative_to(labels._tiles.image.path) for path in labels._tiles.image.path.glob("*/c/*/*")}
    assert {str(file) for file in files} == tiles
    assert labels.journal.touched() == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize("rule", [ANYWHERE, UNJUDGED, ONLY_UNLABELLED, ONLY_PLAQUE])
def test_a_stroke_on_tiles_in_memory_reads_no_chunk_whatever_it_may_paint_over(labels, hand, read, rule):
    paint(hand, 2, rule)
    assert read
    read.clear()
    for value in (3, 4, 2):
        paint(hand, value, rule)
        paint(hand, value, rule, ends=((480.0, 520.0), (520.0, 480.0)))
    assert read == []


def test_a_proposal_that_was_rewritten_is_what_the_next_stroke_goes_by(labels, hand, read, folder):
    paint(hand, 2, ONLY_PLAQUE)
    mask = Capsule(start=ACROSS_FOUR_TILES[0], end=ACROSS_FOUR_TILES[1], radius=20.0).mask(Region.whole(SHAPE))
    assert np.array_equal(everything(labels) == 2, mask & ~np.pad(np.ones((515, 515), bool), ((0, 786), (0, 585))))
    image = labelimage.open_image(folder / "image.ome.zarr", "prediction")
    image.write((0, 0, 0), np.full((512, 512), Lesion.PLAQUE, np.uint8))
    read.clear()
    paint(hand, 4, ONLY_PLAQUE)
    assert [place.relative_to(image.path).as_posix() for place, _ in read] == ["0"]
    assert np.array_equal(everything(labels) == 4, mask & np.pad(np.ones((512, 512), bool), ((0, 789), (0, 588))))


@pytest.mark.parametrize("value", [Lesion.UNLABELLED, Lesion.PATCH])
def test_in_the_skin_mask_alone_a_stroke_keeps_to_the_skin(folder, value):
    said = np.random.default_rng(0).integers(0, 2, (SHAPE[0] // 8 + 1, SHAPE[1] // 8 + 1)).astype(np.uint8)
    skin = np.kron(said, np.ones((8, 8), np.uint8))[: SHAPE[0], : SHAPE[1]]
    labelimage.create(folder / "image.ome.zarr", "skin", SHAPE, LEVELS)
    image = labelimage.open_image(folder / "image.ome.zarr", "skin")
    for key in [(0, row, column) for row in range(3) for column in range(3)]:
        image.write(key, skin[image.region(key).slices])
    ends = ((300.0, 200.0), (900.0, 800.0))
    mask = Capsule(start=ends[0], end=ends[1], radius=20.0).mask(Region.whole(SHAPE))
    with open_at(folder) as labels:
        hand = Painter(labels)
        paint(hand, Lesion.TUMOR, ends=ends)
        paint(hand, value, Rule(skin=True), ends=ends)
        hand.close()
        expected = np.where(mask, np.where(skin > 0, value, Lesion.TUMOR), 0)
        assert np.array_equal(everything(labels), expected)


def test_without_a_skin_mask_the_skin_rule_paints_nothing(labels, hand):
    paint(hand, 2, Rule(skin=True))
    assert not everything(labels).any()
    assert labels.journal.strokes() == []
