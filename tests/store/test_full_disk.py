"""A stroke that fills the disk is refused, nothing before it is harmed, and painting goes on once there is room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("paint_until_full.py")
NAMESPACE = ["unshare", "--map-root-user", "--mount", "sh", "-c"]


def test_painting_on_a_disk_that_fills_up(tmp_path):
    mount = f'mount -t tmpfs -o size=16m full "$0" && exec {sys.executable} "$1" "$0" disk'
    done = subprocess.run([*NAMESPACE, mount, tmp_path, SCRIPT], capture_output=True, text=True, check=False)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(
            f"a small disk cannot be mounted here ({done.stderr.strip()}); the next test fills a journal instead"
        )
    assert done.stdout == "painted on\n", done.stderr


def test_painting_with_a_journal_that_may_not_grow(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path, "file"], capture_output=True, text=True, check=False)
    assert done.stdout == "painted on\n", done.stderr
