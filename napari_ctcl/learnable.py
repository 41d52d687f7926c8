"""What people have labelled in a study so far, which is what a model can learn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from napari_ctcl.lesion import Lesion
from napari_ctcl.store import Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnable:
    """What there is to learn from.

    Parameters
    ----------
    photos, patients : with at least one human pixel
    pixels : human pixels per class, level 0
    """

    photos: int
    patients: int
    pixels: dict[Lesion, int]


def learnable(photos: Iterable[Photo]) -> Learnable:
    """Count what is labelled in photos, as it is on disk."""
    pixels, labelled, patients = dict.fromkeys(Lesion, 0), 0, set()
    for photo in photos:
        counts = {lesion: n for lesion, n in photo.label_pixels("annotation").items() if n and lesion}
        for lesion, n in counts.items():
            pixels[lesion] += n
        labelled += bool(counts)
        patients |= {photo.patient} if counts else set()
    return Learnable(photos=labelled, patients=len(patients), pixels=pixels)
