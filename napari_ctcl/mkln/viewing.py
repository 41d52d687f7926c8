"""One network looking at one photo, window by window, its whole-photo half computed once.

The global branch gets its share of co-learning from a canvas of pooled local features. Each cell of that canvas is
filled, whole, by the one window whose core holds its centre; so the answer does not depend on how the photo was cut.

Legend: N windows, C channels, H W rows and columns of a window, S side of the global grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from napari_ctcl.lesion import CLASSES
from napari_ctcl.mkln.blocks import Features
from napari_ctcl.mkln.geometry import WHOLE, Box, average, box_of, cells_under, sample, samples, taps
from napari_ctcl.mkln.net import MKLN, Branch
from napari_ctcl.mkln.windows import Window
from napari_ctcl.region import Region

_CONTEXT = 2
"""Cells around a cell that change its global logits: one by the trunk's 3 x 3 convolution, one by the head's."""


def padded(view_NCHW: Tensor, step: int) -> Tensor:
    """The view, its last row and column repeated until both sizes are multiples of `step`."""
    height, width = view_NCHW.shape[-2:]
    return functional.pad(view_NCHW, (0, -width % step, 0, -height % step), mode="replicate")


def margin(window: Window) -> Region:
    """What a window's probabilities are kept for: its core, and one pixel around it to interpolate with."""
    return window.core.grown(1) & window.view


