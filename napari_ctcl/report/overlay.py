"""Photos with labels drawn over them, small enough for a page."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.segmentation import find_boundaries

from napari_ctcl.lesion import LESIONS, SCREEN_COLOURS

TINT = 0.28
"""Share of the class colour inside a lesion: enough to name the class, little enough to see the erythema."""


def outlined(rgb: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Photo with each lesion tinted and outlined in its class's colour.

    Parameters
    ----------
    rgb : (H, W, 3)
    labels : (H, W), values of `Lesion`

    Returns
    -------
    (H, W, 3) uint8
    """
    drawn = rgb.astype(np.float32)
    for lesion in LESIONS:
        mask = labels == lesion
        colour = np.array(SCREEN_COLOURS[lesion], np.float32)
        drawn[mask] += TINT * (colour - drawn[mask])
        drawn[find_boundaries(mask, mode="inner")] = colour
    return drawn.round().astype(np.uint8)


def data_uri(rgb: NDArray[np.uint8], quality: int = 85) -> str:
    """JPEG of the picture as a `data:` address, for a page that must stand alone."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
