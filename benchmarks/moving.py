"""P2: what our label layer adds to moving about on a photo of a gigapixel, over the same window without it.

Prediction: a fifth at most. A frame is bound by drawing the photo; ours adds one more texture, and the reading of label
tiles and their outlines goes on beside the window.
Outcome: half more, by the clock, on a busy machine; twice as long while outlines were looked for all over a tile.
Reason: a tile that arrives, or a zoom that changes the width of lines, has its outlines drawn on the window's thread.
"""

from __future__ import annotations

import time
from typing import Any

from qtpy.QtWidgets import QApplication

from benchmarks.gigapixel import SIDE_PX, gigapixel_study
from benchmarks.row import Row, p95, ratio
from benchmarks.window import GAP_S, Hand, annotator_on

ROUNDS, MOVES, STEP_PX, CLICKS = 9, 24, 60, 12
ZOOMS = (1.0, 0.25, 0.03125)
Frames = list[tuple[float, float]]


def move() -> Row:
    """Frame p95 with our layer over the same without it."""
    with_layer: list[Frames] = []
    without: list[Frames] = []
    with gigapixel_study() as study, annotator_on(study) as (window, hand):
        window.canvas.labels.tool = "pan_zoom"
        for number in range(ROUNDS):
            for shown, rounds in ((True, with_layer), (False, without)):
                window.canvas.labels.visible = shown
                rounds.append(_tour(hand, number))
    ours, bare = ([p95([wall for wall, _ in frames]) for frames in rounds] for rounds in (with_layer, without))
    cpu = (
        [p95([spent for _, spent in frames]) for frames in with_layer],
        [p95([spent for _, spent in frames]) for frames in without],
    )
    figure, interval = ratio(ours, bare)
    busy, busy_interval = ratio(*cpu)
    detail = (
        f"p95 of a frame while dragging and turning the wheel at zooms {ZOOMS} on {SIDE_PX}^2, async slicing, layer on "
        f"and off by turns, {ROUNDS} rounds; wall {max(ours):g} ms at most, 95 % CI {interval}; GUI-thread CPU ratio "
        f"{busy} (95 % CI {busy_interval})"
    )
    return Row(id="P2", figure=figure, gate=1.5, goal=1.15, detail=detail)


def _tour(hand: Hand, number: int) -> Frames:
    """Drag the photo to and fro at three zooms, then turn the wheel all the way in and out."""
    frames: Frames = []
    x, y = hand.middle
    for zoom in ZOOMS:
        off = 700 * (number - ROUNDS // 2)
        hand.look(SIDE_PX / 2 + off, SIDE_PX / 2 - off, zoom)
        at = x - 300, y - 150
        hand.press(at)
        for step in range(MOVES):
            back = 1 if step < MOVES / 2 else -1
            at = at[0] + back * STEP_PX, at[1] + back * STEP_PX / 2
            frames.append(_frame(hand, lambda at=at: hand.move(at, held=True)))
        hand.release(at)
    for step in range(2 * CLICKS):
        frames.append(_frame(hand, lambda step=step: hand.turn((x, y), 2 if step < CLICKS else -2)))
    return frames


def _frame(hand: Hand, act: Any) -> tuple[float, float]:
    """Wall time and thread time from an event to the end of the frame that it asks for, with what else was waiting."""
    began, busy, frames = time.perf_counter(), time.thread_time(), hand.frames
    act()
    while hand.frames == frames and time.perf_counter() - began < 1:
        QApplication.processEvents()
    took = time.perf_counter() - began, time.thread_time() - busy
    time.sleep(GAP_S)
    return took
