"""The tools that napari does not have: lasso, region, smart brush, ruler; and its picker, which must know the classes.

napari's modes cannot be added to, so these share one of them and are told apart by the layer's `tool`.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

from napari_ctcl._layers.view import as_point
from napari_ctcl.raster import Point

if TYPE_CHECKING:
    from napari_ctcl._layers.layer import PyramidLabels

Tool = Literal["paint", "erase", "fill", "polygon", "pan_zoom", "pick", "lasso", "region", "smart", "ruler"]

TOOL_OF: Final[dict[str, Tool]] = {
    "paint": "paint",
    "erase": "erase",
    "fill": "fill",
    "polygon": "polygon",
    "pan_zoom": "pan_zoom",
    "transform": "pan_zoom",
    "pick": "pick",
}
"""The tool that each of napari's modes stands for."""

MODES: Final[dict[Tool, str]] = {
    **{tool: mode for mode, tool in TOOL_OF.items() if mode != "transform"},
    "lasso": "pick",
    "region": "pick",
    "smart": "pick",
    "ruler": "pick",
}
"""The mode of napari's that each tool works in."""

_CORNERS: Final = 3
_APART_PX: Final = 2.0
"""Screen pixels between two points of a trail; nearer ones would only cost."""

_LOOKS_PER_BRUSH, _MOST_LOOKS = 3, 100

_STILL_PX: Final = 4.0
"""Screen pixels that a hand moves in a click."""


def other_tools(layer: PyramidLabels, event: Any) -> Generator[None]:
    """What a drag does with one of these tools in hand."""
    match layer.tool:
        case "lasso" | "region":
            yield from _outline(layer, event)
        case "smart":
            yield from _segments(layer, event)
        case "ruler":
            yield from _measure(layer, event)
        case _:
            _pick(layer, event)


def _pick(layer: PyramidLabels, event: Any) -> None:
    found = layer.picked(event.position, view_direction=event.view_direction, dims_displayed=event.dims_displayed)
    if found:
        layer.selected_label = int(found)


def _here(layer: PyramidLabels, event: Any) -> Point:
    return as_point(layer.world_to_data(event.position))


def _outline(layer: PyramidLabels, event: Any) -> Generator[None]:
    tool, value, trail = layer.tool, layer.selected_label, [_here(layer, event)]
    apart, shown = _APART_PX * float(layer.scale_factor), layer.shown
    yield
    while event.type == "mouse_move":
        y, x = _here(layer, event)
        if max(abs(y - trail[-1][0]), abs(x - trail[-1][1])) >= apart:
            trail.append((y, x))
            layer.events.trail(tool=tool, points=tuple(trail))
        yield
    layer.events.trail(tool=tool, points=())
    if layer.shown is not shown:
        return  # the photo was swapped away under the pen
    outline = tuple(trail) if len(trail) >= _CORNERS else None
    if tool == "region":
        layer.region = outline  # a click drops the region
    elif outline is not None:
        layer.paint_polygon(outline, value)


def _segments(layer: PyramidLabels, event: Any) -> Generator[None]:
    value, found, last = layer.selected_label, set(), _here(layer, event)
    with layer.block_history():
        while True:
            here = _here(layer, event)
            for place in _between(last, here, layer.brush_size / _LOOKS_PER_BRUSH):
                stamp = layer.segments.at(place) if layer.segments is not None else None
                if stamp is not None and stamp not in found:
                    found.add(stamp)
                    layer.paint_segments([stamp], value)
            last = here
            yield
            if event.type != "mouse_move":
                return


def _between(start: Point, end: Point, step: float) -> Iterator[Point]:
    """Places on the pen's way, so that a quick hand leaves nothing out: after the start, up to the end."""
    (y0, x0), (y1, x1) = start, end
    count = min(max(math.ceil(math.hypot(y1 - y0, x1 - x0) / max(step, 1.0)), 1), _MOST_LOOKS)
    for number in range(1, count + 1):
        yield y0 + (y1 - y0) * number / count, x0 + (x1 - x0) * number / count


def _measure(layer: PyramidLabels, event: Any) -> Generator[None]:
    """Two clicks, or one drag."""
    start = layer.ruler_start
    ends = [_here(layer, event)] if start is None else [start, _here(layer, event)]
    layer.ruler_start = None
    yield
    while event.type == "mouse_move" and start is None:
        ends = [ends[0], _here(layer, event)]
        layer.events.trail(tool="ruler", points=tuple(ends))
        yield
    if start is None and math.dist(ends[0], ends[-1]) < _STILL_PX * float(layer.scale_factor):
        layer.ruler_start = ends[0]
        layer.events.trail(tool="ruler", points=(ends[0],))
    else:
        layer.events.measured(points=tuple(ends))
