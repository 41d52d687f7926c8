"""One writer at a time, whoever dies."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from napari_ctcl.errors import DiskFull, StudyBusy
from napari_ctcl.store.lock import Lock

HOLDER = """
import sys, time
from pathlib import Path
from napari_ctcl.store.lock import Lock
Lock(Path(sys.argv[1])).acquire("painting annotation", user="Dr. Berg")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other_process(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / ".lock")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_writer_is_refused_and_told_who_holds_it(tmp_path, other_process):
    with pytest.raises(StudyBusy) as refusal:
        Lock(tmp_path / ".lock").acquire("painting")
    assert "Dr. Berg" in str(refusal.value)
    assert str(other_process.pid) in str(refusal.value)
    assert refusal.value.exit_code == 2


def test_a_dead_writers_lock_is_taken_over(tmp_path, other_process):
    os.kill(other_process.pid, signal.SIGKILL)
    other_process.wait()
    lock = Lock(tmp_path / ".lock").acquire("painting")
    assert lock.held
    lock.release()


def test_one_process_cannot_hold_a_lock_twice(tmp_path):
    first = Lock(tmp_path / ".lock").acquire("painting annotation")
    with pytest.raises(StudyBusy, match="already open for writing in this program"):
        Lock(tmp_path / ".lock").acquire("painting")
    first.release()
    Lock(tmp_path / ".lock").acquire("painting").release()


def test_a_note_that_cannot_be_read_still_refuses(tmp_path):
    path = Path(tmp_path / ".lock")
    with Lock(path).acquire("painting"):
        path.write_text("")
        with pytest.raises(StudyBusy, match="another process"):
            Lock(path).acquire("painting")


def test_an_account_without_a_name_is_told_by_its_number():
    code = "import os\nfrom napari_ctcl.store.lock import login_name\nos.setuid(54321)\nprint(login_name())"
    nameless = {key: value for key, value in os.environ.items() if key not in ("LOGNAME", "USER", "LNAME", "USERNAME")}
    said = subprocess.run([sys.executable, "-c", code], env=nameless, capture_output=True, text=True, check=False)
    if "PermissionError" in said.stderr:
        pytest.skip("only root may become another account")
    assert said.stdout == "uid 54321\n", said.stderr


def test_a_lock_that_a_full_disk_refused_can_be_taken_once_there_is_room(tmp_path):
    lock = Lock(tmp_path / ".lock")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(DiskFull):
            lock.acquire("painting annotation")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not lock.held
    with lock.acquire("painting annotation"):
        assert lock.held