class Viewing:
    """One network's view of one photo.

    Parameters
    ----------
    net : on its device, in the precision it computes in
    photo_1HWC : the photo squashed to the global side, uint8, on the same device
    shape : (height, width) of the photo at the scale the windows are cut at
    """

    @torch.inference_mode()
    def __init__(self, net: MKLN, photo_1HWC: Tensor, shape: tuple[int, int]) -> None:
        self._net, self._shape = net, shape
        self._arch = net.arch
        self._local: dict[Region, Tensor] = {}
        self._views = 0
        self._last_1CSS = photo_1HWC.new_empty(0)
        self._attention_1CSS: Tensor | None = None
        self._probabilities_4SS: Tensor | None = None
        if net.global_branch is not None:
            self._meet(net.global_branch, photo_1HWC)

    def _meet(self, branch: Branch, photo_1HWC: Tensor) -> None:
        seen = branch.features(as_input(self._net, photo_1HWC))
        self._last_1CSS = seen.last_NCHW
        if self._arch.answer == "local":
            return
        self._attention_1CSS, _ = branch.attention(seen)
        if self.feeds_back:
            self._canvas_1CSS = torch.zeros_like(self._last_1CSS)
            self._covered_11SS = torch.zeros_like(self._last_1CSS[:, :1])
            self._probabilities_4SS = self._last_1CSS.new_zeros(
                len(CLASSES), *self._last_1CSS.shape[-2:], dtype=torch.float32
            )
        else:
            logits = branch.logits(self._last_1CSS, self._attention_1CSS, None)
            self._probabilities_4SS = logits[0].float().softmax(0)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return next(self._net.parameters()).device

    @property
    def feeds_back(self) -> bool:
        """Whether the global answer waits for what the windows show."""
        return self._arch.colearns and self._arch.answer != "local"

    @property
    def needs_all(self) -> bool:
        """Whether any answer needs every window: co-learning by the paper's letter averages over them."""
        return self.feeds_back and self._arch.colearn == "concat"

    @property
    def needs_views(self) -> bool:
        """Whether anything needs the windows at all."""
        return self._arch.answer != "global" or self.feeds_back

    def needs(self, window: Window, core: int) -> set[Region]:
        """Cores whose windows must have been looked at before this one's answer is known.

        Parameters
        ----------
        core : side of the grid of cores, px
        """
        if not self.feeds_back or self.needs_all:
            return {window.core} if self.needs_views else set()
        side, (height, width) = self._arch.global_side, self._shape
        cells = self._cells(margin(window)).grown(_CONTEXT) & Region.whole((side, side))
        rows = sorted({_holder(cell, height, side) // core for cell in (cells.y0, cells.y1 - 1)})
        columns = sorted({_holder(cell, width, side) // core for cell in (cells.x0, cells.x1 - 1)})
        whole = Region.whole(self._shape)
        return {
            Region(row * core, (row + 1) * core, column * core, (column + 1) * core) & whole
            for row in range(rows[0], rows[-1] + 1)
            for column in range(columns[0], columns[-1] + 1)
        } | {window.core}

    @torch.inference_mode()
    def look(self, windows: Sequence[Window], views_NHWC: Tensor) -> None:
        """See windows of one shape, (N, H, W, 3) uint8 on the network's device, and keep what they say."""
        branch = self._net.local_branch
        if branch is None or not self.needs_views:
            return
        view_NCHW = padded(as_input(self._net, views_NHWC), self._arch.step)
        features = branch.features(view_NCHW)
        size = (view_NCHW.shape[-2], view_NCHW.shape[-1])
        boxes = [self._box(window, size) for window in windows]
        if self._arch.answer != "global":
            self._decide(branch, windows, features, boxes)
        if self.feeds_back:
            for window, last_CHW, box in zip(windows, features.last_NCHW, boxes, strict=True):
                self._feed(window, last_CHW, box)

    def _decide(self, branch: Branch, windows: Sequence[Window], features: Features, boxes: Sequence[Box]) -> None:
        attention, _ = branch.attention(features)
        gate = None
        if self._net.colearning is not None:
            size = (features.last_NCHW.shape[-2], features.last_NCHW.shape[-1])
            sampled = samples([self._last_1CSS[0]] * len(windows), boxes, size)
            gate = self._net.colearning.local_gate(sampled, features.last_NCHW)
        logits = branch.logits(features.last_NCHW, attention, gate)
        for window, logits_4HW in zip(windows, logits, strict=True):
            kept = margin(window).moved(-window.view.y0, -window.view.x0)
            self._local[window.core] = logits_4HW[:, *kept.slices].float().softmax(0)

    def _feed(self, window: Window, last_CHW: Tensor, box: Box) -> None:
        side = self._arch.global_side
        if self.needs_all:
            cells = Region.whole((side, side))
            self._canvas_1CSS[0] = average(last_CHW, WHOLE, cells, side)
            self._covered_11SS.fill_(1)
            assert self._probabilities_4SS is not None
            self._views += 1
            share = (self._answer(cells) - self._probabilities_4SS) / self._views
            self._probabilities_4SS += share
            return
        cells = cells_under(box_of(window.core, self._shape), side)
        if cells.area:
            self._canvas_1CSS[0, :, *cells.slices] = average(last_CHW, box, cells, side)
            self._covered_11SS[0, :, *cells.slices] = 1

    @torch.inference_mode()
    def probabilities(self, window: Window) -> Tensor:
        """Class probabilities (4, h, w) float32 over the window's margin; its own part is forgotten."""
        local = self._local.pop(window.core, None)
        if self._probabilities_4SS is None:
            assert local is not None
            return local
        region = margin(window)
        if self.feeds_back and not self.needs_all:
            cells = self._cells(region)
            self._probabilities_4SS[:, *cells.slices] = self._answer(cells)
        whole = sample(self._probabilities_4SS, box_of(region, self._shape), region.shape)
        if local is None:
            return whole
        return torch.lerp(local, whole, self._arch.fusion)

    def forget(self, window: Window) -> None:
        """Drop what is kept of a window whose own answer nobody asks for."""
        self._local.pop(window.core, None)

    def _answer(self, cells: Region) -> Tensor:
        """Global probabilities of some cells, by the canvas as it is now."""
        branch, colearning = self._net.global_branch, self._net.colearning
        assert branch is not None
        assert colearning is not None
        side = self._arch.global_side
        near = cells.grown(_CONTEXT) & Region.whole((side, side))
        cut = (slice(None), slice(None), *near.slices)
        last = self._last_1CSS[cut]
        gate = colearning.global_gate(last, self._canvas_1CSS[cut], self._covered_11SS[cut])
        attention = None if self._attention_1CSS is None else self._attention_1CSS[cut]
        inner = cells.moved(-near.y0, -near.x0)
        logits = branch.logits(last, attention, gate)[0, :, *inner.slices]
        return logits.float().softmax(0)

    def _cells(self, region: Region) -> Region:
        """Cells that bilinear values inside a region mix."""
        y0, y1, x0, x1 = box_of(region, self._shape)
        side = self._arch.global_side
        return Region(*taps(y0, y1, region.height, side).span, *taps(x0, x1, region.width, side).span)

    def _box(self, window: Window, size: tuple[int, int]) -> Box:
        if self._arch.colearn == "concat":
            return WHOLE
        view = window.view
        return box_of(Region(view.y0, view.y0 + size[0], view.x0, view.x0 + size[1]), self._shape)


def as_input(net: MKLN, views_NHWC: Tensor) -> Tensor:
    """Pixels as the network takes them: normalised, in its number format, channels last in memory."""
    dtype = next(net.parameters()).dtype
    return net.normalisation(views_NHWC).to(dtype=dtype, memory_format=torch.channels_last)


def _holder(cell: int, length: int, side: int) -> int:
    """A pixel whose core holds the centre of a cell."""
    return min(int((cell + 0.5) * length / side), length - 1)
