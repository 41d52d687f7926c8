"""The twelve body regions of mSWAT, and the words for where on them a photo looks.

They are the regions of the clinical form and of the paper's photos; any other name is refused where it enters.
"""

from __future__ import annotations

from enum import StrEnum

from napari_ctcl.errors import InputError


class BodyRegion(StrEnum):
    """A body region that has a share of the body surface of its own."""

    HEAD = "head"
    NECK = "neck"
    ANTERIOR_TRUNK = "anterior trunk"
    ARMS = "arms"
    FOREARMS = "forearms"
    HANDS = "hands"
    POSTERIOR_TRUNK = "posterior trunk"
    BUTTOCKS = "buttocks"
    THIGHS = "thighs"
    LEGS = "legs"
    FEET = "feet"
    GROIN = "groin"

    @classmethod
    def named(cls, name: str) -> BodyRegion:
        """Region of that name; case, hyphens and underscores do not matter.

        Raises
        ------
        InputError
            If it is none of the twelve; the message lists them.
        """
        words = " ".join(name.strip().lower().replace("_", " ").replace("-", " ").split())
        try:
            return cls(words)
        except ValueError:
            raise InputError(
                f"{name!r} is not a body region",
                expected="one of " + ", ".join(region.value for region in cls),
                do="name the region after this list",
            ) from None

    @property
    def one(self) -> str:
        """Name of one of two: "foot" for feet; the name itself where a body has one."""
        return {"feet": "foot"}.get(self.value, self.value.removesuffix("s"))


class Side(StrEnum):
    """Side of the body, for paired regions."""

    LEFT = "L"
    RIGHT = "R"

    @classmethod
    def named(cls, name: str | None) -> Side | None:
        """Side of that name; None or an empty text where the photo names none.

        Raises
        ------
        InputError
            If it is neither L nor R.
        """
        if not name or not name.strip():
            return None
        try:
            return cls(name.strip().upper()[:1] if name.strip().lower() in ("left", "right") else name.strip().upper())
        except ValueError:
            raise InputError(f"side {name!r}", expected="L or R, or nothing", do="correct the side") from None
