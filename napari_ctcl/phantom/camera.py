"""Light and lens: what falls on skin and cloth, and what the sensor makes of it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.phantom.lattice import Canvas, Floats
from napari_ctcl.phantom.people import Clinic, Patient
from napari_ctcl.phantom.skin import Layers

HALO: Final = 3
"""Pixels that a patch needs around it: one for slopes, two for the lens."""

_WRAP: Final = (0.42, 0.26, 0.22)  # skin scatters red light furthest into its shadows
_BLUR: Final = 0.11
_NOISE: Final = 0.0095


def slopes(height: Floats) -> tuple[Floats, Floats]:
    """Rise per pixel downwards and rightwards, (h, w) each; the outermost pixels repeat their neighbours."""
    padded = np.pad(height, 1, mode="edge")
    return (padded[2:, 1:-1] - padded[:-2, 1:-1]) * np.float32(0.5), (
        padded[1:-1, 2:] - padded[1:-1, :-2]
    ) * np.float32(0.5)


def lit(layers: Layers, clinic: Clinic, wrap: float = 1.0) -> npt.NDArray[np.float32]:
    """Linear light that comes off a surface, (3, h, w).

    Parameters
    ----------
    wrap : how far light creeps round an edge; 1 for skin, less for cloth
    """
    down, right = slopes(layers.height)
    scale = 1 / np.sqrt(1 + down * down + right * right)
    ly, lx, lz = (np.float32(part) for part in clinic.light)
    facing = (lz - down * ly - right * lx) * scale
    half = np.sqrt(ly * ly + lx * lx + (lz + 1) * (lz + 1))
    shine = np.maximum((lz + 1 - down * ly - right * lx) * scale / half, 0)
    for _ in range(4):
        shine = shine * shine
    shine = shine * (np.float32(0.35) + np.float32(0.65) * shine) * layers.gloss * np.float32(0.055 * clinic.gloss)
    planes = []
    for albedo, gain, creep in zip(layers.albedo, clinic.warmth, _WRAP, strict=True):
        soft = creep * wrap
        key = np.maximum((facing + np.float32(soft)) * np.float32(1 / (1 + soft)), 0)
        light = (
            np.float32(clinic.ambient) * (np.float32(0.55) + np.float32(0.45) * scale)
            + np.float32(1 - clinic.ambient * 0.6) * key
        )
        planes.append((albedo * light + shine) * np.float32(gain))
    return np.stack(planes)


def exposed(
    canvas: Canvas, light: npt.NDArray[np.float32], clinic: Clinic, patient: Patient
) -> npt.NDArray[np.float32]:
    """Picture values in 0 to 1 with the lens's vignette and the camera's response, (3, h, w)."""
    fall = 1 - np.float32(clinic.vignette) * (canvas.v * canvas.v + canvas.u * canvas.u) * np.float32(1.4)
    planes = [
        np.sqrt(np.maximum(plane * np.float32(gain * patient.exposure * 1.12) * fall, 0))
        for plane, gain in zip(light, patient.gains, strict=True)
    ]
    grey = (planes[0] + planes[1] + planes[2]) * np.float32(1 / 3)
    picture = np.stack([grey + (plane - grey) * np.float32(clinic.saturation) for plane in planes])
    picture = np.clip(picture, 0, 1.25)
    picture = np.where(picture > 0.8, 0.8 + (picture - 0.8) * 0.55, picture)  # highlights roll off
    curve = picture * picture * (3 - 2 * picture)
    return np.asarray(picture + (curve - picture) * np.float32(clinic.contrast), np.float32)


def developed(canvas: Canvas, picture: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.uint8]:
    """8-bit pixels, (h, w, 3), after lens blur and sensor noise."""
    soft = picture + np.float32(_BLUR) * _around(picture)
    speckled = [plane + np.float32(_NOISE) * canvas.speckle(seed + 3 * at) for at, plane in enumerate(soft)]
    values = np.clip(np.stack(speckled, axis=-1), 0, 1) * 255 + np.float32(0.5)
    return np.asarray(values.astype(np.uint8))


def _around(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Sum of the four neighbours less four times the pixel; 0 at the edge, which the halo cuts off."""
    out = np.zeros_like(picture)
    inner = picture[:, 1:-1, 1:-1]
    out[:, 1:-1, 1:-1] = (
        picture[:, 2:, 1:-1] + picture[:, :-2, 1:-1] + picture[:, 1:-1, 2:] + picture[:, 1:-1, :-2] - 4 * inner
    )
    return out
