"""Which photos a synthetic study holds: patients with a skin of their own, seen at a few places and visits.

A study's seed stands for one clinic, its camera and its light; a plan is small and fixes its photo to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from napari_ctcl.anatomy import BodyRegion, Side
from napari_ctcl.errors import InputError
from napari_ctcl.phantom.chance import Draw

PAIRED: Final = frozenset(
    {BodyRegion.ARMS, BodyRegion.FOREARMS, BodyRegion.HANDS, BodyRegion.THIGHS, BodyRegion.LEGS, BodyRegion.FEET}
)
"""Regions of which a body has a left and a right one."""

PHOTOS_PER_PATIENT: Final = 2.28
"""57 photos of 25 patients."""

SMALLEST_SIDE: Final = 64
"""Below this many pixels a side no lesion can be told from another."""


class Stage(StrEnum):
    """The worst kind of lesion that a patient has."""

    PATCH = "patch"
    PLAQUE = "plaque"
    TUMOR = "tumor"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPlan:
    """Everything that determines one photo.

    Parameters
    ----------
    photo : number in the study, from 1
    patient : pseudonym, "P01" and on; photos of one patient share skin, camera and habit of lesions
    visit : date, YYYY-MM-DD
    region, side : what the photo shows
    height, width : size, px
    seed : the study's seed, the same for all its photos
    tone : the patient's Fitzpatrick skin type, 1 to 6
    stage : the worst kind of lesion the patient has
    """

    photo: int
    patient: str
    visit: str
    region: BodyRegion
    side: Side | None
    height: int
    width: int
    seed: int
    tone: int
    stage: Stage

    @property
    def name(self) -> str:
        """Stem of the photo's file name."""
        return f"{self.photo:03d}-{self.patient}-{self.region.value.replace(' ', '-')}"


def plan_study(photos: int, *, size: tuple[int, int], seed: int) -> list[PhotoPlan]:
    """Plans of a study whose patients have two or three photos each.

    Regions are cycled through all twelve. Half of the patients are in tumor stage; skin types are spread evenly. Below
    eleven photos some patients have one photo only, so that there are five patients for five folds.

    Parameters
    ----------
    photos : how many
    size : (height, width) of each, px
    seed : which clinic

    Raises
    ------
    InputError
        If there is no photo to make, or a side is under 64 px.
    """
    if photos < 1:
        raise InputError(f"{photos} photos", expected="one or more", do="ask for at least one photo")
    if min(size) < SMALLEST_SIDE:
        raise InputError(
            f"photos of {size[0]} x {size[1]} px",
            expected=f"{SMALLEST_SIDE} px a side or more",
            do="ask for larger ones",
        )
    draw = Draw(seed, "study")
    regions = draw.shuffled(list(BodyRegion))
    patients = _patients(photos, draw)
    tones = [tone for _ in range(0, len(patients), 6) for tone in draw.shuffled(range(1, 7))]
    stages = [stage for _ in range(0, len(patients), 4) for stage in _four_stages(draw)]
    plans: list[PhotoPlan] = []
    for number, share in enumerate(patients):
        first = date(2024, 1, 8) + timedelta(days=draw.integer(0, 500))
        for later in range(share):
            region = regions[len(plans) % len(regions)]
            plans.append(
                PhotoPlan(
                    photo=len(plans) + 1,
                    patient=f"P{number + 1:02d}",
                    visit=(first + timedelta(days=91 * (later // 2))).isoformat(),
                    region=region,
                    side=draw.pick((Side.LEFT, Side.RIGHT)) if region in PAIRED else None,
                    height=size[0],
                    width=size[1],
                    seed=seed,
                    tone=tones[number],
                    stage=stages[number],
                )
            )
    return plans


def _patients(photos: int, draw: Draw) -> list[int]:
    count = max(round(photos / PHOTOS_PER_PATIENT), min(5, photos))
    least, more = divmod(photos, count)
    return draw.shuffled([least + 1] * more + [least] * (count - more))


def _four_stages(draw: Draw) -> list[Stage]:
    return draw.shuffled((Stage.TUMOR, Stage.TUMOR, Stage.PLAQUE, Stage.PATCH))


def _ctcl_synth_57() -> tuple[PhotoPlan, ...]:
    """The plans, with cameras of different sizes whose mean is close to 3255 x 2535 px."""
    plans = plan_study(57, size=(2535, 3255), seed=57)
    resized = []
    for plan in plans:
        factor = Draw(plan.seed, plan.patient, "sensor").pick((0.70, 0.86, 1.0, 1.12, 1.32))
        resized.append(replace(plan, height=round(2535 * factor), width=round(3255 * factor)))
    return tuple(resized)


CTCL_SYNTH_57: Final = _ctcl_synth_57()
"""57 photos, 12 regions, 25 patients, about 3255 x 2535 px (width x height), as in Liu et al. (MICCAI 2020)."""
