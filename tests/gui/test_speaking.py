from __future__ import annotations

import errno

from napari_ctcl._widgets.speaking import in_words
from napari_ctcl.errors import DiskFull
from napari_ctcl.events import Failed


def test_a_crash_of_another_process_is_told_without_its_traceback() -> None:
    what = 'the process ended with exit code 1 before it was done: orker: x\n  File "x.py", line 3'
    said = in_words(Failed(what=what, do="see logs/segment.log"))
    assert said == "The process ended with exit code 1 before it was done. See logs/segment.log."


def test_an_error_becomes_two_sentences_and_a_path_keeps_its_letters() -> None:
    said = in_words(DiskFull("/data/x.sqlite: no room", expected="2 MB", do="free some space"))
    assert said == "/data/x.sqlite: no room, expected 2 MB. Free some space."
    assert in_words(OSError(errno.ENOSPC, "No space left on device")) == "No space left on device."
