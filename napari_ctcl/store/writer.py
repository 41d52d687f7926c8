"""Writes painted tiles to the label image while the pen rests, and then marks their strokes as applied.

A mark is only ever set on strokes whose tiles, with all that is derived from them, the disk is sure to keep.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Final

from napari_ctcl.errors import CtclError, DiskFull, WorkFailed
from napari_ctcl.store.drawing import key_of
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.mending import lost_chunks
from napari_ctcl.store.tiles import Tiles

REST_S: Final = 0.3
"""How long the pen rests before its strokes are written, in seconds."""

AT_ONCE: Final = 256
"""How many tiles are rebuilt before they are written."""

RETRY_S: Final = 5.0
"""How long a write that failed waits for its next attempt, in seconds."""

_log = logging.getLogger(__name__)


class Writer:
    """A thread that writes, and the same work on request.

    Parameters
    ----------
    tiles : what is painted
    journal : where its strokes are
    """

    def __init__(self, tiles: Tiles, journal: Journal) -> None:
        self.problem: CtclError | OSError | None = None
        self._tiles, self._journal = tiles, journal
        self._last = journal.last()
        self._applied = 0 if journal.waiting() else self._last
        self._painted_at = 0.0
        self._one_at_a_time = threading.Lock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="label-writer", daemon=True)

    def recover(self) -> None:
        """Rebuild, from the journal alone, tiles that a crash may have left unwritten, and those that were lost."""
        image = self._tiles.image
        lost = lost_chunks(self._journal, image)
        self._tiles.mended.update(lost)
        keys = [key_of(place) for place in sorted({*self._journal.waiting(), *lost.values()})]
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            self._tiles.rebuild((key, self._journal.tile(key[1:], image.region(key).shape)) for key in some)
            with suppress(DiskFull):  # the journal still has it all, and the thread tries again
                self._tiles.write_back()
        if keys:
            with suppress(DiskFull):
                self.flush()

    def start(self) -> None:
        """Begin to write in the background, with what is waiting already."""
        if self._tiles.unwritten:
            self._wake.set()
        self._thread.start()

    def journalled(self, seq: int) -> None:
        """Tell that a stroke is in the journal and its tiles are marked unwritten."""
        self._last = seq
        self._painted_at = time.monotonic()
        self._wake.set()

    def flush(self) -> None:
        """Write everything now, but for what a stroke that is still being drawn has touched.

        Raises
        ------
        DiskFull
            If there is no room; nothing is lost, and a later flush goes on.
        """
        with self._one_at_a_time:
            try:
                self._write()
            except (CtclError, OSError) as error:
                self.problem = error
                raise
            self.problem = None

    def close(self) -> None:
        """Stop the thread, then write what is left."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def _write(self) -> None:
        with self._tiles.lock:
            last = self._last
        self._tiles.propagate()
        if self._tiles.write_back() and last > self._applied:
            self._journal.mark_applied(last)
            self._applied = last

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            if self._closing.wait(max(0.0, self._painted_at + REST_S - time.monotonic())):
                return
            if time.monotonic() < self._painted_at + REST_S:
                continue  # another stroke came meanwhile
            self._wake.clear()
            try:
                self.flush()
            except (CtclError, OSError):  # kept in `problem`, which the screen shows
                self._try_again()
            except Exception as error:  # a thread that died of a fault of ours would leave the rest unwritten for good
                _log.exception("labels could not be written")
                self.problem = WorkFailed(f"labels could not be written: {error}", do="tell the developers")
                self._try_again()

    def _try_again(self) -> None:
        self._closing.wait(RETRY_S)
        self._wake.set()
