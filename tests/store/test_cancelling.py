"""A gesture that is refused or stopped half way is as if it had never been: on screen, on the disk and to undo."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import zarr
from label_ground import LEVELS, SHAPE, everything, image_at, open_at
from test_full_disk import NAMESPACE

from napari_ctcl.errors import Cancelled, DiskFull
from napari_ctcl.raster import Capsule
from napari_ctcl.region import Region
from napari_ctcl.store import areas, labelimage, painter
from napari_ctcl.store.chunks import halved
from napari_ctcl.store.gesture import Draw, Step, encode
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.painter import Painter


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(areas, "PARTS", 2)


@pytest.fixture
def folder(tmp_path):
    image_at(tmp_path)
    return tmp_path


def stroke(value, *, radius=40.0, y=300.0):
    return Draw(tool="paint", value=value, capsules=(Capsule(start=(y, 100.0), end=(y, 900.0), radius=radius),))


VAST = stroke(4, radius=900.0)


def done(hand, *gestures):
    for gesture in gestures:
        hand.do(gesture)
    assert hand.wait(60)
    return list(hand.news())


def full(*_args, **_options):
    raise DiskFull("no room on the disk", do="free some space")


def failing_after(journal, parts, monkeypatch):
    """A journal that has room for so many parts, and then for none."""
    add, left = journal.add, [parts]

    def limited(*args, **options):
        if not left[0]:
            full()
        left[0] -= 1
        return add(*args, **options)

    monkeypatch.setattr(journal, "add", limited)


@pytest.fixture
def begun(folder):
    """A photo with one stroke done, and another undone that could be done again."""
    with open_at(folder) as labels:
        hand = Painter(labels)
        done(hand, stroke(2), stroke(3, y=700.0), Step(tool="undo"))
        yield labels, hand, everything(labels), labels.journal.stacks()
        hand.close()


def require_whole(folder, expected):
    with closing(Journal(folder / "journal.sqlite")) as journal:
        assert journal.verify(zarr.open_array(folder / "image.ome.zarr/labels/annotation/0", mode="r")) == []
    for level in range(LEVELS):
        height, width = expected.shape
        stored = labelimage.read(folder / "image.ome.zarr", "annotation", level=level, ys=(0, height), xs=(0, width))
        assert np.array_equal(stored, expected)
        expected = halved(expected)


def test_redo_after_a_refused_stroke_does_what_it_would_have_done_before(begun, monkeypatch):
    labels, hand, before, stacks = begun
    with monkeypatch.context() as disk:
        failing_after(labels.journal, 2, disk)
        assert isinstance(done(hand, VAST)[-1].error, DiskFull)
    assert np.array_equal(everything(labels), before)
    assert labels.journal.stacks() == stacks
    assert (labels.can_undo, labels.can_redo) == (True, True)
    done(hand, Step(tool="redo"))
    assert set(np.unique(everything(labels))) == {0, 2, 3}
    done(hand, Step(tool="undo"), Step(tool="undo"))
    assert not everything(labels).any()
    assert not labels.can_undo


def test_redo_after_esc_on_a_vast_stroke_does_what_it_would_have_done_before(begun, monkeypatch):
    labels, hand, before, stacks = begun
    steps, go_on = painter.gestured, threading.Semaphore(1)

    def slow(*args, **options):
        with closing(steps(*args, **options)) as walk:
            for step in walk:
                go_on.acquire()
                yield step

    with monkeypatch.context() as slowly:
        slowly.setattr(painter, "gestured", slow)
        hand.do(VAST)
        while not any(news.gesture == VAST and news.pixels for news in hand.news()):
            threading.Event().wait(0.01)
        assert hand.cancel()
        go_on.release(100)
        assert hand.wait(60)
    assert isinstance(list(hand.news())[-1].error, Cancelled)
    assert np.array_equal(everything(labels), before)
    assert labels.journal.stacks() == stacks
    done(hand, Step(tool="redo"))
    assert set(np.unique(everything(labels))) == {0, 2, 3}


def test_taking_back_writes_no_pixel_to_the_journal(begun, monkeypatch):
    labels, hand, _, _ = begun
    tiles = "SELECT count(*), sum(length(before) + length(after)) FROM tiles"
    failing_after(labels.journal, 3, monkeypatch)
    seen = []
    cancel = labels.journal.cancel
    monkeypatch.setattr(
        labels.journal,
        "cancel",
        lambda *a, **k: (
            seen.append(labels.journal._rows(tiles)),
            cancel(*a, **k),
            seen.append(labels.journal._rows(tiles)),
        ),
    )
    done(hand, VAST)
    assert seen[0] == seen[1]
    assert seen[0][0][0] > 6


@pytest.mark.parametrize("then", ["stroke", "undo", "redo", "close"])
def test_a_stroke_that_could_not_even_be_taken_back_is_taken_back_once_there_is_room(folder, monkeypatch, then):
    with open_at(folder) as labels:
        hand = Painter(labels)
        done(hand, stroke(2), stroke(3, y=700.0), Step(tool="undo"))
        before, stacks = everything(labels), labels.journal.stacks()
        with monkeypatch.context() as disk:
            failing_after(labels.journal, 2, disk)
            disk.setattr(labels.journal, "cancel", full)
            disk.setattr(labels.journal, "settle", full)
            assert isinstance(done(hand, VAST)[-1].error, DiskFull)
            assert np.array_equal(everything(labels), before)
            assert isinstance(done(hand, stroke(1))[-1].error, DiskFull)
            assert isinstance(done(hand, Step(tool="undo"))[-1].error, DiskFull)
            assert np.array_equal(everything(labels), before)
            assert (labels.can_undo, labels.can_redo) == (True, True)
        if then == "stroke":
            assert done(hand, stroke(1))[-1].error is None
            assert set(np.unique(everything(labels))) == {0, 1}
            done(hand, Step(tool="undo"))
            stacks = [stacks[0], labels.journal.stacks()[1]]
        elif then != "close":
            done(hand, Step(tool=then))
            assert set(np.unique(everything(labels))) == ({0} if then == "undo" else {0, 2, 3})
            done(hand, Step(tool="redo" if then == "undo" else "undo"))
        hand.close()
    with open_at(folder) as again:
        assert np.array_equal(everything(again), before)
        assert again.journal.stacks() == tuple(stacks)
        assert again.journal.noted() == []
        assert again.mended == 0
    require_whole(folder, before)


def test_a_crash_after_taking_back_brings_nothing_back(begun, folder, tmp_path_factory, monkeypatch):
    labels, hand, before, stacks = begun
    failing_after(labels.journal, 2, monkeypatch)
    done(hand, VAST)
    monkeypatch.undo()
    wreck = Path(shutil.copytree(folder, tmp_path_factory.mktemp("crash") / "photo"))
    with open_at(wreck) as again:
        assert np.array_equal(everything(again), before)
        assert again.journal.stacks() == stacks
    require_whole(wreck, before)


def test_recovery_of_a_half_painted_stroke_leaves_nothing_of_the_half_to_redo(folder, tmp_path_factory):
    labels = open_at(folder)
    note = labels.journal.note(encode(VAST), user="Anna")
    halves = painter.gestured(labels, VAST, noted=note)
    next(halves), next(halves)
    assert list(folder.glob("*-spare"))
    wreck = Path(shutil.copytree(folder, tmp_path_factory.mktemp("crash") / "photo"))
    halves.close()
    labels.close()
    with open_at(wreck) as again:
        painted = everything(again)
        assert np.array_equal(painted == 4, VAST.capsules[0].mask(Region.whole(SHAPE)))
        again.undo()
        assert (again.can_undo, again.can_redo) == (False, True)
        again.redo()
        assert (again.can_undo, again.can_redo) == (True, False)
        assert np.array_equal(everything(again), painted)
    require_whole(wreck, painted)
    assert not list(wreck.glob("*-spare"))


def test_no_room_is_kept_once_a_stroke_is_painted_or_refused(begun, folder, monkeypatch):
    labels, hand, _, _ = begun
    assert done(hand, VAST)[-1].error is None
    assert not list(folder.glob("*-spare"))
    failing_after(labels.journal, 2, monkeypatch)
    done(hand, stroke(1, radius=900.0))
    assert not list(folder.glob("*-spare"))


def test_a_vast_stroke_on_a_disk_that_fills_up_is_taken_back_whole(tmp_path):
    script = Path(__file__).with_name("cancel_when_full.py")
    mount = f'mount -t tmpfs -o size=12m full "$0" && exec {sys.executable} "$1" "$0"'
    done = subprocess.run([*NAMESPACE, mount, tmp_path, script], capture_output=True, text=True, check=False)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"a small disk cannot be mounted here ({done.stderr.strip()})")
    assert done.stdout == "as before\n", done.stderr
