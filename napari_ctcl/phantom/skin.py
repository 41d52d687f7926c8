"""Healthy skin: its colour, mottling, moles, vessels and nails, and the fine relief that light catches on.

All of it is normal to the network, and some of it is there to be mistaken for a lesion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.phantom.body import MarkKind, Posture, within
from napari_ctcl.phantom.chance import Draw
from napari_ctcl.phantom.lattice import Canvas, Floats, bump, channels, lattice_values, smoothstep
from napari_ctcl.phantom.people import Patient
from napari_ctcl.phantom.surface import Surface

_BLOOD: Final = (0.05, 0.24, 0.20)  # light that reddening takes, per channel
_PIGMENT: Final = (0.30, 0.42, 0.52)  # light that a freckle or mole takes
_NAIL: Final = (1.10, 0.98, 1.0)
_AREOLA: Final = (0.62, 0.42, 0.40)


@dataclass
class Layers:
    """What the light will fall on, growing layer by layer.

    Parameters
    ----------
    albedo : (3, h, w), linear
    height : (h, w), px of relief towards the camera
    gloss : (h, w), 1 is skin
    """

    albedo: npt.NDArray[np.float32]
    height: Floats
    gloss: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))


def healthy(canvas: Canvas, surface: Surface, patient: Patient, posture: Posture, draw: Draw) -> Layers:
    """Skin before anything is wrong with it."""
    blood = _mottling(canvas, surface, patient, draw.seed())
    albedo = np.stack(
        [np.float32(part) * (1 - np.float32(k) * blood) for part, k in zip(patient.skin, _BLOOD, strict=True)]
    )
    albedo *= 1 + np.float32(0.045) * canvas.noise(0.5, draw.seed(), 3)
    albedo *= 1 - surface.fold * np.array([0.35, 0.5, 0.5], np.float32)[:, None, None]
    _darken(albedo, _freckles(canvas, patient, draw.seed()), _PIGMENT)
    _darken(albedo, _spots(canvas, 0.10, 0.05 + 0.22 * patient.moles, 0.06, draw.seed()), (0.62, 0.76, 0.82))
    _darken(albedo, _vessels(canvas, surface, posture.vessels, draw.seed()), (0.30, 0.16, 0.06))
    height = surface.height * np.float32(canvas.side) + _relief(canvas, surface, patient, draw.seed())
    layers = Layers(albedo, height, 1 + np.float32(0.25) * canvas.noise(0.08, draw.seed(), 2))
    _marks(layers, canvas, surface, posture)
    if posture.hairline is not None:
        _stubble(layers, canvas, surface, patient, posture.hairline, draw.seed())
    return layers


def _darken(albedo: npt.NDArray[np.float32], amount: Floats, light: tuple[float, float, float]) -> None:
    albedo *= 1 - amount * channels(light)


def _mottling(canvas: Canvas, surface: Surface, patient: Patient, seed: int) -> Floats:
    large = canvas.noise(0.28, seed, 4, 0.6) * np.float32(0.22)
    net = bump(canvas.noise(0.055, seed + 5, 2), 0.8) * np.float32(0.10)
    thin = bump(surface.outline, 0.10) * np.float32(0.25)
    return np.asarray((large + net + thin) * np.float32(patient.ruddiness), np.float32)


def _spots(canvas: Canvas, cell: float, share: float, size: float, seed: int) -> Floats:
    """Round spots, at most one per lattice cell, (h, w) in 0 to 1; `size` is their largest radius in cells."""
    step = cell * canvas.side
    y, x = canvas.rows / step, canvas.columns / step
    iy, ix = np.floor(y).astype(np.int64)[:, None], np.floor(x).astype(np.int64)[None]
    there = lattice_values(iy, ix, seed) < np.float32(2 * share - 1)
    radius = np.float32(size) * (np.float32(0.62) + np.float32(0.38) * lattice_values(iy, ix, seed + 1))
    middle = 0.5 - size
    cy = np.float32(0.5) + np.float32(middle) * lattice_values(iy, ix, seed + 2)
    cx = np.float32(0.5) + np.float32(middle) * lattice_values(iy, ix, seed + 3)
    dy, dx = (y - np.floor(y)).astype(np.float32)[:, None] - cy, (x - np.floor(x)).astype(np.float32)[None] - cx
    away = np.sqrt(dy * dy + dx * dx) + np.float32(size * 0.16) * canvas.noise(cell * size * 1.5, seed + 4)
    return np.asarray(there * (1 - smoothstep(0.65, 1.0, away / radius)), np.float32)


def _freckles(canvas: Canvas, patient: Patient, seed: int) -> Floats:
    """Freckles in crowds, (h, w) in 0 to 1."""
    crowd = smoothstep(-0.5, 1.2, canvas.noise(0.25, seed + 17, 2))
    return _spots(canvas, 0.011, 0.02 + 0.75 * patient.freckles, 0.17, seed) * crowd * np.float32(0.5)


def _vessels(canvas: Canvas, surface: Surface, strength: float, seed: int) -> Floats:
    """Veins that shine through, (h, w): the zero lines of noise that is stretched along the body."""
    course = canvas.noise(0.30, seed, 3, 0.45)
    deep = smoothstep(0.2, 1.4, canvas.noise(0.35, seed + 9)) * smoothstep(-0.015, -0.06, surface.outline)
    return np.asarray(bump(course, 0.16) * deep * np.float32(0.75 * strength), np.float32)


def _relief(canvas: Canvas, surface: Surface, patient: Patient, seed: int) -> Floats:
    """Furrows and pores, (h, w), px; both in the photo's frame and, finest, in pixels."""
    unit = canvas.side / 512
    furrows = np.abs(canvas.noise(0.020, seed, 4, 0.6, slant=0.7)) + np.abs(
        canvas.noise(0.016, seed + 13, 4, 0.6, slant=1.5)
    )
    pores = np.minimum(canvas.noise(0.011, seed + 5), 0)
    lines = bump(canvas.noise(0.12, seed + 8, 2, slant=0.45), 0.12) * smoothstep(-0.6, 1.0, canvas.noise(0.4, seed + 9))
    coarse = (furrows * np.float32(0.10) + pores * np.float32(0.07) - lines * np.float32(0.28)) * np.float32(unit)
    fine = canvas.grain(5.0, seed + 11, 2) * np.float32(0.055)
    return np.asarray((coarse + fine) * np.float32(patient.roughness) * (1 + surface.fold), np.float32)


