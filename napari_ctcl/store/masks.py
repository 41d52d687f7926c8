"""Label masks from image files: which pixel value means which class.

A value gets its meaning from the class table's exact colours or from a map that the user writes out; a bare index never
means anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from napari_ctcl.errors import InputError, MaskError
from napari_ctcl.lesion import COLOURS, RGB, Lesion
from napari_ctcl.region import Span
from napari_ctcl.store.maskfile import Greys, MaskValues, open_values

Labels = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]

_BAND: Final = 512
_TRANSPARENT: Final = 1 << 24
_UNRESOLVED: Final = 255
_HEX = re.compile(r"#[0-9a-f]{6}")
_HOW = "say what its values mean with a mask map such as 0=normal,255=tumor"


def _code(colour: RGB) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskMap:
    """What the values of a mask mean.

    Parameters
    ----------
    greys : class of each grey value
    colours : class of each colour
    rest : class of every value that is not named; None makes such a value an error
    """

    greys: Mapping[int, Lesion] = field(default_factory=dict)
    colours: Mapping[RGB, Lesion] = field(default_factory=dict)
    rest: Lesion | None = None

    @classmethod
    def of(cls, given: Mapping[int | str, str | Lesion] | str | MaskMap | None) -> Self | MaskMap | None:
        """A map in any of the ways it may be given: text, or values ("#rrggbb", a grey or "rest") and classes.

        Raises
        ------
        InputError
            If a value or a class in it is none.
        """
        if given is None or isinstance(given, MaskMap):
            return given
        pairs = _pairs(given) if isinstance(given, str) else given.items()
        greys: dict[int, Lesion] = {}
        colours: dict[RGB, Lesion] = {}
        rest: Lesion | None = None
        for value, name in pairs:
            lesion, key = _lesion(name), str(value).strip().lower()
            if key == "rest":
                rest = lesion
            elif _HEX.fullmatch(key):
                colours[int(key[1:3], 16), int(key[3:5], 16), int(key[5:7], 16)] = lesion
            elif key.isdecimal():
                greys[int(key)] = lesion
            else:
                raise InputError(
                    f"mask map value {value!r}", expected="a grey value, #rrggbb or rest", do="write e.g. 255=tumor"
                )
        return cls(greys=greys, colours=colours, rest=rest)

    @property
    def names_values(self) -> bool:
        """Whether it names any value, and not the rest alone."""
        return bool(self.greys or self.colours)


class Mask:
    """Labels that a mask file paints, read by bands.

    Attributes
    ----------
    name : of the file, for messages
    notes : what a person should know about how it was read, sentences
    """

    def __init__(self, name: str, values: MaskValues, mask_map: MaskMap | None) -> None:
        self.name, self.notes = name, values.notes
        self._values = values
        self._meanings, self._rest = _meanings(mask_map, grey=values.grey)

    def labels(self, ys: Span) -> Labels:
        """Labels of some rows, (h, width) uint8, values of `Lesion`; meaningless before `classes` has passed."""
        return self._resolved(self._values.read(ys))

    def classes(self) -> frozenset[Lesion]:
        """Classes that it paints, found by reading it to the end once.

        Raises
        ------
        MaskError
            If it has a value that means nothing; the message names value, place and number of pixels.
        ImageError
            If it turns out to be broken.
        """
        found = np.zeros(256, bool)
        unknown: _Unknown | None = None
        for y in range(0, self._values.shape[0], _BAND):
            values = self._values.read((y, min(y + _BAND, self._values.shape[0])))
            labels = self._resolved(values)
            found[np.unique(labels)] = True
            if unknown is None and found[_UNRESOLVED]:
                row, column = divmod(int((labels == _UNRESOLVED).argmax()), labels.shape[1])
                unknown = _Unknown(value=values[row, column].copy(), row=y + row, column=column)
            if unknown is not None:
                unknown.count += unknown.pixels(values)
        if unknown is not None:
            raise unknown.said(self.name)
        return frozenset(Lesion(int(value)) for value in np.flatnonzero(found))

    def _resolved(self, values: Greys) -> Labels:
        codes = values.astype(np.uint32) if values.ndim == 2 else _codes(values)
        labels = np.full(codes.shape, _UNRESOLVED if self._rest is None else self._rest, np.uint8)
        for code, lesion in self._meanings.items():
            labels[codes == code] = lesion
        return labels


@contextmanager
def open_mask(path: Path, shape: tuple[int, int], mask_map: MaskMap | None = None) -> Iterator[Mask]:
    """Open the mask of a photo.

    Parameters
    ----------
    shape : upright (height, width) of the photo
    mask_map : what its values mean; by default the exact colours of the class table, black and transparent unlabelled

    Raises
    ------
    NotFound
        If there is no such file.
    ImageError
        If it is no image.
    MaskError
        If it has another size, or is grey and the map names no value.
    """
    with open_values(path) as values:
        _require_size(path.name, values.shape, shape)
        if values.grey and (mask_map is None or not mask_map.names_values):
            what = f"{path.name}: a grey mask without a meaning"
            raise MaskError(what, expected="the class table's colours", do=_HOW)
        yield Mask(path.name, values, mask_map)


@dataclass(slots=True, kw_only=True)
class _Unknown:
    """A value that means nothing: where it was first met, and how many pixels have it so far."""

    value: Greys
    row: int
    column: int
    count: int = 0

    def pixels(self, values: Greys) -> int:
        """Pixels of some rows that have the value."""
        same = values == self.value
        return int((same if values.ndim == 2 else same.all(axis=2)).sum())

    def said(self, name: str) -> MaskError:
        """The error that names it."""
        grey = not self.value.ndim
        value = str(int(self.value)) if grey else "#" + bytes(int(part) for part in self.value[:3]).hex()
        jpeg = name.lower().endswith((".jpg", ".jpeg"))
        known = "a value of the mask map" if grey else "a colour of the class table or of the mask map"
        return MaskError(
            f"{name}: value {value} at row {self.row}, column {self.column} ({self.count} pixels have it)",
            expected=known,
            do="JPEG changes colours: save the mask as PNG" if jpeg else _HOW,
        )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    named: set[str] = set()
    for part in text.split(","):
        value, equals, name = part.partition("=")
        if not equals:
            raise InputError(f"mask map {part!r}", expected="value=class", do="write e.g. 0=normal,255=tumor")
        if value.strip().lower() in named:
            raise InputError(f"mask map names {value.strip()!r} twice", expected="one class per value", do="drop one")
        named.add(value.strip().lower())
        yield value, name


def _lesion(name: str | Lesion) -> Lesion:
    if isinstance(name, Lesion):
        return name
    try:
        return Lesion.named(name)
    except ValueError as error:
        raise InputError(f"mask map: {error}", do="name one of them") from None


def _require_size(name: str, found: tuple[int, int], shape: tuple[int, int]) -> None:
    if found == shape:
        return
    if found == shape[::-1]:
        do = "the mask lies on its side: paint it on the photo as it is shown upright, or turn it by 90 degrees"
    else:
        do = "export the mask at the photo's full size"
    raise MaskError(
        f"{name}: the mask is {found[1]} x {found[0]} pixels", expected=f"{shape[1]} x {shape[0]} like its photo", do=do
    )


def _codes(rgba: Greys) -> Codes:
    codes: Codes = rgba[..., 0].astype(np.uint32)
    for channel in (1, 2):
        codes <<= 8
        codes |= rgba[..., channel].astype(np.uint8)
    codes[rgba[..., 3] == 0] = _TRANSPARENT
    return codes


def _meanings(mask_map: MaskMap | None, *, grey: bool) -> tuple[dict[int, Lesion], Lesion | None]:
    """Class of every known code, and of the rest."""
    if mask_map is None or not mask_map.names_values:
        table = {_code(colour): lesion for lesion, colour in COLOURS.items()}
        table[_TRANSPARENT] = Lesion.UNLABELLED
        if mask_map is None or mask_map.rest is None:
            return table, None
        return {code: lesion for code, lesion in table.items() if lesion is not Lesion.UNLABELLED}, mask_map.rest
    if grey:
        from_colours = {colour[0]: lesion for colour, lesion in mask_map.colours.items() if len(set(colour)) == 1}
        return {**from_colours, **mask_map.greys}, mask_map.rest
    from_greys = {_code((value,) * 3): lesion for value, lesion in mask_map.greys.items() if value < 256}
    named = {_code(colour): lesion for colour, lesion in mask_map.colours.items()}
    through = {} if mask_map.rest is not None else {_TRANSPARENT: Lesion.UNLABELLED}
    return {**through, **from_greys, **named}, mask_map.rest
