"""The four-class label layer that can be painted on at every zoom of a photo of any size.

A gesture is sketched on the tile on screen at once and handed to the painter when the pen lifts; the labels themselves
are only ever changed there, exactly and on level 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

import numpy as np
from napari.layers import Labels
from napari.layers.labels._labels_constants import Mode
from napari.utils.events import Event

from napari_ctcl._layers.tools import MODES, TOOL_OF, Tool, other_tools
from napari_ctcl._layers.view import PyramidView, as_point
from napari_ctcl.errors import Cancelled, InputError
from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Capsule, Point
from napari_ctcl.region import Region
from napari_ctcl.shown import MODEL_OFFSET, Shown
from napari_ctcl.store.gesture import ANYWHERE, Draw, Fill, Gesture, Judge, Outline, Rule, Stamp, Step
from napari_ctcl.store.painter import News


class Segments(Protocol):
    """What the smart brush paints: the segment that a pixel belongs to."""

    def at(self, point: Point) -> Stamp | None:
        """Segment at level-0 (y, x); None where none is known yet."""


class PyramidLabels(PyramidView):
    """Labels of a pyramid that are edited with brush, outlines, fill and by judging the model.

    Beside napari's own, its events are: `tool` (tool), `trail` (tool, points) while an outline or a line is drawn,
    `region` (points) when a region is drawn or dropped, `measured` (points) when the ruler has both ends, `refused`
    and `failed` (error), `changed` (region) wherever labels have changed, and `paint` when a gesture has ended.
    """

    _drag_modes: ClassVar[dict[Any, Any]] = {**Labels._drag_modes, Mode.PICK: other_tools}  # noqa: SLF001

    def __init__(self, shown: Shown, **options: Any) -> None:
        self.rule: Rule = ANYWHERE
        self.segments: Segments | None = None
        self._region: Outline | None = None
        self.ruler_start: Point | None = None
        self._tool: Tool = "pan_zoom"
        self._open = False
        self._pen: list[Draw] = []
        self._pen_rule: Rule = ANYWHERE
        super().__init__(shown, **options)
        self.events.add(tool=Event, doing=Event, trail=Event, region=Event, measured=Event)
        self.events.add(changed=Event, refused=Event, failed=Event)
        self.events.mode.connect(self._follow_mode)
        polygon = self._overlays["polygon"]
        polygon.opacity = 0.0  # who hears of its trail draws it
        polygon.events.points.connect(self._tell_polygon)

    # What is in hand

    @property
    def tool(self) -> Tool:
        """What the mouse does; several tools share one of napari's modes."""
        return self._tool

    @tool.setter
    def tool(self, tool: Tool) -> None:
        self._tool, self.ruler_start = tool, None
        self.mode = MODES[tool]
        if str(self.mode) != MODES[tool]:  # napari takes none but its own two on a layer that is only to look at
            self._tool = TOOL_OF[str(self.mode)]
        self.events.trail(tool=self._tool, points=())
        self.events.tool(tool=self._tool)

    def _follow_mode(self, _: Any) -> None:
        if MODES[self._tool] != str(self.mode):  # napari's own buttons and keys know its modes alone
            self._tool = TOOL_OF[str(self.mode)]
            self.events.tool(tool=self._tool)

    def _tell_polygon(self, _: Any) -> None:
        begun = tuple(as_point(np.subtract(point, 0.5)) for point in self._overlays["polygon"].points)
        self.events.trail(tool="polygon", points=begun)

    @property
    def region(self) -> Outline | None:
        """The drawn region that judgements and the painting inside it are meant for."""
        return self._region

    @region.setter
    def region(self, outline: Outline | None) -> None:
        self._region = outline
        self.events.region(points=outline or ())

    def show(self, shown: Shown) -> None:
        """Swap to another photo's labels."""
        self.drop()
        self.region = None
        super().show(shown)
        self.editable = shown.painter is not None

    # Strokes

    def unfinished(self) -> list[Draw]:
        """Strokes that are not in the labels yet, the oldest first; the one under the pen is the last."""
        painter = self._shown.painter
        waiting = painter.waiting if painter is not None else []
        return [gesture for gesture in waiting if isinstance(gesture, Draw)] + self._pen

    def _draw(self, new_label: int, last_cursor_coord: Any, coordinates: Any) -> None:
        if coordinates is None:
            return
        here = self._pointer = as_point(coordinates)
        last = here if last_cursor_coord is None else as_point(last_cursor_coord)
        if self._mode == Mode.FILL:
            if last == here:
                self.fill(here, int(new_label))
        elif self._mode in (Mode.PAINT, Mode.ERASE):
            self._mark(int(new_label), capsules=(Capsule(start=last, end=here, radius=self.brush_size / 2),))

    def _mark(self, value: int, **marks: Any) -> None:
        """Add to the stroke under the pen; one whose photo was swapped away under it is over."""
        if not self._open:
            return
        tool = "erase" if not value else str(self._tool)
        stroke = Draw(tool=tool, value=value, rule=_erasable(self._pen_rule, value), **marks)
        self._pen.append(stroke)
        self._sketch(stroke)

    def _begin_stroke(self) -> None:
        self._pen, self._open, self._pen_rule = [], True, self.rule

    def _commit_stroke(self) -> None:
        strokes, self._open = self._pen, False
        if strokes:
            self.do(_joined(strokes))
        self._pen = []

    def _abort_stroke(self) -> None:
        self._pen, self._open = [], False
        self.redraw()

    @contextmanager
    def block_history(self) -> Iterator[None]:
        """Group what is painted inside into one stroke; an inner block joins the outer one."""
        if self._open:
            yield
            return
        self._begin_stroke()
        try:
            yield
        finally:
            self._commit_stroke()

    def paint(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:  # noqa: ARG002 - napari's
        """Paint one disc of the brush at (y, x)."""
        at = as_point(coord)
        with self.block_history():
            self._mark(int(new_label), capsules=(Capsule(start=at, end=at, radius=self.brush_size / 2),))

    def paint_polygon(self, points: Any, new_label: int) -> None:
        """Paint the inside of a closed polygon of (y, x) corners."""
        with self.block_history():
            self._mark(int(new_label), outlines=(tuple(as_point(point) for point in points),))

    def paint_segments(self, stamps: Sequence[Stamp], new_label: int) -> None:
        """Paint segments that the smart brush has found."""
        with self.block_history():
            self._mark(int(new_label), stamps=tuple(stamps))

    def fill(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:  # noqa: ARG002 - napari's
        """Paint the connected area that looks like (y, x), where it ends within the fill's reach."""
        self.do(Fill(at=as_point(coord), value=int(new_label), rule=_erasable(self.rule, int(new_label))))

    def drop(self) -> bool:
        """Drop the stroke under the pen, the outline that is being drawn, and a polygon's corners; whether any was."""
        outline, polygon = self._overlays["brush_stroke"], self._overlays["polygon"]
        begun = self._open or bool(polygon.points)
        polygon.points = []
        if self._open:
            self._abort_stroke()
        outline.active = False
        return begun

    def undo(self) -> None:
        """Take back the last stroke; nothing while another one is under the pen."""
        if not self._open:
            self.do(Step(tool="undo"))

    def redo(self) -> None:
        """Paint again what was taken back; nothing while a stroke is under the pen."""
        if not self._open:
            self.do(Step(tool="redo"))

    # Judging the model

    def judge(self, *, accept: bool) -> None:
        """Accept what the model says in the drawn region or of the lesion under the cursor; or reject it as normal."""
        self._judge(tool="accept" if accept else "reject")

    def reclassify(self, value: int) -> None:
        """Give the lesion under the cursor, or those in the drawn region, another class."""
        self._judge(tool="reclassify", value=value)

    def accept_view(self) -> None:
        """Accept all that is left of what the model says of what is on screen."""
        view = self.in_view
        if not view.area:
            self.events.refused(error=InputError("nothing of the photo is in view", do="move the photo"))
            return
        corners = ((view.y0, view.x0), (view.y0, view.x1 - 1), (view.y1 - 1, view.x1 - 1), (view.y1 - 1, view.x0))
        self.do(Judge(tool="accept", inside=corners))

    def _judge(self, **verdict: Any) -> None:
        if self._region is not None:
            self.do(Judge(inside=self._region, **verdict))
        elif self._pointer is None:
            self.events.refused(error=InputError("nothing is under the cursor", do="point at a lesion"))
        else:
            self.do(Judge(at=self._pointer, **verdict))

    # The painter

    def do(self, gesture: Gesture) -> None:
        """Hand a gesture to the painter, which tells the screen by and by what has become of it."""
        painter = self._shown.painter
        if painter is None:
            self.events.refused(error=InputError("this photo is only to look at", do="open it for painting first"))
            return
        painter.see(self.in_view, self.data_level)
        painter.do(gesture)
        self.events.behind()

    @property
    def pen_down(self) -> bool:
        """Whether a stroke is being drawn right now."""
        return self._open

    def stop(self) -> bool:
        """Have a vast gesture taken back that is still being painted; whether there is one."""
        painter = self._shown.painter
        return painter is not None and painter.cancel()

    @property
    def busy(self) -> bool:
        """Whether `catch_up` has something to do, or soon will have."""
        painter = self._shown.painter
        return bool(self._stale) or (painter is not None and painter.busy)

    def catch_up(self) -> bool:
        """Take in what the painter has done since the last time, and show some of it; whether there is more to come."""
        painter = self._shown.painter
        for news in painter.news() if painter is not None else ():
            self._hear(news)
        super().catch_up()
        return self.busy

    def _hear(self, news: News) -> None:
        if news.region is not None:
            self.spoil(news.region)
            self.events.changed(region=news.region)
        if isinstance(news.error, InputError | Cancelled) and not isinstance(news.error, OSError):
            self.events.refused(error=news.error)
        elif news.error is not None:
            self.events.failed(error=news.error)
        if news.ended:
            if isinstance(news.gesture, Draw):
                self.spoil(news.gesture.box & Region.whole(self._shown.shape))  # a sketch may have shown more
            self.events.paint(value=[news])
        elif news.region is not None:
            self.events.doing(news=news)

    # Where the cursor is

    def picked(self, position: Any, **options: Any) -> Lesion | None:
        """Class that is shown at a position of the world, whoever gave it."""
        code = self._code(self.get_value(position, world=True, **options))
        return None if code is None else Lesion(code - MODEL_OFFSET if code > MODEL_OFFSET else code)


def _erasable(rule: Rule, value: int) -> Rule:
    """The rule, for painting a class; erasing is about human pixels and no others."""
    return rule if value or rule.human else Rule(inside=rule.inside, skin=rule.skin)


def _joined(strokes: Sequence[Draw]) -> Draw:
    """One stroke of what was marked while the pen was down; its class and rule are those it began with."""
    first = strokes[0]
    return Draw(
        tool=first.tool,
        value=first.value,
        rule=first.rule,
        capsules=tuple(mark for stroke in strokes for mark in stroke.capsules),
        outlines=tuple(mark for stroke in strokes for mark in stroke.outlines),
        stamps=tuple(mark for stroke in strokes for mark in stroke.stamps),
    )
