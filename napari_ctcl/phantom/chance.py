"""Chance that never changes: numbers drawn from names, the same on every machine and in every version.

Only integer hashing and exactly rounded arithmetic are used, so that a photo rendered today equals the photo rendered
from the same plan years from now.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Draw:
    """A stream of random numbers that belongs to a name.

    Parameters
    ----------
    name : what the numbers are for, most general part first; another name gives another stream
    """

    def __init__(self, *name: int | str) -> None:
        digest = hashlib.sha256("/".join(str(part) for part in name).encode()).digest()
        self._state = int.from_bytes(digest[:8], "little")

    def seed(self) -> int:
        """A 31-bit integer, for noise of its own."""
        return self._next() >> 33

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        return low + (high - low) * ((self._next() >> 11) / (1 << 53))

    def spread(self, middle: float, width: float) -> float:
        """A number within `width` of `middle`, more often near it."""
        return middle + width * (self.uniform() + self.uniform() - 1.0)

    def integer(self, low: int, high: int) -> int:
        """An integer in [low, high)."""
        return low + self._next() % (high - low)

    def happens(self, share: float) -> bool:
        """True in that share of all draws."""
        return self.uniform() < share

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.integer(0, len(choices))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a drawn order."""
        rest = list(items)
        return [rest.pop(self.integer(0, len(rest))) for _ in items]

    def direction(self) -> tuple[float, float]:
        """A unit vector (y, x), every direction alike."""
        while True:
            y, x = self.uniform(-1, 1), self.uniform(-1, 1)
            square = y * y + x * x
            if 0.01 < square <= 1.0:
                root = math.sqrt(square)
                return y / root, x / root

    def _next(self) -> int:
        """64 bits of splitmix64 (Steele, Lea and Flood 2014)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)
