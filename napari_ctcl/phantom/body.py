"""A body part as a smooth union of tapered limbs: its outline, its relief and the marks that make it recognisable.

Places are (v, u): down and across from the photo's middle, in shorter sides of the photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

import numpy as np

from napari_ctcl.phantom.lattice import Floats

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Limb:
    """A tapered capsule from `start` to `end`.

    Parameters
    ----------
    start, end : (v, u)
    r0, r1 : radius at either end
    depth : how far it rises towards the camera, in radii
    """

    start: Point
    end: Point
    r0: float
    r1: float
    depth: float = 0.8


@dataclass(frozen=True, slots=True)
class Crease:
    """A fold of skin along a bent line.

    Parameters
    ----------
    start, bend, end : control points (v, u) of the line
    width, depth : of the groove; a negative depth makes a ridge
    dark : how much light the groove swallows, 0 to 1
    """

    start: Point
    bend: Point
    end: Point
    width: float
    depth: float
    dark: float = 0.3


class MarkKind(Enum):
    """What a mark on the body is."""

    NAIL = auto()
    AREOLA = auto()
    NAVEL = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """A normal spot of the body that is no lesion: an ellipse with its own colour."""

    kind: MarkKind
    centre: Point
    radius: float
    stretch: float = 1.0
    axis: Point = (1.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """How one body region lies in the photo.

    Parameters
    ----------
    limbs : what it is made of
    creases, marks : what is on it
    blend : width over which limbs melt into one another
    hair : how hairy the region is, 0 to 1
    vessels : how far vessels shine through, 0 to 1
    hairline : v above which cropped hair grows; None where there is none
    covers : limbs of cloth that lie on the body
    """

    limbs: tuple[Limb, ...]
    creases: tuple[Crease, ...] = ()
    marks: tuple[Mark, ...] = ()
    blend: float = 0.03
    hair: float = 0.3
    vessels: float = 0.3
    hairline: float | None = None
    covers: tuple[Limb, ...] = ()


@dataclass(frozen=True, slots=True)
class Pose:
    """Turns photo places into posture places: a turn, a zoom, a shift and perhaps a mirror.

    Parameters
    ----------
    cos, sin : of the turn
    zoom : above 1 shows the body larger
    shift : (v, u)
    mirrored : left for right
    """

    cos: float
    sin: float
    zoom: float
    shift: Point
    mirrored: bool

    def place(self, v: Floats, u: Floats) -> tuple[Floats, Floats]:
        """Posture places of photo places."""
        dv, du = v - np.float32(self.shift[0]), u - np.float32(self.shift[1])
        c, s = np.float32(self.cos / self.zoom), np.float32(self.sin / self.zoom)
        across = c * du - s * dv
        return np.asarray(s * du + c * dv, np.float32), np.asarray(-across if self.mirrored else across, np.float32)


def distance(limb: Limb, v: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Distance from the limb's axis and the radius there, (h, w) each."""
    dv, du = limb.end[0] - limb.start[0], limb.end[1] - limb.start[1]
    pv, pu = v - np.float32(limb.start[0]), u - np.float32(limb.start[1])
    t = np.clip((pv * np.float32(dv) + pu * np.float32(du)) * np.float32(1 / (dv * dv + du * du)), 0, 1)
    qv, qu = pv - t * np.float32(dv), pu - t * np.float32(du)
    return np.sqrt(qv * qv + qu * qu), np.float32(limb.r0) + t * np.float32(limb.r1 - limb.r0)


def form(limbs: tuple[Limb, ...], blend: float, v: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Signed distance from the outline (negative inside) and height of the body, (h, w) each, in posture units."""
    outline = np.full(v.shape, 9.0, np.float32)
    height = np.full(v.shape, -1.0, np.float32)
    for limb in limbs:
        axis, radius = distance(limb, v, u)
        share = axis / radius
        dome = np.maximum(1 - share * share, -1) * radius * np.float32(limb.depth)
        height = smooth_max(height, dome, 2 * blend)
        outline = -smooth_max(-outline, radius - axis, blend)
    return outline, height


def smooth_max(a: Floats, b: Floats, width: float) -> Floats:
    """The larger of two, rounded where they are closer than `width` (after Inigo Quilez)."""
    share = np.maximum(np.float32(width) - np.abs(a - b), 0) * np.float32(1 / width)
    return np.asarray(np.maximum(a, b) + share * share * np.float32(width / 4), np.float32)


def groove(crease: Crease, v: Floats, u: Floats) -> Floats:
    """1 on the crease's line, 0 beside it, fading towards both ends; (h, w)."""
    line = np.zeros(v.shape, np.float32)
    steps = 8
    points = [_bezier(crease, step / steps) for step in range(steps + 1)]
    for step, (start, end) in enumerate(pairwise(points)):
        first, last = (1.0 - (2 * t / steps - 1) ** 4 for t in (step, step + 1))
        axis, strength = distance(Limb(start, end, first, last), v, u)
        flank = np.maximum(1 - axis * np.float32(1 / crease.width), 0)
        line = np.maximum(line, flank * flank * (3 - 2 * flank) * strength)
    return line


def _bezier(crease: Crease, t: float) -> Point:
    a, b, c = (1 - t) * (1 - t), 2 * t * (1 - t), t * t
    return (
        a * crease.start[0] + b * crease.bend[0] + c * crease.end[0],
        a * crease.start[1] + b * crease.bend[1] + c * crease.end[1],
    )


def within(mark: Mark, v: Floats, u: Floats) -> Floats:
    """Distance from the mark's centre in its radii, (h, w): below 1 inside."""
    dv, du = v - np.float32(mark.centre[0]), u - np.float32(mark.centre[1])
    along = (dv * np.float32(mark.axis[0]) + du * np.float32(mark.axis[1])) * np.float32(1 / mark.stretch)
    across = du * np.float32(mark.axis[0]) - dv * np.float32(mark.axis[1])
    return np.asarray(np.sqrt(along * along + across * across) * np.float32(1 / mark.radius), np.float32)
