"""A random forest on hand features that says which scale of a photo gives its classes away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from sklearn.ensemble import RandomForestClassifier

from napari_ctcl.lesion import LESIONS, Lesion
from napari_ctcl.phantom import Phantom, PhotoPlan
from napari_ctcl.region import Region

STEP = 8  # the global view sees the photo this many times smaller
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """Drawn pixels: features of the local view, of the global view, and classes."""

    local: Floats
    whole: Floats
    labels: npt.NDArray[np.uint8]

    def only(self, kinds: Sequence[Lesion]) -> "Sample":
        kept = np.isin(self.labels, kinds)
        return Sample(self.local[kept], self.whole[kept], self.labels[kept])


def blurred(image: Floats, sigma: float) -> Floats:
    return ndi.gaussian_filter(image, (sigma, sigma) + (0,) * (image.ndim - 2), truncate=3)


def local_features(image: Floats) -> Floats:
    """What a crop of 32 pixels around a pixel shows: energies of its textures, colour against its surroundings."""
    grey = image.mean(2)
    grey = grey / blurred(grey, 8)
    planes = [blurred((grey - blurred(grey, s)) ** 2, 6) for s in (1, 2, 4)]
    planes += [blurred((blurred(grey, s) - blurred(grey, 2 * s)) ** 2, 6) for s in (1, 2)]
    smooth = blurred(image, 3)
    planes += list(np.moveaxis(smooth - ndi.uniform_filter(image, (48, 48, 1)), 2, 0))
    planes.append(smooth[..., 0] / (smooth[..., 1] + 1e-3))
    return np.stack(planes, -1)


def global_features(image: Floats) -> Floats:
    """What the whole photo shows when fine texture is gone: colour against the photo's own, shapes, shade."""
    height, width = (side // STEP for side in image.shape[:2])
    low = image[: height * STEP, : width * STEP].reshape(height, STEP, width, STEP, 3).mean((1, 3))
    ratio, hue = low[..., 0] / (low[..., 1] + 1e-3), low[..., 2] / (low[..., 1] + 1e-3)
    skinlike = (ratio > 1.1) & (low[..., 0] > 1.15 * low[..., 2])
    own = np.median(low[skinlike] if skinlike.any() else low.reshape(-1, 3), axis=0)
    against = low / own  # this patient's skin is 1, whatever its tone and the camera's white balance
    planes = [ratio, hue, *np.moveaxis(blurred(against, 0.7), 2, 0), *np.moveaxis(blurred(against, 2.5), 2, 0)]
    contrast = against[..., 1] / against[..., 0]
    planes += [blurred(contrast, s) for s in (1, 4)]
    planes += [blurred(against[..., 2] / against[..., 1], s) for s in (1, 4)]
    planes += [blurred(skinlike.astype(np.float32), s) for s in (2, 6)]
    planes += [ndi.minimum_filter(blurred(contrast, 0.7), 9), ndi.maximum_filter(blurred(ratio, 0.7), 13)]
    return np.stack([np.kron(plane, np.ones((STEP, STEP), np.float32)) for plane in planes], -1)


def drawn(plans: list[PhotoPlan], per_class: int) -> Sample:
    """The same number of pixels of each class of each photo; look-alikes, which are normal, count apart."""
    rng = np.random.default_rng(0)
    local, whole, labels = [], [], []
    for plan in plans:
        phantom, region = Phantom(plan), Region.whole((plan.height, plan.width))
        rgb, mask = phantom.render(region)
        strata = np.where(phantom.lookalike(region), 0, mask)
        image = rgb.astype(np.float32) / 255
        near, far = local_features(image), global_features(image)
        for stratum in range(5):
            places = np.flatnonzero(strata == stratum)
            if len(places) >= 50:
                places = rng.choice(places, per_class)
                local.append(near.reshape(-1, near.shape[-1])[places])
                whole.append(far.reshape(-1, far.shape[-1])[places])
                labels.append(np.full(per_class, max(stratum, Lesion.NORMAL), np.uint8))
    return Sample(np.concatenate(local), np.concatenate(whole), np.concatenate(labels))


def macro_lesion_f1(view: str, train: Sample, test: Sample, kinds: Sequence[Lesion] = LESIONS) -> float:
    """Mean F1 of the lesion classes of a forest that sees `view`: "local", "whole" or "both"."""

    def seen(sample: Sample) -> Floats:
        return np.hstack([sample.local, sample.whole]) if view == "both" else getattr(sample, view)

    forest = RandomForestClassifier(60, min_samples_leaf=4, n_jobs=1, random_state=0).fit(seen(train), train.labels)
    said = forest.predict(seen(test))
    counts = np.zeros((5, 5))
    np.add.at(counts, (test.labels, said), 1)
    f1 = 2 * np.diag(counts) / np.maximum(counts.sum(0) + counts.sum(1), 1)
    return float(np.mean([f1[lesion] for lesion in kinds]))
