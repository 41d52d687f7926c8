from __future__ import annotations

import ast
from operator import attrgetter
from pathlib import Path
from typing import Any

from napari._vispy.layers.labels import VispyLabelsLayer
from napari._vispy.overlays.brush_circle import VispyBrushCircleOverlay
from napari._vispy.overlays.labels_brush_stroke import VispyLabelsBrushStrokeOverlay
from napari._vispy.overlays.labels_polygon import VispyLabelsPolygonOverlay
from napari.layers import Labels
from napari.layers.labels.labels import _LabelsSlicingState

from napari_ctcl import _layers
from napari_ctcl._layers import SEAMS, rings

OWNERS: dict[str, Any] = {
    "Labels": Labels,
    "_LabelsSlicingState": _LabelsSlicingState,
    "VispyLabelsLayer": VispyLabelsLayer,
    "VispyLabelsPolygonOverlay": VispyLabelsPolygonOverlay,
    "VispyLabelsBrushStrokeOverlay": VispyLabelsBrushStrokeOverlay,
    "VispyBrushCircleOverlay": VispyBrushCircleOverlay,
}


def test_every_private_name_in_the_layers_is_named_as_a_seam_or_is_their_own() -> None:
    own, used = set(), set()
    for file in Path(_layers.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                    own.add(name)
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    own.add(name)
                case ast.Attribute(attr=name) if name.startswith("_") and not name.startswith("__"):
                    used.add(name)
    named = {part for names in SEAMS.values() for name in names for part in name.split(".")}
    overridden = {name for name in own if name.startswith("_") and not name.startswith("__") and hasattr(Labels, name)}
    assert (used - own) | overridden <= named


def test_napari_still_has_every_private_name_that_the_layer_leans_on(window: Any) -> None:
    layer = window.canvas.labels
    here = {"instance": layer, "viewer": window.viewer, "VispyBrushCircleOverlay of a window": rings(window.viewer)[0]}
    missing = []
    for owner, names in SEAMS.items():
        for name in names:
            holder = layer if name.startswith("events.") else {**OWNERS, **here}[owner]
            try:
                attrgetter(name)(holder)
            except AttributeError:
                missing.append(f"{owner}.{name}")
    assert not missing
