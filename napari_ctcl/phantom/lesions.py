"""Lesions of mycosis fungoides as shapes with a look: thin patches, raised scaly plaques, domed tumors.

What tells the classes apart is laid on two scales. Patch and plaque share their colours and differ in a texture of 3 to
8 pixels of the photo at its own size: fine wrinkles against small flakes. A tumor carries either texture and differs in
its violet colour relative to the patient's own skin, over an area larger than a crop sees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.lesion import Lesion
from napari_ctcl.phantom.body import Point, smooth_max
from napari_ctcl.phantom.chance import Draw
from napari_ctcl.phantom.lattice import Canvas, Floats, bump, channels, scattered, smoothstep
from napari_ctcl.phantom.people import Colour, Patient

WRINKLE_PX: Final = 7.6
FLAKE_PX: Final = 4.0
"""Wavelengths of the two textures, px of the photo at its own size; noise waves are two lattice steps long."""
_STRENGTH: Final = 0.15  # of either texture, linear light
_ERYTHEMA: Final[Colour] = (0.93, 0.56, 0.57)
_FLESH: Final[Colour] = (0.52, 0.19, 0.19)
_CRUST: Final[Colour] = (0.21, 0.13, 0.10)
_VIOLET: Final[Colour] = (0.56, 0.332, 0.43)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One lesion, or something off the body that looks like one.

    Parameters
    ----------
    kind : its class
    lobes : (v, u, height, radius) of the rounds it has grown together from
    reach : (v, u, radius) of a circle that holds all of it
    ring : width of its rim as a share of its radius, where it has cleared in the middle; 0 where it has not
    ragged : how far its outline leaves the circle
    soft : width of its border, in shorter sides
    patchy : how much paler it is in places
    tint : what it leaves of the skin's light, per channel
    flaky : flakes, else wrinkles
    texture : strength of either
    rise : of its surface, in shorter sides
    ulcer : radius of an open sore as a share of its own; 0 without
    gloss : of its surface, against 1 of skin
    grain : direction of wrinkles (y, x)
    seed : of its noise
    """

    kind: Lesion
    lobes: tuple[tuple[float, float, float, float], ...]
    reach: tuple[float, float, float]
    ring: float
    ragged: float
    soft: float
    patchy: float
    tint: Colour
    flaky: bool
    texture: float
    rise: float
    ulcer: float
    gloss: float
    grain: Point
    seed: int

    @property
    def size(self) -> float:
        """Radius of its largest round, in shorter sides."""
        return max(radius for _, _, _, radius in self.lobes)

    def near(self, canvas: Canvas) -> bool:
        """Whether it may touch a patch of photo."""
        v, u, radius = self.reach
        dv = max(float(canvas.v[0, 0]) - v, v - float(canvas.v[-1, 0]), 0.0)
        du = max(float(canvas.u[0, 0]) - u, u - float(canvas.u[0, -1]), 0.0)
        return dv * dv + du * du <= radius * radius

    def depth(self, canvas: Canvas, height: Floats) -> Floats:
        """How deep each pixel lies inside, (h, w): 0 on the border, 1 in the middle, negative outside.

        Distance follows the body's relief, so that a lesion narrows where the skin turns away.
        """
        inside = np.full(height.shape, -9.0, np.float32)
        for v, u, z, radius in self.lobes:
            dv, du, dz = canvas.v - np.float32(v), canvas.u - np.float32(u), (height - np.float32(z)) * np.float32(0.6)
            away = np.sqrt(dv * dv + du * du + dz * dz)
            inside = smooth_max(inside, (np.float32(radius) - away) * np.float32(1 / self.size), 0.3)
        inside += np.float32(self.ragged) * canvas.noise(
            self.size * 0.9, self.seed, 4, 0.38 if self.kind is Lesion.TUMOR else 0.58
        )
        if self.ring:
            inside = np.minimum(inside, np.float32(2 * self.ring) - inside)
        return inside


def new_spot(kind: Lesion, patient: Patient, draw: Draw, place: tuple[float, float, float], radius: float) -> Spot:
    """A lesion with a look of its own kind.

    Parameters
    ----------
    place : (v, u, height) of its middle
    radius : in shorter sides
    """
    tumor = kind is Lesion.TUMOR
    lobes = _lobes(draw, place, radius, 3 if tumor else 4)
    ulcered = tumor and draw.happens(0.30)
    return Spot(
        kind=kind,
        lobes=lobes,
        reach=_reach(lobes),
        ring=draw.uniform(0.22, 0.34) if not tumor and draw.happens(patient.rings) else 0.0,
        ragged=draw.uniform(0.05, 0.09) if tumor else draw.uniform(0.09, 0.16),
        soft=draw.uniform(0.003, 0.007) if kind is not Lesion.PATCH else draw.uniform(0.006, 0.016),
        patchy={Lesion.PATCH: 0.45, Lesion.PLAQUE: 0.28}.get(kind, 0.12),
        tint=_tint(kind, patient, draw),
        flaky=draw.happens(0.5) if tumor else kind is Lesion.PLAQUE,
        texture=_STRENGTH * patient.scaling,
        rise=min(radius * 0.42, 0.042) if tumor else (0.0035 if kind is Lesion.PLAQUE else 0.0),
        ulcer=draw.uniform(0.3, 0.45) if ulcered else 0.0,
        gloss=draw.uniform(1.0, 1.5) if tumor else (0.7 if kind is Lesion.PLAQUE else 0.85),
        grain=draw.direction(),
        seed=draw.seed(),
    )


