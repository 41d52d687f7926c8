"""The twelve body regions as they lie in a photo: limbs, folds, nails, navel, hair.

Drawn for a photo of 4 : 3; v runs down from -0.5 to 0.5, u across from -0.65 to 0.65. A left side is drawn, a right one
is its mirror image.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from napari_ctcl.anatomy import BodyRegion
from napari_ctcl.phantom.body import Crease, Limb, Mark, MarkKind, Point, Posture


def _mirrored(*limbs: Limb) -> tuple[Limb, ...]:
    flipped = tuple(
        replace(limb, start=(limb.start[0], -limb.start[1]), end=(limb.end[0], -limb.end[1])) for limb in limbs
    )
    return limbs + flipped


def _both(*creases: Crease) -> tuple[Crease, ...]:
    flipped = tuple(
        replace(
            crease,
            start=(crease.start[0], -crease.start[1]),
            bend=(crease.bend[0], -crease.bend[1]),
            end=(crease.end[0], -crease.end[1]),
        )
        for crease in creases
    )
    return creases + flipped


def _nail(root: Point, tip: Point, radius: float, inset: float) -> Mark:
    dv, du = tip[0] - root[0], tip[1] - root[1]
    length = math.sqrt(dv * dv + du * du)
    axis = (dv / length, du / length)
    return Mark(
        MarkKind.NAIL, (tip[0] + axis[0] * radius * inset, tip[1] + axis[1] * radius * inset), radius * 0.62, 1.25, axis
    )


def _across(root: Point, tip: Point, at: float, half: float, width: float) -> Crease:
    """A knuckle's fold across a finger."""
    dv, du = tip[0] - root[0], tip[1] - root[1]
    length = math.sqrt(dv * dv + du * du)
    v, u, nv, nu = root[0] + dv * at, root[1] + du * at, -du / length * half, dv / length * half
    bend = (v + dv / length * half * 0.5, u + du / length * half * 0.5)
    return Crease((v - nv, u - nu), bend, (v + nv, u + nu), width, 0.004, 0.28)


_FINGERS: Final = (  # knuckle, middle joint, tip, radius
    ((0.0, -0.165), (-0.16, -0.235), (-0.30, -0.275), 0.047),
    ((-0.05, -0.06), (-0.24, -0.085), (-0.39, -0.095), 0.051),
    ((-0.045, 0.05), (-0.23, 0.07), (-0.375, 0.085), 0.050),
    ((0.015, 0.15), (-0.12, 0.20), (-0.225, 0.235), 0.043),
    ((0.16, 0.20), (0.06, 0.315), (-0.05, 0.355), 0.053),
)
_WRIST: Final = (0.34, 0.01)


def _hand() -> Posture:
    limbs: list[Limb] = [Limb((0.95, 0.0), _WRIST, 0.15, 0.115), Limb((0.15, -0.055), (0.15, 0.06), 0.135, 0.13, 0.5)]
    creases: list[Crease] = [Crease((0.36, -0.11), (0.39, 0.0), (0.36, 0.12), 0.012, 0.004, 0.2)]
    marks: list[Mark] = []
    for knuckle, joint, tip, r in _FINGERS:
        limbs += [
            Limb(_WRIST, knuckle, 0.10, r * 1.3, 0.6),
            Limb(knuckle, joint, r * 1.2, r),
            Limb(joint, tip, r, r * 0.82),
        ]
        creases += [_across(knuckle, joint, at, r * 0.75, 0.007) for at in (0.88, 1.0, 1.12)]
        creases.append(_across(joint, tip, 0.55, r * 0.6, 0.006))
        marks.append(_nail(joint, tip, r * 0.82, 0.22))
    return Posture(limbs=tuple(limbs), creases=tuple(creases), marks=tuple(marks), blend=0.022, hair=0.25, vessels=0.9)


_TOES: Final = (  # root, tip, radius
    ((0.20, -0.125), (0.365, -0.155), 0.068),
    ((0.24, -0.02), (0.385, -0.03), 0.044),
    ((0.235, 0.055), (0.362, 0.062), 0.041),
    ((0.215, 0.12), (0.325, 0.142), 0.038),
    ((0.17, 0.175), (0.268, 0.21), 0.036),
)


