"""Everything a key does: one table, from which keys are bound, the sheet of keys is drawn and the settings are made.

An action's `do` works on a `Desk`. It gives False where it had nothing to do, so that the key goes on to whoever else
wants it, and a function where something ends when the key is let go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from napari_ctcl._layers import PyramidLabels
from napari_ctcl._widgets.canvas import Canvas
from napari_ctcl._widgets.furniture import Furniture
from napari_ctcl.lesion import Lesion

_BRUSH_STEP: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What lies before the reader, for keys to act on.

    Parameters
    ----------
    canvas, furniture : the photo, and what lies on it
    turn : take the next photo in hand, or the previous one for -1
    look_on : go to the next region worth a look
    show_keys : open or close the sheet of keys
    change_pane : move the keyboard to the next part of the window
    """

    canvas: Canvas
    furniture: Furniture
    turn: Callable[[int], None]
    look_on: Callable[[], None]
    show_keys: Callable[[], None]
    change_pane: Callable[[], None]

    @property
    def layer(self) -> PyramidLabels:
        """The labels of the photo in hand; there are some whenever an action that needs a photo is done."""
        layer = self.canvas.labels
        if layer is None:
            raise LookupError("no photo is open")
        return layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a key does.

    Parameters
    ----------
    name : of its setting
    keys : that it has unless the reader chose others, such as "E or 0"
    what : it does, in the words of the sheet
    group : under which the sheet lists it
    do : see the module
    repeats : while the key is held
    always : also while no photo is open
    """

    name: str
    keys: str
    what: str
    group: str
    do: Callable[[Desk], object]
    repeats: bool = False
    always: bool = False


# Hands


def _take(lesion: Lesion) -> Callable[[Desk], object]:
    return lambda desk: desk.canvas.take(lesion)


def _use(tool: str) -> Callable[[Desk], object]:
    return lambda desk: desk.canvas.use(tool)


def _smart(desk: Desk) -> None:
    desk.canvas.use("paint" if desk.layer.tool == "smart" else "smart")


def _reclassify(lesion: Lesion) -> Callable[[Desk], object]:
    return lambda desk: desk.layer.reclassify(int(lesion))


def _resize(factor: float) -> Callable[[Desk], object]:
    def resize(desk: Desk) -> None:
        size = desk.layer.brush_size
        wanted = round(size * factor)
        desk.layer.brush_size = max(1, wanted if wanted != size else size + (1 if factor > 1 else -1))

    return resize


def _move(desk: Desk) -> Callable[[], None]:
    layer, tool = desk.layer, desk.layer.tool

    def let_go() -> None:
        layer.tool = tool

    layer.tool = "pan_zoom"
    return let_go


def _peek(desk: Desk) -> Callable[[], None]:
    layer, opacity = desk.layer, desk.layer.opacity

    def let_go() -> None:
        layer.opacity = opacity

    layer.opacity = 0.0
    return let_go


_CLASS, _TOOL, _MODEL, _VIEW, _WINDOW = "Class in hand", "Tool", "Model's proposal", "View", "Window"

ACTIONS: Final = (
    Action(name="normal", keys="1", what="Normal skin", group=_CLASS, do=_take(Lesion.NORMAL)),
    Action(name="patch", keys="2", what="Patch", group=_CLASS, do=_take(Lesion.PATCH)),
    Action(name="plaque", keys="3", what="Plaque", group=_CLASS, do=_take(Lesion.PLAQUE)),
    Action(name="tumor", keys="4", what="Tumor", group=_CLASS, do=_take(Lesion.TUMOR)),
    Action(name="erase", keys="E or 0", what="Erase to unlabelled", group=_TOOL, do=_use("erase")),
    Action(name="paint", keys="B", what="Brush", group=_TOOL, do=_use("paint")),
    Action(name="smart", keys="W", what="Smart brush on or off", group=_TOOL, do=_smart),
    Action(name="lasso", keys="L", what="Lasso: encircle to fill", group=_TOOL, do=_use("lasso")),
    Action(name="polygon", keys="G", what="Polygon", group=_TOOL, do=_use("polygon")),
    Action(name="fill", keys="F", what="Fill an area", group=_TOOL, do=_use("fill")),
    Action(name="pick", keys="P", what="Pick a class from the photo", group=_TOOL, do=_use("pick")),
    Action(name="region", keys="S", what="Draw a region to work in", group=_TOOL, do=_use("region")),
    Action(name="ruler", keys="M", what="Ruler", group=_TOOL, do=_use("ruler")),
    Action(name="smaller", keys="[", what="Smaller brush", group=_TOOL, do=_resize(1 / _BRUSH_STEP), repeats=True),
    Action(name="larger", keys="]", what="Larger brush", group=_TOOL, do=_resize(_BRUSH_STEP), repeats=True),
    Action(name="undo", keys="Ctrl+Z", what="Undo", group=_TOOL, do=lambda desk: desk.layer.undo(), repeats=True),
    Action(
        name="redo",
        keys="Ctrl+Shift+Z or Ctrl+Y",
        what="Redo",
        group=_TOOL,
        do=lambda desk: desk.layer.redo(),
        repeats=True,
    ),
    Action(
        name="accept",
        keys="A",
        what="Accept the lesion under the cursor, or the region",
        group=_MODEL,
        do=lambda desk: desk.layer.judge(accept=True),
    ),
    Action(
        name="reject",
        keys="R",
        what="Reject it: normal skin",
        group=_MODEL,
        do=lambda desk: desk.layer.judge(accept=False),
    ),
    Action(
        name="accept_view",
        keys="Shift+A",
        what="Accept the rest of this view",
        group=_MODEL,
        do=lambda desk: desk.layer.accept_view(),
    ),
    Action(name="as_normal", keys="Alt+1", what="It is normal skin", group=_MODEL, do=_reclassify(Lesion.NORMAL)),
    Action(name="as_patch", keys="Alt+2", what="It is patch", group=_MODEL, do=_reclassify(Lesion.PATCH)),
    Action(name="as_plaque", keys="Alt+3", what="It is plaque", group=_MODEL, do=_reclassify(Lesion.PLAQUE)),
    Action(name="as_tumor", keys="Alt+4", what="It is tumor", group=_MODEL, do=_reclassify(Lesion.TUMOR)),
    Action(name="look_on", keys="N", what="Next uncertain region", group=_MODEL, do=lambda desk: desk.look_on()),
    Action(name="peek", keys="Tab", what="Bare photo, while held", group=_VIEW, do=_peek),
    Action(name="outlines", keys="H", what="Outlines on or off", group=_VIEW, do=lambda desk: desk.canvas.outline()),
    Action(name="pan_zoom", keys="Space", what="Drag the photo, while held", group=_VIEW, do=_move),
    Action(
        name="closer",
        keys="+ or =",
        what="Zoom in",
        group=_VIEW,
        do=lambda desk: desk.furniture.sight.zoom_by(1),
        repeats=True,
    ),
    Action(
        name="away",
        keys="-",
        what="Zoom out",
        group=_VIEW,
        do=lambda desk: desk.furniture.sight.zoom_by(-1),
        repeats=True,
    ),
    Action(name="up", keys="Up", what="Move up", group=_VIEW, do=lambda desk: desk.furniture.pan(-1, 0), repeats=True),
    Action(
        name="down", keys="Down", what="Move down", group=_VIEW, do=lambda desk: desk.furniture.pan(1, 0), repeats=True
    ),
    Action(
        name="left", keys="Left", what="Move left", group=_VIEW, do=lambda desk: desk.furniture.pan(0, -1), repeats=True
    ),
    Action(
        name="right",
        keys="Right",
        what="Move right",
        group=_VIEW,
        do=lambda desk: desk.furniture.pan(0, 1),
        repeats=True,
    ),
    Action(
        name="whole", keys="Home", what="The whole photo", group=_VIEW, do=lambda desk: desk.furniture.sight.whole()
    ),
    Action(name="previous", keys="PgUp", what="Previous photo", group=_WINDOW, do=lambda desk: desk.turn(-1)),
    Action(name="next", keys="PgDown", what="Next photo", group=_WINDOW, do=lambda desk: desk.turn(1)),
    Action(
        name="put_down",
        keys="Esc",
        what="Drop the region, the ruler, or what is begun",
        group=_WINDOW,
        do=lambda desk: desk.furniture.put_down(),
    ),
    Action(
        name="pane",
        keys="F6",
        what="Keyboard to the next panel; Esc: back to the photo",
        group=_WINDOW,
        do=lambda desk: desk.change_pane(),
        always=True,
    ),
    Action(
        name="sheet",
        keys="?",
        what="This sheet",
        group=_WINDOW,
        do=lambda desk: desk.show_keys(),
        always=True,
    ),
)
"""Every action, in the order of the sheet."""
