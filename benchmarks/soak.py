"""How much memory the window holds on to while a person paints on and on, all over a photo of a gigapixel.

Prediction: it grows by what may be kept of labels, pixels and proposal, 288 MiB; then it stays where it is, for strokes
leave nothing behind but their journal.
Outcome: 435 MB after four minutes, 346 of them in the first two. Reason: what is kept stays far below its caps, since
tiles of one value take no room; the rest is memory that the allocator keeps for threads that have let it go, of which
a third stays away with MALLOC_ARENA_MAX=2.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gap import random_line
from benchmarks.gigapixel import SIDE_PX, gigapixel_study
from benchmarks.row import Row
from benchmarks.window import Hand, annotator_on

CAP_MB = 512
ZOOMS = (2.0, 1.0, 0.5, 0.125, 0.03125)


def soak(minutes: float) -> Row:
    """Growth of resident memory in MB after so many minutes of strokes at every zoom."""
    rng = np.random.default_rng(5)
    with gigapixel_study() as study, annotator_on(study) as (window, hand):
        _paint_somewhere(window, hand, rng)
        start, grown, strokes = _resident_mb(), [0.0], 0
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            _paint_somewhere(window, hand, rng)
            grown.append(_resident_mb() - start)
            strokes += 1
        window.session.painter.wait()
    half = max(grown[: len(grown) // 2 + 1])
    detail = (
        f"MB of resident memory gained over {start:.0f} in {minutes:g} min of {strokes} random strokes on {SIDE_PX}^2; "
        f"at most {max(grown):.0f}, {half:.0f} in the first half"
    )
    return Row(id="soak-memory", figure=round(grown[-1], 1), gate=CAP_MB, goal=CAP_MB / 2, detail=detail)


def _paint_somewhere(window: Any, hand: Hand, rng: np.random.Generator) -> None:
    zoom = float(rng.choice(ZOOMS))
    camera = hand.viewer.scene.camera
    camera.center, camera.zoom = rng.uniform(0.1, 0.9, 2) * SIDE_PX, zoom
    hand.wait(0.2)
    layer = window.canvas.labels
    layer.tool, layer.selected_label, layer.brush_size = "paint", int(rng.integers(1, 5)), rng.uniform(8, 60) / zoom
    hand.stroke(random_line(hand, rng))
    while len(window.session.painter.waiting) > 2:
        hand.wait(0.01)


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