def _foot() -> Posture:
    limbs = [
        Limb((-0.95, 0.03), (-0.36, 0.01), 0.17, 0.135),
        Limb((-0.36, 0.01), (-0.05, -0.005), 0.135, 0.15, 0.9),
        Limb((-0.05, -0.02), (0.17, -0.085), 0.14, 0.115, 0.7),
        Limb((-0.05, 0.03), (0.16, 0.10), 0.14, 0.105, 0.55),
    ]
    limbs += [Limb(root, tip, r * 1.05, r * 0.92) for root, tip, r in _TOES]
    creases = [_across(root, tip, at, r * 0.7, 0.007) for root, tip, r in _TOES for at in (0.35, 0.5)]
    creases += [
        Crease((-0.40, -0.12), (-0.35, 0.0), (-0.40, 0.13), 0.014, 0.004, 0.18),
        Crease((-0.25, 0.01), (-0.05, -0.06), (0.17, -0.11), 0.016, -0.006, 0.0),
        Crease((-0.2, 0.03), (0.0, 0.02), (0.2, 0.0), 0.013, -0.005, 0.0),
        Crease((-0.2, 0.04), (0.0, 0.07), (0.19, 0.1), 0.013, -0.005, 0.0),
    ]
    marks = tuple(_nail(root, tip, r * 0.92, 0.12) for root, tip, r in _TOES)
    return Posture(limbs=tuple(limbs), creases=tuple(creases), marks=marks, blend=0.02, hair=0.25, vessels=0.9)


def _trunk() -> tuple[Limb, ...]:
    return (
        Limb((-0.85, 0.0), (-0.52, 0.0), 0.14, 0.15, 0.6),
        Limb((-0.40, -0.40), (-0.40, 0.40), 0.15, 0.15, 0.8),
        Limb((-0.20, -0.14), (-0.20, 0.14), 0.32, 0.32, 0.42),
        Limb((-0.10, 0.0), (0.25, 0.0), 0.43, 0.40, 0.32),
        Limb((0.62, -0.12), (0.62, 0.12), 0.33, 0.33, 0.45),
        *_mirrored(Limb((-0.38, -0.50), (0.25, -0.60), 0.125, 0.10), Limb((0.25, -0.60), (0.9, -0.60), 0.10, 0.085)),
    )


_ANTERIOR: Final = Posture(
    limbs=_trunk(),
    creases=(
        Crease((-0.42, 0.0), (-0.1, 0.0), (0.2, 0.0), 0.05, 0.012, 0.08),
        Crease((-0.52, 0.0), (-0.46, 0.09), (-0.47, 0.33), 0.03, -0.02, 0.0),
        Crease((-0.52, 0.0), (-0.46, -0.09), (-0.47, -0.33), 0.03, -0.02, 0.0),
        *_both(
            Crease((-0.02, 0.07), (0.06, 0.24), (-0.12, 0.38), 0.035, 0.016, 0.16),
            Crease((-0.34, 0.40), (-0.20, 0.45), (0.10, 0.462), 0.03, 0.022, 0.26),
        ),
    ),
    marks=(
        Mark(MarkKind.AREOLA, (-0.10, -0.235), 0.034),
        Mark(MarkKind.AREOLA, (-0.10, 0.235), 0.034),
        Mark(MarkKind.NAVEL, (0.30, 0.0), 0.028, 1.3),
    ),
    blend=0.09,
    hair=0.6,
    vessels=0.15,
)

_POSTERIOR: Final = Posture(
    limbs=_trunk(),
    creases=(
        Crease((-0.6, 0.0), (0.0, 0.012), (0.62, 0.0), 0.06, 0.03, 0.10),
        *_both(
            Crease((-0.34, 0.15), (-0.1, 0.12), (0.05, 0.24), 0.06, -0.022, 0.0),
            Crease((-0.36, 0.16), (-0.12, 0.09), (0.08, 0.2), 0.03, 0.012, 0.10),
            Crease((-0.34, 0.41), (-0.20, 0.45), (0.10, 0.462), 0.03, 0.022, 0.26),
        ),
    ),
    blend=0.09,
    hair=0.25,
    vessels=0.1,
)

