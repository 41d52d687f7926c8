"""Who is photographed and with what: the clinic's camera and light, the patient's skin and habit of lesions.

A clinic belongs to a study's seed, a patient to seed and pseudonym; nothing here depends on a photo's size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from napari_ctcl.lesion import RGB, Lesion
from napari_ctcl.phantom.chance import Draw
from napari_ctcl.phantom.study import PhotoPlan, Stage

Colour = tuple[float, float, float]
"""Linear red, green, blue; 1 is white paper in full light."""


def linear(red: int, green: int, blue: int) -> Colour:
    """Linear colour of an 8-bit one, by the square law that the camera inverts."""
    return (red / 255) ** 2, (green / 255) ** 2, (blue / 255) ** 2


SKIN_TONES: Final[tuple[RGB, ...]] = (
    (236, 199, 182),
    (226, 183, 160),
    (207, 156, 128),
    (176, 124, 95),
    (136, 92, 69),
    (98, 65, 50),
)
"""Unlit skin of Fitzpatrick types I to VI."""


class Weave(Enum):
    """What a body part lies on."""

    SHEET = auto()
    DRAPE = auto()
    TOWEL = auto()
    PAPER = auto()
    WALL = auto()


CLOTHS: Final[tuple[tuple[Weave, RGB], ...]] = (
    (Weave.DRAPE, (58, 108, 136)),
    (Weave.DRAPE, (52, 122, 112)),
    (Weave.SHEET, (196, 206, 212)),
    (Weave.SHEET, (150, 176, 196)),
    (Weave.TOWEL, (116, 136, 128)),
    (Weave.TOWEL, (74, 84, 118)),
    (Weave.PAPER, (206, 210, 206)),
    (Weave.WALL, (96, 116, 136)),
    (Weave.WALL, (60, 70, 82)),
    (Weave.DRAPE, (38, 84, 96)),
)
"""What clinics have; none has the hue of skin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """Camera, light and linen of one study.

    Parameters
    ----------
    light : direction towards the lamp (y, x, z), a unit vector
    ambient : share of light from everywhere
    warmth : gains of the three channels
    saturation, contrast : of the camera's colour response
    gloss : strength of highlights
    vignette : light lost in the corners
    zoom : how close the photographer usually stands
    cloths : indices of `CLOTHS` in use
    """

    light: tuple[float, float, float]
    ambient: float
    warmth: Colour
    saturation: float
    contrast: float
    gloss: float
    vignette: float
    zoom: float
    cloths: tuple[int, ...]

    @classmethod
    def of(cls, seed: int) -> Clinic:
        """The clinic that a study's seed stands for."""
        draw = Draw(seed, "clinic")
        y, x = -draw.uniform(0.25, 0.60), draw.uniform(-0.55, 0.55)
        z = draw.uniform(0.75, 1.0)
        length = math.sqrt(y * y + x * x + z * z)
        warm = draw.spread(0.0, 0.10)
        return cls(
            light=(y / length, x / length, z / length),
            ambient=draw.uniform(0.26, 0.40),
            warmth=(1 + warm, draw.spread(1.0, 0.03), 1 - warm),
            saturation=draw.spread(1.04, 0.12),
            contrast=draw.uniform(0.10, 0.35),
            gloss=draw.uniform(0.6, 1.1),
            vignette=draw.uniform(0.06, 0.22),
            zoom=draw.spread(1.0, 0.07),
            cloths=tuple(draw.shuffled(range(len(CLOTHS)))[:4]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Skin, lesions and the camera's mood, shared by all photos of one patient.

    Parameters
    ----------
    skin : unlit skin
    ruddiness : strength of mottling
    hair : hairiness, 0 to 1; `hair_colour` goes with it
    freckles, moles : how many, 0 to 1
    roughness : strength of the skin's relief
    exposure, gains : what the camera chose that day
    redness : how far this patient's lesions leave the skin's own colour
    scaling : how scaly this patient's lesions are
    rings : share of lesions that clear in the middle
    share : of the photo that lesions cover, before the photo's own variation
    kinds : classes this patient has, one entry per share
    """

    skin: Colour
    ruddiness: float
    hair: float
    hair_colour: Colour
    freckles: float
    moles: float
    roughness: float
    exposure: float
    gains: Colour
    redness: float
    scaling: float
    rings: float
    share: float
    kinds: tuple[Lesion, ...]

    @classmethod
    def of(cls, plan: PhotoPlan) -> Patient:
        """The patient in a plan."""
        draw = Draw(plan.seed, plan.patient, "patient")
        red, green, blue = linear(*SKIN_TONES[plan.tone - 1])
        depth, warmth = draw.spread(1.0, 0.14), draw.spread(0.0, 0.05)
        age = draw.uniform()
        dark_hair = linear(46, 34, 28) if plan.tone > 2 or draw.happens(0.5) else linear(120, 84, 54)
        white, tint = draw.spread(0.0, 0.13), draw.spread(0.0, 0.07)
        return cls(
            skin=(red * depth, green * depth * (1 - warmth), blue * depth * (1 - 1.6 * warmth)),
            ruddiness=draw.uniform(0.6, 1.3),
            hair=draw.uniform(0.0, 1.0) ** 2,
            hair_colour=linear(132, 127, 122) if age > 0.8 else dark_hair,
            freckles=draw.uniform() ** 3 if plan.tone < 4 else 0.0,
            moles=draw.uniform(),
            roughness=0.6 + 0.9 * age,
            exposure=draw.spread(1.0, 0.16),
            gains=(1 + white, 1 + tint, 1 - white),
            redness=draw.spread(1.0, 0.12),
            scaling=draw.uniform(0.8, 1.2),
            rings=draw.pick((0.0, 0.15, 0.35)),
            share=draw.uniform(0.11, 0.20),
            kinds=_KINDS[plan.stage],
        )


_P, _Q, _T = Lesion.PATCH, Lesion.PLAQUE, Lesion.TUMOR
_KINDS: Final[dict[Stage, tuple[Lesion, ...]]] = {
    Stage.PATCH: (_P, _P, _P, _Q),
    Stage.PLAQUE: (_P, _Q, _Q),
    Stage.TUMOR: (_T, _P, _T, _Q),
}
