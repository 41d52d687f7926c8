"""The journal keeps every stroke, in order, for good."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
import zarr
from label_ground import SHAPE, act, everything, image_at, open_at

from napari_ctcl.errors import StudyError
from napari_ctcl.region import Region
from napari_ctcl.store import writer
from napari_ctcl.store.chronicle import Chronicle
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.stroke import Change, Made, pack, unpack


@pytest.fixture
def folder(tmp_path):
    image_at(tmp_path)
    return tmp_path


TO_THE_THIRD = """
DROP INDEX entries_answering;
ALTER TABLE entries DROP COLUMN cancels;
INSERT INTO tiles SELECT entries.seq, ty, tx, tiles.y0, tiles.y1, tiles.x0, tiles.x1,
    CASE kind WHEN 'undo' THEN after ELSE before END, CASE kind WHEN 'undo' THEN before ELSE after END
    FROM tiles JOIN entries ON compensates = tiles.seq;
PRAGMA user_version = 3
"""
"""Makes a journal one of the third version, where an undo held a copy of the tiles it answers."""


def add(journal, place, box, value, *, before=0, head=None):
    change = Change(
        place=place,
        box=box,
        before=pack(np.full(box.shape, before, np.uint8)),
        after=pack(np.full(box.shape, value, np.uint8)),
    )
    made = Made(user="Anna", tool="brush", value=value, region=box, pixels=box.area)
    return journal.add([change], made, head=head)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def test_packed_labels_come_back_as_they_were():
    labels = np.random.default_rng(0).integers(0, 5, (300, 217)).astype(np.uint8)
    back = unpack(pack(labels[::2, 1:]), labels[::2, 1:].shape)
    assert np.array_equal(back, labels[::2, 1:])
    back[0, 0] = 1


def test_entries_say_who_did_what_where(journal):
    stroke = add(journal, (1, 2), Region(3, 9, 4, 8), 4)
    (undo,) = journal.compensate(stroke.seq, "undo", user="Bert")
    changes = journal.changes(undo.seq)
    assert [entry.seq for entry in journal.strokes()] == [1, 2]
    assert (stroke.user, stroke.tool, stroke.value, stroke.pixels, stroke.kind) == ("Anna", "brush", 4, 24, "stroke")
    assert (undo.user, undo.kind, undo.compensates, undo.region) == ("Bert", "undo", 1, stroke.region)
    assert stroke.time.endswith("+00:00")
    assert unpack(changes[0].after, (6, 4)).max() == 0


def test_nothing_can_be_erased_or_rewritten(journal):
    add(journal, (0, 0), Region(0, 4, 0, 4), 2)
    with sqlite3.connect(journal.path) as base:
        for statement in ("DELETE FROM entries", "DELETE FROM tiles", "UPDATE tiles SET after = before"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                base.execute(statement)


def test_stacks_are_those_of_an_editor(journal):
    for value in (1, 2, 3):
        add(journal, (0, 0), Region(0, 4, 0, 4), value, before=value - 1)
    journal.compensate(3, "undo", user="Anna")
    journal.compensate(2, "undo", user="Anna")
    journal.compensate(2, "redo", user="Anna")
    assert journal.stacks() == ([1, 2], [3])
    add(journal, (0, 0), Region(0, 4, 0, 4), 4, before=2)
    assert journal.stacks() == ([1, 2, 7], [])


def test_strokes_made_together_are_undone_and_done_again_together_in_one_transaction(journal):
    add(journal, (0, 0), Region(0, 4, 0, 4), 1)
    head = add(journal, (0, 1), Region(0, 4, 0, 4), 2)
    add(journal, (0, 2), Region(0, 4, 0, 4), 3, head=head.seq)
    assert journal.stacks() == ([1, 2], [])
    undone = journal.compensate(2, "undo", user="Bert")
    assert [(entry.compensates, entry.head) for entry in undone] == [(3, None), (2, undone[0].seq)]
    assert journal.stacks() == ([1], [2])
    again = journal.compensate(2, "redo", user="Bert")
    assert [(entry.compensates, entry.head) for entry in again] == [(2, None), (3, again[0].seq)]
    assert journal.stacks() == ([1, 2], [])
    assert [journal.tile((0, column), (4, 4)).max() for column in range(3)] == [1, 2, 3]


def test_a_journal_of_the_first_schema_goes_on(tmp_path, journal):
    add(journal, (0, 0), Region(0, 4, 0, 4), 2)
    journal.close()
    with sqlite3.connect(journal.path) as base:
        base.executescript(TO_THE_THIRD)
        base.executescript("DROP TABLE gestures; ALTER TABLE entries DROP COLUMN head; PRAGMA user_version = 1")
    base.close()
    again = Journal(journal.path)
    assert again.stroke(1).head is None
    assert again.noted() == []
    assert add(again, (0, 1), Region(0, 4, 0, 4), 2, head=1).head == 1
    again.close()


def test_a_journal_whose_undos_hold_copies_says_the_same(tmp_path, journal):
    for value in (1, 2, 3):
        add(journal, (0, 0), Region(0, 4, 0, value), value, before=0)
    journal.compensate(3, "undo", user="Anna"), journal.compensate(2, "undo", user="Anna")
    journal.compensate(2, "redo", user="Anna")
    changes, stacks = [journal.changes(entry.seq) for entry in journal.strokes()], journal.stacks()
    tiles = [journal.tile((0, 0), (4, 4), upto) for upto in range(7)]
    journal.close()
    with sqlite3.connect(journal.path) as base:
        base.executescript(TO_THE_THIRD)
    base.close()
    with closing(Chronicle(journal.path)) as old:
        assert all(np.array_equal(old.tile((0, 0), (4, 4), upto), tiles[upto]) for upto in range(7))
        assert [(act.kind, act.undoes) for act in old.acts()][3:] == [("undo", 3), ("undo", 2), ("redo", 2)]
        assert old.waiting() == [(0, 0)]
    with closing(Journal(journal.path)) as again:
        assert [again.changes(entry.seq) for entry in again.strokes()] == changes
        assert all(np.array_equal(again.tile((0, 0), (4, 4), upto), tiles[upto]) for upto in range(7))
        assert again.stacks() == stacks == ([1, 2], [3])


def test_an_undo_shares_the_tiles_of_the_stroke_that_it_answers(journal):
    stroke = add(journal, (1, 2), Region(0, 4, 0, 4), 3)
    journal.compensate(stroke.seq, "undo", user="Anna"), journal.compensate(stroke.seq, "redo", user="Anna")
    assert journal.changes(3) == journal.changes(1)
    assert journal.changes(2) == [change.answer for change in journal.changes(1)]
    assert [journal.tile((1, 2), (4, 4), upto).max() for upto in range(4)] == [0, 3, 0, 3]
    with sqlite3.connect(journal.path) as base:
        assert base.execute("SELECT count(*) FROM tiles").fetchone() == (1,)


def test_what_is_cancelled_is_never_undone_nor_done_again_and_hides_nothing_that_could_be(journal):
    for value in (1, 2):
        add(journal, (0, 0), Region(0, 4, 0, 4), value, before=value - 1)
    journal.compensate(2, "undo", user="Anna")
    before = journal.stacks()
    head = add(journal, (0, 1), Region(0, 4, 0, 4), 3)
    add(journal, (0, 1), Region(2, 6, 0, 4), 4, head=head.seq)
    assert journal.stacks(without=[head.seq]) == before == ([1], [2])
    journal.cancel(head.seq, user="Anna")
    assert journal.stacks() == before
    assert not journal.tile((0, 1), (512, 512)).any()
    assert [journal.tile((0, 1), (512, 512), upto).max() for upto in (3, 4, 5, 6, 7)] == [0, 3, 4, 3, 0]


def test_replay_gives_the_last_state_of_every_touched_tile(journal):
    add(journal, (0, 0), Region(0, 4, 0, 4), 2)
    add(journal, (0, 0), Region(2, 6, 2, 6), 3)
    add(journal, (2, 1), Region(0, 10, 0, 76), 4)
    expected = np.zeros((512, 512), np.uint8)
    expected[:4, :4] = 2
    expected[2:6, 2:6] = 3
    assert journal.touched() == [(0, 0), (2, 1)]
    assert np.array_equal(journal.tile((0, 0), (512, 512)), expected)
    assert (journal.tile((2, 1), (10, 76)) == 4).all()


def test_verification_finds_the_tile_that_was_changed_behind_its_back(folder):
    with open_at(folder) as labels:
        for number in range(20):
            act(labels, number)
    journal = Journal(folder / "journal.sqlite")
    array = zarr.open_array(folder / "image.ome.zarr/labels/annotation/0")
    assert journal.verify(array) == []
    array[600, 1099] = (array[600, 1099] + 1) % 5
    assert journal.verify(array) == [(1, 2)]
    journal.close()


def test_verification_leaves_out_what_the_next_opening_will_write(folder, monkeypatch):
    monkeypatch.setattr(writer, "REST_S", 3600.0)
    with open_at(folder) as labels:
        for number in range(8):
            act(labels, number)
        array = zarr.open_array(folder / "image.ome.zarr/labels/annotation/0")
        assert labels.journal.waiting()
        assert not np.array_equal(array[:], everything(labels))
        assert labels.journal.verify(array) == []
        labels.flush()
        assert not labels.journal.waiting()
        assert labels.journal.verify(array) == []


def test_marks_are_set_up_to_the_entry_named(journal):
    for value in (1, 2, 3):
        add(journal, (0, value), Region(0, 4, 0, 4), value)
    journal.mark_applied(2)
    assert [entry.applied for entry in journal.strokes()] == [True, True, False]
    assert journal.waiting() == [(0, 3)]


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StudyError, match="damaged"):
        Journal(tmp_path / "journal.sqlite")


def test_a_journal_of_a_later_version_is_refused(journal):
    with sqlite3.connect(journal.path) as base:
        base.execute("PRAGMA user_version = 99")
    with pytest.raises(StudyError, match="newer"):
        Journal(journal.path)


def test_a_stroke_costs_the_journal_little(folder):
    with open_at(folder) as labels:
        for number in range(200):
            act(labels, number)
        entries = labels.journal.last()
        assert everything(labels).shape == SHAPE
    assert (folder / "journal.sqlite").stat().st_size / entries < 4096