_BUTTOCKS: Final = Posture(
    limbs=(
        Limb((-0.75, -0.12), (-0.75, 0.12), 0.30, 0.30, 0.4),
        Limb((-0.45, 0.0), (-0.1, 0.0), 0.36, 0.42, 0.35),
        *_mirrored(
            Limb((0.0, 0.21), (0.07, 0.22), 0.27, 0.27, 0.95), Limb((0.25, 0.25), (0.95, 0.26), 0.26, 0.22, 0.8)
        ),
    ),
    creases=(
        Crease((-0.24, 0.0), (0.05, 0.004), (0.36, 0.0), 0.03, 0.05, 0.55),
        *_both(
            Crease((0.335, 0.02), (0.40, 0.2), (0.31, 0.40), 0.022, 0.03, 0.42),
            Crease((-0.30, 0.1), (-0.285, 0.115), (-0.27, 0.105), 0.03, 0.01, 0.12),
        ),
    ),
    blend=0.04,
    hair=0.2,
    vessels=0.1,
)

_GROIN: Final = Posture(
    limbs=(
        Limb((-0.5, -0.18), (-0.5, 0.18), 0.40, 0.40, 0.4),
        *_mirrored(Limb((0.02, 0.28), (0.85, 0.36), 0.29, 0.25, 0.8)),
        Limb((-0.1, -0.1), (-0.1, 0.1), 0.3, 0.3, 0.4),
    ),
    creases=(
        *_both(
            Crease((-0.22, 0.47), (-0.02, 0.36), (0.26, 0.07), 0.022, 0.03, 0.40),
            Crease((0.2, 0.14), (0.4, 0.07), (0.6, 0.08), 0.02, 0.01, 0.2),
        ),
        Crease((-0.2, -0.36), (-0.12, 0.0), (-0.2, 0.36), 0.025, 0.012, 0.18),
    ),
    marks=(Mark(MarkKind.NAVEL, (-0.42, 0.0), 0.028, 1.3),),
    blend=0.06,
    hair=0.5,
    vessels=0.3,
    covers=(Limb((0.02, -0.06), (0.02, 0.06), 0.12, 0.12, 0.5), Limb((0.1, 0.0), (0.8, 0.0), 0.13, 0.1, 0.5)),
)

_HEAD: Final = Posture(
    limbs=(
        Limb((-0.17, 0.0), (-0.02, 0.0), 0.29, 0.26, 0.95),
        Limb((0.10, 0.0), (0.52, 0.0), 0.175, 0.165, 0.9),
        Limb((0.62, -0.42), (0.62, 0.42), 0.20, 0.20, 0.8),
        *_mirrored(
            Limb((0.30, 0.12), (0.50, 0.33), 0.05, 0.10, 0.8), Limb((-0.06, 0.290), (0.055, 0.262), 0.036, 0.022)
        ),
    ),
    creases=(
        Crease((0.20, -0.12), (0.225, 0.0), (0.20, 0.12), 0.014, 0.006, 0.22),
        Crease((0.27, -0.13), (0.30, 0.0), (0.27, 0.13), 0.014, 0.006, 0.18),
        Crease((0.16, 0.0), (0.3, 0.0), (0.5, 0.0), 0.05, 0.016, 0.1),
        *_both(Crease((-0.075, 0.262), (0.0, 0.25), (0.06, 0.248), 0.012, 0.02, 0.5)),
    ),
    blend=0.03,
    hair=0.0,
    vessels=0.1,
    hairline=0.12,
)

_NECK: Final = Posture(
    limbs=(
        Limb((-0.62, 0.0), (-0.40, 0.0), 0.36, 0.31, 0.9),
        Limb((-0.3, 0.0), (0.4, 0.0), 0.27, 0.30, 0.8),
        Limb((0.62, -0.5), (0.62, 0.5), 0.27, 0.27, 0.7),
        *_mirrored(
            Limb((0.05, 0.17), (0.4, 0.52), 0.10, 0.16, 0.7), Limb((-0.44, 0.355), (-0.33, 0.335), 0.038, 0.026)
        ),
    ),
    creases=(
        Crease((-0.12, -0.2), (-0.07, 0.0), (-0.13, 0.21), 0.016, 0.008, 0.24),
        Crease((0.03, -0.22), (0.09, 0.0), (0.02, 0.22), 0.016, 0.008, 0.2),
        *_both(Crease((-0.3, 0.12), (0.0, 0.14), (0.4, 0.1), 0.06, -0.02, 0.0)),
        Crease((-0.3, 0.0), (0.1, 0.0), (0.5, 0.0), 0.07, 0.02, 0.08),
    ),
    blend=0.05,
    hair=0.2,
    vessels=0.2,
    hairline=-0.26,
)

