"""P17: how long the window's event loop is ever kept waiting while a person paints and two processes calculate.

Prediction: a frame, some fifty milliseconds in software OpenGL with three busy processes on two cores; nothing else on
the window's thread comes near it, for training and inference run beside the window and painting on a worker.
Outcome: 150 ms alone and 360 with the two, on two cores that others kept busy too; 50 and 95 ms without drawing.
Reason: a frame of software OpenGL is worth two cores by itself; jobs run at a lower priority, and wait for the window.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QEventLoop, Qt, QTimer

from benchmarks.gigapixel import SIDE_PX, gigapixel_study
from benchmarks.row import Row
from benchmarks.window import GAP_S, Hand, Place, annotator_on
from napari_ctcl.jobs import TRAINER_PATIENCE_S, Job, trainer
from napari_ctcl.sample import make_sample

SECONDS, TICK_MS, MOVES = 45, 5, 60
PHOTOS, SIZE = 10, (384, 512)


def gap() -> Row:
    """Longest interval of a 5-ms timer while training, inference and painting go on."""
    with tempfile.TemporaryDirectory() as folder, gigapixel_study() as study, annotator_on(study) as (window, hand):
        sample = Path(folder) / "sample"
        for _ in make_sample(sample, photos=PHOTOS, size=SIZE):
            pass
        window.canvas.labels.tool = "paint"
        hand.look(SIDE_PX / 2, SIDE_PX / 2, 0.5)
        alone = _gaps(hand, 10)
        with _training(sample) as said:
            window.jobs.segment("cpu")
            began = time.monotonic()
            while window.session.work == "segment" and not said and time.monotonic() - began < 60:
                hand.wait(0.1)
            gaps = _gaps(hand, SECONDS)
            working = window.session.work == "segment" and bool(said)
            window.jobs.cancel()
    if not working:
        raise RuntimeError("training or segmentation ended before the measurement did")
    detail = (
        f"longest gap in ms of a {TICK_MS}-ms Qt timer in {SECONDS} s of painting at zoom 0.5 on {SIDE_PX}^2, with the "
        f"quick recipe training and a model segmenting the photo on the same cores: {_told(gaps)}; without the two: "
        f"{_told(alone)}; load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores, software OpenGL"
    )
    return Row(id="P17", figure=round(float(gaps[:, 0].max()), 1), gate=100, goal=50, detail=detail)


def _told(gaps: npt.NDArray[np.float64]) -> str:
    longest, bare = gaps.max(axis=0)
    return f"longest {longest:.0f}, p99 {np.percentile(gaps[:, 0], 99):.0f}, longest without drawing {bare:.0f}"


@contextmanager
def _training(sample: Path) -> Iterator[list[object]]:
    """A trainer at work on the same machine, and what it has said."""
    job, said = Job(trainer("finetune", str(sample), "--recipe", "quick"), patience_s=TRAINER_PATIENCE_S), []

    def follow() -> None:
        said.extend(job.events())

    listener = threading.Thread(target=follow, daemon=True)
    listener.start()
    try:
        yield said
    finally:
        job.cancel()
        listener.join(TRAINER_PATIENCE_S)


def _gaps(hand: Hand, seconds: float) -> npt.NDArray[np.float64]:
    """Intervals of a timer in ms while the hand paints from within the event loop, and the same without drawing.

    Returns
    -------
    (n, 2) float64
    """
    loop, ticks, strokes = QEventLoop(), [], _strokes(hand)
    tick, mouse = QTimer(), QTimer()
    tick.setTimerType(Qt.TimerType.PreciseTimer)
    tick.timeout.connect(lambda: ticks.append((time.perf_counter(), time.perf_counter() - hand.drawn_wall_s)))
    mouse.timeout.connect(lambda: next(strokes))
    tick.start(TICK_MS)
    mouse.start(round(GAP_S * 1e3))
    QTimer.singleShot(round(seconds * 1e3), loop.quit)
    loop.exec()
    tick.stop()
    mouse.stop()
    return np.diff(np.array(ticks), axis=0) * 1e3


def _strokes(hand: Hand) -> Iterator[None]:
    """One mouse event after the other, of strokes all over the canvas, for ever."""
    rng = np.random.default_rng(4)
    while True:
        line = random_line(hand, rng)
        hand.move(line[0])
        yield
        hand.press(line[0])
        yield
        for place in line[1:]:
            hand.move(place, held=True)
            yield
        hand.release(line[-1])
        yield


def random_line(hand: Hand, rng: np.random.Generator) -> list[Place]:
    """A wandering line somewhere on the canvas."""
    width, height = hand.surface.width(), hand.surface.height()
    steps = np.cumsum(rng.normal(0, 12, (MOVES, 2)), axis=0) + rng.uniform(0.2, 0.8, 2) * (width, height)
    return [(float(x), float(y)) for x, y in np.clip(steps, 2, (width - 2, height - 2))]
