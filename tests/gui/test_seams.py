from __future__ import annotations

from operator import attrgetter
from typing import Any

from napari._vispy.layers.labels import VispyLabelsLayer
from napari._vispy.overlays.brush_circle import VispyBrushCircleOverlay
from napari._vispy.overlays.labels_brush_stroke import VispyLabelsBrushStrokeOverlay
from napari._vispy.overlays.labels_polygon import VispyLabelsPolygonOverlay
from napari.layers import Labels
from napari.layers.labels.labels import _LabelsSlicingState

from napari_ctcl._layers import SEAMS, rings

OWNERS: dict[str, Any] = {
    "Labels": Labels,
    "_LabelsSlicingState": _LabelsSlicingState,
    "VispyLabelsLayer": VispyLabelsLayer,
    "VispyLabelsPolygonOverlay": VispyLabelsPolygonOverlay,
    "VispyLabelsBrushStrokeOverlay": VispyLabelsBrushStrokeOverlay,
    "VispyBrushCircleOverlay": VispyBrushCircleOverlay,
}


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
