"""The class table: what each label value means, how it is drawn and what it weighs.

Classes travel between programs by name, together with `contract_hash`, so that an index can never change its meaning
in silence.
"""

from __future__ import annotations

import hashlib
import json
from enum import IntEnum
from typing import Final

RGB = tuple[int, int, int]


class Lesion(IntEnum):
    """One value per class of label image; 0 is what nobody has judged yet."""

    UNLABELLED = 0
    NORMAL = 1
    PATCH = 2
    PLAQUE = 3
    TUMOR = 4

    @property
    def title(self) -> str:
        """Lower-case name, as it is written in files, tables and on screen."""
        return self.name.lower()

    @property
    def channel(self) -> int:
        """Index of the network's output channel; UNLABELLED has none."""
        if self is Lesion.UNLABELLED:
            raise ValueError("unlabelled has no network channel")
        return int(self) - 1

    @classmethod
    def named(cls, name: str) -> Lesion:
        """Class of that name, in any letter case.

        Raises
        ------
        ValueError
            If no class has that name; the message lists those that exist.
        """
        try:
            return cls[name.strip().upper()]
        except KeyError:
            known = ", ".join(lesion.title for lesion in cls)
            raise ValueError(f"{name!r} is not a class; the classes are {known}") from None


CLASSES: Final = (Lesion.NORMAL, Lesion.PATCH, Lesion.PLAQUE, Lesion.TUMOR)
"""What the network tells apart, in channel order."""

LESIONS: Final = (Lesion.PATCH, Lesion.PLAQUE, Lesion.TUMOR)
"""What the dermatologist looks for, in rising severity."""

COLOURS: Final[dict[Lesion, RGB]] = {
    Lesion.UNLABELLED: (0, 0, 0),
    Lesion.NORMAL: (128, 128, 128),
    Lesion.PATCH: (255, 255, 0),
    Lesion.PLAQUE: (0, 0, 255),
    Lesion.TUMOR: (255, 0, 0),
}
"""Colours of label images on disk; the lesion colours are those of the paper's figures."""

SCREEN_COLOURS: Final[dict[Lesion, RGB]] = {
    **COLOURS,
    Lesion.NORMAL: (176, 190, 197),
    Lesion.PATCH: (255, 214, 0),
    Lesion.PLAQUE: (41, 98, 255),
    Lesion.TUMOR: (229, 28, 35),
}
"""The same hues, softened so that they sit on skin without glare."""

COLOUR_BLIND: Final[dict[Lesion, RGB]] = {
    **SCREEN_COLOURS,
    Lesion.PATCH: (0, 229, 255),
    Lesion.PLAQUE: (0, 114, 178),
    Lesion.TUMOR: (170, 0, 255),
}
"""Screen colours that stay apart under protanopia, deuteranopia and tritanopia."""

MSWAT_WEIGHTS: Final[dict[Lesion, int]] = {Lesion.PATCH: 1, Lesion.PLAQUE: 2, Lesion.TUMOR: 4}
"""Weight of each class's body surface percentage in mSWAT (Olsen et al. 2022)."""


def contract() -> dict[str, int]:
    """Name and value of every class, in value order."""
    return {lesion.title: int(lesion) for lesion in Lesion}


def contract_hash() -> str:
    """SHA-256, in hexadecimal, of the contract written as canonical JSON."""
    text = json.dumps(contract(), separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
