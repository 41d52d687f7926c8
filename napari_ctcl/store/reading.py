"""The labels of a photo for somebody who only looks, while another may be painting.

It reads what the disk has, takes no lock and leaves no trace; whatever would write is refused with the painter's name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NoReturn

from napari_ctcl.errors import CtclError, InputError, StudyBusy
from napari_ctcl.region import Region, Span
from napari_ctcl.store import labelimage
from napari_ctcl.store.borrowed import SAME_INSTANT_NS
from napari_ctcl.store.chunks import TILE, Labels
from napari_ctcl.store.closing import Closing
from napari_ctcl.store.lock import Holder, busy, holder_of
from napari_ctcl.store.readonly import may_write, require_writing
from napari_ctcl.store.shapes import Shape, level_shapes

_Seen = frozenset[tuple[str, int, int]]


class LabelReader(Closing):
    """One label image of a photo, to be read at any level; a context manager.

    It has the face of a `TiledPyramid`, which it stands in for where the lock is another's.

    Parameters
    ----------
    image_path : the photo's `image.ome.zarr`
    name : the label image; it need not be there yet
    shape, levels : (height, width) of level 0, px, and the number of levels
    journal, lock : the files of whoever paints
    """

    tile: ClassVar[int] = TILE
    can_undo: ClassVar[bool] = False
    can_redo: ClassVar[bool] = False
    unwritten: ClassVar[int] = 0
    problem: ClassVar[CtclError | None] = None

    def __init__(self, image_path: Path, name: str, *, shape: Shape, levels: int, journal: Path, lock: Path) -> None:
        self.version = 0
        self._image_path, self._name = image_path, name
        self._shapes = level_shapes(shape, levels)
        self._journal, self._lock = journal, lock
        self._painted = labelimage.Levels(image_path, name)
        self._model = labelimage.Levels(image_path, "prediction")
        self._seen = self._look()

    @property
    def shape(self) -> Shape:
        """Height and width of level 0, px."""
        return self._shapes[0]

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return len(self._shapes)

    @property
    def holder(self) -> Holder | None:
        """Who may paint right now; None where nobody does."""
        return holder_of(self._lock)

    @property
    def free(self) -> bool:
        """Whether the photo could be opened for painting right now."""
        return may_write(self._lock) and self.holder is None

    def read(self, *, level: int = 0, ys: Span, xs: Span, keep: bool = False) -> Labels:  # noqa: ARG002
        """Labels of a region as the disk has them now.

        Parameters
        ----------
        level : 0 is full resolution
        ys, xs : rows and columns of that level, half-open; inside it
        keep : of no meaning here; nothing stays in memory

        Returns
        -------
        (h, w) uint8, a new array; all 0 where nobody has painted yet.

        Raises
        ------
        InputError
            If the region leaves the level.
        StudyError
            If a chunk cannot be decoded.
        """
        region = Region(*ys, *xs)
        if region not in Region.whole(self._shapes[level]):
            raise InputError(f"{region} leaves level {level}", expected=f"inside {self._shapes[level]}")
        return self._painted.read(level, region)

    def human(self, region: Region) -> Labels:
        """What people have labelled in a region of level 0."""
        return self.read(ys=region.ys, xs=region.xs)

    def model(self, region: Region) -> Labels:
        """What the model says of a region of level 0; all 0 where it has not been asked."""
        return self._model.read(0, region)

    def refresh(self) -> bool:
        """Look whether the disk has changed since the last look; `version` has then grown."""
        seen = self._look()
        changed = seen is None or seen != self._seen
        self._seen = seen
        if changed:
            self.version += 1
        return changed

    def begin(self, tool: str) -> NoReturn:  # noqa: ARG002 - the face of a pyramid
        """Refuse to paint.

        Raises
        ------
        StudyBusy
            Always; it names who paints here.
        StudyError
            Where nothing may be written at all.
        """
        self._refuse()

    def edit(self, *_: object, **__: object) -> NoReturn:
        """Refuse, as `begin` does."""
        self._refuse()

    def paste(self, *_: object, **__: object) -> NoReturn:
        """Refuse, as `begin` does."""
        self._refuse()

    def paint(self, *_: object, **__: object) -> NoReturn:
        """Refuse, as `begin` does."""
        self._refuse()

    def commit(self, **_: object) -> NoReturn:
        """Refuse, as `begin` does."""
        self._refuse()

    def undo(self) -> NoReturn:
        """Refuse, as `begin` does."""
        self._refuse()

    def redo(self) -> NoReturn:
        """Refuse, as `begin` does."""
        self._refuse()

    def stepping(self, *_: object, **__: object) -> NoReturn:
        """Refuse, as `begin` does."""
        self._refuse()

    def abort(self) -> None:
        """Do nothing: no stroke is ever being drawn."""

    def propagate(self, upto: int | None = None) -> None:
        """Do nothing: the painter brings coarser levels up to date."""

    def flush(self) -> None:
        """Do nothing: there is nothing to write."""

    def close(self) -> None:
        """Let go of the files."""
        self._painted.close()
        self._model.close()

    def _refuse(self) -> NoReturn:
        holder = self.holder
        if holder is not None:
            raise busy(self._lock, holder)
        place = self._lock.parent.name
        require_writing(self._lock, place)
        raise StudyBusy(f"{place} was opened for reading alone", do="open it again to paint: nobody else does now")

    def _level(self, level: int) -> Path:
        return labelimage.folder(self._image_path, self._name) / str(level)

    def _look(self) -> _Seen | None:
        """When the journal and the folders of the chunks were changed; None if so lately that it tells nothing."""
        seen, latest = set(), 0
        for path in self._watched():
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            seen.add((str(path), found.st_mtime_ns, found.st_size))
            latest = max(latest, found.st_mtime_ns)
        return None if time.time_ns() - latest < SAME_INSTANT_NS else frozenset(seen)

    def _watched(self) -> Iterator[Path]:
        yield self._journal
        yield self._journal.with_name(f"{self._journal.name}-wal")
        for level in range(self.levels):
            rows = self._level(level) / "c"
            try:
                yield from [Path(entry.path) for entry in os.scandir(rows)]
            except FileNotFoundError:
                continue
            yield rows
