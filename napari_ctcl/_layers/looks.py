"""How view codes are drawn: outlines that tell a human's area from a model's without colour, and a tint inside.

A human's outline is solid on a dark hem; a model's is thinner and dashed. The codes of outlines exist on screen alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from napari.utils.colormaps import DirectLabelColormap

from napari_ctcl.lesion import CLASSES, RGB, SCREEN_COLOURS, Lesion
from napari_ctcl.raster import borders
from napari_ctcl.region import Region
from napari_ctcl.shown import MODEL_OFFSET

Codes = npt.NDArray[np.uint8]
Colour = tuple[float, float, float, float]

SOLID, DASH, GAP, HEM = 8, 12, 16, 21
"""Drawn codes: what is added to a class for a human's line, a model's dash and the gap after it; the dark hem."""

TINT: Final = 0.15
"""Share of colour inside an area by default: enough to find it, too little to hide erythema."""

_PALER: Final = 0.5
_MODEL_LINE: Final = 0.95
_MODEL_GAP: Final = 0.5
_HEM: Colour = (0.05, 0.05, 0.07, 0.6)
_NORMAL_SAYS_MODEL: Final = np.uint8(Lesion.NORMAL + MODEL_OFFSET)
_STRIP_PX: Final = 128
_INKS: Final = np.array(
    [
        [0, 1, HEM, HEM, HEM, 5, 6, 7, 8],
        [0, *(np.arange(1, 5) + SOLID), 5, 6, 7, 8],
        [0, *(np.arange(1, 5) + SOLID), *(np.arange(1, 5) + DASH)],
    ],
    np.uint8,
)
"""Drawn codes by look: on the hem, on a human's line only, and on a model's line too."""


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
    looks: Codes = codes * (codes != _NORMAL_SAYS_MODEL)  # which looks like what nobody judged: bare skin
    if not width:
        return looks
    out, far, whole = looks.copy(), reach(width), Region.whole(looks.shape)
    for part in _edged(looks, far):
        around = part.grown(far) & whole
        lines = _outlined(looks[around.slices], width, (corner[0] + around.y0, corner[1] + around.x0))
        out[part.slices] = lines[part.moved(-around.y0, -around.x0).slices]
    return out


def _edged(looks: Codes, far: int) -> Iterator[Region]:
    """Regions that hold all pixels at most so far from another look: of most of a photo there is nothing to draw."""
    height, width = looks.shape
    for y in range(0, height, _STRIP_PX):
        rows = looks[max(y - far - 1, 0) : y + _STRIP_PX + far + 1]
        edged = (rows[1:] != rows[:-1]).any(0)
        across = (rows[:, 1:] != rows[:, :-1]).any(0)
        edged[1:] |= across
        edged[:-1] |= across
        columns = np.flatnonzero(edged)
        apart = np.flatnonzero(np.diff(columns) > 2 * far + _STRIP_PX) + 1
        for run in np.split(columns, apart) if columns.size else ():
            yield Region(y, min(y + _STRIP_PX, height), max(int(run[0]) - far, 0), min(int(run[-1]) + far + 1, width))


def _outlined(looks: Codes, width: int, corner: tuple[int, int]) -> Codes:
    """Drawn codes of looks, pixel by pixel near their edges alone."""
    thin = max(2 * width // 3, 1)
    near, line, hem = (border.ravel() for border in borders(looks, (thin, width, width + 1)))
    out = looks.copy().ravel()
    at = np.flatnonzero(hem & (out > 0))
    look, depth = out[at], line[at].astype(np.uint8) + near[at]
    out[at] = _INKS[depth, look]
    dashed = at[(depth == 2) & (look > MODEL_OFFSET)]
    ys, xs = np.divmod(dashed, looks.shape[1])
    dash = 5 * thin
    gap = ((ys + corner[0]) // dash + (xs + corner[1]) // dash) % 2
    out[dashed] += gap.astype(np.uint8) * np.uint8(GAP - DASH)
    return out.reshape(looks.shape)
