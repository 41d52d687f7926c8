"""A crash loses no gesture but the one under the pen, however many wait behind a stroke across the whole photo."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import zarr
from gesture_until_killed import LEVELS, SHAPE, Sheet, ground, labelled
from label_ground import everything

from napari_ctcl.store import labelimage
from napari_ctcl.store.chunks import halved
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.shapes import level_shapes


def gesture_and_kill(folder, number, seconds):
    """Number of the first gesture that a crash was not known to spare when the painter was killed."""
    script = Path(__file__).with_name("gesture_until_killed.py")
    command = [sys.executable, str(script), str(folder), str(number)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "painting\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    lines = [line for line in process.stdout.read().split("\n")[:-1] if line]
    process.wait()
    process.stdout.close()
    return int(lines[-1]) if lines else number


def kill_and_check(folder, kills):
    """How many gestures were made in all, and how many waited for their pixels when the painter was killed."""
    rng, sheet, waited = np.random.default_rng(11), Sheet(), 0
    for _ in range(kills):
        safe = gesture_and_kill(folder, sheet.made, rng.uniform(0.1, 1.5))
        while sheet.made < safe:
            sheet.make()
        with closing(Journal(folder / "journal.sqlite")) as journal:
            waited += len(journal.noted())
        with labelled(folder) as labels:
            assert labels.journal.noted() == []
            found = everything(labels)
            if not np.array_equal(found, sheet.labels):
                sheet.make()  # the one under the pen got through after all
            assert np.array_equal(found, sheet.labels)
            if (labels.can_undo, labels.can_redo) != (bool(sheet.done), bool(sheet.undone)):
                sheet.make()  # it changed no pixel, but what can be undone
            assert np.array_equal(found, sheet.labels)
            assert (labels.can_undo, labels.can_redo) == (bool(sheet.done), bool(sheet.undone))
            assert safe <= sheet.made <= safe + 1
            assert labels.mended == 0
        require_whole(folder, sheet.labels)
    return sheet.made, waited


def require_whole(folder, expected):
    """What the disk has is what was painted, on every level, and what the journal says."""
    with closing(Journal(folder / "journal.sqlite")) as journal:
        assert journal.verify(zarr.open_array(folder / "image.ome.zarr/labels/annotation/0", mode="r")) == []
    for level, (height, width) in enumerate(level_shapes(SHAPE, LEVELS)):
        stored = labelimage.read(folder / "image.ome.zarr", "annotation", level=level, ys=(0, height), xs=(0, width))
        assert np.array_equal(stored, expected)
        expected = halved(expected)


@pytest.fixture
def folder(tmp_path):
    ground(tmp_path)
    labelled(tmp_path).close()
    return tmp_path


def test_killing_a_busy_painter_loses_no_gesture(folder):
    made, waited = kill_and_check(folder, kills=6)
    assert made > 6
    assert waited, "no kill fell while a gesture waited for its pixels"


@pytest.mark.slow
def test_killing_a_busy_painter_thirty_times_loses_no_gesture(folder):
    made, waited = kill_and_check(folder, kills=30)
    assert made > 30
    assert waited > 5
