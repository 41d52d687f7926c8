"""A label layer on a pyramid of any size: what is on screen, and how it is drawn anew where the pyramid has changed.

napari shows a multiscale Labels layer as a picture that nobody may touch. This one keeps the tile on screen writable
and pushes changed parts of it to the graphics card alone, which is what makes a stroke visible at once.
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.layers.labels.labels import _LabelsSlicingState
from napari.utils.events import Event

from napari_ctcl._layers.looks import colours, drawn, reach
from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Capsule, Point
from napari_ctcl.region import Region
from napari_ctcl.shown import MODEL_OFFSET, Shown

UNJUDGED: Final = frozenset({Lesion.UNLABELLED})
"""What may be painted over while human pixels are kept."""


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
        if not response.empty and (self.layer.shown.version != self._asked_at or self.layer.pending):
            self.layer.redraw(push=False)


class PyramidView(Labels):
    """Labels of a pyramid on screen: one layer object per viewer, whose photo can be swapped.

    Parameters
    ----------
    shown : labels of the photo, human over model
    """

    def __init__(self, shown: Shown, **options: Any) -> None:
        self._shown = shown
        self._pending: list[tuple[Capsule, int]] = []
        self._pointer: Point | None = None
        self._open = False
        self.keep_human = False
        self._outline_px, self._drawn_line = 3, 0
        super().__init__(shown.views(), multiscale=True, **{"colormap": colours(), "opacity": 1.0, **options})
        self.events.add(refused=Event, failed=Event, told=Event)
        self.mouse_move_callbacks.append(PyramidView._follow)

    @property
    def _type_string(self) -> str:
        return "labels"

    @property
    def shown(self) -> Shown:
        """The labels on screen."""
        return self._shown

    @property
    def pending(self) -> bool:
        """Whether a stroke has parts that wait for the pen to lift."""
        return bool(self._pending)

    @property
    def outline_px(self) -> int:
        """Width of the outlines on screen, whichever level of the pyramid is drawn; 0 draws none."""
        return self._outline_px

    @outline_px.setter
    def outline_px(self, width: int) -> None:
        self._outline_px = width
        if self._tile() is not None:
            self._present(Region.whole(self._slice.image.raw.shape))

    def show(self, shown: Shown) -> None:
        """Swap to another photo's labels."""
        self._shown, self._pending, self._pointer = shown, [], None
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
        self.editable = True

    def _ensure_int_labels(self, data: Any) -> Any:
        return data  # napari would take a photo of one level for an image that is not multiscale

    def _reset_thumbnail_level_data(self) -> None:
        super()._reset_thumbnail_level_data()
        self._level_materializer = None  # napari would keep the coarsest level as it was when first read

    def _get_layer_slicing_state(self, data: Any, cache: bool) -> _PyramidSlicing:
        return _PyramidSlicing(self, data, cache)

    def _follow(self, event: Any) -> None:
        self._pointer = as_point(self.world_to_data(event.position))

    # What is on screen

    def _tile(self, *, arriving: bool = False) -> tuple[npt.NDArray[np.float64], Region, npt.NDArray[np.uint8]] | None:
        """Level-0 pixels per tile pixel, the tile's region on its own level, and its view codes."""
        raw = self._slice.image.raw
        if self._slice.empty or not (arriving or self._slicing_state.loaded) or not raw.flags.writeable:
            return None
        step = np.asarray(self._slicing_state.transforms.scale, np.float64)[-2:]
        y, x = self._corner()
        return step, Region(y, y + raw.shape[0], x, x + raw.shape[1]), raw

    def redraw(self, region: Region | None = None, *, push: bool = True) -> None:
        """Show a level-0 region as the pyramid has it now; all that is on screen by default."""
        tile = self._tile(arriving=not push)
        if tile is None:
            return
        step, window, raw = tile
        level = round(float(np.log2(step[0])))
        part = window if region is None else region.at_level(level).grown(1) & window
        if not part.area:
            return
        raw[part.moved(-window.y0, -window.x0).slices] = self._shown.read(level=level, ys=part.ys, xs=part.xs)
        for capsule, value in self._pending:
            self._stamp(capsule, value, push=False)
        self._present(part.moved(-window.y0, -window.x0), push=push)

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

    def _update_draw(self, *view: Any, **named: Any) -> None:
        super()._update_draw(*view, **named)
        if self._line() != self._drawn_line and self._tile() is not None:
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

    def _only(self, value: int) -> frozenset[Lesion] | None:
        return UNJUDGED if self.keep_human and value else None

    def _stamp(self, capsule: Capsule, value: int, *, push: bool = True) -> None:
        tile = self._tile(arriving=not push)
        if tile is None:
            return
        step, window, raw = tile
        start, end = (
            cast(Point, tuple(np.asarray(p) / step - (window.y0, window.x0))) for p in (capsule.start, capsule.end)
        )
        small = Capsule(start=start, end=end, radius=max(capsule.radius / float(step[0]), 0.5))
        part = small.box & Region.whole(raw.shape)
        if not part.area:
            return
        mask, codes = small.mask(part), raw[part.slices]
        if self._only(value):
            mask &= (codes == 0) | (codes > MODEL_OFFSET)
        if value:
            np.copyto(codes, np.uint8(value), where=mask)
        else:
            place, level = part.moved(window.y0, window.x0), round(float(np.log2(step[0])))
            np.copyto(codes, self._shown.model(level=level, ys=place.ys, xs=place.xs), where=mask)
        if push:
            self._present(part)

    def get_status(self, position: Any = None, **options: Any) -> dict[str, Any]:
        """What the status bar says of a position: the class by name, and whose it is."""
        status: dict[str, Any] = super().get_status(position, **options)
        value = self.get_value(position, **options) if position is not None else None
        code = value[1] if isinstance(value, tuple) else None
        if code is not None:
            y, x = (round(c) for c in as_point(self.world_to_data(position)))
            status["value"] = _spoken(int(code))
            status["coordinates"] = f"[{y} {x}]: {status['value']}"
        return status
