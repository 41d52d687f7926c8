"""Decoded pixels of any colour model to 8-bit sRGB.

Every screen and the network take sRGB for granted, so the conversion happens once, on the way in; the profile itself is
not kept.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Pixels = npt.NDArray[np.uint8]
Model = Literal["L", "RGB", "CMYK"]
WHITE: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Decoded pixels as the file has them.

    Parameters
    ----------
    values : (h, w, k) uint8; k is 1 for "L", 3 for "RGB", 4 for "CMYK" (255 is full ink)
    alpha : (h, w) uint8, 0 for transparent; None where the file has none
    """

    values: Pixels
    alpha: Pixels | None = None


class ToSRGB:
    """Conversion of one file's samples, built once for all its bands.

    Parameters
    ----------
    model : colour model of the samples
    profile : the ICC profile found in the file

    Attributes
    ----------
    notes : what a person should know about the conversion, sentences
    """

    def __init__(self, model: Model, profile: bytes | None) -> None:
        self._model = model
        self.notes: list[str] = []
        self._transform = self._built(profile) if profile else None
        if model == "CMYK" and self._transform is None:
            self.notes.append("the CMYK colours have no usable profile and were converted by formula")
        self._seen_through = False

    def __call__(self, samples: Samples) -> Pixels:
        """Pixels in sRGB, (h, w, 3) uint8; what is transparent lies on white."""
        rgb = self._opaque(samples.values)
        if samples.alpha is None or bool((samples.alpha == WHITE).all()):
            return rgb
        if not self._seen_through:
            self._seen_through = True
            self.notes.append("transparent pixels were laid on white")
        alpha = samples.alpha[..., None].astype(np.uint16)
        blended: Pixels = ((rgb * alpha + WHITE * (WHITE - alpha) + WHITE // 2) // WHITE).astype(np.uint8)
        return blended

    def _opaque(self, values: Pixels) -> Pixels:
        if self._transform is None and self._model == "RGB":
            return values
        if self._transform is None and self._model == "L":
            return np.repeat(values, 3, axis=2)
        image = Image.fromarray(values[..., 0] if self._model == "L" else values, self._model)
        if self._transform is None:
            return np.asarray(image.convert("RGB"))
        converted = ImageCms.applyTransform(image, self._transform)
        assert converted is not None  # only an in-place transform gives None
        return np.asarray(converted)

    def _built(self, profile: bytes) -> ImageCms.ImageCmsTransform | None:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if self._model == "RGB" and "sRGB" in (source.profile.profile_description or ""):
                return None
            return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), self._model, "RGB")
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            self.notes.append("the colour profile is broken or of another colour model; colours were taken as sRGB")
            return None
