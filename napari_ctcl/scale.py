"""How large a pixel is on the skin, and what areas follow from it.

One number stands for a whole photo: it holds for skin that faces the camera at the distance it was measured at.
"""

from __future__ import annotations

import math
from typing import Final

from napari_ctcl.errors import InputError

FINEST_MM: Final = 0.001
"""A micrometre per pixel is a microscope's."""

COARSEST_MM: Final = 10.0
"""At a centimetre per pixel a whole body is two hundred pixels tall."""


def checked_scale(mm_per_px: float) -> float:
    """The scale, where a clinical photo can have it.

    Raises
    ------
    InputError
        If it is not a number from `FINEST_MM` to `COARSEST_MM`.
    """
    if not math.isfinite(mm_per_px) or not FINEST_MM <= mm_per_px <= COARSEST_MM:
        raise InputError(
            f"a scale of {mm_per_px:g} mm per pixel",
            expected=f"{FINEST_MM:g} to {COARSEST_MM:g}",
            do="measure a length that is known, such as a ruler in the photo",
        )
    return float(mm_per_px)


def area_cm2(pixels: int, mm_per_px: float | None) -> float | None:
    """Area of so many pixels, cm2; None where the scale is not known."""
    return None if mm_per_px is None else pixels * (mm_per_px / 10) ** 2


def area_in_words(pixels: int, mm_per_px: float | None) -> str:
    """An area as a clinician reads it: cm2 or, where it is small, mm2; pixels where the scale is not known."""
    area = area_cm2(pixels, mm_per_px)
    if area is None:
        return f"{pixels:,} px" if pixels < 100_000 else f"{pixels / 1e6:,.2f} Mpx"
    if area >= 0.1:
        return f"{area:,.1f} cm²"
    return f"{100 * area:.1f} mm²" if area >= 0.001 else "< 0.1 mm²"
