"""How the grid of the global view and the pixels of a crop meet: sampling one under the other, and averaging back.

Positions are fractions of the photo, so nothing here knows a resolution; all arithmetic on them is done in float64, so
that two crops that share a pixel agree on where it lies. Only gathers, lerps and matrix products are used, whose
gradients are deterministic on every device.

Legend: C channels, H W rows and columns, K cells, P pixels, N crops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_ctcl.region import Region, Span

Box = tuple[float, float, float, float]
"""y0, y1, x0, x1 as fractions of the photo's height and width; may leave [0, 1] where a crop is padded."""

WHOLE: Box = (0.0, 1.0, 0.0, 1.0)


def box_of(region: Region, shape: tuple[int, int]) -> Box:
    """The region of an image of that (height, width), as fractions of it."""
    height, width = shape
    return region.y0 / height, region.y1 / height, region.x0 / width, region.x1 / width


def cells_in(start: float, stop: float, side: int) -> Span:
    """Cells of a `side`-cell axis whose centres lie in [start, stop); adjoining intervals share no cell."""
    first, last = (min(max(math.ceil(edge * side - 0.5), 0), side) for edge in (start, stop))
    return first, last


def cells_under(box: Box, side: int) -> Region:
    """The cells of a side x side grid whose centres the box holds."""
    return Region(*cells_in(box[0], box[1], side), *cells_in(box[2], box[3], side))


@dataclass(frozen=True, slots=True)
class Taps:
    """The two neighbours, and the weight of the second, that linear interpolation mixes at each position."""

    low_P: Tensor
    high_P: Tensor
    weight_P: Tensor

    @property
    def span(self) -> Span:
        """First neighbour that is used, and one past the last."""
        return int(self.low_P[0]), int(self.high_P[-1]) + 1

    def weights_PK(self) -> Tensor:  # noqa: N802 - the shape of what it gives
        """The same as a matrix over the neighbours in `span`, float32."""
        first, last = self.span
        matrix_PK = torch.zeros(len(self.low_P), last - first)
        step_P = torch.arange(len(self.low_P))
        matrix_PK[step_P, self.low_P - first] = 1 - self.weight_P
        matrix_PK[step_P, self.high_P - first] += self.weight_P
        return matrix_PK


def taps(start: float, stop: float, pixels: int, side: int) -> Taps:
    """Neighbours of `pixels` equal steps over [start, stop), on an axis of `side` cells that spans [0, 1).

    Positions are cell centres (what torch calls `align_corners=False`); beyond the outermost centres the edge repeats.
    """
    steps_P = (torch.arange(pixels, dtype=torch.float64) + 0.5) / pixels
    return _taps_at((start + steps_P * (stop - start)) * side - 0.5, side)


def taps_upscaled(span: Span, scale: int, length: int) -> Taps:
    """Neighbours of the fine pixels in `span`, in an image of `length` pixels that is `scale` times coarser."""
    return _taps_at((torch.arange(*span, dtype=torch.float64) + 0.5) / scale - 0.5, length)


def _taps_at(position_P: Tensor, length: int) -> Taps:
    position_P = position_P.clamp(0, length - 1)
    low_P = position_P.floor()
    return Taps(low_P.long(), (low_P.long() + 1).clamp_max(length - 1), (position_P - low_P).float())


def sample(grid_CHW: Tensor, box: Box, shape: tuple[int, int]) -> Tensor:
    """The global grid as a crop sees it: bilinear values at the crop's pixel centres.

    Parameters
    ----------
    grid_CHW : values on a grid that spans the whole photo
    box : where the crop lies
    shape : (height, width) of the crop, px
    """
    # a gather copies whole runs of memory where its axis is not the innermost one
    values_HWC = grid_CHW.permute(1, 2, 0)
    for dim, (start, stop, pixels) in enumerate(((box[0], box[1], shape[0]), (box[2], box[3], shape[1]))):
        positions = taps(start, stop, pixels, values_HWC.shape[dim])
        low, high = positions.low_P.to(values_HWC.device), positions.high_P.to(values_HWC.device)
        weight = positions.weight_P.to(values_HWC).reshape(-1, *[1] * (2 - dim))
        values_HWC = torch.lerp(values_HWC.index_select(dim, low), values_HWC.index_select(dim, high), weight)
    return values_HWC.permute(2, 0, 1)


def samples(grids_CHW: Sequence[Tensor], boxes: Sequence[Box], shape: tuple[int, int]) -> Tensor:
    """`sample` for a batch of crops, (N, C, H, W), channels last in memory as the convolutions want them."""
    crops = [sample(grid, box, shape).permute(1, 2, 0) for grid, box in zip(grids_CHW, boxes, strict=True)]
    return torch.stack(crops).permute(0, 3, 1, 2)


def averaging(start: float, stop: float, pixels: int, cells: Span, side: int) -> Tensor:
    """Weights (K, P) that average a crop's pixels over cells of the global axis.

    A pixel counts by the length it shares with the cell. Cells narrower than a pixel count as one pixel wide, which is
    linear interpolation. A part of a cell outside the crop does not count.
    """
    centres_K = (torch.arange(*cells, dtype=torch.float64) + 0.5) / side
    per_px = (stop - start) / pixels
    middle_K1 = ((centres_K - start) / per_px)[:, None]
    half = max(1.0 / side / per_px, 1.0) / 2
    pixel_P = torch.arange(pixels, dtype=torch.float64)
    shared_KP = torch.minimum(middle_K1 + half, pixel_P + 1) - torch.maximum(middle_K1 - half, pixel_P)
    shared_KP = shared_KP.clamp_min(0)
    return (shared_KP / shared_KP.sum(1, keepdim=True)).float()


def average(crop_CHW: Tensor, box: Box, cells: Region, side: int) -> Tensor:
    """Mean of a crop's values over each of `cells`, (C, cells.height, cells.width).

    Parameters
    ----------
    crop_CHW : values of a crop
    box : where the crop lies
    cells : cells of the side x side grid whose centres lie inside the crop
    """
    rows_KP = averaging(box[0], box[1], crop_CHW.shape[-2], cells.ys, side).to(crop_CHW)
    columns_KP = averaging(box[2], box[3], crop_CHW.shape[-1], cells.xs, side).to(crop_CHW)
    channels, _, width = crop_CHW.shape
    # two plain matrix products: a batched one would copy its smaller factor for every row
    bands_KWC = torch.matmul(rows_KP, crop_CHW.permute(1, 2, 0).flatten(1)).reshape(cells.height, width, channels)
    values = torch.matmul(columns_KP, bands_KWC.transpose(0, 1).flatten(1))
    return values.reshape(cells.width, cells.height, channels).permute(2, 1, 0)
