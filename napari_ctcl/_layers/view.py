"""A label layer on a pyramid of any size: what is on screen, and how it is drawn anew where the pyramid has changed.

napari shows a multiscale Labels layer as a picture that nobody may touch. This one keeps the tile on screen writable
and pushes changed parts of it to the graphics card alone, which is what makes a stroke visible at once.
"""
# ruff: noqa: SLF001

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.layers.labels.labels import _LabelsSlicingState
from napari.utils.events import Event

from napari_ctcl._layers.looks import colours, drawn, reach
from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Point
from napari_ctcl.region import Region, grid
from napari_ctcl.shown import MODEL_OFFSET, Shown
from napari_ctcl.sketch import paintable, sketched
from napari_ctcl.store.gesture import Draw

BUDGET_S: Final = 0.006
"""How long the screen may be mended at a stretch, in seconds; the pen and the mouse come in between."""


def as_point(coordinates: Any) -> Point:
    """(y, x) of a position that may have more axes."""
    y, x = np.asarray(coordinates, np.float64)[-2:].tolist()
    return y, x


def _spoken(code: int) -> str:
    if code > MODEL_OFFSET:
        return f"{Lesion(code - MODEL_OFFSET).title}, says the model"
    return Lesion(code).title


class _PyramidSlicing(_LabelsSlicingState):
    """Keeps strokes on screen that were painted while a tile was still being read."""

    _asked_at = -1

    def _make_slice_request_internal(self, **request: Any) -> Any:
        self._asked_at = self.layer.shown.version
        return super()._make_slice_request_internal(**request)

    def _update_slice_response(self, response: Any) -> None:
        self.transforms = response.tile_to_data  # napari sets it after drawing, which counts the dashes from it
        super()._update_slice_response(response)
        if not response.empty:
            self.layer.arrived(outdated=self.layer.shown.version != self._asked_at)


