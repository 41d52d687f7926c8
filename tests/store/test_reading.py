"""Whoever only looks sees what is painted, stands in nobody's way, and is told who paints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from label_ground import SHAPE
from study_ground import FACTS, noise, save

from napari_ctcl.errors import InputError, StudyBusy
from napari_ctcl.store import Study
from napari_ctcl.store.lock import Lock, holder_of
from napari_ctcl.store.shapes import level_shapes

PAINTER = """
import sys
import numpy as np
from napari_ctcl.store import Study, writer
writer.REST_S = 0.0
with Study.open(sys.argv[1]) as study:
    labels = study.photos()[0].labels(user="Dr. Berg")
    print("holds it", flush=True)
    for line in sys.stdin:
        value, y, x = map(int, line.split())
        labels.begin("brush")
        labels.edit(y, x, np.ones((200, 150), bool), value)
        labels.commit()
        labels.flush()
        print("painted", flush=True)
    labels.close()
"""

WATCHER = """
import sys
from pathlib import Path
from napari_ctcl.store.lock import holder_of
while True:
    holder_of(Path(sys.argv[1]))
"""


class Painter:
    """Somebody else's window: a process that paints what it is told."""

    def __init__(self, root):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PAINTER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "holds it\n"

    def paint(self, value, y, x):
        self.process.stdin.write(f"{value} {y} {x}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "painted\n"

    def leave(self):
        self.process.stdin.close()
        self.process.wait()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def photo(study, tmp_path):
    return study.photo(study.import_photo(save(tmp_path / "a.png", noise(shape=SHAPE)), **FACTS))


@pytest.fixture
def painter(study, photo):
    painter = Painter(study.root)
    yield painter
    painter.kill()
    painter.process.stdout.close()


def seen(reader, level=0):
    height, width = level_shapes(reader.shape, reader.levels)[level]
    return reader.read(level=level, ys=(0, height), xs=(0, width))


def test_a_second_reader_sees_what_the_first_paints_and_knows_her_name(photo, painter):
    with photo.watch() as reader:
        assert (reader.shape, reader.levels) == (SHAPE, photo.levels)
        assert not seen(reader).any()
        painter.paint(4, 300, 400)
        version = reader.version
        assert reader.refresh()
        assert reader.version > version
        assert (seen(reader)[300:500, 400:550] == 4).all()
        assert np.count_nonzero(seen(reader)) == 200 * 150
        assert seen(reader, 1).max() == 4
        assert (reader.holder.user, reader.holder.pid) == ("Dr. Berg", painter.process.pid)
        assert not reader.free
        painter.leave()
        assert reader.holder is None
        assert reader.free


def test_a_version_stands_still_while_nobody_paints_and_misses_no_stroke(photo, painter):
    with photo.watch() as reader:
        for number in range(5):
            version = reader.version
            painter.paint(1 + number % 4, 50 * number, 0)
            reader.refresh()
            assert reader.version > version
        time.sleep(0.1)
        reader.refresh()
        version = reader.version
        for _ in range(3):
            assert not reader.refresh()
        assert reader.version == version


def test_whatever_would_write_is_refused_with_the_painters_name(photo, painter):
    mask = np.ones((4, 4), bool)
    with photo.watch() as reader:
        for refused in (
            lambda: reader.begin("brush"),
            lambda: reader.edit(0, 0, mask, 1),
            lambda: reader.paste(0, 0, mask),
            reader.commit,
            reader.undo,
            reader.redo,
            lambda: reader.paint(None),
            lambda: reader.stepping("undo"),
        ):
            with pytest.raises(StudyBusy, match=r"Dr\. Berg"):
                refused()
        reader.abort()
        reader.propagate()
        reader.flush()
        painter.leave()
        with pytest.raises(StudyBusy, match="open it again to paint"):
            reader.begin("brush")


def test_a_lock_that_a_killed_painter_left_is_taken_over_at_once(photo, painter):
    painter.paint(3, 0, 0)
    with photo.watch() as reader:
        painter.kill()
        assert (photo.root / ".lock").read_text()
        assert reader.holder is None
        assert reader.free
    with photo.labels(user="Anna") as labels:
        assert (labels.read(ys=(0, 200), xs=(0, 150)) == 3).all()


def test_looking_who_holds_a_lock_never_keeps_anybody_from_it(tmp_path):
    path = tmp_path / ".lock"
    assert holder_of(path) is None
    looker = subprocess.Popen([sys.executable, "-c", WATCHER, str(path)])
    try:
        time.sleep(1.0)
        for _ in range(300):
            with Lock(path).acquire("painting", user="Anna"):
                assert holder_of(path).user == "Anna"
    finally:
        looker.kill()
        looker.wait()


def test_looking_leaves_no_trace(photo):
    before = sorted(photo.root.rglob("*"))
    with photo.watch() as reader:
        seen(reader)
        reader.refresh()
    assert sorted(photo.root.rglob("*")) == before


def test_only_what_people_paint_is_watched(photo):
    with pytest.raises(InputError, match="reader-<name>"):
        photo.watch("prediction")
    with photo.watch("reader-bert") as reader, pytest.raises(InputError, match="leaves level"):
        reader.read(ys=(0, SHAPE[0] + 1), xs=(0, 5))


LOOKER = """
import sys
from pathlib import Path
from napari_ctcl.errors import CtclError, StudyError
from napari_ctcl.store import Study
from napari_ctcl.store.timetravel import chronicle
with Study.open(sys.argv[1]) as study:
    assert study.read_only
    (photo,) = study.photos()
    assert photo.label_pixels()[4] == 30000, photo.label_pixels()
    with chronicle(photo) as strokes:
        assert [act.user for act in strokes.acts()] == ["Dr. Berg"]
        assert (strokes.tile((0, 0), (512, 512), 1) == 4).sum() == 30000
    with photo.watch() as reader:
        assert (reader.read(ys=(0, 200), xs=(0, 150)) == 4).all()
        assert not reader.free
        for refused in (lambda: reader.begin("brush"), lambda: photo.labels(user="Anna"), lambda: photo.verify("Anna")):
            try:
                refused()
            except StudyError as error:
                assert "may only be read here" in str(error), error
            else:
                raise AssertionError("painted on a disk for reading")
    *_, last = study.verify()
    assert last.result["ok"], last.result
print("looked")
"""
FOREIGN = 54321


def as_another(command):
    """The command run by an account that owns nothing of the study, where that can be had; else by this one."""
    return (
        ["setpriv", f"--reuid={FOREIGN}", f"--regid={FOREIGN}", "--clear-groups", *command]
        if not os.getuid()
        else command
    )


@pytest.fixture(params=["closed", "killed", "killed, and its index lost"])
def left(request, study, photo):
    """A study with one stroke, whose painter left in an orderly way or not."""
    painter = Painter(study.root)
    painter.paint(4, 0, 0)
    painter.leave() if request.param == "closed" else painter.kill()
    painter.process.stdout.close()
    study.close()
    if "index" in request.param:
        (photo.root / "journal.sqlite-shm").unlink()
    return study.root


def allow(root, *, writing):
    for path in [root, *root.rglob("*")]:
        path.chmod((0o755 if path.is_dir() else 0o644) if writing else (0o555 if path.is_dir() else 0o444))


def test_a_study_that_may_not_be_written_is_read_and_says_why_it_is_not_painted(left):
    allow(left, writing=False)
    for folder in left.parents[:3]:
        folder.chmod(0o755)
    try:
        looked = subprocess.run(
            as_another([sys.executable, "-c", LOOKER, str(left)]), capture_output=True, text=True, check=False
        )
    finally:
        allow(left, writing=True)
    assert looked.stdout == "looked\n", looked.stderr
    with Study.open(left) as study:
        assert not study.read_only
        study.photos()[0].labels(user="Anna").close()


def test_a_study_on_a_disk_mounted_for_reading_is_read(left, tmp_path):
    mount = tmp_path / "mount"
    mount.mkdir()
    ctcl = f"{sys.executable} -m napari_ctcl.cli"
    script = (
        f'mount --bind {left} {mount} && mount -o remount,bind,ro {mount} && {sys.executable} -c "$0" {mount} '
        f"&& {ctcl} journal {mount} $(ls {mount}/photos) --json && {ctcl} verify {mount}"
    )
    looked = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, LOOKER],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in looked.stderr or "mount:" in looked.stderr:
        pytest.skip(f"no namespaces here: {looked.stderr.strip()}")
    first, stroke, verdict = looked.stdout.splitlines()
    assert (first, verdict) == ("looked", "nothing wrong found"), looked.stderr
    assert json.loads(stroke)["user"] == "Dr. Berg"
    assert looked.stderr == f"{mount} may only be read here\n" * 2
