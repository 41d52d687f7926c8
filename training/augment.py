"""Random changes to a training view: one pose and one light per photo, shared by the global and the local view.

The pose is drawn before the views are cut, or the box that ties them would lie about where the crop is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from .sections import Augment

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the pixels of an imagined photo, the frame, lie in the real one.

    Coordinates are continuous, (y, x), px of the working scale; pixel i covers [i, i + 1).

    Parameters
    ----------
    shape : (height, width) of the frame, px
    turn : (2, 2) matrix from frame to photo directions, with the scale
    centre : (2,) the place in the photo under the middle of the frame
    """

    shape: tuple[int, int]
    turn: Matrix
    centre: Matrix

    def to_photo(self, place: Matrix) -> Matrix:
        """Place in the photo of a place in the frame."""
        return self.centre + self.turn @ (place - np.asarray(self.shape) / 2)

    def to_frame(self, place: Matrix) -> Matrix:
        """Place in the frame of a place in the photo."""
        return np.linalg.solve(self.turn, place - self.centre) + np.asarray(self.shape) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """One draw of the photometric changes; the defaults change nothing.

    Parameters
    ----------
    gains : (3,) factor per colour channel, brightness and illuminant together
    contrast : factor around the mean of the photo
    gamma : exponent
    noise : standard deviation, of full scale
    blur_px : sigma, px of the local view
    seed : of the noise
    """

    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    gamma: float = 1.0
    noise: float = 0.0
    blur_px: float = 0.0
    seed: int = 0


def draw_pose(rng: np.random.Generator, shape: tuple[int, int], augment: Augment, side: int) -> Pose:
    """Random frame over a photo; a photo smaller than a crop is magnified until a crop fits.

    Parameters
    ----------
    shape : (height, width) of the photo, px
    side : of the crop that must fit, px
    """
    keep = 1 - rng.uniform(0, augment.closer)
    scale = math.exp(rng.uniform(-1, 1) * math.log(augment.magnify))
    angle = math.radians(rng.uniform(-1, 1) * augment.rotate_deg)
    quarters = int(rng.integers(4)) if augment.quarter_turns else 0
    mirrored = bool(rng.integers(2)) and augment.flip
    seen = np.asarray(shape) * keep
    centre = seen / 2 + rng.uniform(0, 1, 2) * (np.asarray(shape) - seen)
    turned = seen[::-1] if quarters % 2 else seen
    scale = max(scale, side / turned.min())
    frame = np.maximum(np.rint(turned * scale).astype(int), side)
    angle += quarters * math.pi / 2
    cos, sin = _exact(math.cos(angle)), _exact(math.sin(angle))
    turn = np.array([[cos, sin], [-sin, cos]]) @ np.diag([1.0, -1.0 if mirrored else 1.0])
    return Pose(shape=(int(frame[0]), int(frame[1])), turn=turn * (turned / frame), centre=centre)


def draw_light(rng: np.random.Generator, augment: Augment) -> Light:
    """Random brightness, contrast, gamma, illuminant, noise and blur."""
    brightness = 1 + rng.uniform(-1, 1) * augment.brightness
    red, green, blue = brightness * (1 + rng.uniform(-1, 1, 3) * augment.illuminant)
    return Light(
        gains=(float(red), float(green), float(blue)),
        contrast=1 + rng.uniform(-1, 1) * augment.contrast,
        gamma=math.exp(rng.uniform(-1, 1) * math.log1p(augment.gamma)),
        noise=rng.uniform(0, augment.noise),
        blur_px=rng.uniform(0, augment.blur_px),
        seed=int(rng.integers(1 << 31)),
    )


def tint(image_CHW: Tensor, light: Light, mean: float) -> Tensor:
    """Colour changes of an image in [0, 1]; `mean` is that of the whole photo, so that both views change alike."""
    gains = torch.tensor(light.gains)[:, None, None]
    changed = ((image_CHW - mean) * light.contrast + mean) * gains
    return changed.clamp(0, 1).pow(light.gamma) if light.gamma != 1 else changed.clamp(0, 1)


def roughen(image_CHW: Tensor, light: Light) -> Tensor:
    """Blur and noise, which only a view at full working scale shows."""
    if light.blur_px > 0.3:
        image_CHW = _blurred(image_CHW, light.blur_px)
    if light.noise > 0:
        generator = torch.Generator().manual_seed(light.seed)
        image_CHW = (image_CHW + light.noise * torch.randn(image_CHW.shape, generator=generator)).clamp(0, 1)
    return image_CHW


def _blurred(image_CHW: Tensor, sigma: float) -> Tensor:
    reach = math.ceil(2.5 * sigma)
    at = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (at / sigma) ** 2)
    kernel = kernel / kernel.sum()
    planes = functional.pad(image_CHW[:, None], (reach, reach, reach, reach), mode="replicate")
    planes = functional.conv2d(planes, kernel.reshape(1, 1, -1, 1))
    return functional.conv2d(planes, kernel.reshape(1, 1, 1, -1))[:, 0]


def _exact(value: float) -> float:
    nearest = round(value)
    return float(nearest) if abs(value - nearest) < 1e-12 else value