def _marks(layers: Layers, canvas: Canvas, surface: Surface, posture: Posture) -> None:
    side = np.float32(canvas.side)
    for mark in posture.marks:
        away = within(mark, surface.v, surface.u)
        if float(away.min()) > 2:
            continue
        inside = 1 - smoothstep(0.90, 1.02, away)
        if mark.kind is MarkKind.NAIL:
            _darken(layers.albedo, inside, (1 - _NAIL[0], 1 - _NAIL[1], 1 - _NAIL[2]))
            layers.height += (
                inside * np.float32(0.10 * mark.radius) - bump(away - 1, 0.22) * np.float32(0.10 * mark.radius)
            ) * side
            layers.gloss += inside * np.float32(1.3)
            _darken(layers.albedo, bump(away - 1, 0.16), (0.20, 0.30, 0.30))
        elif mark.kind is MarkKind.AREOLA:
            soft = (1 - smoothstep(0.6, 1.15, away + np.float32(0.08) * canvas.noise(0.02, 99, 2))) * np.float32(0.85)
            _darken(layers.albedo, soft, (1 - _AREOLA[0], 1 - _AREOLA[1], 1 - _AREOLA[2]))
            layers.height += bump(away, 0.45) * np.float32(0.010) * side + soft * canvas.grain(6, 98) * np.float32(0.1)
        else:
            layers.height -= bump(away, 1.0) * np.float32(0.022) * side
            layers.height += bump(away - 1.1, 0.5) * np.float32(0.005) * side
            _darken(layers.albedo, bump(away, 0.9), (0.55, 0.66, 0.68))


def _stubble(layers: Layers, canvas: Canvas, surface: Surface, patient: Patient, line: float, seed: int) -> None:
    """Closely cropped hair above the hairline: dark streaks, dense towards the crown."""
    edge = surface.v + np.float32(0.02) * canvas.noise(0.06, seed, 2) - np.float32(0.55) * surface.u * surface.u
    grown = 1 - smoothstep(line - 0.10, line + 0.02, edge)
    streaks = smoothstep(-1.6, 2.0, canvas.noise(0.0030, seed + 3, 3, 0.8, slant=3.0))
    amount = grown * (np.float32(0.20) + np.float32(0.36) * streaks)
    layers.albedo += amount * (channels(patient.hair_colour) - layers.albedo)
    layers.height += grown * streaks * np.float32(canvas.side / 512 * 0.35)
    layers.gloss *= 1 - np.float32(0.6) * grown
