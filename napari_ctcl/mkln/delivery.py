"""From probabilities at the working scale to label and uncertainty chunks at level 0, one chunk at a time.

Interpolation is of single pixels by index arithmetic, so a chunk comes out the same whichever window it lies in.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_ctcl.lesion import CLASSES
from napari_ctcl.mkln.geometry import mix, taps_upscaled
from napari_ctcl.region import Region, grid

_QUARTER = 4


def chunks_of(core: Region, scale: int, shape: tuple[int, int], full_shape: tuple[int, int], tile: int) -> list[Region]:
    """Level-0 chunks that a core answers for.

    Parameters
    ----------
    core : px of the working level
    scale : level-0 pixels per working pixel
    shape, full_shape : (height, width) of the working level and of level 0; the last core answers for what halving an
        odd size has rounded away
    tile : side of a chunk, px
    """
    y1 = full_shape[0] if core.y1 == shape[0] else core.y1 * scale
    x1 = full_shape[1] if core.x1 == shape[1] else core.x1 * scale
    return list(grid(full_shape, tile, within=Region(core.y0 * scale, y1, core.x0 * scale, x1)))


@torch.inference_mode()
def chunk(
    probabilities_4HW: Tensor, region: Region, chunk_region: Region, scale: int, shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Labels and uncertainty of one level-0 chunk.

    Parameters
    ----------
    probabilities_4HW : float32, over `region` of the working level
    chunk_region : level-0 pixels
    shape : (height, width) of the working level

    Returns
    -------
    labels (h, w) uint8, values of `Lesion`; uncertainty (ceil(h / 4), ceil(w / 4)) uint8, the entropy of the
    probabilities, averaged over 4 x 4 px, 255 where all classes are as likely
    """
    fine = _upscaled(probabilities_4HW, region, chunk_region, scale, shape)
    labels = fine.argmax(0).add_(1).to(torch.uint8)
    entropy = torch.special.entr(fine).sum(0, keepdim=True) / math.log(len(CLASSES))
    mean = functional.avg_pool2d(entropy, _QUARTER, ceil_mode=True, count_include_pad=False)[0]
    uncertainty = (mean * 255).round_().clamp_(0, 255).to(torch.uint8)
    return labels.cpu().numpy(), uncertainty.cpu().numpy()


def _upscaled(
    probabilities_4HW: Tensor, region: Region, chunk_region: Region, scale: int, shape: tuple[int, int]
) -> Tensor:
    if scale == 1:
        return probabilities_4HW[:, *chunk_region.moved(-region.y0, -region.x0).slices]
    rows = taps_upscaled(chunk_region.ys, scale, shape[0])
    columns = taps_upscaled(chunk_region.xs, scale, shape[1])
    return mix(probabilities_4HW, rows, columns, offset=(region.y0, region.x0))
