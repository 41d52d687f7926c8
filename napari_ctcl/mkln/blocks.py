"""The parts that MKLN is put together from: the U-Net, Lesion Area Learning and Feature Co-Learning.

A re-implementation from the text of the paper, whose figures of the block internals are not public; every layer keeps
height and width, so that the same weights serve windows and whole photos.

Legend: N batch, C channels, H W rows and columns; f is the first encoding block's output, l the last decoding block's.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

Norm = Literal["bn", "gn"]
Tap = Literal["post_pool", "pre_pool"]


class Features(NamedTuple):
    """What a branch makes of its view.

    Parameters
    ----------
    first_NCHW : output of the first encoding block, after pooling (half size) or before
    last_NCHW : output of the last decoding block, full size
    """

    first_NCHW: Tensor
    last_NCHW: Tensor


def normalisation(norm: Norm, channels: int) -> nn.Module:
    """Batch normalisation, or group normalisation with at most 16 groups of equal size."""
    if norm == "bn":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(next(groups for groups in (16, 8, 4, 2, 1) if channels % groups == 0), channels)


def convolution(inputs: int, outputs: int, norm: Norm, *, kernel: int = 3) -> nn.Sequential:
    """Convolution that keeps the size, its normalisation, ReLU."""
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, normalisation(norm, outputs), nn.ReLU(inplace=True))


def double_convolution(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """Two 3 x 3 convolutions."""
    return nn.Sequential(convolution(inputs, outputs, norm), convolution(outputs, outputs, norm))


class UNet(nn.Module):
    """Encoder and decoder with skip connections.

    Parameters
    ----------
    base : channels at full size; they double with every pooling
    depth : sizes it works at; height and width must be multiples of 2 ** (depth - 1)
    """

    def __init__(self, base: int, depth: int, norm: Norm, tap: Tap) -> None:
        super().__init__()
        widths = [base << level for level in range(depth)]
        self.tap = tap
        self.encoders = nn.ModuleList(
            double_convolution(inputs, outputs, norm) for inputs, outputs in zip([3, *widths[:-1]], widths, strict=True)
        )
        coarse_to_fine = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2) for coarse, fine in coarse_to_fine)
        self.decoders = nn.ModuleList(double_convolution(2 * fine, fine, norm) for _, fine in coarse_to_fine)

    def forward(self, image_NCHW: Tensor) -> Features:
        """Features of an image."""
        skips, x = [], image_NCHW
        first = image_NCHW
        for level, encode in enumerate(self.encoders):
            pooled = functional.max_pool2d(x, 2) if level else x
            if level == 1:
                first = pooled
            x = encode(pooled)
            skips.append(x)
        for up, decode, skip in zip(self.ups, self.decoders, skips[-2::-1], strict=True):
            x = decode(torch.cat((skip, up(x)), dim=1))
        return Features(first if self.tap == "post_pool" else skips[0], x)


class LesionArea(nn.Module):
    """Lesion Area Learning: which pixels are lesion at all, and the attention P that follows from it."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.upscale = convolution(channels, channels, norm)
        self.refine = double_convolution(channels, channels, norm)
        self.learn = double_convolution(2 * channels, channels, norm)
        self.binary = nn.Conv2d(channels, 1, 1)
        self.attention = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Features) -> tuple[Tensor, Tensor]:
        """Attention P (N, C, H, W) in [0, 1], and the binary logits (N, 1, H, W) of lesion against rest."""
        first_NCHW, last_NCHW = features
        size = last_NCHW.shape[-2:]
        if first_NCHW.shape[-2:] != size:
            first_NCHW = functional.interpolate(first_NCHW, size=size, mode="bilinear", align_corners=False)
        learnt = self.learn(torch.cat((self.upscale(first_NCHW), self.refine(last_NCHW)), dim=1))
        return torch.sigmoid(self.attention(learnt)), self.binary(learnt)


class CoLearning(nn.Module):
    """Feature Co-Learning: a trunk shared by both branches, and a gate Q for each."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            convolution(2 * channels, channels, norm, kernel=1), convolution(channels, channels, norm)
        )
        self.to_global = nn.Conv2d(channels, channels, 1)
        self.to_local = nn.Conv2d(channels, channels, 1)

    def local_gate(self, sampled_NCHW: Tensor, last_NCHW: Tensor) -> Tensor:
        """Gate Q of the local branch, from the global features under each crop and the crop's own."""
        return torch.sigmoid(self.to_local(self.trunk(torch.cat((sampled_NCHW, last_NCHW), dim=1))))

    def global_gate(self, last_NCHW: Tensor, canvas_NCHW: Tensor, covered_N1HW: Tensor) -> Tensor:
        """Gate Q of the global branch, from its features and the pasted local ones; 0 where no crop looked."""
        gate = torch.sigmoid(self.to_global(self.trunk(torch.cat((last_NCHW, canvas_NCHW), dim=1))))
        return gate * covered_N1HW


def initialise(module: nn.Module) -> None:
    """He-normal weights and zero biases, for every convolution in the module (He et al. 2015)."""
    for part in module.modules():
        if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
