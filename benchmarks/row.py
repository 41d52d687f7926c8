"""One measured line of the table, and the arithmetic that measurements share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np

Figure = float | list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure against its gate (must) and its goal (wish), with what it was measured on."""

    id: str
    figure: Figure
    gate: Figure
    goal: Figure
    detail: str

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))


def p95(seconds: Sequence[float]) -> float:
    """95th percentile in milliseconds."""
    return round(float(np.percentile(seconds, 95)) * 1e3, 2)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = perf_counter()
    work()
    return perf_counter() - began


def ratio(ours: Sequence[float], peer: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Median of pairwise ratios, and its 95 % bootstrap interval."""
    pairs = np.asarray(ours) / np.asarray(peer)
    draws = np.random.default_rng(0).choice(pairs, (2000, len(pairs)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return round(float(np.median(pairs)), 3), (round(float(low), 3), round(float(high), 3))
