"""Tiles kept in memory up to a number of bytes, the least used let go first; those of one value take no room.

It is not for several threads at once: its owner has a lock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

import numpy as np

from napari_ctcl.store.chunks import Labels

K = TypeVar("K", bound=Hashable)


class Kept(Generic[K]):
    """Tiles by their keys.

    Parameters
    ----------
    most_bytes : of all tiles together; one tile is kept even if it alone is larger
    """

    def __init__(self, most_bytes: int) -> None:
        self.bytes = 0
        self._most = most_bytes
        self._tiles: OrderedDict[K, Labels] = OrderedDict()

    def get(self, key: K) -> Labels | None:
        """A tile, which counts as used; None where it is not kept."""
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
        return tile

    def put(self, key: K, tile: Labels) -> Labels:
        """Keep a tile; gives it as it is kept, which may not be written to where all its pixels are alike."""
        self.pop(key)
        self._tiles[key] = tile = _shared(tile)
        self.bytes += _room(tile)
        while self.bytes > self._most and len(self._tiles) > 1:
            _, dropped = self._tiles.popitem(last=False)
            self.bytes -= _room(dropped)
        return tile

    def pop(self, key: K) -> None:
        """Let a tile go, if it is kept."""
        tile = self._tiles.pop(key, None)
        if tile is not None:
            self.bytes -= _room(tile)

    def clear(self) -> None:
        """Let all of them go."""
        self._tiles.clear()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._tiles)

    def __iter__(self) -> Iterator[K]:
        return iter(list(self._tiles))


def _shared(tile: Labels) -> Labels:
    value = tile.flat[0]
    return np.broadcast_to(value, tile.shape) if tile.flags.writeable and (tile == value).all() else tile


def _room(tile: Labels) -> int:
    return tile.nbytes if tile.flags.writeable else 0
