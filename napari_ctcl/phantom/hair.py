"""Single hairs: thin curved strokes rooted in the cells of a lattice, so that any patch of photo finds its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from napari_ctcl.phantom.chance import Draw
from napari_ctcl.phantom.lattice import Canvas, Floats, lattice_values

_CELL: Final = 0.042  # shorter sides; a hair is at most this long, so that it stays in its own cell and its neighbours
_STEPS: Final = 5

Stroke = tuple[tuple[float, float], ...]


def strands(canvas: Canvas, density: float, flow: tuple[float, float], seed: int) -> Floats:
    """How much of each pixel hair hides, (h, w) in 0 to 1.

    Parameters
    ----------
    density : share of lattice cells that grow a hair, 0 to 2
    flow : (y, x), the way the hair lies
    """
    hidden = np.zeros(canvas.region.shape, np.float32)
    width = max(0.0006 * canvas.side, 0.5)
    for stroke in _strokes(canvas, density, flow, seed):
        _draw(hidden, canvas, stroke, width)
    return hidden


def _strokes(canvas: Canvas, density: float, flow: tuple[float, float], seed: int) -> Iterator[Stroke]:
    cell = _CELL * canvas.side
    region = canvas.region
    iy = np.arange(int(region.y0 // cell) - 1, int(region.y1 // cell) + 2)
    ix = np.arange(int(region.x0 // cell) - 1, int(region.x1 // cell) + 2)
    for turn in range(2):
        share = min(density - turn, 1.0)
        if share <= 0:
            return
        grows = lattice_values(iy[:, None], ix[None], seed + turn) < np.float32(2 * share - 1)
        for row, column in zip(*np.nonzero(grows), strict=True):
            yield _stroke(int(iy[row]), int(ix[column]), cell, flow, Draw(seed, turn, int(iy[row]), int(ix[column])))


def _stroke(row: int, column: int, cell: float, flow: tuple[float, float], draw: Draw) -> Stroke:
    y, x = (row + draw.uniform()) * cell, (column + draw.uniform()) * cell
    wild = draw.direction()
    dy, dx = (flow[0] + 0.6 * wild[0]) / 1.6, (flow[1] + 0.6 * wild[1]) / 1.6
    length = cell * draw.uniform(0.5, 0.9)
    bend = draw.uniform(-0.5, 0.5)
    points = []
    for step in range(_STEPS + 1):
        t = step / _STEPS
        side = bend * t * t
        points.append((y + length * t * (dy - dx * side), x + length * t * (dx + dy * side)))
    return tuple(points)


def _draw(hidden: Floats, canvas: Canvas, stroke: Stroke, width: float) -> None:
    y_low, y_high = min(y for y, _ in stroke) - width - 1, max(y for y, _ in stroke) + width + 1
    x_low, x_high = min(x for _, x in stroke) - width - 1, max(x for _, x in stroke) + width + 1
    region = canvas.region
    rows = slice(max(int(y_low) - region.y0, 0), max(int(y_high) + 1 - region.y0, 0))
    columns = slice(max(int(x_low) - region.x0, 0), max(int(x_high) + 1 - region.x0, 0))
    part = hidden[rows, columns]
    if not part.size:
        return
    y, x = canvas.rows[rows, None], canvas.columns[None, columns]
    for step, ((y0, x0), (y1, x1)) in enumerate(pairwise(stroke)):
        dy, dx = y1 - y0, x1 - x0
        t = np.clip(((y - y0) * dy + (x - x0) * dx) / (dy * dy + dx * dx), 0, 1)
        qy, qx = y - y0 - t * dy, x - x0 - t * dx
        thin = width * (1 - 0.14 * step)
        ink = np.clip(thin + 0.5 - np.sqrt(qy * qy + qx * qx), 0, 1) * min(thin, 1.0)
        np.maximum(part, ink.astype(np.float32), out=part)
