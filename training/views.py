"""Pairs of views: the whole photo squashed small, crops of it at working scale, and the boxes that tie them.

Every draw follows from the recipe's seed, the fold and the iteration alone, so nothing about chance has to be stored.

Shapes: B global views, N = B x crops per global local views, S global side, C crop side.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from napari_ctcl.lesion import Lesion
from napari_ctcl.mkln.geometry import WHOLE, Box

from .album import Album, Entry, Pixels, Sheet
from .augment import Matrix, Pose, draw_light, draw_pose, roughen, tint
from .recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Views of one iteration; images in [0, 1], not yet normalised.

    Parameters
    ----------
    global_B3SS, local_N3CC : float32 RGB
    global_labels_BSS, local_labels_NCC : uint8, values of `Lesion`
    box_N4 : float64; y0, y1, x0, x1 of every crop as fractions of its frame
    of_N : index of the global view each crop belongs to
    """

    global_B3SS: Tensor
    local_N3CC: Tensor
    global_labels_BSS: Tensor
    local_labels_NCC: Tensor
    box_N4: Tensor
    of_N: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view of a frame.

    Parameters
    ----------
    image_3HW : float32 RGB in [0, 1]
    labels_HW : uint8, values of `Lesion`
    box : y0, y1, x0, x1 as fractions of the frame
    """

    image_3HW: Tensor
    labels_HW: Tensor
    box: Box = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """The photos that views are drawn from.

    Parameters
    ----------
    fresh : positions in the album
    seen : positions of photos that the start has trained on already; drawn from with the share `replay`
    """

    fresh: tuple[int, ...]
    seen: tuple[int, ...] = ()
    replay: float = 0.0

    @property
    def positions(self) -> tuple[int, ...]:
        """All of them."""
        return tuple(sorted(self.fresh + self.seen))


class Cutter:
    """Cuts the views of any iteration of one fold.

    Parameters
    ----------
    album : the photos
    deck : those of this fold
    recipe : sides, shares and ranges
    fold : its number, part of every seed
    """

    def __init__(self, album: Album, deck: Deck, recipe: Recipe, fold: int) -> None:
        self.album, self.deck, self.recipe, self.fold = album, deck, recipe, fold

    def batch(self, iteration: int) -> Generator[None, None, Batch]:
        """Views of that iteration, the same whenever and however often it is asked for; rests after each photo.

        Returns
        -------
        The batch, at the end of the generator.
        """
        rng = np.random.default_rng([self.recipe.course.seed, self.fold, iteration])
        pairs = []
        for _ in range(self.recipe.course.batch):
            pairs.append(self._pair(rng))
            yield
        crops = [crop for _, crops in pairs for crop in crops]
        return Batch(
            global_B3SS=torch.stack([whole.image_3HW for whole, _ in pairs]),
            local_N3CC=torch.stack([crop.image_3HW for crop in crops]),
            global_labels_BSS=torch.stack([whole.labels_HW for whole, _ in pairs]),
            local_labels_NCC=torch.stack([crop.labels_HW for crop in crops]),
            box_N4=torch.tensor([crop.box for crop in crops], dtype=torch.float64),
            of_N=torch.arange(len(pairs)).repeat_interleave(self.recipe.views.crops_per_global),
        )

    def _pair(self, rng: np.random.Generator) -> tuple[View, list[View]]:
        """The whole of one photo, and its crops."""
        views = self.recipe.views
        channel, position = self._pick(rng)
        entry, sheet = self.album.entries[position], self.album.sheet(position)
        pose = draw_pose(rng, sheet.shape, self.recipe.augment, views.crop_side)
        light = draw_light(rng, self.recipe.augment)
        mean = float(sheet.image_HWC[::8, ::8].mean()) / 255
        whole = whole_view(sheet, pose, self.recipe.architecture.global_side)
        crops = []
        for number in range(views.crops_per_global):
            wanted = channel if number == 0 else _class_of(rng, entry, views.class_aware)
            crop = crop_view(
                sheet, pose, _origin(rng, _spot(rng, entry, wanted), pose, views.crop_side), views.crop_side
            )
            crops.append(replace(crop, image_3HW=roughen(tint(crop.image_3HW, light, mean), light)))
        return replace(whole, image_3HW=tint(whole.image_3HW, light, mean)), crops

    def _pick(self, rng: np.random.Generator) -> tuple[int | None, int]:
        """Channel to crop around (None: any labelled pixel) and the photo to crop from."""
        deck = self.deck
        old = bool(deck.seen) and (not deck.fresh or rng.uniform() < deck.replay)
        positions = deck.seen if old else deck.fresh
        if rng.uniform() < self.recipe.views.class_aware:
            holders = _holders(self.album.entries, positions)
            if holders:
                channel = sorted(holders)[int(rng.integers(len(holders)))]
                return channel, _one_of(rng, holders[channel])
        return None, _one_of(rng, positions)


def whole_view(sheet: Sheet, pose: Pose, side: int) -> View:
    """The whole frame squashed to a square of that side, px."""
    step = np.asarray(pose.shape) / side
    offset = pose.to_photo(np.zeros(2))
    turn = pose.turn * step
    ratio = side / np.asarray(sheet.shape)
    image = sample_image(sheet.small_3SS, turn * ratio[:, None], offset * ratio, side)
    return View(image_3HW=image, labels_HW=sample_labels(sheet.labels_HW, turn, offset, side))


def crop_view(sheet: Sheet, pose: Pose, origin: Matrix, side: int) -> View:
    """A square of the frame, of that side, with its upper left corner at `origin`, px."""
    offset, (height, width) = pose.to_photo(origin), pose.shape
    image = torch.from_numpy(sheet.image_HWC).permute(2, 0, 1)
    y, x = origin
    return View(
        image_3HW=sample_image(image, pose.turn, offset, side),
        labels_HW=sample_labels(sheet.labels_HW, pose.turn, offset, side),
        box=(y / height, (y + side) / height, x / width, (x + side) / width),
    )


def sample_image(image_CHW: Tensor, turn: Matrix, offset: Matrix, side: int) -> Tensor:
    """Bilinear samples at offset + turn @ (row + 1/2, column + 1/2); beyond the edge, the edge.

    Parameters
    ----------
    image_CHW : uint8
    """
    ys, xs = _places(turn, offset, side)
    top, bottom = _span(ys, image_CHW.shape[1])
    left, right = _span(xs, image_CHW.shape[2])
    part = image_CHW[:, top:bottom, left:right].float().div_(255)
    grid = np.stack([(xs - left) * (2 / (right - left)) - 1, (ys - top) * (2 / (bottom - top)) - 1], axis=-1)
    flow = torch.from_numpy(grid.astype(np.float32))[None]
    return functional.grid_sample(part[None], flow, mode="bilinear", padding_mode="border", align_corners=False)[0]


def sample_labels(labels_HW: Pixels, turn: Matrix, offset: Matrix, side: int) -> Tensor:
    """Labels of the pixels under the same places; unlabelled beyond the edge."""
    ys, xs = _places(turn, offset, side)
    rows, columns = np.floor(ys).astype(np.int64), np.floor(xs).astype(np.int64)
    height, width = labels_HW.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    found = labels_HW[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return torch.from_numpy(np.where(inside, found, np.uint8(Lesion.UNLABELLED)))


def _places(turn: Matrix, offset: Matrix, side: int) -> tuple[Matrix, Matrix]:
    at = np.arange(side) + 0.5
    ys = offset[0] + turn[0, 0] * at[:, None] + turn[0, 1] * at[None, :]
    xs = offset[1] + turn[1, 0] * at[:, None] + turn[1, 1] * at[None, :]
    return ys, xs


def _span(places: Matrix, length: int) -> tuple[int, int]:
    """Pixels that bilinear samples at these places touch."""
    first = min(max(int(np.floor(places.min())) - 1, 0), length - 1)
    return first, max(min(int(np.ceil(places.max())) + 1, length), first + 1)


def _holders(entries: Sequence[Entry], positions: Sequence[int]) -> dict[int, list[int]]:
    holders: dict[int, list[int]] = {}
    for position in positions:
        for channel in entries[position].lesions:
            holders.setdefault(channel, []).append(position)
    return holders


def _class_of(rng: np.random.Generator, entry: Entry, share: float) -> int | None:
    if entry.lesions and rng.uniform() < share:
        return _one_of(rng, entry.lesions)
    return None


def _one_of(rng: np.random.Generator, choices: Sequence[int]) -> int:
    return choices[int(rng.integers(len(choices)))]


def _spot(rng: np.random.Generator, entry: Entry, channel: int | None) -> Matrix:
    spots: npt.NDArray[np.int32] = entry.labelled if channel is None else entry.spots[channel]
    return np.asarray(spots[int(rng.integers(len(spots)))] + 0.5)


def _origin(rng: np.random.Generator, spot: Matrix, pose: Pose, side: int) -> Matrix:
    """Upper left corner of a crop with the spot anywhere in it, kept inside the frame; whole px."""
    corner = pose.to_frame(spot) - rng.uniform(0, side, 2)
    return np.clip(np.rint(corner), 0, np.asarray(pose.shape) - side)
