"""Layers of napari that show and edit label pyramids; the only place that touches napari's private names."""

from __future__ import annotations

from napari_ctcl._layers.layer import DIRECT_PX, WINDOW_PX, PyramidLabels
from napari_ctcl._layers.looks import TINT, colours
from napari_ctcl._layers.seams import SEAMS, colour_ring, rings

__all__ = ["DIRECT_PX", "SEAMS", "TINT", "WINDOW_PX", "PyramidLabels", "colour_ring", "colours", "rings"]
