"""Where a photo's lesions sit and how large they are, and what on the cloth could be taken for one.

Places are drawn on a coarse survey of the whole photo, whose grid does not depend on the photo's size in pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.lesion import Lesion
from napari_ctcl.phantom.body import Pose, Posture
from napari_ctcl.phantom.chance import Draw
from napari_ctcl.phantom.lattice import Canvas
from napari_ctcl.phantom.lesions import Spot, new_spot
from napari_ctcl.phantom.people import Patient
from napari_ctcl.phantom.surface import Surface, survey
from napari_ctcl.region import Region

_COARSE: Final = 120  # shorter side of the survey
_LARGEST: Final[dict[Lesion, float]] = {Lesion.PATCH: 0.22, Lesion.PLAQUE: 0.20, Lesion.TUMOR: 0.17}
_SMALLEST: Final = 0.018


@dataclass(frozen=True)
class Overview:
    """The whole photo, coarsely: where there is skin and where there is cloth."""

    canvas: Canvas
    surface: Surface

    @classmethod
    def of(cls, shape: tuple[int, int], posture: Posture, pose: Pose, seed: int) -> Overview:
        """Survey of a photo of that (height, width)."""
        scale = _COARSE / min(shape)
        small = (round(shape[0] * scale), round(shape[1] * scale))
        canvas = Canvas(Region.whole(small), small)
        return cls(canvas, survey(canvas, posture, pose, seed))

    @property
    def skin(self) -> npt.NDArray[np.bool_]:
        """Where the photo shows skin, (h, w)."""
        return (self.surface.outline < 0) & (self.surface.covered > 0)

    def place(self, candidates: npt.NDArray[np.intp], draw: Draw) -> tuple[float, float, float]:
        """(v, u, height) of one of the candidates, which are flat indices."""
        at = int(candidates[draw.integer(0, len(candidates))])
        return tuple(float(plane.ravel()[at]) for plane in (self.canvas.v, self.canvas.u, self.surface.height))  # type: ignore[return-value]


def erupt(view: Overview, patient: Patient, draw: Draw) -> list[Spot]:
    """Three to ten lesions that together cover the patient's share of the photo.

    They come in the order in which a worse one overgrows a milder one.
    """
    skin = view.skin
    wanted = min(patient.share * draw.uniform(0.8, 1.25), 0.42 * float(skin.mean()))
    kinds = _kinds(patient, draw)
    spots: list[Spot] = []
    taken = np.zeros(skin.shape, np.bool_)
    free = skin & (view.surface.outline < -0.012) & (view.surface.covered > 0.02)
    each = math.sqrt(wanted * skin.size / _COARSE**2 / len(kinds) / 3.0)
    for kind in kinds:
        candidates = np.flatnonzero(free & ~taken)
        if not len(candidates):
            break
        low = max(each * (1.0 if kind is Lesion.TUMOR else 0.45), _SMALLEST)
        radius = min(draw.uniform(low, max(each * 1.6, low * 1.2)), _LARGEST[kind])
        spot = new_spot(kind, patient, draw, view.place(candidates, draw), radius)
        spots.append(spot)
        taken |= spot.depth(view.canvas, view.surface.height) > -0.25
    return sorted(_fitted(view, spots, wanted), key=lambda spot: spot.kind)


def _kinds(patient: Patient, draw: Draw) -> list[Lesion]:
    count = draw.integer(4, 9)
    worst = max(patient.kinds)
    rest = [draw.pick(patient.kinds) for _ in range(count - 1)]
    return [worst, *draw.shuffled(rest)]


def _fitted(view: Overview, spots: list[Spot], wanted: float) -> list[Spot]:
    """The same lesions, grown or shrunk together until they cover about what they should."""
    for _ in range(3):
        inside = np.zeros(view.skin.shape, np.bool_)
        for spot in spots:
            inside |= spot.depth(view.canvas, view.surface.height) > 0
        covered = max(float((inside & view.skin).mean()), 0.004)
        factor = min(max(math.sqrt(wanted / covered), 0.6), 1.7)
        spots = [_scaled(spot, factor) for spot in spots]
    return spots


def _scaled(spot: Spot, factor: float) -> Spot:
    factor = max(min(factor, _LARGEST[spot.kind] / spot.size), _SMALLEST / spot.size)
    v0, u0, _, _ = spot.lobes[0]
    lobes = tuple((v0 + (v - v0) * factor, u0 + (u - u0) * factor, z, r * factor) for v, u, z, r in spot.lobes)
    return replace(
        spot, lobes=lobes, reach=(*spot.reach[:2], spot.reach[2] * factor), rise=min(spot.rise * factor, 0.042)
    )


def stains(view: Overview, patient: Patient, draw: Draw) -> list[Spot]:
    """Blots on the cloth with the colours and textures of lesions, which are no lesions."""
    cloth = np.minimum(view.surface.outline, np.where(view.surface.covered < 0, -view.surface.covered, 9.0))
    candidates = np.flatnonzero(cloth > 0.05)
    if len(candidates) < 0.05 * cloth.size:
        return []
    count = draw.integer(1, 4)
    kinds = [draw.pick((Lesion.PATCH, Lesion.PLAQUE, Lesion.TUMOR)) for _ in range(count)]
    return [
        replace(
            new_spot(kind, patient, draw, (*view.place(candidates, draw)[:2], 0.0), draw.uniform(0.05, 0.13)),
            rise=0.0,
            soft=0.010,
            ragged=0.20,
            ulcer=0.0,
        )
        for kind in kinds
    ]