POSTURES: Final[dict[BodyRegion, Posture]] = {
    BodyRegion.HEAD: _HEAD,
    BodyRegion.NECK: _NECK,
    BodyRegion.ANTERIOR_TRUNK: _ANTERIOR,
    BodyRegion.POSTERIOR_TRUNK: _POSTERIOR,
    BodyRegion.BUTTOCKS: _BUTTOCKS,
    BodyRegion.GROIN: _GROIN,
    BodyRegion.HANDS: _hand(),
    BodyRegion.FEET: _foot(),
    BodyRegion.ARMS: Posture(
        limbs=(
            Limb((-0.40, -0.75), (-0.12, -0.36), 0.36, 0.26),
            Limb((-0.12, -0.36), (0.10, 0.22), 0.25, 0.185),
            Limb((0.10, 0.22), (-0.06, 0.50), 0.18, 0.17),
            Limb((-0.06, 0.50), (-0.45, 0.95), 0.17, 0.11),
        ),
        creases=(
            Crease((-0.06, 0.16), (0.0, 0.24), (0.03, 0.33), 0.018, 0.008, 0.26),
            Crease((-0.10, 0.20), (-0.05, 0.28), (-0.02, 0.36), 0.014, 0.006, 0.2),
            Crease((-0.15, -0.5), (-0.02, -0.1), (0.06, 0.12), 0.07, -0.015, 0.0),
        ),
        blend=0.06,
        hair=0.45,
        vessels=0.4,
    ),
    BodyRegion.FOREARMS: Posture(
        limbs=(
            Limb((0.30, -0.95), (0.10, -0.38), 0.20, 0.225),
            Limb((0.10, -0.38), (-0.06, 0.30), 0.225, 0.115),
            Limb((-0.06, 0.30), (-0.10, 0.48), 0.115, 0.13, 0.6),
            Limb((-0.10, 0.48), (-0.19, 0.85), 0.15, 0.14, 0.6),
        ),
        creases=(
            Crease((-0.15, 0.32), (-0.06, 0.36), (0.04, 0.34), 0.012, 0.005, 0.22),
            Crease((-0.14, 0.29), (-0.06, 0.32), (0.04, 0.30), 0.010, 0.004, 0.16),
            Crease((0.02, -0.15), (-0.02, 0.1), (-0.07, 0.4), 0.025, -0.006, 0.0),
        ),
        blend=0.05,
        hair=0.9,
        vessels=0.8,
    ),
    BodyRegion.THIGHS: Posture(
        limbs=_mirrored(
            Limb((-0.85, 0.31), (0.30, 0.27), 0.31, 0.215, 0.75),
            Limb((0.30, 0.27), (0.42, 0.265), 0.205, 0.195, 0.9),
            Limb((0.42, 0.265), (0.95, 0.255), 0.185, 0.17),
        ),
        creases=_both(
            Crease((0.30, 0.15), (0.24, 0.27), (0.30, 0.39), 0.035, 0.010, 0.1),
            Crease((0.47, 0.17), (0.52, 0.265), (0.47, 0.36), 0.03, 0.010, 0.1),
            Crease((0.36, 0.2), (0.33, 0.27), (0.36, 0.34), 0.02, -0.008, 0.0),
        ),
        blend=0.02,
        hair=0.55,
        vessels=0.2,
    ),
    BodyRegion.LEGS: Posture(
        limbs=_mirrored(
            Limb((-0.80, 0.24), (-0.45, 0.235), 0.20, 0.17),
            Limb((-0.45, 0.235), (-0.10, 0.24), 0.16, 0.185),
            Limb((-0.10, 0.24), (0.40, 0.205), 0.18, 0.10),
            Limb((0.40, 0.205), (0.75, 0.205), 0.095, 0.12),
        ),
        creases=_both(
            Crease((-0.3, 0.2), (0.05, 0.205), (0.4, 0.19), 0.05, -0.014, 0.0),
            Crease((-0.36, 0.16), (-0.33, 0.235), (-0.36, 0.31), 0.03, 0.008, 0.1),
        ),
        blend=0.04,
        hair=0.9,
        vessels=0.4,
    ),
}
