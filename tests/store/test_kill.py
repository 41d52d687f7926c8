"""A painter that is killed loses nothing but the stroke under the pen."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import zarr
from label_ground import LEVELS, SHAPE, everything, image_at, open_at
from paint_until_killed import replay

from napari_ctcl.store import labelimage
from napari_ctcl.store.shapes import level_shapes


def paint_and_kill(folder, seconds):
    """Number of journal entries that the painter knew to be safe when it was killed."""
    script = Path(__file__).with_name("paint_until_killed.py")
    process = subprocess.Popen([sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "painting\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    lines = [line for line in process.stdout.read().split("\n")[:-1] if line]
    process.wait()
    process.stdout.close()
    return int(lines[-1]) if lines else 0


def kill_and_check(folder, kills):
    rng = np.random.default_rng(4)
    array = zarr.open_array(folder / "image.ome.zarr/labels/annotation/0", mode="r")
    torn = 0
    for _ in range(kills):
        safe = paint_and_kill(folder, rng.uniform(0.02, 0.5))
        before = array[:]
        with open_at(folder) as labels:
            entries = labels.journal.last()
            assert safe <= entries <= safe + 1 or safe == 0
            paper, _ = replay(entries)
            assert np.array_equal(everything(labels), paper.labels)
            assert labels.journal.verify(array) == []
            assert (labels.can_undo, labels.can_redo) == (bool(paper.done), bool(paper.undone))
            torn += not np.array_equal(before, paper.labels)
        for level, expected in enumerate(paper.levels()):
            ys, xs = level_shapes(SHAPE, LEVELS)[level]
            stored = labelimage.read(folder / "image.ome.zarr", "annotation", level=level, ys=(0, ys), xs=(0, xs))
            assert np.array_equal(stored, expected)
    return entries, torn


@pytest.fixture
def folder(tmp_path):
    image_at(tmp_path)
    open_at(tmp_path).close()
    return tmp_path


def test_killing_the_painter_loses_no_committed_stroke(folder):
    entries, torn = kill_and_check(folder, kills=8)
    assert entries > 8
    assert torn, "no kill fell between the journal and the label image"


@pytest.mark.slow
def test_killing_the_painter_thirty_times_loses_no_committed_stroke(folder):
    entries, torn = kill_and_check(folder, kills=30)
    assert entries > 30
    assert torn > 3
