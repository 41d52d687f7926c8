"""Painting on a tiled pyramid is painting on one array, however it is cached, written and reopened."""

from __future__ import annotations

import resource
import shutil
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_ground import LEVELS, SHAPE, Paper, act, chunk_files, disc, everything, image_at, open_at, predict
from ome_zarr_models.v05.image_label import ImageLabel
from ome_zarr_models.v05.labels import Labels as LabelsGroup

from napari_ctcl.errors import DiskFull, InputError, MaskError, StudyBusy, StudyError
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region
from napari_ctcl.store import areas, labelimage, painting, writer
from napari_ctcl.store.chunks import halved
from napari_ctcl.store.drawing import Part
from napari_ctcl.store.shapes import level_shapes
from napari_ctcl.store.tiles import Tiles


@pytest.fixture
def folder(tmp_path):
    image_at(tmp_path)
    return tmp_path


@pytest.fixture
def labels(folder):
    with open_at(folder) as pyramid:
        yield pyramid


@pytest.fixture
def resting(monkeypatch):
    """The pen never rests: nothing is written but on request."""
    monkeypatch.setattr(writer, "REST_S", 3600.0)


def paint(labels, y=100, x=100, *, radius=60, value=Lesion.TUMOR):
    labels.begin("brush")
    labels.edit(y, x, disc(radius), int(value))
    return labels.commit()


def on_disk(folder, level=0, name="annotation"):
    shape = level_shapes(SHAPE, LEVELS)[level]
    return labelimage.read(folder / "image.ome.zarr", name, level=level, ys=(0, shape[0]), xs=(0, shape[1]))


edits = st.tuples(
    st.just("edit"),
    st.integers(-80, SHAPE[0] + 20),
    st.integers(-80, SHAPE[1] + 20),
    st.integers(0, 90),
    st.integers(0, 4),
    st.none() | st.frozensets(st.integers(0, 4), max_size=3),
)
strokes = st.tuples(st.just("stroke"), st.lists(edits, max_size=4), st.booleans())
others = st.tuples(st.sampled_from(["undo", "redo", "propagate", "flush", "reopen"]))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(strokes, strokes, others), max_size=14))
def test_a_pyramid_agrees_with_one_array_whatever_is_done(actions):
    with tempfile.TemporaryDirectory() as name:
        folder, paper = Path(name), Paper()
        image_at(folder)
        labels = open_at(folder)
        for action in actions:
            if action[0] == "stroke":
                _, parts, keep = action
                labels.begin("brush"), paper.begin("brush")
                for _, y, x, radius, value, only in parts:
                    got = labels.edit(y, x, disc(radius), value, only=only)
                    assert got == paper.edit(y, x, disc(radius), value, only=only)
                for target in (labels, paper):
                    target.commit() if keep else target.abort()
            elif action[0] == "reopen":
                labels.close()
                labels = open_at(folder)
            elif action[0] in {"undo", "redo"}:
                getattr(labels, action[0])(), getattr(paper, action[0])()
            else:
                getattr(labels, action[0])()
            assert (labels.can_undo, labels.can_redo) == (bool(paper.done), bool(paper.undone))
        assert np.array_equal(everything(labels), paper.labels)
        assert len(labels.journal.strokes()) == paper.entries
        labels.propagate()
        for level, expected in enumerate(paper.levels()):
            assert np.array_equal(everything(labels, level), expected)
        labels.close()
        for level, expected in enumerate(paper.levels()):
            assert np.array_equal(on_disk(folder, level), expected)


def test_a_label_image_is_valid_ome_zarr(labels, folder):
    paint(labels)
    labels.flush()
    root = folder / "image.ome.zarr" / "labels"
    image = ImageLabel.from_zarr(zarr.open_group(root / "annotation", mode="r"))
    assert LabelsGroup.from_zarr(zarr.open_group(root, mode="r")).ome_attributes.labels == ["annotation"]
    datasets = image.ome_attributes.multiscales[0].datasets
    assert [dataset.coordinateTransformations[0].scale for dataset in datasets] == [
        [0.2, 0.1],
        [0.4, 0.2],
        [0.8, 0.4],
    ]
    array = zarr.open_array(root / "annotation" / "0", mode="r")
    assert (array.chunks, array.shards, array.fill_value) == ((512, 512), None, 0)


