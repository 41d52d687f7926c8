"""Noise that hangs on a hashed lattice: any pixel's value is known without its neighbours.

A `Canvas` is the patch of photo under evaluation; lengths are fractions of the photo's shorter side, but for `grain`,
whose lengths are pixels. Nothing but hashing and exactly rounded arithmetic is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from napari_ctcl.region import Region

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
_UNIT_SPREAD = np.float32(2.15)  # cubic interpolation of uniform values in [-1, 1) has a standard deviation of 0.465


def lattice_values(iy: npt.NDArray[np.int64], ix: npt.NDArray[np.int64], seed: int) -> Floats:
    """Uniform values in [-1, 1) of lattice points; the arguments broadcast."""
    y, x = iy.astype(np.uint32), ix.astype(np.uint32)
    h = np.asarray(y * np.uint32(0x9E3779B1) ^ (x * np.uint32(0x85EBCA77) + np.uint32(seed & 0xFFFFFFFF)))
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    h ^= h >> np.uint32(16)
    return (h >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1.0)


def channels(values: tuple[float, float, float]) -> Floats:
    """Three numbers as (3, 1, 1), to meet planes of (3, h, w)."""
    return np.array(values, np.float32)[:, None, None]


def smoothstep(low: float, high: float, values: Floats) -> Floats:
    """0 below `low`, 1 above `high`, an S between; falling where `low` is above `high`."""
    t = np.clip((values - np.float32(low)) * np.float32(1.0 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def bump(values: Floats, width: float) -> Floats:
    """1 at 0, falling like a bell to 0 at `width`."""
    t = np.maximum(1 - (values * np.float32(1 / width)) ** 2, 0)
    return np.asarray(t * t, np.float32)


def scattered(y: Floats, x: Floats, seed: int) -> Floats:
    """Noise of unit wavelength at any coordinates, (h, w) each; about unit spread."""
    fy, fx = np.floor(y), np.floor(x)
    ty, tx = y - fy, x - fx
    ty, tx = ty * ty * (3 - 2 * ty), tx * tx * (3 - 2 * tx)
    iy, ix = fy.astype(np.int64), fx.astype(np.int64)
    top = lattice_values(iy, ix, seed) * (1 - tx) + lattice_values(iy, ix + 1, seed) * tx
    low = lattice_values(iy + 1, ix, seed) * (1 - tx) + lattice_values(iy + 1, ix + 1, seed) * tx
    return np.asarray((top * (1 - ty) + low * ty) * np.float32(2.3), np.float32)


def _taps(places: Doubles) -> tuple[npt.NDArray[np.int64], list[Floats]]:
    floor = np.floor(places)
    t = (places - floor).astype(np.float32)
    tt, ttt = t * t, t * t * t
    weights = [-0.5 * ttt + tt - 0.5 * t, 1.5 * ttt - 2.5 * tt + 1, -1.5 * ttt + 2 * tt + 0.5 * t, 0.5 * ttt - 0.5 * tt]
    return floor.astype(np.int64) - 1, [np.asarray(weight, np.float32) for weight in weights]


def _woven(ys: Doubles, xs: Doubles, seed: int) -> Floats:
    iy, wy = _taps(ys)
    ix, wx = _taps(xs)
    y0, x0 = int(iy.min()), int(ix.min())
    rows = np.arange(y0, int(iy.max()) + 4)[:, None]
    knots = lattice_values(rows, np.arange(x0, int(ix.max()) + 4)[None], seed)
    lines = np.zeros((len(ys), knots.shape[1]), np.float32)
    for tap, weight in enumerate(wy):
        lines += weight[:, None] * knots[iy - y0 + tap]
    woven = np.zeros((len(ys), len(xs)), np.float32)
    for tap, weight in enumerate(wx):
        woven += lines[:, ix - x0 + tap] * weight
    return woven * _UNIT_SPREAD


@dataclass(frozen=True)
class Canvas:
    """A rectangle of photo pixels under evaluation.

    Parameters
    ----------
    region : the pixels, which may lie outside the photo
    shape : (height, width) of the photo, px
    """

    region: Region
    shape: tuple[int, int]

    @property
    def side(self) -> int:
        """Shorter side of the photo, px: the unit of every length that is a fraction."""
        return min(self.shape)

    @cached_property
    def rows(self) -> Doubles:
        """Pixel centres of the rows, px."""
        return np.arange(self.region.y0, self.region.y1, dtype=np.float64) + 0.5

    @cached_property
    def columns(self) -> Doubles:
        """Pixel centres of the columns, px."""
        return np.arange(self.region.x0, self.region.x1, dtype=np.float64) + 0.5

    @cached_property
    def v(self) -> Floats:
        """Height in the photo from its middle, downwards, (h, w), in shorter sides."""
        line = ((self.rows - self.shape[0] / 2) / self.side).astype(np.float32)
        return np.ascontiguousarray(np.broadcast_to(line[:, None], self.region.shape))

    @cached_property
    def u(self) -> Floats:
        """Place across the photo from its middle, rightwards, (h, w), in shorter sides."""
        line = ((self.columns - self.shape[1] / 2) / self.side).astype(np.float32)
        return np.ascontiguousarray(np.broadcast_to(line[None], self.region.shape))

    def noise(self, length: float, seed: int, octaves: int = 1, gain: float = 0.5, slant: float = 1.0) -> Floats:
        """Smooth noise of about unit spread, (h, w).

        Parameters
        ----------
        length : longest wavelength, in shorter sides
        seed : another seed gives another field
        octaves, gain : how many halvings of the wavelength are added, each weaker by `gain`
        slant : how many times longer the waves are down the photo than across it
        """
        return self.grain(length * self.side, seed, octaves, gain, slant)

    def grain(self, length_px: float, seed: int, octaves: int = 1, gain: float = 0.5, slant: float = 1.0) -> Floats:
        """`noise` with its wavelength in pixels."""
        total, weight = np.zeros(self.region.shape, np.float32), 1.0
        for octave in range(octaves):
            step = length_px / (1 << octave)
            shift = 0.37 * octave  # lattices must not share their knots
            total += np.float32(weight) * _woven(self.rows / (step * slant) + shift, self.columns / step, seed + octave)
            weight *= gain
        return total

    def speckle(self, seed: int) -> Floats:
        """Uncorrelated noise of unit spread, (h, w): the sum of two uniform values."""
        rows = np.arange(self.region.y0, self.region.y1)[:, None]
        columns = np.arange(self.region.x0, self.region.x1)[None]
        both = lattice_values(rows, columns, seed) + lattice_values(rows, columns, seed ^ 0x5BD1E995)
        return both * np.float32(1.2247)
