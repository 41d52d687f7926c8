"""What the labels have lost the journal gives back; what the journal has lost is never made up."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from label_ground import SHAPE, act, disc, everything, image_at, open_at
from study_ground import FACTS, noise, save

from napari_ctcl.errors import InputError, NotFound, StudyBusy, StudyError
from napari_ctcl.events import Finished
from napari_ctcl.store import adopting, writer
from napari_ctcl.store.adopting import adopt
from napari_ctcl.store.chronicle import Chronicle
from napari_ctcl.store.chunks import LabelImage
from napari_ctcl.store.mending import lost_chunks

LEVELS = 3


@pytest.fixture
def painted(tmp_path):
    """A folder with labels on every tile but one that was painted and erased again, and the labels of each level."""
    image_at(tmp_path)
    with open_at(tmp_path) as labels:
        for number in range(25):
            act(labels, number)
        labels.begin("brush")
        labels.edit(0, 0, np.ones((512, 512), bool), 2)
        labels.edit(1030, 1030, disc(300), 4)
        labels.commit()
        labels.begin("eraser")
        labels.edit(0, 0, np.ones((512, 512), bool), 0)
        labels.commit()
        expected = [everything(labels, level) for level in range(LEVELS)]
    return tmp_path, expected


def chunk(folder, level, row, column):
    return folder / "image.ome.zarr/labels/annotation" / str(level) / "c" / str(row) / str(column)


def stored(folder):
    image = LabelImage(folder / "image.ome.zarr/labels/annotation")
    return {key: image.read(key) for key in image.chunks()}


def agree(labels, expected):
    return all(np.array_equal(everything(labels, level), expected[level]) for level in range(LEVELS))


@pytest.mark.parametrize(
    "gone",
    [
        [(0, 2, 2)],
        [(0, 1, 1), (1, 0, 0), (2, 0, 0)],
        [(1, 1, 1)],
        [(2, 0, 0)],
        [(level, row, column) for level in range(3) for row in range(3) for column in range(3)],
    ],
)
def test_a_lost_chunk_is_rebuilt_when_the_photo_is_opened(painted, gone):
    folder, expected = painted
    before = stored(folder)
    for key in gone:
        chunk(folder, *key).unlink(missing_ok=True)
    with open_at(folder) as labels:
        assert labels.mended == len([key for key in gone if key in before])
        assert agree(labels, expected)
    after = stored(folder)
    assert after.keys() == before.keys()
    assert all(np.array_equal(after[key], before[key]) for key in before)


def test_many_lost_chunks_are_rebuilt_in_batches(painted, monkeypatch):
    folder, expected = painted
    monkeypatch.setattr(writer, "AT_ONCE", 1)
    for path in (folder / "image.ome.zarr/labels/annotation").glob("*/c/*/*"):
        path.unlink()
    with open_at(folder) as labels:
        assert agree(labels, expected)
    with open_at(folder) as labels:
        assert labels.mended == 0


def test_chunks_are_found_lost_without_being_decoded(painted):
    folder, _ = painted
    for key in stored(folder):
        chunk(folder, *key).write_bytes(b"rubbish")
    chunk(folder, 0, 1, 1).unlink()
    with Chronicle(folder / "journal.sqlite") as strokes:
        image = LabelImage(folder / "image.ome.zarr/labels/annotation")
        assert lost_chunks(strokes, image) == {(0, 1, 1): (1, 1)}


def test_sound_labels_are_not_written_again(painted):
    folder, _ = painted
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*/c/*/*")}
    open_at(folder).close()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*/c/*/*")} == times


@pytest.mark.parametrize("key", [(0, 1, 1), (0, 2, 2), (1, 1, 1), (2, 0, 0)])
def test_a_damaged_chunk_is_rebuilt_when_it_is_read(painted, key):
    folder, expected = painted
    sound = stored(folder)[key]
    data = chunk(folder, *key).read_bytes()
    chunk(folder, *key).write_bytes(data[: len(data) // 2])
    with open_at(folder) as labels:
        assert agree(labels, expected)
        assert labels.mended == 1
    assert np.array_equal(stored(folder)[key], sound)
    with open_at(folder) as labels:
        assert agree(labels, expected)
        assert labels.mended == 0


def test_painting_goes_on_over_a_damaged_chunk(painted):
    folder, expected = painted
    chunk(folder, 0, 2, 2).write_bytes(b"rubbish")
    with open_at(folder) as labels:
        labels.begin("brush")
        labels.edit(1100, 1050, disc(30), 1)
        labels.commit()
        labels.undo()
        assert agree(labels, expected)


def test_a_damaged_chunk_that_no_stroke_explains_stays_an_error(painted):
    folder, _ = painted
    with open_at(folder, shape=SHAPE) as labels:
        pass
    (folder / "journal.sqlite").rename(folder / "elsewhere")
    chunks = shutil.copytree(folder / "image.ome.zarr/labels/annotation/0/c", folder / "kept")
    shutil.rmtree(folder / "image.ome.zarr/labels")
    with open_at(folder) as labels:
        labels.begin("brush")
        labels.edit(0, 0, np.ones((9, 9), bool), 2)
        labels.commit()
    shutil.copytree(chunks, folder / "image.ome.zarr/labels/annotation/0/c", dirs_exist_ok=True)
    chunk(folder, 0, 1, 1).write_bytes(b"rubbish")
    with open_at(folder) as labels, pytest.raises(StudyError, match="cannot be decoded"):
        labels.read(ys=(512, 1024), xs=(512, 1024))


@pytest.mark.parametrize("leave", ["nothing", "its log", "an empty file"])
def test_labels_without_their_journal_are_not_painted_on(painted, leave):
    folder, _ = painted
    journal = folder / "journal.sqlite"
    journal.unlink()
    if leave == "its log":
        (folder / "journal.sqlite-wal").write_bytes(b"the last strokes")
    if leave == "an empty file":
        journal.touch()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(StudyError, match=r"restore.*--adopt NAME|version 0"):
        open_at(folder)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}
    assert {path: after[path] for path in before} == before


@pytest.fixture
def photo(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise(shape=SHAPE)), **FACTS))
    with photo.labels(user="Anna") as labels:
        for number in range(12):
            act(labels, number)
    return photo


def faults(study):
    *_, last = study.verify()
    return last.result["faults"]


def test_verification_says_what_is_lost_and_how_it_comes_back(study, photo):
    labels = photo.image_path / "labels/annotation"
    for place in ("0/c/1/1", "1/c/0/0"):
        (labels / place).unlink()
    assert [(fault["where"].split(", ")[-1], fault["what"]) for fault in faults(study)] == [
        ("tile 1/1", "the labels are lost"),
        ("tile 0/0 of level 1", "the labels are lost"),
    ]
    assert all("open the photo" in fault["do"] for fault in faults(study))
    photo.labels(user="Anna").close()
    assert faults(study) == []


def test_verification_says_that_a_journal_is_missing_and_begins_none(study, photo):
    (photo.root / "journal.sqlite").unlink()
    (fault,) = faults(study)
    assert "journal.sqlite is missing" in fault["what"]
    assert "--adopt" in fault["do"]
    assert not (photo.root / "journal.sqlite").exists()


def test_labels_are_adopted_by_name_and_painted_on_again(study, photo, monkeypatch):
    monkeypatch.setattr(adopting, "AT_ONCE", 2)
    painted = photo.read_labels(ys=(0, SHAPE[0]), xs=(0, SHAPE[1]))
    journal = photo.root / "journal.sqlite"
    journal.unlink()
    journal.with_name("journal.sqlite-wal").write_bytes(b"the last strokes")
    *_, last = adopt(photo, user="Dr. Berg")
    assert isinstance(last, Finished)
    assert last.result["px"] == np.count_nonzero(painted)
    assert faults(study) == []
    assert journal.with_name("journal.sqlite-wal.lost-1").read_bytes() == b"the last strokes"
    with Chronicle(journal) as strokes:
        (entry,) = strokes.acts()
    assert (entry.user, entry.tool, entry.pixels) == ("Dr. Berg", "adopt", np.count_nonzero(painted))
    assert entry.parts > 1
    with photo.labels(user="Anna") as labels:
        assert np.array_equal(everything(labels), painted)
        assert labels.mended == 0
    with pytest.raises(InputError, match="is there"):
        list(adopt(photo, user="Dr. Berg"))


def test_an_adoption_that_is_cancelled_changes_nothing(photo):
    (photo.root / "journal.sqlite").unlink()
    before = sorted(photo.root.rglob("*"))
    steps = adopt(photo, user="Dr. Berg")
    next(steps)
    next(steps)
    with pytest.raises(StudyBusy, match=r"adopting|already open"):
        photo.labels(user="Anna")
    steps.close()
    assert sorted(photo.root.rglob("*")) == before


def test_what_is_no_label_image_is_not_adopted(photo):
    with pytest.raises(NotFound, match="no label image"):
        list(adopt(photo, "reader-x", user="Dr. Berg"))
    with pytest.raises(InputError, match="vouches"):
        list(adopt(photo, user=" "))
