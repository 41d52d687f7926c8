"""Losses that an unlabelled pixel cannot reach.

Every term divides by what is labelled, so a crop without labels is finite and contributes nothing.

Shapes: N views, K = 4 classes, H, W pixels; labels hold values of `Lesion`, channel = value - 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from napari_ctcl.lesion import CLASSES, Lesion

HEAVIEST = 10.0
"""A class weighs at most so many times as much as the most frequent class, however rare it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Weights of the loss terms, and of the classes in the cross-entropy.

    Parameters
    ----------
    cross_entropy, dice, binary : weight of each term
    classes : weight per network channel
    """

    cross_entropy: float
    dice: float
    binary: float
    classes: tuple[float, ...] = (1.0,) * len(CLASSES)


def class_weights(pixels: npt.NDArray[np.int64], power: float) -> tuple[float, ...]:
    """Weight per channel, the mean weight of a labelled pixel being 1.

    Parameters
    ----------
    pixels : (4,) labelled pixels per channel; a class without any gets the neutral 1, not an infinite weight
    power : weights are frequency to the power of minus this
    """
    present = pixels > 0
    if not present.any():
        return (1.0,) * len(CLASSES)
    share = pixels[present] / pixels.sum()
    raw = np.minimum((share / share.max()) ** -power, HEAVIEST)
    weights = np.ones(len(CLASSES))
    weights[present] = raw / (raw * share).sum()
    return tuple(float(weight) for weight in weights)


def branch_loss(logits_NKHW: Tensor, binary_N1HW: Tensor | None, labels_NHW: Tensor, terms: Terms) -> Tensor:
    """Weighted sum of the terms for one branch.

    Parameters
    ----------
    logits_NKHW : four-class scores
    binary_N1HW : lesion-against-normal scores; None in a branch without lesion area learning
    labels_NHW : uint8, values of `Lesion`
    """
    logits = logits_NKHW.float()
    total = terms.cross_entropy * cross_entropy(logits, labels_NHW, terms.classes)
    if terms.dice:
        total = total + terms.dice * dice_loss(logits, labels_NHW)
    if binary_N1HW is not None and terms.binary:
        total = total + terms.binary * binary_loss(binary_N1HW.float(), labels_NHW)
    return total


def cross_entropy(logits_NKHW: Tensor, labels_NHW: Tensor, weights: tuple[float, ...]) -> Tensor:
    """Cross-entropy summed over labelled pixels, divided by their count."""
    target = labels_NHW.long() - 1
    weight = logits_NKHW.new_tensor(weights)
    total = functional.cross_entropy(logits_NKHW, target, weight=weight, ignore_index=-1, reduction="sum")
    return total / _labelled(labels_NHW)


def dice_loss(logits_NKHW: Tensor, labels_NHW: Tensor) -> Tensor:
    """One minus soft Dice over the whole batch, mean over the classes that its labels hold.

    A class that no label of the batch holds is left to the cross-entropy: its Dice would be 0 for any prediction.
    """
    known_N1HW = (labels_NHW != Lesion.UNLABELLED)[:, None]
    share_NKHW = logits_NKHW.softmax(1) * known_N1HW
    channels = torch.arange(1, logits_NKHW.shape[1] + 1, device=labels_NHW.device)
    truth_NKHW = (labels_NHW[:, None] == channels[:, None, None]).to(logits_NKHW.dtype)
    across = (0, 2, 3)
    truth_K = truth_NKHW.sum(across)
    both_K = (share_NKHW * truth_NKHW).sum(across)
    present_K = (truth_K > 0).to(logits_NKHW.dtype)
    loss_K = 1 - 2 * both_K / (share_NKHW.sum(across) + truth_K).clamp(min=1e-6)
    return (loss_K * present_K).sum() / present_K.sum().clamp(min=1)


def binary_loss(binary_N1HW: Tensor, labels_NHW: Tensor) -> Tensor:
    """Binary cross-entropy of lesion against normal, summed over labelled pixels, divided by their count."""
    known_NHW = labels_NHW != Lesion.UNLABELLED
    lesion_NHW = (labels_NHW > Lesion.NORMAL).to(binary_N1HW.dtype)
    each_NHW = functional.binary_cross_entropy_with_logits(binary_N1HW[:, 0], lesion_NHW, reduction="none")
    return (each_NHW * known_NHW).sum() / _labelled(labels_NHW)


def _labelled(labels_NHW: Tensor) -> Tensor:
    return (labels_NHW != Lesion.UNLABELLED).sum().clamp(min=1)
