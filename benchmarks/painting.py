"""P1: what a mouse move costs the window's thread while a stroke is drawn, on a photo of a gigapixel and in napari.

Prediction: our own share is a stamp in the tile on screen, half a millisecond; the rest is napari's and vispy's way
of handing an event on, which both pay. Away from level 0 it is the same, since a stamp has the brush's size on screen.
Outcome: a median of 4 ms at all three levels, 0.6 to 0.8 of napari's; p95 of 4 to 6 ms, and 15 ms in rounds in which
another thread counts labels meanwhile. Reason: our share is 1 ms; threads that hold the interpreter make the rest dear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.gigapixel import SIDE_PX, gigapixel_study
from benchmarks.row import Row, p95, ratio
from benchmarks.window import Hand, Place, Spent, annotator_on, napari_labels

Strokes = list[list[Spent]]
LEVELS = (0, 2, 5)
ROUNDS, EVENTS, STROKE_PX, BRUSH_PX, PEER_PX = 7, 40, 500, 40, 8192


def paint() -> Row:
    """Cost of a move: p95 of ours at the slowest of three levels, and over napari's own Labels."""
    ours: dict[int, Strokes] = {level: [] for level in LEVELS}
    peer: Strokes = []
    with gigapixel_study() as study, napari_labels(PEER_PX) as (layer, other), annotator_on(study) as (window, hand):
        zooms = {level: zoom_of(window, hand, level) for level in LEVELS}
        for number in range(ROUNDS):
            other.look(PEER_PX / 2, PEER_PX / 2, 1.0)
            layer.brush_size = BRUSH_PX
            peer.append(other.stroke(across(other, number)))
            for level, zoom in zooms.items():
                take_brush(window, hand, zoom, number)
                ours[level].append(hand.stroke(across(hand, number)))
                hand.wait(0.2)
    return _row(ours, peer)


def zoom_of(window: Any, hand: Hand, level: int) -> float:
    """The largest power of two as a zoom at which a level of the photo is on screen."""
    for power in range(12):
        hand.look(SIDE_PX / 2, SIDE_PX / 2, 2.0**-power)
        if window.canvas.labels.data_level == level:
            return 2.0**-power
    raise RuntimeError(f"level {level} is never on screen")


def take_brush(window: Any, hand: Hand, zoom: float, number: int) -> None:
    """Look at another place of the photo with a brush of so many pixels of the screen in hand."""
    off = (number - ROUNDS // 2) * 300
    hand.look(SIDE_PX / 2 + off, SIDE_PX / 2 - off, zoom)
    layer = window.canvas.labels
    layer.tool, layer.selected_label, layer.brush_size = "paint", 2 + number % 3, BRUSH_PX / zoom


def across(hand: Hand, number: int) -> list[Place]:
    """A waved line over the middle of the canvas."""
    x, y = hand.middle
    along = np.linspace(0, 1, EVENTS + 1)
    waves = y + 60 * np.sin(along * 9 + number)
    return list(zip((x + STROKE_PX * (along - 0.5)).tolist(), waves.tolist(), strict=True))


def _row(ours: dict[int, Strokes], peer: Strokes) -> Row:
    costs, ratios, told = [], [], []
    for level, strokes in ours.items():
        cost, (found, interval) = p95(_handling(strokes)), _over(strokes, peer, _handling)
        costs.append(cost)
        ratios.append(found)
        told.append(f"level {level}: {cost} ms, ratio {found} (95 % CI {interval}), {_all_in(strokes, peer)}")
    detail = (
        f"p95 of GUI-thread CPU per move of a {STROKE_PX}-px stroke, brush {BRUSH_PX} screen px, drawing left out; "
        f"{'; '.join(told)}; napari Labels on {PEER_PX}^2 in memory: {p95(_handling(peer))} ms, "
        f"{p95(_everything(peer))} with drawing; {ROUNDS} rounds, interleaved"
    )
    return Row(id="P1", figure=[max(costs), max(ratios)], gate=[10, 1.5], goal=[4, 1.0], detail=detail)


def _handling(strokes: Strokes) -> list[float]:
    return [move.handling for stroke in strokes for move in stroke]


def _everything(strokes: Strokes) -> list[float]:
    return [move.handling + move.drawing for stroke in strokes for move in stroke]


def _over(ours: Strokes, peer: Strokes, part: Callable[[Strokes], list[float]]) -> tuple[float, tuple[float, float]]:
    return ratio([p95(part([stroke])) for stroke in ours], [p95(part([stroke])) for stroke in peer])


def _all_in(ours: Strokes, peer: Strokes) -> str:
    return f"with drawing {p95(_everything(ours))} ms and {_over(ours, peer, _everything)[0]}"
