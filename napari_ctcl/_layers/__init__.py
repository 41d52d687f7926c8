"""Layers of napari that show and edit label pyramids; the only place that touches napari's private names."""

from __future__ import annotations

from napari_ctcl._layers.arrivals import Arrivals
from napari_ctcl._layers.layer import PyramidLabels, Segments
from napari_ctcl._layers.looks import TINT, colours
from napari_ctcl._layers.seams import SEAMS, colour_ring, rings
from napari_ctcl._layers.tools import Tool

__all__ = ["SEAMS", "TINT", "Arrivals", "PyramidLabels", "Segments", "Tool", "colour_ring", "colours", "rings"]
