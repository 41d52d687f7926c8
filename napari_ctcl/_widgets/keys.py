"""The keys of the label layer; they go before napari's own while a photo is open."""

from __future__ import annotations

from typing import Final

from napari_ctcl._layers import PyramidLabels, Tool
from napari_ctcl.lesion import CLASSES, Lesion

KEYS: Final = (
    ("1", "normal skin in hand"),
    ("2", "patch in hand"),
    ("3", "plaque in hand"),
    ("4", "tumor in hand"),
    ("B", "brush"),
    ("F", "fill"),
    ("G", "polygon"),
    ("E or 0", "erase to unlabelled"),
    ("[  ]", "smaller, larger brush"),
    ("A", "accept the model's lesion under the cursor"),
    ("R", "reject it: normal skin"),
    ("Tab", "hide the labels while held"),
    ("Space", "move the photo while held"),
    ("Ctrl+Z", "undo"),
    ("Ctrl+Shift+Z", "redo"),
)
"""Every key and what it does, as the help shows it."""

_STEP: Final = 1.25


def bind() -> None:
    """Bind the keys to the layer's class; binding twice does no harm."""
    for lesion in CLASSES:
        PyramidLabels.bind_key(str(int(lesion)), _take(lesion), overwrite=True)
    for letter, mode in (("0", "erase"), ("E", "erase"), ("B", "paint"), ("F", "fill"), ("G", "polygon")):
        PyramidLabels.bind_key(letter, _use(mode), overwrite=True)
    PyramidLabels.bind_key("[", lambda layer: _resize(layer, 1 / _STEP), overwrite=True)
    PyramidLabels.bind_key("]", lambda layer: _resize(layer, _STEP), overwrite=True)
    PyramidLabels.bind_key("A", lambda layer: layer.judge(accept=True), overwrite=True)
    PyramidLabels.bind_key("R", lambda layer: layer.judge(accept=False), overwrite=True)
    for unwanted in ("5", "6", "7", "M", "X", "-", "=", "L", "P"):
        PyramidLabels.bind_key(unwanted, _nothing, overwrite=True)


def _take(lesion: Lesion):  # type: ignore[no-untyped-def]  # napari inspects the function it is given
    def take(layer: PyramidLabels) -> None:
        layer.selected_label = int(lesion)
        if layer.tool in ("pan_zoom", "erase", "region", "ruler", "pick"):
            layer.tool = "paint"

    return take


def _use(mode: Tool):  # type: ignore[no-untyped-def]  # napari inspects the function it is given
    def use(layer: PyramidLabels) -> None:
        layer.tool = mode

    return use


def _resize(layer: PyramidLabels, factor: float) -> None:
    size = layer.brush_size * factor
    layer.brush_size = max(
        1, round(size) if round(size) != layer.brush_size else layer.brush_size + (factor > 1) * 2 - 1
    )


def _nothing(layer: PyramidLabels) -> None:
    """Keep napari's own action away."""
