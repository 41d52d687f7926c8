"""What others wrote is decoded once and never taken for what they write later."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from label_ground import SHAPE, image_at, predict

from napari_ctcl.region import Region
from napari_ctcl.store import labelimage
from napari_ctcl.store.borrowed import Borrowed
from napari_ctcl.store.chunks import read_from

WHOLE = Region.whole(SHAPE)


@pytest.fixture
def folder(tmp_path):
    image_at(tmp_path)
    return tmp_path


@pytest.fixture
def decoded(monkeypatch):
    """The regions that were read from a chunk."""
    regions = []

    def counting(array, region, place):
        regions.append(region)
        return read_from(array, region, place)

    monkeypatch.setattr(labelimage, "read_from", counting)
    return regions


def noise(seed):
    return np.random.default_rng(seed).integers(1, 5, SHAPE).astype(np.uint8)


def chunks(folder):
    return sorted((folder / "image.ome.zarr/labels/prediction/0/c").glob("*/*"))


def settle(folder):
    """Have the files be older than a moment."""
    for path in chunks(folder):
        os.utime(path, ns=(10**18, path.stat().st_mtime_ns - 10**9))


def borrowed(folder):
    return Borrowed(folder / "image.ome.zarr", "prediction", SHAPE)


def test_a_tile_is_decoded_once(folder, decoded):
    predict(folder, noise(0))
    settle(folder)
    label = borrowed(folder)
    assert np.array_equal(label.read(WHOLE), noise(0))
    assert len(decoded) == 9
    assert np.array_equal(label.read(Region(500, 530, 500, 1030)), noise(0)[500:530, 500:1030])
    label.read(WHOLE)[...] = 0
    assert np.array_equal(label.read(WHOLE), noise(0))
    assert len(decoded) == 9


def test_only_what_was_written_again_is_decoded_again(folder, decoded):
    predict(folder, noise(0))
    settle(folder)
    label = borrowed(folder)
    label.read(WHOLE)
    decoded.clear()
    image = labelimage.open_image(folder / "image.ome.zarr", "prediction")
    image.write((0, 1, 1), np.full((512, 512), 3, np.uint8))
    assert (label.read(Region(512, 1024, 512, 1024)) == 3).all()
    assert np.array_equal(label.read(Region(0, 512, 0, SHAPE[1])), noise(0)[:512])
    assert decoded == [Region(512, 1024, 512, 1024)]


def test_what_is_erased_or_not_there_yet_is_nothing(folder):
    label = borrowed(folder)
    assert not label.read(WHOLE).any()
    predict(folder, noise(0))
    settle(folder)
    assert np.array_equal(label.read(WHOLE), noise(0))
    for path in chunks(folder):
        path.unlink()
    assert not label.read(WHOLE).any()


@pytest.mark.parametrize("settled", [True, False])
def test_what_is_read_is_never_older_than_the_last_write(folder, settled):
    label = borrowed(folder)
    for seed in range(12):
        labels = noise(seed)
        predict(folder, labels)
        if settled and seed % 2:
            settle(folder)
        assert np.array_equal(label.read(WHOLE), labels)
        assert np.array_equal(label.read(WHOLE), labels)


def test_a_file_that_may_change_again_within_the_same_instant_is_not_kept(folder):
    """Two files of one size, time and number: what a disk may give to two writes in a row."""
    predict(folder, noise(0))
    label, path = borrowed(folder), chunks(folder)[0]
    before = path.stat()
    assert np.array_equal(label.read(WHOLE), noise(0))
    other = bytearray(Path(chunks(folder)[1]).read_bytes())
    with path.open("r+b") as file:
        file.write(other)
        file.truncate(len(other))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    tile = label.read(Region(0, 512, 0, 512))
    assert np.array_equal(tile, noise(0)[:512, 512:1024])
