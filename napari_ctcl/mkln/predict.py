"""Label a whole photo by windows, in memory that does not grow with it; the labels are those of the photo as one.

The predictor knows arrays only: where pixels come from and where labels go are two small protocols.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ctcl.events import Progress, RegionDone
from napari_ctcl.mkln.delivery import chunk, chunks_of
from napari_ctcl.mkln.net import MKLN
from napari_ctcl.mkln.overview import ImageSource, overview
from napari_ctcl.mkln.precision import Precision, prepared
from napari_ctcl.mkln.viewing import Viewing, margin
from napari_ctcl.mkln.windows import Plan, Window, batches, windows
from napari_ctcl.region import Region

__all__ = ["ImageSource", "LabelSink", "predict"]


class LabelSink(Protocol):
    """Where labels go; the coordinates are level-0 pixels."""

    def write(self, region: Region, labels: NDArray[np.uint8], uncertainty: NDArray[np.uint8]) -> None:
        """Keep one chunk's labels (h, w) and its uncertainty (ceil(h / 4), ceil(w / 4))."""
        ...

    def done(self) -> set[Region]:
        """Chunks that were written before, which are not to be written again."""
        ...


def predict(  # noqa: PLR0913 - each is a plain value of its own, and most calls name three
    nets: Sequence[MKLN],
    source: ImageSource,
    sink: LabelSink,
    *,
    scale: int,
    full_shape: tuple[int, int],
    plan: Plan | None = None,
    batch: int = 1,
    device: torch.device | str = "cpu",
    first: Region | None = None,
    photo: str = "",
    precision: Precision = "auto",
) -> Iterator[Progress | RegionDone]:
    """Label a photo; between any two events lies one batch of windows, or one chunk, at most.

    Parameters
    ----------
    nets : their probabilities are averaged
    source : the photo at the working level
    sink : gets each chunk at most once
    scale : level-0 pixels per pixel of the working level
    full_shape : (height, width) of level 0
    plan : how the working level is cut; 512 px with a halo of 48 by default
    batch : windows per pass
    first : level-0 region to begin with, then outward from it
    photo : id for the events
    precision : number format; "auto" takes the fastest

    Yields
    ------
    RegionDone for every chunk that is written, counted over those that were missing; Progress after a batch that
    finished none. Closing the generator stops there; what is written stays
    """
    if not nets:
        raise ValueError("predict needs at least one network")
    plan = plan or Plan()
    for net in nets:
        plan.check(net.arch.step, scale)
    coarse = None if first is None else first.at_level(scale.bit_length() - 1)
    order = windows(source.shape, plan, coarse)
    written = sink.done()
    missing = {}
    for window in order:
        pieces = chunks_of(window.core, scale, source.shape, full_shape, plan.tile)
        if left := [piece for piece in pieces if piece not in written]:
            missing[window.core] = left
    if not missing:
        return
    job = _Job(source=source, sink=sink, scale=scale, full_shape=full_shape, photo=photo, missing=missing)
    viewings = _viewings(nets, source, torch.device(device), precision)
    yield from _work(job, viewings, order, plan.core, batch)


@dataclass(slots=True, kw_only=True)
class _Job:
    """One photo on its way from pixels to labels.

    Parameters
    ----------
    missing : chunks of each core that are not written yet
    done, total : chunks written, of how many that were missing
    """

    source: ImageSource
    sink: LabelSink
    scale: int
    full_shape: tuple[int, int]
    photo: str
    missing: dict[Region, list[Region]]
    done: int = 0
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(map(len, self.missing.values()))

    def write(self, window: Window, probabilities_4HW: Tensor) -> Iterator[RegionDone]:
        """Write the core's missing chunks."""
        region = margin(window)
        for piece in self.missing.pop(window.core):
            labels, uncertainty = chunk(probabilities_4HW, region, piece, self.scale, self.source.shape)
            self.sink.write(piece, labels, uncertainty)
            self.done += 1
            yield RegionDone(photo=self.photo, **asdict(piece), done=self.done, total=self.total)


def _viewings(nets: Sequence[MKLN], source: ImageSource, device: torch.device, precision: Precision) -> list[Viewing]:
    sides = {net.arch.global_side for net in nets if "global" in net.arch.views}
    squashed = {side: torch.from_numpy(overview(source, side)[None]).to(device) for side in sides}
    unseen = torch.empty(0)
    return [
        Viewing(prepared(net, device, precision), squashed.get(net.arch.global_side, unseen), source.shape)
        for net in nets
    ]


def _work(
    job: _Job, viewings: Sequence[Viewing], order: Sequence[Window], core: int, size: int
) -> Iterator[Progress | RegionDone]:
    queue = _Queue([window for window in order if window.core in job.missing], viewings, order[-1].core, core)
    for window in queue.ready():
        yield from job.write(window, _mean(viewings, window))
    needed = order if queue.needs_all else [window for window in order if window.core in queue.needed]
    for seen in batches(needed, size):
        _look(job, viewings, seen)
        queue.saw(seen)
        idle = True
        for window in queue.ready():
            yield from job.write(window, _mean(viewings, window))
            idle = False
        if idle:
            yield Progress(done=job.done, total=job.total, unit="chunks", note="looking around")


class _Queue:
    """Which windows that are asked for can be answered: those whose surroundings have been seen."""

    def __init__(self, asked: Sequence[Window], viewings: Sequence[Viewing], last: Region, core: int) -> None:
        self.needs_all = any(viewing.needs_all for viewing in viewings)
        at_least = {last} if self.needs_all else set()
        self._waits = {
            window.core: at_least.union(*(viewing.needs(window, core) for viewing in viewings)) for window in asked
        }
        self.needed: frozenset[Region] = frozenset().union(*self._waits.values())
        self._ready = [window for window in asked if not self._waits[window.core]]
        self._followers: dict[Region, list[Window]] = {}
        for window in asked:
            for other in self._waits[window.core]:
                self._followers.setdefault(other, []).append(window)

    def saw(self, windows: Sequence[Window]) -> None:
        for seen in windows:
            for window in self._followers.pop(seen.core, ()):
                self._waits[window.core].discard(seen.core)
                if not self._waits[window.core]:
                    self._ready.append(window)

    def ready(self) -> Iterator[Window]:
        """Windows that have become answerable, each once."""
        while self._ready:
            yield self._ready.pop(0)


def _look(job: _Job, viewings: Sequence[Viewing], seen: Sequence[Window]) -> None:
    pixels = torch.from_numpy(np.stack([job.source.read(window.view.ys, window.view.xs) for window in seen]))
    for viewing in viewings:
        viewing.look(seen, pixels.to(viewing.device))
        for window in seen:
            if window.core not in job.missing:
                viewing.forget(window)


def _mean(viewings: Sequence[Viewing], window: Window) -> Tensor:
    total = viewings[0].probabilities(window)
    for viewing in viewings[1:]:
        total = total + viewing.probabilities(window)
    return total / len(viewings)
