"""How view codes are drawn: outlines that tell a human's area from a model's without colour, and a tint inside.

A human's outline is solid on a dark hem; a model's is thinner and dashed. The codes of outlines exist on screen alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from napari.utils.colormaps import DirectLabelColormap

from napari_ctcl.lesion import CLASSES, RGB, SCREEN_COLOURS, Lesion
from napari_ctcl.raster import borders
from napari_ctcl.shown import MODEL_OFFSET

Codes = npt.NDArray[np.uint8]
Colour = tuple[float, float, float, float]

SOLID, DASH, GAP, HEM = 8, 12, 16, 21
"""Drawn codes: what is added to a class for a human's line, a model's dash and the gap after it; the dark hem."""

TINT: Final = 0.15
"""Share of colour inside an area by default: enough to find it, too little to hide erythema."""

BARE: Final = np.array([0, 1, 2, 3, 4, 0, 6, 7, 8], np.uint8)
"""What the model calls normal looks like what nobody judged: bare skin."""

_PALER: Final = 0.5
_MODEL_LINE: Final = 0.95
_MODEL_GAP: Final = 0.5
_HEM: Colour = (0.05, 0.05, 0.07, 0.6)


def colours(
    palette: Mapping[Lesion, RGB] = SCREEN_COLOURS, *, tint: float = TINT, tint_verified: bool = False
) -> DirectLabelColormap:
    """Colours of all drawn codes.

    Parameters
    ----------
    palette : one colour per class
    tint : share of colour inside a human's area, 0 to 1; a model's has half of it
    tint_verified : show what a human has judged normal, which is otherwise left clear
    """
    table: dict[int | None, Colour] = {None: (1, 0, 1, 1), 0: (0, 0, 0, 0), HEM: _HEM}
    for lesion in CLASSES:
        red, green, blue = (channel / 255 for channel in palette[lesion])
        if lesion is Lesion.NORMAL:
            inks = {0: max(tint, 0.35), SOLID: 0.9} if tint_verified else {0: 0.0, SOLID: 0.0}
            inks |= {MODEL_OFFSET: 0.0, DASH: 0.0, GAP: 0.0}
        else:
            inks = {0: tint, MODEL_OFFSET: tint * _PALER, SOLID: 1.0, DASH: _MODEL_LINE}
        for offset, ink in inks.items():
            table[int(lesion) + offset] = (red, green, blue, ink)
        if lesion is not Lesion.NORMAL:  # gaps of the other brightness: one of the two shows on any skin
            grey = 0.08 if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else 0.97
            table[int(lesion) + GAP] = (grey, grey, grey, _MODEL_GAP)
    return DirectLabelColormap(color_dict=table)


def reach(width: int) -> int:
    """How far from an edge its outline is drawn, px; the hem comes on top of the line."""
    return width + 1 if width else 0


def drawn(codes: Codes, width: int, corner: tuple[int, int] = (0, 0)) -> Codes:
    """Drawn codes of view codes: the same inside, and lines along the inner edge of every area.

    Parameters
    ----------
    codes : (h, w) uint8, view codes
    width : of a human's line, px; 0 for none. A model's has two thirds of it.
    corner : (y, x) of the first pixel on its level, which the dashes are counted from

    Returns
    -------
    (h, w) uint8
    """
    looks = BARE[codes]
    if not width:
        return looks
    thin = max(2 * width // 3, 1)
    near, line, hem = borders(looks, (thin, width, width + 1))
    human = (looks > 0) & (looks <= MODEL_OFFSET)
    lesion = human & (looks > Lesion.NORMAL)
    out = looks.copy()
    out[hem & lesion] = HEM
    np.add(looks, np.uint8(SOLID), out=out, where=line & human)
    ys, xs = np.nonzero(near & (looks > MODEL_OFFSET))
    dash = 5 * thin
    gap = (((ys + corner[0]) // dash + (xs + corner[1]) // dash) % 2).astype(np.uint8)
    out[ys, xs] = looks[ys, xs] - MODEL_OFFSET + DASH + gap * np.uint8(GAP - DASH)
    return out
