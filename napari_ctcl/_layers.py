"""The four-class label layer that can be painted on at every zoom of a photo of any size.

napari shows a multiscale Labels layer but never edits one; this one hands every gesture to the photo's label pyramid
and draws the same gesture at once into the tile on screen. It is the only file that touches napari's private names,
and `SEAMS` lists each of them for the test that watches them.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from napari._vispy.overlays.labels_brush_stroke import VispyLabelsBrushStrokeOverlay
from napari._vispy.overlays.labels_polygon import VispyLabelsPolygonOverlay
from napari.layers import Labels
from napari.layers.labels._labels_constants import Mode
from napari.layers.labels.labels import _LabelsSlicingState
from napari.utils.colormaps import DirectLabelColormap
from napari.utils.events import Event
from napari.utils.transforms import Affine

from napari_ctcl.errors import CtclError
from napari_ctcl.lesion import CLASSES, RGB, SCREEN_COLOURS, Lesion
from napari_ctcl.raster import Capsule, Patch, Point, connected, outlines, polygon_tiles, stroke_tiles
from napari_ctcl.region import Region
from napari_ctcl.shown import MODEL_OFFSET, Shown

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
        "_calculate_contour",
        "block_history",
        "events.labels_update",
    ),
    "instance": ("_slicing_state", "_slice", "_level_materializer", "_overlays", "_mode", "_transforms"),
    "_LabelsSlicingState": ("_make_slice_request_internal", "_update_slice_response"),
    "VispyLabelsLayer": ("_on_partial_labels_update",),
    "VispyLabelsPolygonOverlay": ("_on_points_change",),
    "VispyLabelsBrushStrokeOverlay": ("_on_geometry_change",),
}
"""Private names of napari that this file leans on, by class."""

DIRECT_PX: Final = 250_000
"""Level-0 pixels of one brush segment up to which it is painted at once; larger ones wait for the pen to lift."""

WINDOW_PX: Final = 4096
"""Side of the window that fill, accept and reject look at."""

_BARE: Final = frozenset({Lesion.UNLABELLED})
_SKIN: Final = np.array([0, 1, 2, 3, 4, 0, 6, 7, 8], np.uint8)
"""Fill takes what nobody judged and what the model calls normal for the same bare skin, as the eye does."""


def colours(
    palette: Mapping[Lesion, RGB] = SCREEN_COLOURS, *, tint_verified: bool = False, outlined: bool = False
) -> DirectLabelColormap:
    """Colours of the nine view codes: human pixels full, model pixels paler, skin clear.

    Parameters
    ----------
    palette : one colour per class
    tint_verified : show what a human has judged normal, which is otherwise left clear
    outlined : for outlines, which need more ink than areas
    """
    pale = 0.75 if outlined else 0.42
    table: dict[int | None, tuple[float, float, float, float]] = {None: (1, 0, 1, 1), 0: (0, 0, 0, 0)}
    for lesion in CLASSES:
        red, green, blue = (channel / 255 for channel in palette[lesion])
        human, model = (1.0, pale) if lesion is not Lesion.NORMAL else (0.55 if tint_verified else 0.0, 0.0)
        table[int(lesion)] = (red, green, blue, human)
        table[int(lesion) + MODEL_OFFSET] = (red, green, blue, model)
    return DirectLabelColormap(color_dict=table)


def _point(coordinates: Any) -> Point:
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
        super()._update_slice_response(response)
        if not response.empty and (self.layer.shown.version != self._asked_at or self.layer.pending):
            self.layer.redraw(push=False)


class PyramidLabels(Labels):
    """Editable labels on a pyramid: one layer object per viewer, whose photo can be swapped.

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
        super().__init__(shown.views(), multiscale=True, **{"colormap": colours(), "opacity": 0.7, **options})
        self.events.add(refused=Event, told=Event)
        self.mouse_move_callbacks.append(PyramidLabels._follow)

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
        self._pointer = _point(self.world_to_data(event.position))

    # What is on screen

    def _tile(self, *, arriving: bool = False) -> tuple[npt.NDArray[np.float64], Region, npt.NDArray[np.uint8]] | None:
        """Level-0 pixels per tile pixel, the tile's region on its own level, and its view codes."""
        raw = self._slice.image.raw
        if self._slice.empty or not (arriving or self._slicing_state.loaded) or not raw.flags.writeable:
            return None
        step = np.asarray(self._slicing_state.transforms.scale, np.float64)[-2:]
        y, x = np.round(np.asarray(self._slicing_state.transforms.translate)[-2:] / step).astype(int).tolist()
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

    def _present(self, part: Region, *, push: bool = True) -> None:
        raw, view = self._slice.image.raw, self._slice.image.view
        if self.contour:
            part = part.grown(self.contour + 1) & Region.whole(raw.shape)
        view[part.slices] = self._raw_to_displayed(raw, part.slices)
        if push:
            self.events.labels_update(data=np.ascontiguousarray(view[part.slices]), offset=[part.y0, part.x0])

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
            y, x = (round(c) for c in _point(self.world_to_data(position)))
            status["value"] = _spoken(int(code))
            status["coordinates"] = f"[{y} {x}]: {status['value']}"
        return status

    def _calculate_contour(self, labels: Any, data_slice: tuple[slice, ...]) -> Any:
        if not self.contour:
            return None  # napari's own outlines are thin or thick after the order of the codes
        part = Region(*(edge for axis in data_slice for edge in (axis.start, axis.stop)))
        around = part.grown(self.contour) & Region.whole(labels.shape)
        return outlines(_SKIN[labels[around.slices]], self.contour)[part.moved(-around.y0, -around.x0).slices]

    # Strokes

    def _only(self, value: int) -> frozenset[Lesion] | None:
        return _BARE if self.keep_human and value else None

    def _draw(self, new_label: int, last_cursor_coord: Any, coordinates: Any) -> None:
        if coordinates is None:
            return
        here = self._pointer = _point(coordinates)
        last = here if last_cursor_coord is None else _point(last_cursor_coord)
        if self._mode == Mode.FILL:
            if last == here:
                self.fill(here, int(new_label))
        elif self._mode in (Mode.PAINT, Mode.ERASE):
            self._sweep(Capsule(start=last, end=here, radius=self.brush_size / 2), int(new_label))

    def _sweep(self, capsule: Capsule, value: int) -> None:
        box = capsule.box & Region.whole(self._shown.shape)
        if not box.area:
            return
        if box.area <= DIRECT_PX:
            self._shown.labels.edit(box.y0, box.x0, capsule.mask(box), value, only=self._only(value))
        else:
            self._pending.append((capsule, value))
        self._stamp(capsule, value)

    def _begin_stroke(self) -> None:
        self._shown.labels.begin(str(self._mode))
        self._open = True

    def _commit_stroke(self) -> None:
        self._open = False
        pending, self._pending = self._pending, []
        try:
            for value in {value for _, value in pending}:
                capsules = [capsule for capsule, painted in pending if painted == value]
                for cell, mask in stroke_tiles(capsules, self._shown.shape, self._shown.tile):
                    self._shown.labels.edit(cell.y0, cell.x0, mask, value, only=self._only(value))
            stroke = self._shown.labels.commit()
        except CtclError as error:
            self.redraw()
            self.events.refused(text=str(error))
            return
        if stroke is not None:
            if self.data_level:
                self.redraw()
            self.events.paint(value=[])

    def _abort_stroke(self) -> None:
        self._open, self._pending = False, []
        self._shown.labels.abort()
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
        with self.block_history():
            self._sweep(Capsule(start=_point(coord), end=_point(coord), radius=self.brush_size / 2), int(new_label))

    def paint_polygon(self, points: Any, new_label: int) -> None:
        """Paint the inside of a closed polygon of (y, x) corners."""
        corners = [_point(point) for point in points]
        with self.block_history():
            for cell, mask in polygon_tiles(corners, self._shown.shape, self._shown.tile):
                self._shown.labels.edit(cell.y0, cell.x0, mask, int(new_label), only=self._only(int(new_label)))
        self.redraw()

    def fill(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:  # noqa: ARG002 - napari's
        """Paint the connected area that looks like (y, x), where it ends inside the window."""
        patch = self._patch(_point(coord), _SKIN)
        if patch is None:
            return
        if not patch.whole:
            self.events.refused(text="The area runs out of the fill's reach; close its outline first, then fill.")
            return
        self._paint_patch(patch, int(new_label), self._only(int(new_label)), "fill")

    def _patch(self, at: Point, looks: npt.NDArray[np.uint8]) -> Patch | None:
        y, x = (round(c) for c in at)
        if not (0 <= y < self._shown.shape[0] and 0 <= x < self._shown.shape[1]):
            return None

        def read(region: Region) -> npt.NDArray[np.uint8]:
            return np.asarray(looks[self._shown.read(level=0, ys=region.ys, xs=region.xs)])

        return connected(read, (y, x), self._shown.shape, WINDOW_PX)

    def _paint_patch(self, patch: Patch, value: int, only: frozenset[Lesion] | None, tool: str) -> None:
        nested = self._open
        if not nested:
            self._shown.labels.begin(tool)
        self._shown.labels.edit(patch.region.y0, patch.region.x0, patch.mask, value, only=only)
        if not nested:
            self._commit_stroke()
        self.redraw(patch.region)

    # Judging the model

    def judge(self, *, accept: bool) -> None:
        """Accept what the model says under the cursor, or reject it by painting it normal."""
        if self._pointer is None:
            return
        y, x = (round(c) for c in self._pointer)
        if not (0 <= y < self._shown.shape[0] and 0 <= x < self._shown.shape[1]):
            return
        code = int(self._shown.read(level=0, ys=(y, y + 1), xs=(x, x + 1))[0, 0])
        if code <= MODEL_OFFSET:
            self.events.told(text="Nothing of the model's is under the cursor.")
            return
        patch = self._patch(self._pointer, np.arange(9, dtype=np.uint8))
        if patch is not None:
            value = code - MODEL_OFFSET if accept else int(Lesion.NORMAL)
            self._paint_patch(patch, value, _BARE, "accept" if accept else "reject")

    def undo(self) -> None:
        """Take back the last stroke."""
        self._step(self._shown.labels.undo)

    def redo(self) -> None:
        """Paint again what was taken back."""
        self._step(self._shown.labels.redo)

    def _step(self, step: Any) -> None:
        try:
            region = step()
        except CtclError as error:
            self.events.refused(text=str(error))
            return
        if region is not None:
            self.redraw(region)
            self.events.paint(value=[])


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


VispyLabelsPolygonOverlay._on_points_change = _by_scale_alone(VispyLabelsPolygonOverlay._on_points_change)
VispyLabelsBrushStrokeOverlay._on_geometry_change = _by_scale_alone(VispyLabelsBrushStrokeOverlay._on_geometry_change)
