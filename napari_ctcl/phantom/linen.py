"""What lies behind the body and over it: sheet, drape, towel, paper or a wall, with folds, weave and a shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_ctcl.phantom.chance import Draw
from napari_ctcl.phantom.lattice import Canvas, Floats, bump, scattered
from napari_ctcl.phantom.people import CLOTHS, Colour, Weave, linear
from napari_ctcl.phantom.skin import Layers


@dataclass(frozen=True, slots=True)
class Linen:
    """One piece of cloth.

    Parameters
    ----------
    weave, colour : what it is
    lie : direction across its folds (y, x)
    rumpled : height of its folds
    seed : of its noise
    """

    weave: Weave
    colour: Colour
    lie: tuple[float, float]
    rumpled: float
    seed: int

    @classmethod
    def of(cls, cloth: int, draw: Draw) -> Linen:
        """A cloth of the clinic's store, laid down anew."""
        weave, colour = CLOTHS[cloth]
        level = draw.spread(1.0, 0.2)
        red, green, blue = linear(*colour)
        rumpled = {Weave.WALL: 0.0, Weave.PAPER: 0.5, Weave.TOWEL: 0.7}.get(weave, 1.0)
        return cls(
            weave,
            (red * level, green * level, blue * level),
            draw.direction(),
            rumpled * draw.uniform(0.6, 1.3),
            draw.seed(),
        )


def lay(canvas: Canvas, linen: Linen) -> Layers:
    """The cloth without light."""
    unit = canvas.side / 512
    height = _folds(canvas, linen) * np.float32(canvas.side) + _threads(canvas, linen) * np.float32(max(unit, 1.0))
    level = 1 + np.float32(0.05) * canvas.noise(0.4, linen.seed + 3, 3)
    if linen.weave is Weave.WALL:
        level += np.float32(0.10) * canvas.noise(1.4, linen.seed + 4)
    albedo = np.stack([level * np.float32(part) for part in linen.colour])
    return Layers(albedo, height, np.full(height.shape, 0.12, np.float32))


def _folds(canvas: Canvas, linen: Linen) -> Floats:
    """Folds, (h, w), in shorter sides: crests of noise drawn out along the cloth's lie, bent by more noise."""
    if not linen.rumpled:
        return np.zeros(canvas.region.shape, np.float32)
    y, x = (np.float32(part) for part in linen.lie)
    bent = canvas.noise(0.5, linen.seed + 7, 2) * np.float32(0.35)
    across = (canvas.v * y + canvas.u * x) * np.float32(3.2) + bent
    along = (canvas.u * y - canvas.v * x) * np.float32(1.1) + bent
    crest = 1 - np.sqrt(scattered(across, along, linen.seed + 8) ** 2 + np.float32(0.02))
    small = 1 - np.sqrt(
        scattered(across * np.float32(2.7), along * np.float32(2.2), linen.seed + 9) ** 2 + np.float32(0.03)
    )
    return np.asarray((crest * np.float32(0.030) + small * np.float32(0.007)) * np.float32(linen.rumpled), np.float32)


def _threads(canvas: Canvas, linen: Linen) -> Floats:
    """Weave, (h, w), px."""
    seed = linen.seed + 13
    if linen.weave is Weave.TOWEL:
        return canvas.noise(0.012, seed, 2, 0.8) * np.float32(0.9)
    if linen.weave is Weave.WALL:
        return canvas.noise(0.02, seed, 3, 0.7) * np.float32(0.05)
    down, across = canvas.grain(3.2, seed, slant=6.0), canvas.grain(22.0, seed + 1, slant=0.14)
    return (down + across) * np.float32(0.05 if linen.weave is Weave.PAPER else 0.10)


def shadow(outline: Floats, lit: Floats) -> Floats:
    """Light that reaches the cloth beside the body, (h, w).

    Parameters
    ----------
    outline : distance from the body, in shorter sides
    lit : how far the outline faces the lamp, -1 to 1
    """
    touch = bump(np.maximum(outline, 0), 0.05) * np.float32(0.45)
    cast = bump(np.maximum(outline, 0), 0.22) * np.clip(np.float32(0.35) - lit, 0, 1) * np.float32(0.40)
    return np.asarray((1 - touch) * (1 - cast), np.float32)
