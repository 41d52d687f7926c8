"""MKLN: a branch that sees the whole photo, a branch that sees a crop of it, and what they learn from each other.

Every column of the paper's ablation is one `Architecture`. With alpha and beta at their initial 0 the network gives
exactly what its plain U-Nets give.

Legend: B photos, N crops (N = B, or K per photo with `of_N`), C channels, H W rows and columns, 4 the classes
normal, patch, plaque, tumor in channel order.

| size of the views    | features last          | logits             | binary             |
|----------------------|------------------------|--------------------|--------------------|
| global (B,3,side,side) | (B,base,side,side)   | (B,4,side,side)    | (B,1,side,side)    |
| local (N,3,H,W)      | (N,base,H,W)           | (N,4,H,W)          | (N,1,H,W)          |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from napari_ctcl.lesion import CLASSES
from napari_ctcl.mkln.blocks import CoLearning, Features, LesionArea, Norm, Tap, UNet, initialise
from napari_ctcl.mkln.geometry import WHOLE, Box, average, cells_under, samples

View = Literal["global", "local"]
Output = Literal["full", "global", "local"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Every switch of the network.

    Parameters
    ----------
    base : channels of each U-Net at full size; the paper's is 64
    depth : sizes each U-Net works at; views are multiples of 2 ** (depth - 1) px
    norm : batch ("bn") or group ("gn") normalisation; with "gn" a tiled prediction is not exactly the whole one
    branches : both, or one U-Net alone
    lal : Lesion Area Learning
    colearn : Feature Co-Learning of both branches: none; the paper's letter ("concat"), where pixel i of the crop meets
        pixel i of the whole photo; or where they show the same skin ("aligned"). Counts with both branches only
    global_side : side of the square that the whole photo is squashed to, px
    ff_tap : whether the first encoding block's features are taken after its pooling or before
    output : the answer: a weighted mean of both branches ("full") or one of them. Counts with both branches only
    fusion : weight of the global branch in "full", in [0, 1]
    """

    base: int = 16
    depth: int = 5
    norm: Norm = "bn"
    branches: Literal["both", "global", "local"] = "both"
    lal: bool = True
    colearn: Literal["aligned", "concat", "none"] = "aligned"
    global_side: int = 608
    ff_tap: Tap = "post_pool"
    output: Output = "full"
    fusion: float = 0.5

    def __post_init__(self) -> None:
        if self.base < 1 or self.depth < 2:
            raise ValueError(f"base {self.base} and depth {self.depth}, expected at least 1 and 2")
        if self.global_side < 1 or self.global_side % self.step:
            raise ValueError(f"global_side {self.global_side}, expected a multiple of {self.step}")
        if not 0.0 <= self.fusion <= 1.0:
            raise ValueError(f"fusion {self.fusion}, expected 0 to 1")

    @property
    def step(self) -> int:
        """What heights and widths of views are multiples of, px."""
        return 1 << (self.depth - 1)

    @property
    def views(self) -> tuple[View, ...]:
        """The branches that exist."""
        return ("global", "local") if self.branches == "both" else (self.branches,)

    @property
    def colearns(self) -> bool:
        """Whether the branches learn from each other."""
        return self.branches == "both" and self.colearn != "none"

    @property
    def answer(self) -> Output:
        """Which head's probabilities are the prediction."""
        return self.output if self.branches == "both" else self.branches

    @property
    def reach(self) -> int:
        """Pixels around an aligned core that can change its logits: the halo from which tiling changes nothing.

        Interval arithmetic down the decoder and up the encoder: five pixels of output head and Lesion Area Learning,
        two per pair of convolutions, rounded outward at every change of size.
        """
        margin = 5 + 2
        for _ in range(self.depth - 1):
            margin = -(-margin // 2) + 2
        for _ in range(self.depth - 1):
            margin = 2 * margin + 2
        return margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """Mean and standard deviation per colour of the pixels that a network was trained on, in [0, 1]; R, G, B."""

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __call__(self, pixels_NHWC: Tensor) -> Tensor:
        """Pixels (N, H, W, 3) uint8 as network input (N, 3, H, W) float32, on the same device."""
        mean, std = (torch.tensor(v, device=pixels_NHWC.device) for v in (self.mean, self.std))
        return ((pixels_NHWC.float() / 255 - mean) / std).permute(0, 3, 1, 2)


IMAGENET = Normalisation()
"""Channel statistics of ImageNet, the usual choice for photographs."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Logits of every head the architecture has; None for those it has not."""

    global_logits_N4HW: Tensor | None = None
    local_logits_N4HW: Tensor | None = None
    global_binary_N1HW: Tensor | None = None
    local_binary_N1HW: Tensor | None = None


class Branch(nn.Module):
    """One U-Net with its attention and its output head.

    `alpha` and `beta` weigh attention and co-learning; each is None where the architecture has no use for it.
    """

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        self.unet = UNet(arch.base, arch.depth, arch.norm, arch.ff_tap)
        self.lal = LesionArea(arch.base, arch.norm) if arch.lal else None
        self.alpha = nn.Parameter(torch.zeros(())) if arch.lal else None
        self.beta = nn.Parameter(torch.zeros(())) if arch.colearns else None
        self.out = nn.Conv2d(arch.base, len(CLASSES), 3, padding=1)

    def features(self, image_NCHW: Tensor) -> Features:
        """Features of a normalised view."""
        features: Features = self.unet(image_NCHW)
        return features

    def attention(self, features: Features) -> tuple[Tensor | None, Tensor | None]:
        """Attention P and binary logits; both None without Lesion Area Learning."""
        return (None, None) if self.lal is None else self.lal(features)

    def logits(self, last_NCHW: Tensor, attention: Tensor | None, gate: Tensor | None) -> Tensor:
        """Class logits of F_A = alpha (P F_l) + beta (Q F_l) + F_l."""
        attended = last_NCHW
        if self.alpha is not None and attention is not None:
            attended = attended + self.alpha * (attention * last_NCHW)
        if self.beta is not None and gate is not None:
            attended = attended + self.beta * (gate * last_NCHW)
        logits: Tensor = self.out(attended)
        return logits


class MKLN(nn.Module):
    """The two-branch network.

    Parameters
    ----------
    arch : its switches
    normalisation : of the pixels it expects; `net.normalisation(pixels)` makes its input

    Attributes
    ----------
    prepared : whether it can only predict: its batch normalisation is folded away
    """

    def __init__(self, arch: Architecture, normalisation: Normalisation = IMAGENET) -> None:
        super().__init__()
        self.arch = arch
        self.normalisation = normalisation
        self.prepared = False
        self.global_branch = Branch(arch) if "global" in arch.views else None
        self.local_branch = Branch(arch) if "local" in arch.views else None
        self.colearning = CoLearning(arch.base, arch.norm) if arch.colearns else None
        initialise(self)

    def forward(
        self,
        global_NCHW: Tensor | None,
        local_NCHW: Tensor | None,
        box_N4: Tensor | None = None,
        of_N: Tensor | None = None,
    ) -> Heads:
        """Logits of every head.

        Parameters
        ----------
        global_NCHW : (B, 3, side, side) whole photos, squashed and normalised; None without a global branch
        local_NCHW : (N, 3, H, W) normalised crops; None without a local branch
        box_N4 : y0, y1, x0, x1 of every crop as fractions of its photo; used by aligned co-learning. Best float64 on
            the CPU, where reading it costs no device synchronisation
        of_N : index of the photo each crop was cut from; by default crop n is from photo n
        """
        seen = _see(self.global_branch, global_NCHW)
        cropped = _see(self.local_branch, local_NCHW)
        global_gate = local_gate = None
        if self.colearning is not None and seen is not None and cropped is not None:
            count = len(cropped.last_NCHW)
            boxes = boxes_of(self.arch, box_N4, count)
            of = list(range(count)) if of_N is None else [int(photo) for photo in of_N.tolist()]
            global_gate, local_gate = _gates(self.colearning, seen.last_NCHW, cropped.last_NCHW, boxes, of)
        global_logits, global_binary = _decide(self.global_branch, seen, global_gate)
        local_logits, local_binary = _decide(self.local_branch, cropped, local_gate)
        return Heads(global_logits, local_logits, global_binary, local_binary)


def boxes_of(arch: Architecture, box_N4: Tensor | None, count: int) -> list[Box]:
    """Where each crop's pixels meet the global grid; by the paper's letter, always all of it."""
    if arch.colearn == "concat":
        return [WHOLE] * count
    if box_N4 is None:
        raise ValueError("aligned co-learning needs the box of every crop")
    return [(y0, y1, x0, x1) for y0, y1, x0, x1 in box_N4.double().tolist()]


def paste(crops_NCHW: Tensor, boxes: list[Box], of: list[int], count: int, side: int) -> tuple[Tensor, Tensor]:
    """Crops' values averaged onto the grids of their photos.

    Returns
    -------
    Canvas (count, C, side, side), the mean where crops overlap and 0 where none lies; coverage (count, 1, side, side)
    """
    canvas = crops_NCHW.new_zeros(count, crops_NCHW.shape[1], side, side)
    times = crops_NCHW.new_zeros(count, 1, side, side)
    for crop_CHW, box, photo in zip(crops_NCHW, boxes, of, strict=True):
        cells = cells_under(box, side)
        if cells.area:
            canvas[photo, :, *cells.slices] += average(crop_CHW, box, cells, side).to(canvas.dtype)
            times[photo, :, *cells.slices] += 1
    return canvas / times.clamp_min(1), (times > 0).to(canvas.dtype)


def _see(branch: Branch | None, view_NCHW: Tensor | None) -> Features | None:
    if branch is None:
        return None
    if view_NCHW is None:
        raise ValueError("this architecture has a branch for a view that was not given")
    return branch.features(view_NCHW)


def _gates(
    colearning: CoLearning, global_BCHW: Tensor, local_NCHW: Tensor, boxes: list[Box], of: list[int]
) -> tuple[Tensor, Tensor]:
    size = (local_NCHW.shape[-2], local_NCHW.shape[-1])
    sampled = samples([global_BCHW[photo] for photo in of], boxes, size)
    canvas, covered = paste(local_NCHW, boxes, of, len(global_BCHW), global_BCHW.shape[-1])
    return colearning.global_gate(global_BCHW, canvas, covered), colearning.local_gate(sampled, local_NCHW)


def _decide(
    branch: Branch | None, features: Features | None, gate: Tensor | None
) -> tuple[Tensor | None, Tensor | None]:
    if branch is None or features is None:
        return None, None
    attention, binary = branch.attention(features)
    return branch.logits(features.last_NCHW, attention, gate), binary
