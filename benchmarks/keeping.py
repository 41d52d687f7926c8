"""P3 and P4 through the window: pen-up to a stroke that no crash can take, Ctrl+Z to a screen without it.

Predictions: a brief stroke is painted and journalled in one transaction with an fsync, some ten milliseconds after the
pen has lifted; an undo is one more, and a frame. A stroke over hundreds of megapixels is noted instead, in as little
time, and painted beside the window, which is deaf for no longer than a frame meanwhile.
Outcome: 5 to 30 ms to the commit and 20 to 100 to the tile without it, by how busy the disk and the cores are; a vast
stroke is noted in 30 ms and occupies the window for 16 at a stretch, but takes most of a minute to paint. Reason: each
chunk is written by itself and waits for zarr's own thread.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from benchmarks.gigapixel import SIDE_PX, gigapixel_study
from benchmarks.row import p95
from benchmarks.window import Hand, Place, annotator_on

STROKES, STROKE_PX, BRUSH_PX = 30, 200, 41
VAST, VAST_RADIUS_PX, VAST_LEVEL = 3, 4200, 5
PATIENCE_S = 120
UNDO = Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier


@dataclass(slots=True)
class Small:
    """A stroke of a few hundred pixels and its undo: seconds of each, one figure per stroke.

    Attributes
    ----------
    durable : pen-up to commit
    undone : Ctrl+Z to the tile on screen being without it
    drawn : Ctrl+Z to the end of the frame that shows so
    """

    durable: list[float] = field(default_factory=list)
    undone: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Vast:
    """A stroke of hundreds of megapixels, or its undo: seconds of it, one figure per stroke.

    Attributes
    ----------
    deaf : longest time, until all was done, in which the window answered nothing
    busy : longest work of the window's thread between two looks at what happened, drawing left out
    done : until all pixels were in the labels and on screen
    noted : until no crash could take it
    """

    deaf: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    noted: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"safe after {p95(self.noted)} ms, window at work for {p95(self.busy)} ms at a stretch (gate 50), "
            f"{p95(self.deaf)} by the clock and with drawing, all done after {max(self.done):.0f} s"
        )


class Commits(threading.Thread):
    """Sees a journal as another program does, and when its last entry or note was made."""

    _LAST = "SELECT (SELECT coalesce(max(seq), 0) FROM entries) + (SELECT coalesce(max(seq), 0) FROM gestures)"

    def __init__(self, journal: Path) -> None:
        super().__init__(daemon=True)
        self._journal, self._over = journal, threading.Event()
        self.times: list[float] = []

    def run(self) -> None:
        """Look until told to stop."""
        with closing(sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True)) as base:
            known = base.execute(self._LAST).fetchone()
            while not self._over.wait(0.0005):
                last = base.execute(self._LAST).fetchone()
                if last != known:
                    self.times.append(time.perf_counter())
                    known = last

    def first_since(self, when: float) -> float | None:
        """Seconds from a moment to the first commit after it; None while there is none."""
        return next((at - when for at in self.times if at > when), None)

    def __enter__(self) -> Self:
        self.start()
        time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


@cache
def small_strokes() -> Small:
    """Draw and undo strokes of a few hundred pixels at level 0."""
    found = Small()
    with gigapixel_study() as study, annotator_on(study) as (window, hand):
        hand.look(SIDE_PX / 2, SIDE_PX / 2, 1.0)
        layer = window.canvas.labels
        for number in range(STROKES):
            layer.tool, layer.selected_label, layer.brush_size = "paint", 2 + number % 3, BRUSH_PX
            x, y = hand.middle[0] - 300 + 17 * number, hand.middle[1] - 250 + 16 * number
            line = [(x + at, y) for at in np.linspace(0, STROKE_PX, 15).tolist()]
            before = _under(hand, layer, line)
            found.durable.append(_durable(hand, window, line))
            settle(hand, window)
            _undo(hand, lambda line=line, before=before: _under(hand, layer, line) == before, found)
            settle(hand, window)
    return found


def _durable(hand: Hand, window: Any, line: list[Place]) -> float:
    with Commits(window.session.labels.journal.path) as commits:
        draw(hand, line)
        began = time.perf_counter()
        hand.release(line[-1])
        while (took := commits.first_since(began)) is None:
            turn(hand, began)
    return took


def _undo(hand: Hand, bare: Callable[[], bool], found: Small) -> None:
    began = time.perf_counter()
    hand.key(*UNDO)
    while not bare():
        turn(hand, began)
    found.undone.append(time.perf_counter() - began)
    frames = hand.frames
    while hand.frames == frames:
        turn(hand, began)
    found.drawn.append(time.perf_counter() - began)


@cache
def vast_strokes() -> tuple[Vast, Vast, int]:
    """Draw and undo strokes over half of the photo; gives both, and how many pixels one has."""
    drawn, undone, pixels = Vast(), Vast(), 0
    with gigapixel_study() as study, annotator_on(study) as (window, hand):
        zoom = 2.0**-VAST_LEVEL
        hand.look(SIDE_PX / 2, SIDE_PX / 2, zoom)
        layer = window.canvas.labels
        line = _there_and_back(hand, zoom)
        for number in range(VAST):
            layer.tool, layer.selected_label, layer.brush_size = "paint", 2 + number % 3, 2 * VAST_RADIUS_PX
            last = window.session.labels.journal.last()
            draw(hand, line)
            _watched(hand, window, lambda: hand.release(line[-1]), drawn)
            made = [stroke for stroke in window.session.labels.journal.strokes() if stroke.seq > last]
            pixels = sum(stroke.pixels for stroke in made)
            _watched(hand, window, lambda: hand.key(*UNDO), undone)
    return drawn, undone, pixels


def _there_and_back(hand: Hand, zoom: float) -> list[Place]:
    x, y = hand.middle
    wide, step = 12000 * zoom, 8000 * zoom
    corners = [(-wide, -step), (wide, -step), (wide, 0.0), (-wide, 0.0), (-wide, step), (wide, step)]
    along = np.linspace(0, len(corners) - 1, 41)
    dx, dy = (np.interp(along, range(len(corners)), [corner[axis] for corner in corners]) for axis in (0, 1))
    return list(zip((x + dx).tolist(), (y + dy).tolist(), strict=True))


def _watched(hand: Hand, window: Any, act: Callable[[], None], into: Vast) -> None:
    """Do something and note how the window fares until all has come of it."""
    with Commits(window.session.labels.journal.path) as commits:
        began = time.perf_counter()
        deaf, busy = _turn_of(hand, act)
        while window.session.painter.busy or window.canvas.labels.busy:
            longest = _turn_of(hand, QApplication.processEvents)
            deaf, busy = max(deaf, longest[0]), max(busy, longest[1])
            time.sleep(0.001)
        into.done.append(time.perf_counter() - began)
        into.noted.append(commits.first_since(began) or 0.0)
    into.deaf.append(deaf)
    into.busy.append(busy)
    hand.wait(0.5)


def _turn_of(hand: Hand, act: Callable[[], object]) -> tuple[float, float]:
    wall, thread, drawn = time.perf_counter(), time.thread_time(), hand.drawn_s
    act()
    return time.perf_counter() - wall, time.thread_time() - thread - (hand.drawn_s - drawn)


def draw(hand: Hand, line: list[Place]) -> None:
    """Press at the first place and move over all of them; the pen stays down."""
    hand.move(line[0])
    hand.wait(0.02)
    hand.press(line[0])
    for place in line[1:]:
        hand.dragged(place)
    hand.wait(0.1)


def settle(hand: Hand, window: Any) -> None:
    """Wait until everything is painted, written and on screen."""
    began = time.perf_counter()
    while window.session.painter.busy or window.canvas.labels.busy or window.session.labels.unwritten:
        turn(hand, began)
    hand.wait(0.05)


def turn(hand: Hand, began: float) -> None:
    """Let the window and its threads work for a moment."""
    hand.wait(0.001)
    if time.perf_counter() - began > PATIENCE_S:
        raise TimeoutError(f"nothing came of it within {PATIENCE_S} s")


def _under(hand: Hand, layer: Any, line: list[Place]) -> list[int]:
    """What the tile on screen has under places of the canvas."""
    camera = hand.viewer.scene.camera
    middle, codes = hand.middle, []
    for x, y in line:
        at = tuple(
            camera.center[axis - 2] + (place - mid) / camera.zoom
            for axis, place, mid in ((0, y, middle[1]), (1, x, middle[0]))
        )
        value = layer.get_value(at, world=True)
        codes.append(int(value[1]) if value is not None and value[1] is not None else -1)
    return codes