def test_coarser_levels_hold_the_most_severe_class():
    rng = np.random.default_rng(0)
    for shape in [(1, 1), (1, 7), (6, 3), (512, 511)]:
        labels = rng.integers(0, 5, shape).astype(np.uint8)
        padded = np.zeros((-(-shape[0] // 2) * 2, -(-shape[1] // 2) * 2), np.uint8)
        padded[: shape[0], : shape[1]] = labels
        expected = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).max(axis=(1, 3))
        assert np.array_equal(halved(labels), expected)


def test_a_stroke_is_in_the_journal_before_any_chunk_changes(labels, folder, resting):
    labels.begin("brush")
    labels.edit(100, 100, disc(60), 4)
    labels.propagate()
    labels.flush()
    assert chunk_files(folder) == {}
    assert labels.journal.strokes() == []
    stroke = labels.commit()
    assert chunk_files(folder) == {}
    assert (stroke.tool, stroke.user, stroke.value, stroke.pixels) == ("brush", "Anna", 4, int(disc(60).sum()))
    assert stroke.region == Region(100, 221, 100, 221)
    assert not stroke.applied
    labels.flush()
    assert labels.journal.stroke(stroke.seq).applied
    assert np.array_equal(on_disk(folder), everything(labels))


def test_what_was_committed_survives_a_crash_before_the_first_write(labels, folder, tmp_path_factory, resting):
    paint(labels)
    paint(labels, 500, 480, value=Lesion.PATCH)
    labels.undo()
    copy = tmp_path_factory.mktemp("crashed") / "photo"
    shutil.copytree(folder, copy)
    with open_at(copy) as recovered:
        assert np.array_equal(everything(recovered), everything(labels))
        assert all(stroke.applied for stroke in recovered.journal.strokes())
        assert np.array_equal(on_disk(copy), everything(labels))
        assert recovered.redo() == Region(500, 621, 480, 601)


def test_a_chunk_that_a_power_cut_tore_is_rebuilt_from_the_journal(labels, folder, tmp_path_factory, resting):
    paint(labels)
    labels.flush()
    paint(labels, 200, 200, value=Lesion.PLAQUE)
    copy = tmp_path_factory.mktemp("torn") / "photo"
    shutil.copytree(folder, copy)
    for chunk in (copy / "image.ome.zarr/labels/annotation").glob("*/c/0/0"):
        chunk.write_bytes(chunk.read_bytes()[:9])
    with open_at(copy) as recovered:
        assert np.array_equal(everything(recovered), everything(labels))
        assert np.array_equal(everything(recovered, 2), halved(halved(everything(labels))))


def test_a_lost_label_image_is_made_anew_from_the_journal(folder):
    with open_at(folder) as labels:
        for number in range(20):
            act(labels, number)
        painted = everything(labels)
    shutil.rmtree(folder / "image.ome.zarr/labels")
    with open_at(folder) as labels:
        assert np.array_equal(everything(labels), painted)
    assert np.array_equal(on_disk(folder, 1), halved(painted))


@pytest.mark.parametrize("spans", [((-1, 5), (0, 5)), ((0, 5), (0, SHAPE[1] + 1))])
def test_reading_beyond_the_image_is_refused(labels, folder, spans):
    with pytest.raises(InputError):
        labels.read(ys=spans[0], xs=spans[1])
    with pytest.raises(InputError):
        labelimage.read(folder / "image.ome.zarr", "annotation", ys=spans[0], xs=spans[1])


def test_a_chunk_that_cannot_be_decoded_is_an_error_not_an_empty_tile(folder):
    with open_at(folder) as labels:
        paint(labels)
    chunk = folder / "image.ome.zarr/labels/annotation/0/c/0/0"
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 1
    chunk.write_bytes(data)
    with pytest.raises(StudyError, match="cannot be decoded"):
        on_disk(folder)


def test_repainting_a_region_touches_only_its_chunks(labels, folder):
    paint(labels, 900, 900)
    paint(labels, 100, 100)
    labels.flush()
    before = chunk_files(folder)
    paint(labels, 130, 130, radius=20, value=Lesion.PATCH)
    labels.flush()
    after = chunk_files(folder)
    assert {name for name in after if after[name] != before.get(name)} == {"0/c/0/0", "1/c/0/0", "2/c/0/0"}
    assert before.keys() == after.keys()


def test_a_warm_tile_needs_no_disk(labels, folder, resting):
    paint(labels)
    labels.flush()
    labels.propagate()
    root = folder / "image.ome.zarr" / "labels"
    root.rename(folder / "elsewhere")
    labels.begin("brush")
    assert labels.edit(130, 130, disc(20), int(Lesion.PATCH)) == disc(20).sum()
    labels.propagate()
    assert (labels.read(level=2, ys=(0, 100), xs=(0, 100)) == Lesion.TUMOR).any()
    labels.commit()
    (folder / "elsewhere").rename(root)


def test_erasing_everything_leaves_no_chunk(labels, folder):
    paint(labels)
    labels.flush()
    assert chunk_files(folder)
    labels.undo()
    labels.flush()
    assert chunk_files(folder) == {}


def test_a_stroke_that_changes_nothing_leaves_no_entry(labels):
    paint(labels)
    assert paint(labels) is None
    assert labels.journal.last() == 1
    labels.undo()
    paint(labels, 5000, 5000)
    assert labels.can_redo


def test_a_new_stroke_ends_what_could_be_done_again(labels):
    paint(labels)
    labels.undo()
    assert labels.can_redo
    paint(labels, value=Lesion.PATCH)
    assert not labels.can_redo
    assert labels.redo() is None


def test_undo_waits_while_a_stroke_is_drawn(labels):
    paint(labels)
    labels.begin("brush")
    assert not labels.can_undo
    assert labels.undo() is None
    labels.abort()
    assert labels.undo() == Region(100, 221, 100, 221)


@pytest.mark.parametrize("value", [5, 255, -1])
def test_a_value_that_is_no_class_is_refused(labels, value):
    labels.begin("brush")
    with pytest.raises(MaskError, match="expected 0 to 4"):
        labels.edit(0, 0, disc(3), value)
    with pytest.raises(MaskError, match="expected 0 to 4"):
        labels.paste(0, 0, np.full((3, 3), value % 256, np.uint8))
    labels.abort()
    assert not everything(labels).any()


def test_pasting_leaves_what_unlabelled_pixels_would_cover(labels):
    paint(labels)
    pasted = np.zeros((300, 300), np.uint8)
    pasted[:160] = Lesion.PATCH
    pasted[0, 0] = Lesion.NORMAL
    before = everything(labels)
    labels.begin("import")
    labels.paste(0, 0, pasted)
    stroke = labels.commit()
    expected = before.copy()
    expected[:300, :300][pasted > 0] = pasted[pasted > 0]
    assert np.array_equal(everything(labels), expected)
    assert stroke.value is None


def test_accepting_copies_the_prediction_and_keeps_human_pixels(labels, folder):
    predicted = np.random.default_rng(1).integers(0, 5, SHAPE).astype(np.uint8)
    predict(folder, predicted)
    paint(labels)
    human = everything(labels)
    region = Region(-50, 700, 90, 1000)
    inside = np.zeros(SHAPE, bool)
    inside[:700, 90:1000] = True
    expected = np.where(inside & (human == 0), predicted, human)
    assert areas.accept(labels, region) == int((expected != human).sum())
    assert np.array_equal(everything(labels), expected)
    areas.accept(labels, region, keep_human=False)
    assert np.array_equal(everything(labels), np.where(inside & (predicted > 0), predicted, expected))
    assert [stroke.tool for stroke in labels.journal.strokes()] == ["brush", "accept", "accept"]
    labels.undo(), labels.undo()
    assert np.array_equal(everything(labels), human)


def test_accepting_a_large_area_is_many_strokes_undone_as_one(folder, monkeypatch):
    monkeypatch.setattr(areas, "PARTS", 2)
    monkeypatch.setattr(painting, "MANY", 2)
    predicted = np.random.default_rng(1).integers(0, 5, SHAPE).astype(np.uint8)
    predict(folder, predicted)
    with open_at(folder) as labels:
        paint(labels)
        human = everything(labels)
        expected = np.where(human == 0, predicted, human)
        assert areas.accept(labels, Region.whole(SHAPE)) == int((expected != human).sum())
        assert len(labels.journal.strokes()) == 1 + 5
        assert labels.unwritten <= 2
        assert np.array_equal(everything(labels), expected)
        assert labels.undo() == Region.whole(SHAPE)
        assert np.array_equal(everything(labels), human)
        labels.redo()
    with open_at(folder) as labels:
        assert np.array_equal(everything(labels), expected)
        labels.undo()
        assert np.array_equal(everything(labels), human)
        labels.undo()
        assert not everything(labels).any()
        assert not labels.can_undo
        assert labels.journal.verify(zarr.open_array(folder / "image.ome.zarr/labels/annotation/0")) == []


def test_an_acceptance_that_fails_half_way_is_taken_back(folder, monkeypatch):
    monkeypatch.setattr(areas, "PARTS", 2)
    monkeypatch.setattr(painting, "MANY", 2)
    predict(folder, np.full(SHAPE, 2, np.uint8))
    (folder / "image.ome.zarr/labels/prediction/0/c/2/1").write_bytes(b"broken")
    with open_at(folder) as labels:
        paint(labels)
        human = everything(labels)
        with pytest.raises(StudyError, match="cannot be decoded"):
            areas.accept(labels, Region.whole(SHAPE))
        assert np.array_equal(everything(labels), human)


def test_a_crash_with_many_tiles_waiting_is_mended_in_batches(folder, monkeypatch, resting):
    monkeypatch.setattr(writer, "AT_ONCE", 2)
    with open_at(folder) as labels:
        everywhere = np.random.default_rng(0).integers(1, 5, SHAPE).astype(np.uint8)
        areas.paint(labels, "import", [Part(0, 0, everywhere > 0, everywhere)])
        expected = everything(labels)
        assert labels.unwritten
        crashed = folder.with_name("crashed")
        shutil.copytree(folder, crashed)
    with open_at(crashed) as labels:
        assert np.array_equal(everything(labels), expected)
    for level in range(1, LEVELS):
        expected = halved(expected)
        assert np.array_equal(on_disk(crashed, level), expected)


def test_accepting_where_nothing_was_predicted_does_nothing(labels):
    assert areas.accept(labels, Region.whole(SHAPE)) == 0
    assert labels.journal.strokes() == []


@contextmanager
def file_size_limit(limit):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_stroke_without_room_is_taken_back_and_painting_goes_on(labels, folder, resting):
    paint(labels)
    before = everything(labels)
    labels.begin("brush")
    labels.edit(300, 300, disc(90), 2)
    with file_size_limit((folder / "journal.sqlite-wal").stat().st_size), pytest.raises(DiskFull):
        labels.commit()
    assert np.array_equal(everything(labels), before)
    with file_size_limit((folder / "journal.sqlite-wal").stat().st_size), pytest.raises(DiskFull):
        labels.undo()
    assert np.array_equal(everything(labels), before)
    assert paint(labels, 300, 300).seq == 2
    assert labels.undo() == Region(300, 421, 300, 421)
    labels.flush()
    assert np.array_equal(on_disk(folder), before)
    assert labels.journal.verify(zarr.open_array(folder / "image.ome.zarr/labels/annotation/0")) == []


def test_a_label_image_without_room_is_written_later(labels, folder, resting):
    paint(labels)
    with file_size_limit(20), pytest.raises(DiskFull):
        labels.flush()
    assert isinstance(labels.problem, DiskFull)
    assert labels.unwritten
    assert not labels.journal.stroke(1).applied
    labels.flush()
    assert labels.problem is None
    assert np.array_equal(on_disk(folder), everything(labels))


def test_labels_open_on_a_full_disk_and_are_written_once_there_is_room(labels, folder, tmp_path_factory, resting):
    labels.begin("import")
    labels.paste(0, 0, np.random.default_rng(0).integers(0, 5, (512, 512)).astype(np.uint8))
    labels.commit()
    copy = tmp_path_factory.mktemp("full") / "photo"
    shutil.copytree(folder, copy)
    with file_size_limit(50_000):
        recovered = open_at(copy)
        assert isinstance(recovered.problem, DiskFull)
    assert np.array_equal(everything(recovered), everything(labels))
    recovered.flush()
    assert np.array_equal(on_disk(copy), everything(labels))
    recovered.close()


def test_two_cannot_paint_one_photo(labels, folder):
    with pytest.raises(StudyBusy):
        open_at(folder, user="Bert")


def test_closing_commits_the_stroke_and_gives_the_lock_back(folder):
    labels = open_at(folder)
    labels.begin("brush")
    labels.edit(100, 100, disc(60), 4)
    labels.close()
    labels.close()
    with open_at(folder) as again:
        assert (everything(again) == 4).sum() == disc(60).sum()


def test_litter_of_a_killed_writer_is_swept(folder):
    with open_at(folder) as labels:
        paint(labels)
    litter = folder / "image.ome.zarr/labels/annotation/0/c/0/0.0a1b.partial"
    litter.write_bytes(b"half a chunk")
    with open_at(folder):
        assert not litter.exists()


def test_labels_of_another_size_are_refused(folder):
    open_at(folder).close()
    with pytest.raises(StudyError, match="levels of"):
        open_at(folder, shape=(1300, 1100))


def test_label_counts_are_those_of_level_0(labels, folder):
    for number in range(12):
        act(labels, number)
    labels.flush()
    counted = labelimage.count(folder / "image.ome.zarr", "annotation")
    values, pixels = np.unique(everything(labels), return_counts=True)
    assert {lesion: counted[lesion] for lesion in map(Lesion, values)} == dict(zip(values, pixels, strict=True))
    assert sum(counted.values()) == SHAPE[0] * SHAPE[1]


def test_reading_where_there_are_no_labels_gives_unlabelled(folder):
    assert not on_disk(folder).any()


def test_few_bytes_of_cache_change_no_pixel(folder):
    with open_at(folder):
        pass
    image = labelimage.open_image(folder / "image.ome.zarr", "annotation")
    tiles = Tiles(image, clean_bytes=300_000)
    rng, paper = np.random.default_rng(0), np.zeros(SHAPE, np.uint8)
    for step in range(120):
        row, column = int(rng.integers(3)), int(rng.integers(3))
        cell = image.region((0, row, column))
        value = int(rng.integers(1, 5))
        with tiles.changing((0, row, column), Region(0, 60, 0, 70)) as part:
            part[...] = value
        tiles.mark_unwritten((0, row, column))
        paper[cell.slices][:60, :70] = value
        if step % 5 == 0:
            tiles.propagate()
            assert tiles.write_back()
        assert np.array_equal(tiles.read(0, (0, SHAPE[0]), (0, SHAPE[1])), paper)
    tiles.propagate()
    assert np.array_equal(tiles.read(1, (0, 651), (0, 550)), halved(paper))


def test_painting_reading_and_writing_at_once_lose_no_pixel(folder, monkeypatch):
    monkeypatch.setattr(writer, "REST_S", 0.0)
    paper, painted = Paper(), threading.Event()
    with open_at(folder) as labels:

        def look():
            while not painted.is_set():
                labels.propagate(2)
                assert labels.read(level=2, ys=(0, 326), xs=(0, 275)).max() <= 4

        looking = threading.Thread(target=look)
        looking.start()
        for number in range(150):
            act(labels, number), act(paper, number)
        painted.set()
        looking.join()
        assert np.array_equal(everything(labels), paper.labels)
    for level, expected in enumerate(paper.levels()):
        assert np.array_equal(on_disk(folder, level), expected)
