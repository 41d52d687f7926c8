"""Label masks from image files: which pixel value means which class.

A value gets its meaning from the class table's exact colours or from a map that the user writes out; a bare index never
means anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import ImageOps

from napari_ctcl.errors import InputError, MaskError, NotFound
from napari_ctcl.lesion import COLOURS, RGB, Lesion
from napari_ctcl.store.formats import is_tiff, readable
from napari_ctcl.store.pillow import open_whole

Labels = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]

_BAND: Final = 1024
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


def parse_mask_map(text: str) -> MaskMap:
    """A map written like `0=normal,255=tumor`, `#ff00ff=plaque` or `rest=normal`.

    Raises
    ------
    InputError
        If it is not written so, or names no class.
    """
    parsed = MaskMap.of(text)
    assert parsed is not None  # text is never None
    return parsed


def read_mask(path: Path, shape: tuple[int, int], mask_map: MaskMap | None = None) -> Labels:
    """Labels that a mask file paints.

    Parameters
    ----------
    shape : upright (height, width) of the photo
    mask_map : what its values mean; by default the exact colours of the class table, black and transparent unlabelled

    Returns
    -------
    (h, w) uint8, values of `Lesion`

    Raises
    ------
    NotFound
        If there is no such file.
    ImageError
        If it is no image.
    MaskError
        If it has another size, or a value that means nothing; the message names value and place.
    """
    values = _values(Path(path), shape)
    grey = values.ndim == 2
    if grey and (mask_map is None or not mask_map.names_values):
        raise MaskError(f"{path.name}: a grey mask without a meaning", expected="the class table's colours", do=_HOW)
    meanings, rest = _meanings(mask_map, grey=grey)
    labels = np.empty(shape, np.uint8)
    for y in range(0, shape[0], _BAND):
        codes = values[y : y + _BAND].astype(np.uint32) if grey else _codes(values[y : y + _BAND])
        labels[y : y + _BAND] = _resolved(codes, meanings, rest)
    if (labels == _UNRESOLVED).any():
        raise _unknown(path.name, values, labels)
    return labels


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        value, equals, name = part.partition("=")
        if not equals:
            raise InputError(f"mask map {part!r}", expected="value=class", do="write e.g. 0=normal,255=tumor")
        yield value, name


def _lesion(name: str | Lesion) -> Lesion:
    if isinstance(name, Lesion):
        return name
    try:
        return Lesion.named(name)
    except ValueError as error:
        raise InputError(f"mask map: {error}", do="name one of them") from None


def _values(path: Path, shape: tuple[int, int]) -> npt.NDArray[np.generic]:
    """Pixels as a viewer shows them: (h, w) greys of any depth, or (h, w, 4) red, green, blue, alpha."""
    if not path.is_file():
        raise NotFound(f"mask {path}: no such file", do="check the path")
    with readable(path.name):
        if is_tiff(path):
            return _tiff_values(path, shape)
        with open_whole(path) as image:
            upright = ImageOps.exif_transpose(image)
            _require_size(path.name, (upright.height, upright.width), shape)
            if upright.mode in ("1", "L", "I", "I;16"):
                return np.asarray(upright.convert("L") if upright.mode == "1" else upright)
            return np.asarray(upright.convert("RGBA"))


def _tiff_values(path: Path, shape: tuple[int, int]) -> npt.NDArray[np.generic]:
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        _require_size(path.name, (page.imagelength, page.imagewidth), shape)
        if page.samplesperpixel > 4 or page.imagedepth != 1:
            raise MaskError(f"{path.name}: {page.samplesperpixel} samples a pixel", expected="at most 4", do=_HOW)
        values: npt.NDArray[np.generic] = page.asarray()
        if page.photometric == tifffile.PHOTOMETRIC.PALETTE:
            values = np.moveaxis((np.asarray(page.colormap) >> 8)[:, values], 0, -1).astype(np.uint8)
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 3 and values.shape[2] == 3 and values.dtype == np.uint8:
        return np.dstack([values, np.full(values.shape[:2], 255, np.uint8)])
    if values.ndim == 2 and values.dtype.kind == "u":
        return values
    if values.ndim == 3 and values.shape[2] == 4 and values.dtype == np.uint8:
        return values
    raise MaskError(
        f"{path.name}: a TIFF of shape {values.shape} and type {values.dtype}",
        expected="grey or 8-bit RGB",
        do="save the mask as PNG",
    )


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


def _codes(rgba: npt.NDArray[np.generic]) -> Codes:
    wide = rgba.astype(np.uint32)
    codes: Codes = wide @ np.array([1 << 16, 1 << 8, 1, 0], np.uint32)
    codes[wide[..., 3] == 0] = _TRANSPARENT
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


def _resolved(codes: Codes, meanings: Mapping[int, Lesion], rest: Lesion | None) -> Labels:
    labels = np.full(codes.shape, _UNRESOLVED if rest is None else rest, np.uint8)
    for code, lesion in meanings.items():
        labels[codes == code] = lesion
    return labels


def _unknown(name: str, values: npt.NDArray[np.generic], labels: Labels) -> MaskError:
    row, column = divmod(int((labels == _UNRESOLVED).argmax()), labels.shape[1])
    pixel = values[row, column]
    same = values == pixel if values.ndim == 2 else (values == pixel).all(axis=2)
    value = str(int(pixel)) if values.ndim == 2 else "#" + bytes(int(part) for part in pixel[:3]).hex()
    jpeg = name.lower().endswith((".jpg", ".jpeg"))
    known = "a value of the mask map" if values.ndim == 2 else "a colour of the class table or of the mask map"
    return MaskError(
        f"{name}: value {value} at row {row}, column {column} ({int(same.sum())} pixels have it)",
        expected=known,
        do="JPEG changes colours: save the mask as PNG" if jpeg else _HOW,
    )
