"""The smart brush: the pen paints the superpixel, or the model's segment, that it touches.

Segments are found beside the window, those on screen first; a place that the pen touched before its segment was found
is painted as soon as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ctcl._layers import PyramidLabels
from napari_ctcl._widgets.beside import Beside, Piece
from napari_ctcl._widgets.sight import Sight
from napari_ctcl.proposals import Proposals
from napari_ctcl.raster import Point
from napari_ctcl.region import Region
from napari_ctcl.store.gesture import Stamp
from napari_ctcl.superpixels import Grain, Segment, Superpixels

Source = Literal["superpixel", "model"]

_REST_MS: Final = 120
"""How long a view must rest before what is on it is cut into pieces."""

_MOST_CELLS: Final = 48


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the brush works on: one photo in one layer."""

    layer: PyramidLabels
    pieces: Superpixels
    proposals: Proposals

    @property
    def grain(self) -> Grain:
        layer = self.layer
        return Grain.of_brush(float(layer.brush_size), shown=layer.data_level, levels=layer.shown.levels)

    def known(self, point: Point, source: Source) -> Segment | None:
        """The segment at a point, where nothing need be computed for it."""
        if source == "model" and self.proposals.lesion(point):
            return self.proposals.known(point)
        grain = self.grain
        cells = self.pieces.around(grain, point)
        ready = bool(cells) and all(self.pieces.known(grain, cell) for cell in cells)
        return self.pieces.segment_at(grain, point) if ready else None

    def missing(self, point: Point, source: Source) -> list[Piece]:
        """What has to be found before the segment at a point is known; nothing off the photo."""
        if source == "model" and self.proposals.lesion(point):
            return [] if self.proposals.known(point) is not None else [partial(self.proposals.find, point)]
        return self._uncut(self.pieces.around(self.grain, point))

    def missing_in(self, view: Region, middle: Point) -> list[Piece]:
        """What has to be found before every superpixel in a level-0 region is known, from a point outwards."""
        grain = self.grain
        cells = self.pieces.cells(grain, view & Region.whole(self.layer.shown.shape))
        return self._uncut(sorted(cells, key=lambda cell: _away(middle, cell.from_level(grain.level))))

    def _uncut(self, cells: list[Region]) -> list[Piece]:
        grain = self.grain
        return [partial(self.pieces.compute, grain, cell) for cell in cells if not self.pieces.known(grain, cell)]


