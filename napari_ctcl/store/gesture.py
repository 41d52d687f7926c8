"""What a hand does to the labels of a photo, as values: brush, outlines, fills, judgements of the model, undo.

A gesture says what is meant in level-0 coordinates, a few hundred bytes even where it covers hundreds of megapixels; so
it can be noted on the disk at once and be turned into pixels beside the window, or after a crash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np

from napari_ctcl.lesion import CLASSES, Lesion
from napari_ctcl.raster import Capsule, Mask, Point
from napari_ctcl.region import Region

Outline = tuple[Point, ...]
"""(y, x) corners of a closed polygon, level-0 px; the last is joined to the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What may be painted over; everything by default.

    Parameters
    ----------
    human : classes that a person has given a pixel and that may be painted over
    model : where no person has judged, what the model may say of a pixel; 0 where it says nothing
    inside : only within this outline; anywhere where None
    skin : only where the photo's skin mask is not 0
    """

    human: frozenset[int] = frozenset(map(int, CLASSES))
    model: frozenset[int] = frozenset(map(int, Lesion))
    inside: Outline | None = None
    skin: bool = False


ANYWHERE: Final = Rule()

UNJUDGED: Final = Rule(human=frozenset())
"""Never over what a person has labelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A mask made at a coarser level and painted pixel for pixel, each 2^level level-0 pixels wide.

    Parameters
    ----------
    level : of the mask's pixels
    y0, x0 : the mask's corner on its own level
    shape : (height, width) of the mask
    bits : the mask, row by row, eight pixels a byte
    """

    __pydantic_config__: ClassVar[Any] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}

    level: int
    y0: int
    x0: int
    shape: tuple[int, int]
    bits: bytes

    @classmethod
    def of(cls, mask: Mask, *, level: int, y0: int, x0: int) -> Stamp:
        """Stamp of a (h, w) bool mask."""
        height, width = mask.shape
        return cls(level=level, y0=y0, x0=x0, shape=(height, width), bits=np.packbits(mask).tobytes())

    @property
    def box(self) -> Region:
        """Level-0 pixels that the mask covers."""
        height, width = self.shape
        return Region(self.y0, self.y0 + height, self.x0, self.x0 + width).from_level(self.level)

    @property
    def mask(self) -> Mask:
        """The mask again: (h, w) bool."""
        height, width = self.shape
        bits = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=height * width)
        return bits.reshape(self.shape).astype(bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One stroke: swept discs, outlines and stamps of one class.

    Parameters
    ----------
    tool : what drew it, in a word
    value : a value of `Lesion`
    """

    tool: str
    value: int
    capsules: tuple[Capsule, ...] = ()
    outlines: tuple[Outline, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    rule: Rule = ANYWHERE
    kind: Literal["draw"] = "draw"

    @property
    def box(self) -> Region:
        """Smallest region that holds all of it; it may leave the image."""
        boxes = [capsule.box for capsule in self.capsules] + [stamp.box for stamp in self.stamps]
        for outline in filter(None, self.outlines):
            (y0, x0), (y1, x1) = np.floor(np.min(outline, 0)), np.ceil(np.max(outline, 0)) + 1
            boxes.append(Region(int(y0), int(y1), int(x0), int(x1)))
        return reduce(or_, boxes) if boxes else Region(0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The connected area that looks like the pixel at (y, x), where it ends within the fill's reach."""

    at: Point
    value: int
    rule: Rule = ANYWHERE
    tool: str = field(default="fill", init=False)
    kind: Literal["fill"] = "fill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A judgement of one lesion, or of all that the model says in an area.

    Parameters
    ----------
    tool : accept, reject or reclassify
    at : (y, x) of a pixel of the lesion; of no meaning where there is an area
    inside : the area
    value : what the lesion is called from now on, for `reclassify` alone
    """

    tool: Literal["accept", "reject", "reclassify"]
    at: Point | None = None
    inside: Outline | None = None
    value: int | None = None
    kind: Literal["judge"] = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step back, or forth again, in what was done."""

    tool: Literal["undo", "redo"]
    value: None = None
    kind: Literal["step"] = "step"


Gesture = Draw | Fill | Judge | Step


def is_finite(gesture: Gesture) -> bool:
    """Whether all coordinates of a gesture are numbers that lie somewhere."""
    points: list[Point] = []
    match gesture:
        case Draw():
            outlines = (*gesture.outlines, gesture.rule.inside or ())
            points += [point for capsule in gesture.capsules for point in (capsule.start, capsule.end)]
            points += [(capsule.radius, 0.0) for capsule in gesture.capsules]
            points += [point for outline in outlines for point in outline]
        case Fill():
            points += [gesture.at, *(gesture.rule.inside or ())]
        case Judge():
            points += [*(gesture.inside or ()), *([gesture.at] if gesture.at else [])]
    return bool(np.isfinite(np.asarray(points, np.float64)).all())


@cache
def _codec() -> Any:
    from pydantic import Field, TypeAdapter  # a fifth of a second that opening a study need not wait for

    return TypeAdapter(Annotated[Gesture, Field(discriminator="kind")])


def encode(gesture: Gesture) -> str:
    """A gesture as JSON."""
    return str(_codec().dump_json(gesture).decode())


def decode(text: str) -> Gesture:
    """The gesture that `encode` wrote.

    Raises
    ------
    ValueError
        If the text is no gesture of this version.
    """
    gesture: Gesture = _codec().validate_json(text)
    return gesture