class PyramidView(Labels):
    """Labels of a pyramid on screen: one layer object per viewer, whose photo can be swapped.

    `events.behind` tells that something on screen is to be mended; `catch_up` does so, a little at a time.

    Parameters
    ----------
    shown : labels of the photo, human over model
    """

    def __init__(self, shown: Shown, **options: Any) -> None:
        self._shown = shown
        self._pointer: Point | None = None
        self._corners = np.array(((0, 0), shown.shape), np.float64)
        self._stale: dict[Region, Region] = {}
        self._outline_px, self._drawn_line = 3, 0
        super().__init__(shown.views(), multiscale=True, **{"colormap": colours(), "opacity": 1.0, **options})
        self.events.add(behind=Event)
        self.mouse_move_callbacks.append(PyramidView._follow)

    @property
    def _type_string(self) -> str:
        return "labels"

    @property
    def shown(self) -> Shown:
        """The labels on screen."""
        return self._shown

    @property
    def outline_px(self) -> int:
        """Width of the outlines on screen, whichever level of the pyramid is drawn; 0 draws none."""
        return self._outline_px

    @outline_px.setter
    def outline_px(self, width: int) -> None:
        self._outline_px = width
        self._draw_all()

    def show(self, shown: Shown) -> None:
        """Swap to another photo's labels."""
        self._shown, self._pointer = shown, None
        self._stale.clear()
        self.data = shown.views()

    @property
    def selected_label(self) -> int:
        """Class in hand, a value of `Lesion`; other values are brought into its range."""
        return int(self._selected_label)

    @selected_label.setter
    def selected_label(self, value: int) -> None:
        clamped = min(max(int(value), int(Lesion.UNLABELLED)), int(Lesion.TUMOR))
        Labels.selected_label.fset(self, clamped)

    def _reset_editable(self) -> None:
        self.editable = self._shown.painter is not None

    def _ensure_int_labels(self, data: Any) -> Any:
        return data  # napari would take a photo of one level for an image that is not multiscale

    def _reset_thumbnail_level_data(self) -> None:
        super()._reset_thumbnail_level_data()
        self._level_materializer = None  # napari would keep the coarsest level as it was when first read

    def _get_layer_slicing_state(self, data: Any, cache: bool) -> _PyramidSlicing:
        return _PyramidSlicing(self, data, cache)

    def point_at(self, point: Point) -> None:
        """Have the next judgement be about a level-0 point, as if the mouse were there; it is until the mouse moves."""
        self._pointer = point

    def _follow(self, event: Any) -> None:
        self._pointer = as_point(self.world_to_data(event.position))

    # What is on screen

    @property
    def in_view(self) -> Region:
        """Level-0 region that the window shows; napari's own corners are those of the chunks it has loaded for it."""
        (y0, x0), (y1, x1) = np.ceil(np.sort(self._corners, axis=0)).astype(int).tolist()
        return Region(y0, y1, x0, x1) & Region.whole(self._shown.shape)

    def unfinished(self) -> list[Draw]:
        """Strokes that are not in the labels yet, the oldest first."""
        return []

    def _tile(self, *, arriving: bool = False) -> tuple[int, Region, npt.NDArray[np.uint8]] | None:
        """Level of the tile on screen, its region there, and its view codes."""
        raw = self._slice.image.raw
        if self._slice.empty or not (arriving or self._slicing_state.loaded) or not raw.flags.writeable:
            return None
        y, x = self._corner()
        level = round(float(np.log2(np.asarray(self._slicing_state.transforms.scale)[-1])))
        return level, Region(y, y + raw.shape[0], x, x + raw.shape[1]), raw

    def arrived(self, *, outdated: bool) -> None:
        """A tile was read: put the strokes on it that the labels do not have yet.

        Parameters
        ----------
        outdated : whether the labels have changed since it was asked for
        """
        for stroke in self.unfinished():
            self._sketch(stroke, push=False)
        tile = self._tile(arriving=True)
        if outdated and tile is not None:
            level, window, _ = tile
            self.spoil(window.from_level(level) & Region.whole(self._shown.shape))

    def spoil(self, region: Region) -> None:
        """Have a level-0 region shown anew by and by."""
        tile = self._tile(arriving=True)
        if tile is None:
            return
        level, window, _ = tile
        part = region.at_level(level).grown(1) & window
        for cell in grid(self._shown.photo.shape(level), self._shown.tile, part):
            met = cell & part
            self._stale[cell] = met | self._stale.get(cell, met)
        if self._stale:
            self.events.behind()

    def catch_up(self) -> bool:
        """Mend some of what is spoilt on screen, what the window shows first; whether there is more."""
        tile = self._tile()
        until = perf_counter() + BUDGET_S
        while self._stale and tile is not None and perf_counter() < until:
            level, window, _ = tile
            seen = self.in_view.at_level(level)
            cell = next((cell for cell in self._stale if (cell & seen).area), next(iter(self._stale)))
            part = self._stale.pop(cell) & window
            if part.area and cell in Region.whole(self._shown.photo.shape(level)):
                self._read(level, part)
        return bool(self._stale)

    def redraw(self, region: Region | None = None) -> None:
        """Show a level-0 region as the pyramid has it now; all that is on screen by default."""
        tile = self._tile()
        if tile is None:
            return
        level, window, _ = tile
        part = window if region is None else region.at_level(level).grown(1) & window
        if part.area:
            self._read(level, part)

    def _read(self, level: int, part: Region) -> None:
        tile = self._tile()
        if tile is None:
            return
        _, window, raw = tile
        strokes = self.unfinished()  # before the labels are read: what is finished meanwhile is in them
        here = part.moved(-window.y0, -window.x0)
        raw[here.slices] = self._shown.read(level=level, ys=part.ys, xs=part.xs)
        for stroke in strokes:
            self._sketch(stroke, within=part, push=False)
        self._present(here)

    def _sketch(self, stroke: Draw, *, within: Region | None = None, push: bool = True) -> None:
        tile = self._tile(arriving=not push)
        if tile is None:
            return
        level, window, raw = tile
        for part, mask in sketched(stroke, level, window if within is None else within & window):
            here = part.moved(-window.y0, -window.x0)
            codes = raw[here.slices]
            wanted = mask & paintable(stroke.rule, codes, level, part)
            if stroke.value:
                np.copyto(codes, np.uint8(stroke.value), where=wanted)
            else:
                np.copyto(codes, self._shown.model(level=level, ys=part.ys, xs=part.xs), where=wanted)
            self._present(here, push=push)

    def _raw_to_displayed(self, raw: Any, data_slice: tuple[slice, ...] | None = None) -> Any:
        window = Region.whole(raw.shape)
        if data_slice is not None:
            window = Region(*(edge for axis in data_slice for edge in (axis.start, axis.stop)))
        line = self._line()
        if window == Region.whole(raw.shape):
            self._drawn_line = line
        around = window.grown(reach(line)) & Region.whole(raw.shape)
        y0, x0 = self._corner()
        codes = drawn(np.asarray(raw[around.slices], np.uint8), line, (around.y0 + y0, around.x0 + x0))
        return self.colormap._data_to_texture(codes[window.moved(-around.y0, -around.x0).slices])

    def _line(self) -> int:
        """Width of an outline in the tile's own pixels, which differ from the screen's at every zoom."""
        if not self.outline_px:
            return 0
        step = float(np.asarray(self._slicing_state.transforms.scale)[-1])
        return max(1, round(self.outline_px * float(self.scale_factor) / step))

    def _update_draw(self, scale_factor: float, corner_pixels_displayed: Any, shape_threshold: Any) -> None:
        self._corners = np.asarray(corner_pixels_displayed, np.float64)
        super()._update_draw(scale_factor, corner_pixels_displayed, shape_threshold)
        if self._line() != self._drawn_line:
            self._draw_all()

    def _draw_all(self) -> None:
        if self._tile() is not None:
            self._present(Region.whole(self._slice.image.raw.shape))

    def _corner(self) -> tuple[int, int]:
        """(y, x) of the tile on its own level."""
        step = np.asarray(self._slicing_state.transforms.scale, np.float64)[-2:]
        y, x = np.round(np.asarray(self._slicing_state.transforms.translate)[-2:] / step).astype(int).tolist()
        return y, x

    def _present(self, part: Region, *, push: bool = True) -> None:
        raw, view = self._slice.image.raw, self._slice.image.view
        part = part.grown(reach(self._line())) & Region.whole(raw.shape)
        view[part.slices] = self._raw_to_displayed(raw, part.slices)
        if push:
            self.events.labels_update(data=np.ascontiguousarray(view[part.slices]), offset=[part.y0, part.x0])

    def get_status(self, position: Any = None, **options: Any) -> dict[str, Any]:
        """What the status bar says of a position: the class by name, and whose it is."""
        status: dict[str, Any] = super().get_status(position, **options)
        code = self._code(self.get_value(position, **options)) if position is not None else None
        if code is not None:
            y, x = (round(c) for c in as_point(self.world_to_data(position)))
            status["value"] = _spoken(code)
            status["coordinates"] = f"[{y} {x}]: {status['value']}"
        return status

    @staticmethod
    def _code(value: Any) -> int | None:
        """View code of what napari gives as a value of a multiscale layer."""
        code = value[1] if isinstance(value, tuple) else None
        return None if code is None else int(code)
