from __future__ import annotations

import numpy as np

from napari_ctcl.store.kept import Kept


def noisy(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 5, (64, 64)).astype(np.uint8)


def test_no_more_bytes_are_kept_than_allowed_and_the_least_used_go_first():
    kept = Kept[int](3 * 4096)
    for key in range(3):
        kept.put(key, noisy(key))
    kept.get(0)
    kept.put(3, noisy(3))
    assert list(kept) == [2, 0, 3]
    assert kept.bytes == 3 * 4096
    kept.put(0, noisy(9))
    kept.pop(2)
    assert kept.bytes == 2 * 4096
    kept.clear()
    assert (len(kept), kept.bytes) == (0, 0)


def test_tiles_of_one_value_take_no_room_and_cannot_be_written_to_by_mistake():
    kept = Kept[int](4096)
    for key in range(100):
        kept.put(key, np.full((64, 64), key % 5, np.uint8))
    assert (len(kept), kept.bytes) == (100, 0)
    tile = kept.get(7)
    assert tile is not None
    assert (tile == 2).all()
    assert not tile.flags.writeable
