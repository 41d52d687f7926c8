"""Tiles of a label image in memory: the screen and the brush work here, and the disk follows.

A tile that is open, unwritten or newer than its coarser copy stays in memory; all others may be dropped, the least used
first. Every method may be called from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import numpy as np

from napari_ctcl.errors import InputError, StudyError
from napari_ctcl.region import Region, Span, grid
from napari_ctcl.store.chunks import TILE, Key, LabelImage, Labels, halved
from napari_ctcl.store.kept import Kept

CLEAN_BYTES: Final = 128 << 20
"""How much of tiles that the disk holds too may stay in memory, in bytes, not counting those of one value.

With what is kept of the photo's pixels and of the proposal it makes 288 MiB, so that all that painting takes, the
screen's own copies included, stays below 512."""

AT_ONCE: Final = 4
"""How many chunks are written at a time: most of it is waiting for the disk."""


class Tiles:
    """A write-back cache of tiles, with the coarser levels derived from level 0.

    Parameters
    ----------
    image : where tiles come from and go to
    clean_bytes : cap on tiles that could be read again
    replay : gives a level-0 tile whose chunk cannot be decoded, or None where it does not know either

    Attributes
    ----------
    mended : chunks that were lost or damaged, and were made anew
    """

    def __init__(
        self,
        image: LabelImage,
        *,
        clean_bytes: int = CLEAN_BYTES,
        replay: Callable[[Key], Labels | None] = lambda _: None,
    ) -> None:
        self.image = image
        self.mended: set[Key] = set()
        self._replay = replay
        self.shapes = image.shapes
        self.lock = threading.RLock()
        self.version = 0
        self._clean: Kept[Key] = Kept(clean_bytes)
        self._held: dict[Key, Labels] = {}
        self._unwritten: dict[Key, int] = {}
        self._stale: list[dict[Key, Region]] = [{} for _ in self.shapes]
        self._pinned: set[Key] = set()
        self._written: dict[Key, int] = {}

    @property
    def unwritten(self) -> int:
        """How many tiles the disk does not have yet."""
        return len(self._unwritten)

    def tile(self, key: Key, *, keep: bool = True) -> Labels:
        """A tile, read from disk if it is not in memory, and kept there if wanted; not to be written to."""
        while True:
            with self.lock:
                found = self._find(key)
                written = self._written.get(key)
            if found is not None:
                return found
            loaded, sound = self._load(key)
            with self.lock:
                found = self._find(key)
                if found is not None:
                    return found
                # Were the tile written and dropped meanwhile, what was read would be old.
                if self._written.get(key) == written:
                    if not sound:
                        self._keep_mended(key, loaded)
                        return loaded
                    return self._clean.put(key, loaded) if keep else loaded

    def read(self, level: int, ys: Span, xs: Span, *, keep: bool = True) -> Labels:
        """Labels of a region of a level, as a new array.

        Parameters
        ----------
        keep : whether tiles that have to be read stay in memory

        Raises
        ------
        InputError
            If the region leaves the level.
        """
        region = Region(*ys, *xs)
        if region not in Region.whole(self.shapes[level]):
            raise InputError(f"{region} leaves level {level}", expected=f"inside {self.shapes[level]}")
        out = np.empty(region.shape, np.uint8)
        for cell in grid(self.shapes[level], TILE, region):
            part = cell & region
            tile = self.tile((level, cell.y0 // TILE, cell.x0 // TILE), keep=keep)
            out[part.moved(-region.y0, -region.x0).slices] = tile[part.moved(-cell.y0, -cell.x0).slices]
        return out

    @contextmanager
    def changing(self, key: Key, box: Region) -> Iterator[Labels]:
        """Give a part of a tile to write to, under the lock; its coarser copies follow at `propagate`.

        Parameters
        ----------
        box : the part, from the tile's own corner
        """
        while True:
            tile = self.tile(key)
            with self.lock:
                if self._find(key) is not tile:
                    continue
                yield self._hold(key, tile)[box.slices]
                self.version += 1
                self._grow_stale(key, box)
                return

    def mark_unwritten(self, key: Key) -> None:
        """Have a changed tile written at the next `write_back`."""
        with self.lock:
            self.version += 1
            self._hold(key, self.tile(key))
            self._unwritten[key] = self.version

    def pin(self, key: Key) -> None:
        """Keep a level-0 tile, and all that is derived from it, off the disk until `unpin`."""
        _, row, column = key
        with self.lock:
            self._pinned.update((level, row >> level, column >> level) for level in range(len(self.shapes)))

    def unpin(self) -> None:
        """Let every tile go to the disk again."""
        with self.lock:
            pinned, self._pinned = self._pinned, set()
            for key in pinned:
                self._settle(key)

    def propagate(self, upto: int | None = None) -> None:
        """Bring coarser levels up to date, up to and including that level; all of them by default."""
        top = len(self.shapes) - 1 if upto is None else min(upto, len(self.shapes) - 1)
        for level in range(top):
            with self.lock:
                stale = list(self._stale[level])
            for key in stale:
                parent = _parent(key)
                self.tile(parent)  # so that the disk is not read under the lock
                with self.lock:
                    self._derive(key, parent)

    def rebuild(self, tiles: Iterable[tuple[Key, Labels]]) -> None:
        """Replace level-0 tiles and everything derived from them, without reading what the disk has of either."""
        changed: set[Key] = set()
        for key, tile in tiles:
            self._replace(key, tile)
            changed.add(key)
        for level in range(1, len(self.shapes)):
            changed = {_parent(key) for key in changed}
            finer = Region.whole(self.shapes[level - 1])
            for key in sorted(changed):
                under = self.image.region(key).from_level(1) & finer
                self._replace(key, halved(self.read(level - 1, under.ys, under.xs)))

    def write_back(self) -> bool:
        """Write every unwritten tile that is not pinned, and have the disk keep it.

        Returns
        -------
        Whether none was left out for being pinned.

        Raises
        ------
        DiskFull
            If there is no room; what was not written stays unwritten.
        """
        with self.lock:
            keys = sorted(self._unwritten)
        with ThreadPoolExecutor(AT_ONCE, "chunks") as hands:
            written = [(key, version) for key, version in hands.map(self._write, keys) if version is not None]
            list(hands.map(lambda some: self.image.sync(key for key, _ in some), _dealt(written, AT_ONCE)))
        with self.lock:
            for key, version in written:
                self._written[key] = version
                if self._unwritten.get(key) == version:
                    del self._unwritten[key]
                    self._settle(key)
        return len(written) == len(keys)

    def _write(self, key: Key) -> tuple[Key, int | None]:
        """Write a tile; the version that was written, None for one that is pinned."""
        with self.lock:
            if key in self._pinned:
                return key, None
            version, tile = self._unwritten[key], self._held[key].copy()
        self.image.write(key, tile)
        return key, version

    def drop_clean(self) -> None:
        """Let go of every tile that could be read again."""
        with self.lock:
            self._clean.clear()

    def _load(self, key: Key) -> tuple[Labels, bool]:
        """A tile, and whether it is what the disk has; one that the disk has spoiled is made anew."""
        try:
            return self.image.read(key), True
        except StudyError:
            level = key[0]
            if not level:
                replayed = self._replay(key)
                if replayed is None:
                    raise
                return replayed, False
        under = self.image.region(key).from_level(1) & Region.whole(self.shapes[level - 1])
        return halved(self.read(level - 1, under.ys, under.xs)), False

    def _keep_mended(self, key: Key, tile: Labels) -> None:
        self.mended.add(key)
        self._hold(key, tile)
        self.mark_unwritten(key)

    def _find(self, key: Key) -> Labels | None:
        held = self._held.get(key)
        if held is not None:
            return held
        return self._clean.get(key)

    def _hold(self, key: Key, tile: Labels) -> Labels:
        """Keep a tile that is about to change, or was changed; one that may be written to."""
        self._clean.pop(key)
        self._held[key] = tile = tile if tile.flags.writeable else tile.copy()
        return tile

    def _settle(self, key: Key) -> None:
        """Let a held tile be dropped, unless something still needs it."""
        needed = key in self._unwritten or key in self._pinned or key in self._stale[key[0]]
        if not needed and key in self._held:
            self._clean.put(key, self._held.pop(key))

    def _grow_stale(self, key: Key, box: Region) -> None:
        stale = self._stale[key[0]]
        if key[0] + 1 < len(self.shapes):
            stale[key] = stale[key] | box if key in stale else box

    def _derive(self, key: Key, parent: Key) -> None:
        box = self._stale[key[0]].pop(key, None)
        if box is None:
            return
        tile = self.tile(key)
        box = box.snapped(2) & Region.whole(tile.shape)
        corner = (key[1] % 2) * TILE // 2, (key[2] % 2) * TILE // 2
        with self.changing(parent, box.at_level(1).moved(*corner)) as coarser:
            coarser[...] = halved(tile[box.slices])
        self.mark_unwritten(parent)
        self._settle(key)

    def _replace(self, key: Key, tile: Labels) -> None:
        with self.lock:
            self._stale[key[0]].pop(key, None)
            self._hold(key, tile)
            self.mark_unwritten(key)


def _dealt(written: list[tuple[Key, int]], hands: int) -> list[list[tuple[Key, int]]]:
    return [written[hand::hands] for hand in range(hands)]


def _parent(key: Key) -> Key:
    return key[0] + 1, key[1] // 2, key[2] // 2
