"""Everything that is private in napari and that these layers lean on, and what is put right in it from outside.

`SEAMS` lists each name for the test that watches them, so that a napari that moves one is found out by name.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from napari._vispy.overlays.labels_brush_stroke import VispyLabelsBrushStrokeOverlay
from napari._vispy.overlays.labels_polygon import VispyLabelsPolygonOverlay
from napari.components.overlays.labels_polygon import LabelsPolygonOverlay
from napari.utils.transforms import Affine

from napari_ctcl._layers.layer import PyramidLabels
from napari_ctcl.lesion import RGB

SEAMS: Final = {
    "Labels": (
        "_reset_editable",
        "_get_layer_slicing_state",
        "_reset_thumbnail_level_data",
        "_ensure_int_labels",
        "_draw",
        "_begin_stroke",
        "_commit_stroke",
        "_abort_stroke",
        "_raw_to_displayed",
        "_update_draw",
        "_drag_modes",
        "_type_string",
        "block_history",
        "events.labels_update",
    ),
    "instance": (
        "_slicing_state.loaded",
        "_slicing_state.transforms",
        "_slice.empty",
        "_slice.image.raw",
        "_slice.image.view",
        "_level_materializer",
        "_overlays",
        "_mode",
        "_selected_label",
        "_transforms",
        "colormap._data_to_texture",
    ),
    "_LabelsSlicingState": ("_make_slice_request_internal", "_update_slice_response"),
    "VispyLabelsLayer": ("_on_partial_labels_update",),
    "VispyLabelsPolygonOverlay": ("_on_points_change",),
    "VispyLabelsBrushStrokeOverlay": ("_on_geometry_change",),
    "VispyBrushCircleOverlay": ("_on_size_change",),
    "VispyBrushCircleOverlay of a window": ("_white_circle.border", "_black_circle.border"),
    "viewer": (
        "window._qt_viewer.canvas._viewer_overlay_to_visual",
        "window._qt_viewer._on_slice_ready",
        "canvas.overlays._brush_circle.box",
        "_layer_slicer.events.ready",
    ),
}
"""Private names of napari that these layers lean on, by class."""

_RING_PX: Final = 2.5


def colour_ring(viewer: Any, colour: RGB | None) -> None:
    """Draw the cursor ring in a colour, on a dark one; napari's black and white for None.

    Parameters
    ----------
    viewer : napari's, with a window
    """
    viewer.canvas.overlays._brush_circle.box = False  # napari gives the ring a filled box when the theme changes
    red, green, blue = (0.0, 0.0, 0.0) if colour is None else (channel / 255 for channel in colour)
    around = "white" if colour is None else (0.05, 0.05, 0.07, 1.0)
    for ring in rings(viewer):
        ring._black_circle.border_color, ring._white_circle.border_color = (red, green, blue, 1.0), around
        ring._black_circle.border.set_data(width=1 if colour is None else _RING_PX)


def rings(viewer: Any) -> list[Any]:
    """What draws the cursor ring of a viewer's window."""
    drawn = viewer.window._qt_viewer.canvas._viewer_overlay_to_visual
    return list(drawn.get(viewer.canvas.overlays._brush_circle, ()))


def _by_scale_alone(place: Callable[..., None]) -> Callable[..., None]:
    """Draw a preview where it belongs: napari takes the tile's offset off a second time above level 0."""

    @functools.wraps(place)
    def placed(overlay: Any, *event: Any) -> None:
        chain = overlay.layer._transforms
        tile = chain[0]
        if isinstance(overlay.layer, PyramidLabels):
            chain[0] = Affine(tile.scale, np.zeros(tile.ndim), name=tile.name)
        try:
            place(overlay, *event)
        finally:
            chain[0] = tile

    return placed


def _left_to_the_layer(draw: Callable[..., None]) -> Callable[..., None]:
    """Not draw a polygon that is begun: napari fails on corners that lie on one another, and the layer tells of it."""

    @functools.wraps(draw)
    def drawn(overlay: Any, *event: Any) -> None:
        if not isinstance(overlay.layer, PyramidLabels):
            draw(overlay, *event)

    return drawn


def _on_centres(close: Callable[..., None]) -> Callable[..., None]:
    """Paint a polygon where it was clicked: napari counts from a pixel's corner, these layers from its centre."""

    @functools.wraps(close)
    def closed(overlay: Any, layer: Any) -> None:
        if isinstance(layer, PyramidLabels):
            overlay.points = [[c - 0.5 for c in point] for point in overlay.points]
        close(overlay, layer)

    return closed


LabelsPolygonOverlay.add_polygon_to_labels = _on_centres(LabelsPolygonOverlay.add_polygon_to_labels)
VispyLabelsPolygonOverlay._on_points_change = _left_to_the_layer(VispyLabelsPolygonOverlay._on_points_change)
VispyLabelsBrushStrokeOverlay._on_geometry_change = _by_scale_alone(VispyLabelsBrushStrokeOverlay._on_geometry_change)