def _lobes(
    draw: Draw, place: tuple[float, float, float], radius: float, most: int
) -> tuple[tuple[float, float, float, float], ...]:
    v, u, z = place
    lobes = [(v, u, z, radius)]
    for _ in range(draw.integer(0, most)):
        dv, du = draw.direction()
        share, step = draw.uniform(0.4, 0.8), draw.uniform(0.7, 1.05)
        lobes.append((v + dv * step * radius, u + du * step * radius, z, radius * share))
    return tuple(lobes)


def _reach(lobes: tuple[tuple[float, float, float, float], ...]) -> tuple[float, float, float]:
    v, u, _, size = lobes[0]
    far = max(math.sqrt((b - v) * (b - v) + (c - u) * (c - u)) + r for b, c, _, r in lobes)
    return v, u, far + 1.3 * size


def _tint(kind: Lesion, patient: Patient, draw: Draw) -> Colour:
    base = _VIOLET if kind is Lesion.TUMOR else _ERYTHEMA
    level, redness = draw.spread(1.0, 0.14), draw.spread(patient.redness, 0.10)
    red, green, blue = (1 - (1 - part) * redness for part in base)
    return red * level, green * level, blue * level * draw.spread(1.0, 0.06)


def texture(spot: Spot, canvas: Canvas) -> Floats:
    """Fine relief of a lesion's surface, (h, w), about unit spread; its wavelength is in pixels."""
    if spot.flaky:
        turned = _turned(spot, canvas, FLAKE_PX * 0.55, FLAKE_PX * 0.55)
        flakes = (canvas.grain(FLAKE_PX / 2, spot.seed + 21) + scattered(*turned, spot.seed + 23)) * np.float32(0.75)
        crowd = 1 + np.float32(0.35) * canvas.noise(spot.size * 0.35, spot.seed + 22, 2)
        return np.asarray(
            (np.maximum(flakes, -0.7) - np.float32(0.12)) * np.clip(crowd, 0.45, 1.6) * np.float32(1.2), np.float32
        )
    across, along = _turned(spot, canvas, WRINKLE_PX / 2, WRINKLE_PX * 0.85)
    bent = canvas.grain(WRINKLE_PX * 5, spot.seed + 31) * np.float32(0.55)
    return scattered(across + bent, along, spot.seed + 41)


def _turned(spot: Spot, canvas: Canvas, across_px: float, along_px: float) -> tuple[Floats, Floats]:
    """Coordinates across and along the lesion's grain, (h, w) each, in the given steps."""
    y, x = canvas.rows[:, None], canvas.columns[None]
    gy, gx = spot.grain
    across, along = (y * gy + x * gx) / across_px, (x * gy - y * gx) / along_px
    return across.astype(np.float32), along.astype(np.float32)


def cover(spot: Spot, side: int, depth: Floats) -> Floats:
    """How much of each pixel's look is the lesion's, 0 to 1, (h, w): the border is soft, the mask is not.

    Parameters
    ----------
    side : shorter side of the photo, px
    """
    width = max(spot.soft, 0.8 / side) / spot.size
    return smoothstep(-width, width, depth)


def flare(depth: Floats) -> Floats:
    """Faint redness of the skin around, (h, w) in 0 to 1."""
    return bump(depth + np.float32(0.02), 0.22)


def tinted(spot: Spot, canvas: Canvas, depth: Floats) -> npt.NDArray[np.float32]:
    """What the lesion leaves of the skin's light, (3, h, w), before its border is softened."""
    blotches = canvas.noise(spot.size * 0.5, spot.seed + 51, 3) * np.float32(0.045)
    rim = bump(depth - np.float32(0.10), 0.16) * np.float32(0.0 if spot.kind is Lesion.TUMOR else 0.05)
    light = (1 + np.float32(spot.texture) * texture(spot, canvas)) * (1 - rim)
    even = smoothstep(-1.6, 0.6, canvas.noise(spot.size * 0.8, spot.seed + 91, 3, 0.6))
    full = 1 - np.float32(spot.patchy) * (1 - even)
    planes = light * (1 - full * (1 - channels(spot.tint))) * (1 - blotches * channels((0.6, 1.5, 1.3)))
    if spot.ulcer:
        crust = smoothstep(-0.3, 1.3, canvas.noise(spot.size * 0.22, spot.seed + 61, 5, 0.7))
        flesh = channels(_FLESH) + crust * (channels(_CRUST) - channels(_FLESH))
        planes += _sore(spot, canvas, depth) * (flesh - planes)
    return np.asarray(planes, np.float32)


def _sore(spot: Spot, canvas: Canvas, depth: Floats) -> Floats:
    edge = canvas.noise(spot.size * 0.4, spot.seed + 71, 3) * np.float32(0.10)
    return smoothstep(-0.03, 0.03, depth + edge - np.float32(1 - spot.ulcer))


def rise(spot: Spot, canvas: Canvas, depth: Floats) -> Floats:
    """Height of the lesion above the skin, (h, w), in shorter sides."""
    if not spot.rise:
        return np.zeros(depth.shape, np.float32)
    if spot.kind is not Lesion.TUMOR:
        edge = smoothstep(-0.02, 0.14, depth) * np.float32(0.75) + bump(depth - np.float32(0.13), 0.15) * np.float32(
            0.35
        )
        return edge * np.float32(spot.rise)
    inner = np.clip(depth, 0, 1)
    dome = np.sqrt(np.maximum(1 - (1 - inner) * (1 - inner), 0)) * np.float32(spot.rise)
    dome += (
        smoothstep(0.0, 0.3, depth) * canvas.noise(spot.size * 0.55, spot.seed + 81, 2) * np.float32(spot.rise * 0.10)
    )
    if spot.ulcer:
        dome -= _sore(spot, canvas, depth) * np.float32(spot.rise * 0.35)
    return np.asarray(dome, np.float32)
