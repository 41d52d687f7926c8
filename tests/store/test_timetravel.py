"""Labels as they once were are those that a plain array held then."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_ground import SHAPE, Paper, act, disc, image_at, open_at
from PIL import Image
from study_ground import FACTS, noise, save

from napari_ctcl.errors import DiskFull, InputError, NotFound, StudyError
from napari_ctcl.events import Finished, Note
from napari_ctcl.lesion import contract, contract_hash
from napari_ctcl.store import areas, labelfile
from napari_ctcl.store.chronicle import Chronicle
from napari_ctcl.store.drawing import Part
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.timetravel import export_at, labels_at, moment


@pytest.fixture
def folder(tmp_path):
    image_at(tmp_path)
    return tmp_path


@pytest.fixture
def photo(study, tmp_path):
    """A photo of 1301 x 1100 px with three strokes by Anna, the second taken back by Bert."""
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise(shape=SHAPE)), **FACTS))
    with photo.labels(user="Anna") as labels:
        stroke(labels, 100, 100, 4)
        stroke(labels, 600, 300, 2)
    with photo.labels(user="Bert") as labels:
        labels.undo()
        stroke(labels, 900, 900, 3)
    return photo


def stroke(labels, y, x, value, radius=80):
    labels.begin("brush")
    labels.edit(y, x, disc(radius), value)
    return labels.commit()


def whole(strokes, upto, shape=SHAPE):
    labels = np.full(shape, 255, np.uint8)
    for cell, tile in labels_at(strokes, shape, upto):
        labels[cell.slices] = tile
    return labels


def run(steps):
    *events, last = steps
    assert isinstance(last, Finished)
    return last.result, [event.text for event in events if isinstance(event, Note)]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(st.integers(0, 10_000), min_size=1, max_size=12))
def test_labels_at_every_entry_are_those_of_one_array_then(tmp_path_factory, numbers):
    folder = tmp_path_factory.mktemp("photo")
    image_at(folder)
    paper, states = Paper(), [np.zeros(SHAPE, np.uint8)]
    with open_at(folder) as labels:
        for number in numbers:
            act(labels, number)
            act(paper, number)
            if paper.entries == len(states):
                states.append(paper.labels.copy())
        with Chronicle(folder / "journal.sqlite") as strokes:  # while the painter is still there
            assert strokes.last() == len(states) - 1
            for upto, state in enumerate(states):
                assert np.array_equal(whole(strokes, upto), state)


def test_acts_say_who_did_what_and_what_an_undo_took_back(photo):
    with Chronicle(photo.root / "journal.sqlite") as strokes:
        told = [(act.number, act.user, act.kind, act.value, act.undoes, act.parts) for act in strokes.acts()]
        times = [act.time for act in strokes.acts()]
    assert told == [
        (1, "Anna", "stroke", 4, None, 1),
        (2, "Anna", "stroke", 2, None, 1),
        (3, "Bert", "undo", 2, 2, 1),
        (4, "Bert", "stroke", 3, None, 1),
    ]
    assert times == sorted(times)
    assert all(time.tzinfo is not None for time in times)


def test_parts_of_a_large_stroke_are_one_act_and_are_taken_whole(folder, monkeypatch):
    monkeypatch.setattr(areas, "PARTS", 2)
    parts = [
        Part(y, x, np.ones((100, 100), bool), np.full((100, 100), 1 + (x > 0), np.uint8))
        for y in range(0, 1000, 200)
        for x in (0, 200)
    ]
    with open_at(folder) as labels:
        stroke(labels, 50, 900, 4)
        areas.paint(labels, "accept", parts)
        painted = labels.read(ys=(0, SHAPE[0]), xs=(0, SHAPE[1]))
        labels.undo()
    with Chronicle(folder / "journal.sqlite") as strokes:
        first, accepted, undone = strokes.acts()
        assert (accepted.number, accepted.parts, accepted.value, accepted.pixels) == (2, 5, None, 100_000)
        assert (undone.kind, undone.undoes, undone.parts, undone.pixels) == ("undo", 2, 5, 100_000)
        assert np.array_equal(whole(strokes, moment(strokes, "#2").upto), painted)
        within = moment(strokes, "#4")
        assert within.upto == accepted.last
        assert "part of #2" in within.notes[0]
        assert np.array_equal(whole(strokes, undone.last), whole(strokes, first.last))


def test_a_time_means_all_that_was_painted_by_then(photo):
    with Chronicle(photo.root / "journal.sqlite") as strokes:
        times = [act.time for act in strokes.acts()]
        instant = timedelta(milliseconds=1)
        assert moment(strokes, times[1].isoformat()).upto >= 2
        assert moment(strokes, (times[-1] + instant).isoformat()).upto == 4
        early = moment(strokes, (times[0] - instant).isoformat())
        assert early.upto == 0
        assert "before the first stroke" in early.notes[0]
        late = moment(strokes, "2999-01-01T00:00+00:00")
        assert late.upto == 4
        assert late.time <= datetime.now(UTC)
        assert "yet to come" in late.notes[0]
        local = moment(strokes, times[-1].astimezone().replace(tzinfo=None, microsecond=0).isoformat())
        assert "local time" in local.notes[0]
        assert abs(local.time - times[-1]) < timedelta(seconds=1)


@pytest.mark.parametrize("text", ["yesterday", "", "2026-02-30", "#", "#0", "#5", "#-1", "#x", "12"])
def test_a_moment_that_is_none_is_refused(photo, text):
    with Chronicle(photo.root / "journal.sqlite") as strokes, pytest.raises(InputError):
        moment(strokes, text)


@pytest.mark.parametrize("ending", ["png", "tif", "tiff"])
def test_a_file_holds_the_labels_of_then_and_no_name(photo, tmp_path, ending):
    out = tmp_path / f"then.{ending}"
    result, _ = run(export_at(photo, "#2", out))
    with Chronicle(photo.root / "journal.sqlite") as strokes:
        expected = whole(strokes, 2)
    if ending == "png":
        with Image.open(out) as image:
            labels, said = np.asarray(image), image.text["Description"]
            assert list(image.text) == ["Description"]
    else:
        with tifffile.TiffFile(out) as file:
            labels, said = file.asarray(), file.pages[0].description
            assert file.pages[0].is_tiled
            assert not {"Software", "DateTime", "Artist", "HostComputer"} & {tag.name for tag in file.pages[0].tags}
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, expected)
    words = json.loads(said)
    assert words.keys() == {"photo", "time", "classes", "contract", "notice"}
    assert (words["photo"], words["classes"], words["contract"]) == (photo.id, contract(), contract_hash())
    assert words["notice"] == "Research use only. Not a medical device."
    assert result["px"]["tumor"] == (expected == 4).sum() > 0
    assert b"Anna" not in out.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"study", "a.png", out.name}


def test_an_export_is_the_same_while_somebody_paints(photo, tmp_path):
    stop = threading.Event()

    def paint():
        with photo.labels(user="Carl") as labels:
            while not stop.is_set():
                stroke(labels, 300, 300, 1 + labels.journal.last() % 4, radius=250)

    painter = threading.Thread(target=paint)
    painter.start()
    try:
        for number in range(3):
            run(export_at(photo, "#4", tmp_path / f"{number}.tif"))
    finally:
        stop.set()
        painter.join()
    with Chronicle(photo.root / "journal.sqlite") as strokes:
        assert strokes.last() > 4
        expected = whole(strokes, 4)
    assert all(np.array_equal(tifffile.imread(tmp_path / f"{number}.tif"), expected) for number in range(3))


def test_a_file_that_exists_is_never_written_over(photo, tmp_path):
    out = tmp_path / "then.png"
    out.write_bytes(b"mine")
    with pytest.raises(InputError, match="exists already"):
        run(export_at(photo, "#1", out))
    assert out.read_bytes() == b"mine"


@pytest.mark.parametrize(("name", "says"), [("then.jpg", "ending"), ("then", "ending"), ("no/then.tif", "folder")])
def test_a_file_that_cannot_be_is_refused_before_any_work(photo, tmp_path, name, says):
    with pytest.raises(InputError, match=says):
        run(export_at(photo, "#1", tmp_path / name))


def test_a_png_that_is_too_large_names_the_limit_and_the_way_out(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(labelfile, "LARGEST_PNG", 1_000_000)
    with pytest.raises(InputError, match=r"at most 1 million.*name it \.tif"):
        run(export_at(photo, "#1", tmp_path / "then.png"))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_an_export_that_is_cancelled_leaves_nothing(photo, tmp_path, ending):
    before = set(tmp_path.iterdir())
    steps = export_at(photo, "#1", tmp_path / f"then.{ending}")
    next(steps)
    next(steps)
    steps.close()
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_an_export_without_room_leaves_nothing(photo, tmp_path, ending, file_size_limit):
    with photo.labels(user="Anna") as labels:
        labels.begin("import")
        labels.paste(0, 0, np.random.default_rng(0).integers(0, 5, SHAPE).astype(np.uint8))
        labels.commit()
    before = set(tmp_path.iterdir())
    with file_size_limit(5000), pytest.raises(DiskFull):
        run(export_at(photo, "#5", tmp_path / f"then.{ending}"))
    assert set(tmp_path.iterdir()) == before


def test_a_photo_that_nobody_painted_has_no_journal(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "b.png", noise(1)), **FACTS))
    with pytest.raises(NotFound, match="no journal"):
        run(export_at(photo, "2026-01-01", tmp_path / "then.png"))


def test_a_journal_of_the_first_schema_is_read_as_it_is(photo):
    path = photo.root / "journal.sqlite"
    with Chronicle(path) as strokes:
        acts, labels = strokes.acts(), whole(strokes, 3)
    with sqlite3.connect(path) as base:
        base.execute("DROP TABLE gestures")
        base.execute("ALTER TABLE entries DROP COLUMN head")
        base.execute("PRAGMA user_version = 1")
    base.close()
    before = path.read_bytes()
    with Chronicle(path) as strokes:
        assert strokes.acts() == acts
        assert np.array_equal(whole(strokes, 3), labels)
    assert path.read_bytes() == before


def test_a_file_that_is_no_journal_and_one_of_a_later_version_are_refused(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StudyError, match="damaged"):
        Chronicle(path)
    path.unlink()
    path.touch()
    with pytest.raises(StudyError, match="version 0"):
        Chronicle(path)
    path.unlink()
    journal = Journal(path)
    journal._base.execute("PRAGMA user_version = 99")
    journal.close()
    with pytest.raises(StudyError, match="newer"):
        Chronicle(path)