class SmartBrush(QObject):
    """Finds the segment under the pen for one label layer; the layer asks it as its `segments`.

    `outlined` gives the borders of the segment under the pen as lists of level-0 (y, x) points, none where none is
    known; `late` gives stamps and a class when segments are found that the pen has touched before; `failed` a sentence.
    """

    outlined = Signal(object)
    late = Signal(object, int)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.source: Source = "superpixel"
        self._layer: PyramidLabels | None = None
        self._ground: _Ground | None = None
        self._sight: Sight | None = None
        self._pen: Point | None = None
        self._under: Segment | None = None
        self._last: tuple[Grain, Segment, Stamp] | None = None
        self._missed: list[tuple[Point, int]] = []
        self._beside = Beside("smart-brush")
        self._beside.done.connect(self._found)
        self._beside.failed.connect(self.failed)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._prepare)

    # What it is about

    def look_through(self, sight: Sight) -> None:
        """Find what is on this screen."""
        self._sight = sight
        sight.moved.connect(self.view_moved)

    def watch(self, layer: PyramidLabels) -> None:
        """Find segments for a layer, of the photo that it shows now; to be called again when the photo changes."""
        if layer is not self._layer:
            self._layer, layer.segments = layer, self
            layer.mouse_move_callbacks.append(self._hover)
            layer.events.tool.connect(self._begin_anew)
            layer.events.brush_size.connect(self.view_moved)
        self._ground, self._pen = _Ground(layer, Superpixels(layer.shown.photo), Proposals(layer.shown)), None
        self._begin_anew()

    def stop(self) -> None:
        """Let the photo go; the thread ends."""
        self._ground = self._pen = None
        self._rest.stop()
        self._beside.stop()
        self._forget()

    @property
    def in_hand(self) -> bool:
        """Whether the layer's tool is the smart brush."""
        return self._ground is not None and self._ground.layer.tool == "smart"

    def use(self, source: Source) -> None:
        """Paint superpixels; or the model's segments where it proposes a lesion, and superpixels elsewhere."""
        self.source = source
        self._begin_anew()

    def predicted(self) -> None:
        """The model has spoken again: forget what it said before."""
        if self._ground is not None:
            self._ground.proposals.forget()
            self._begin_anew()

    def view_moved(self, *_: object) -> None:
        """Find what is on screen once the view, and the size of the brush, have come to rest."""
        if self.in_hand:
            self._rest.start()

    def _begin_anew(self, *_: object) -> None:
        self._forget()
        if self.in_hand:
            self._rest.start()
            self._point_out()
        else:
            self._beside.ask([])

    def _forget(self) -> None:
        self._missed.clear()
        self._last = None
        if self._under is not None:
            self._under = None
            self.outlined.emit([])

    # Under the pen

    def at(self, point: Point) -> Stamp | None:
        """The segment at level-0 (y, x); None where it is not known yet, which is painted later."""
        ground = self._ground
        if ground is None:
            return None
        last = self._last  # most looks fall on the segment of the look before
        if self.source == "superpixel" and last is not None and last[0] == ground.grain and last[1].holds(point):
            return last[2]
        segment = ground.known(point, self.source)
        if segment is not None:
            stamp = _stamp(segment)
            self._last = ground.grain, segment, stamp
            return stamp
        if ground.missing(point, self.source):
            self._missed.append((point, int(ground.layer.selected_label)))
            if len(self._missed) == 1:
                self._prepare()
        return None

    def _hover(self, layer: Any, event: Any) -> None:
        if self.in_hand:
            y, x = layer.world_to_data(event.position)[-2:]
            self._pen = (float(y), float(x))
            self._point_out()

    def _point_out(self) -> None:
        """Outline the segment under the pen, where it is another than before."""
        if self._ground is None or self._pen is None:
            return
        under = self._ground.known(self._pen, self.source)
        if under is None and not self._rest.isActive():
            self._rest.start()
        if under is not None and not under.same_as(self._under):
            self.outlined.emit(under.outlines())
        elif under is None and self._under is not None:
            self.outlined.emit([])
        self._under = under

    # Beside the window

    def _prepare(self) -> None:
        """Have found what the pen has touched first, then what is under it, then the rest of the screen."""
        if self._ground is None or self._sight is None or not self.in_hand:
            return
        pen = self._pen or self._sight.centre
        places = [*(point for point, _ in self._missed[:1]), pen]
        wanted = [piece for place in places for piece in self._ground.missing(place, self.source)]
        top, bottom, left, right = self._sight.seen()
        view = Region(math.floor(top), math.ceil(bottom), math.floor(left), math.ceil(right))
        self._beside.ask([*wanted, *self._ground.missing_in(view, pen)][:_MOST_CELLS])

    def _found(self) -> None:
        if self._missed:
            self._catch_up()
            self._prepare()
        if self.in_hand and self._under is None:
            self._point_out()

    def _catch_up(self) -> None:
        """Paint what the pen has touched and is known by now, each segment once."""
        ground, missed, self._missed = self._ground, self._missed, []
        if ground is None:
            return
        stamps: dict[int, set[Stamp]] = {}
        for point, value in missed:
            segment = ground.known(point, self.source)
            if segment is not None:
                stamps.setdefault(value, set()).add(_stamp(segment))
            elif ground.missing(point, self.source):
                self._missed.append((point, value))
        for value, found in stamps.items():
            self.late.emit(list(found), value)


def _stamp(segment: Segment) -> Stamp:
    return Stamp.of(segment.mask, level=segment.level, y0=segment.region.y0, x0=segment.region.x0)


def _away(place: Point, region: Region) -> float:
    y, x = place
    return math.hypot(max(region.y0 - y, y - region.y1, 0), max(region.x0 - x, x - region.x1, 0))
