"""The four-class label layer that can be painted on at every zoom of a photo of any size.

It hands every gesture to the photo's label pyramid, exactly and on level 0, and has the same gesture drawn at once in
the tile on screen; parts that are too large to wait for are painted when the pen lifts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from napari.layers.labels._labels_constants import Mode

from napari_ctcl._layers.looks import BARE
from napari_ctcl._layers.view import UNJUDGED, PyramidView, as_point
from napari_ctcl.errors import CtclError
from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Capsule, Patch, Point, connected, polygon_tiles, stroke_tiles
from napari_ctcl.region import Region
from napari_ctcl.shown import MODEL_OFFSET

DIRECT_PX: Final = 250_000
"""Level-0 pixels of one brush segment up to which it is painted at once; larger ones wait for the pen to lift."""

WINDOW_PX: Final = 4096
"""Side of the window that fill, accept and reject look at."""


class PyramidLabels(PyramidView):
    """Labels of a pyramid that are edited with brush, polygon, fill and by judging the model."""

    # Strokes

    def _draw(self, new_label: int, last_cursor_coord: Any, coordinates: Any) -> None:
        if coordinates is None:
            return
        here = self._pointer = as_point(coordinates)
        last = here if last_cursor_coord is None else as_point(last_cursor_coord)
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
        except (CtclError, OSError) as error:
            self.redraw()
            self.events.failed(error=error)
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
            self._sweep(Capsule(start=as_point(coord), end=as_point(coord), radius=self.brush_size / 2), int(new_label))

    def paint_polygon(self, points: Any, new_label: int) -> None:
        """Paint the inside of a closed polygon of (y, x) corners."""
        corners = [as_point(point) for point in points]
        with self.block_history():
            for cell, mask in polygon_tiles(corners, self._shown.shape, self._shown.tile):
                self._shown.labels.edit(cell.y0, cell.x0, mask, int(new_label), only=self._only(int(new_label)))
        self.redraw()

    def fill(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:  # noqa: ARG002 - napari's
        """Paint the connected area that looks like (y, x), where it ends inside the window."""
        patch = self._patch(as_point(coord), BARE)
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
            self._paint_patch(patch, value, UNJUDGED, "accept" if accept else "reject")

    def undo(self) -> None:
        """Take back the last stroke."""
        self._step(self._shown.labels.undo)

    def redo(self) -> None:
        """Paint again what was taken back."""
        self._step(self._shown.labels.redo)

    def _step(self, step: Any) -> None:
        try:
            region = step()
        except (CtclError, OSError) as error:
            self.events.failed(error=error)
            return
        if region is not None:
            self.redraw(region)
            self.events.paint(value=[])
