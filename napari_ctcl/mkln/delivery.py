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
from napari_ctcl.mkln.geometry import taps_upscaled
from napari_ctcl.region import Region, grid

Labels = NDArray[np.uint8]

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
) -> tuple[Labels, Labels]:
    """Labels and uncertainty of one level-0 chunk.

    Parameters
    ----------
    probabilities_4HW : float32, over `region` of the working level
    chunk_region : level-0 pixels, its origin on a multiple of 4
    shape : (height, width) of the working level

    Returns
    -------
    labels (h, w) uint8, values of `Lesion`; uncertainty (ceil(h / 4), ceil(w / 4)) uint8, the entropy of the
    probabilities, 255 where all classes are as likely: its mean over 4 x 4 px or, where a working pixel is that large,
    its value in their middle
    """
    fine = _upscaled(probabilities_4HW, region, chunk_region, scale, shape)
    if scale < _QUARTER:
        entropy = functional.avg_pool2d(_entropy(fine), _QUARTER, ceil_mode=True, count_include_pad=False)
    else:
        entropy = _entropy(_upscaled(probabilities_4HW, region, chunk_region.at_level(2), scale // _QUARTER, shape))
    uncertainty = (entropy[0] * 255).round_().clamp_(0, 255).to(torch.uint8)
    return _most_likely(fine).cpu().numpy(), uncertainty.cpu().numpy()


def _entropy(probabilities_4HW: Tensor) -> Tensor:
    """Entropy (1, H, W) in units of its largest value."""
    entropy: Tensor = torch.special.entr(probabilities_4HW).sum(0, keepdim=True)
    return entropy / math.log(len(CLASSES))


def _most_likely(probabilities_4HW: Tensor) -> Tensor:
    """The likeliest class per pixel, as values of `Lesion`; what `argmax` says, many times as fast on a CPU."""
    best = probabilities_4HW[0].clone()
    labels = torch.full_like(best, int(CLASSES[0]), dtype=torch.uint8)
    for lesion, likelihood in zip(CLASSES[1:], probabilities_4HW[1:], strict=True):
        labels.masked_fill_(likelihood > best, int(lesion))
        torch.maximum(best, likelihood, out=best)
    return labels


def _upscaled(
    probabilities_4HW: Tensor, region: Region, fine_region: Region, scale: int, shape: tuple[int, int]
) -> Tensor:
    """Bilinear probabilities of a region of an image `scale` times finer, by weights of that region's own."""
    if scale == 1 and fine_region in region:
        return probabilities_4HW[:, *fine_region.moved(-region.y0, -region.x0).slices]
    rows = taps_upscaled(fine_region.ys, scale, shape[0])
    columns = taps_upscaled(fine_region.xs, scale, shape[1])
    support = Region(*rows.span, *columns.span).moved(-region.y0, -region.x0)
    patch = probabilities_4HW[:, *support.slices].contiguous()
    wide = torch.matmul(patch, columns.weights_PK().to(patch).T)
    return torch.matmul(rows.weights_PK().to(patch), wide)
