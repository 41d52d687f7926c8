from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr
from PIL import Image

from napari_ctcl._reader import get_reader, sample_photo
from napari_ctcl.errors import ImageError, StudyError
from napari_ctcl.store import Study

PIXELS = np.random.default_rng(1).integers(0, 255, (60, 90, 3), np.uint8)


def ome_zarr(path: Path, array: np.ndarray, axes: str, version: str = "0.5") -> Path:
    group = zarr.open_group(path, mode="w", zarr_format=3 if version == "0.5" else 2)
    group.create_array("0", data=array)
    about = [{"axes": [{"name": name} for name in axes], "datasets": [{"path": "0"}], "version": version}]
    group.attrs.update(
        {"ome": {"version": "0.5", "multiscales": about}} if version == "0.5" else {"multiscales": about}
    )
    return path


def read(path: Path) -> list:
    reader = get_reader(str(path))
    assert reader is not None
    return reader(str(path))


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_channels_come_last_and_as_colour(tmp_path: Path, version: str) -> None:
    path = ome_zarr(tmp_path / "arm.ome.zarr", np.moveaxis(PIXELS, 2, 0), "cyx", version)
    ((levels, options, kind),) = read(path)
    assert (kind, options["rgb"], options["multiscale"]) == ("image", True, True)
    assert options["name"].startswith("arm (to look at; to paint, ")
    assert np.array_equal(np.asarray(levels[0]), PIXELS)


def test_axes_of_one_are_dropped(tmp_path: Path) -> None:
    path = ome_zarr(tmp_path / "a.zarr", np.moveaxis(PIXELS, 2, 0)[None, :, None], "tczyx")
    ((levels, _, _),) = read(path)
    assert np.array_equal(np.asarray(levels[0]), PIXELS)


def test_a_stack_is_refused(tmp_path: Path) -> None:
    path = ome_zarr(tmp_path / "a.zarr", np.zeros((5, 20, 20), np.uint8), "zyx")
    with pytest.raises(ImageError, match="stack"):
        read(path)


def test_a_missing_level_is_named(tmp_path: Path) -> None:
    path = ome_zarr(tmp_path / "a.zarr", PIXELS[..., 0], "yx")
    (path / "0" / "zarr.json").unlink()
    with pytest.raises(ImageError, match=r"a\.zarr cannot be read as OME-Zarr"):
        read(path)


def test_a_zarr_without_an_image_is_refused(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "a.zarr", mode="w")
    with pytest.raises(ImageError, match="no OME-Zarr image"):
        read(tmp_path / "a.zarr")


def test_other_files_are_left_to_others(tmp_path: Path) -> None:
    assert get_reader(str(tmp_path / "photo.png")) is None
    assert get_reader(str(tmp_path)) is None


def test_a_study_opens_with_its_first_photo(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "photo.png")
    with Study.create(tmp_path / "study") as study:
        ident = study.import_photo(tmp_path / "photo.png", patient="P01", visit="2026-03-01", region="arms", side="L")
    ((levels, options, kind),) = read(tmp_path / "study")
    assert kind == "image"
    assert options["metadata"]["ctcl"] == {"study": str(tmp_path / "study"), "photo": ident}
    assert np.array_equal(np.asarray(levels[0]), PIXELS)


def test_an_empty_study_says_what_to_do(tmp_path: Path) -> None:
    Study.create(tmp_path / "study").close()
    with pytest.raises(StudyError, match="ctcl import"):
        read(tmp_path / "study")


def test_the_sample_is_a_photo_with_its_exact_labels() -> None:
    (photo, _, kind), (labels, _, label_kind) = sample_photo()
    assert (kind, label_kind) == ("image", "labels")
    assert photo.shape[:2] == labels.shape
    assert set(np.unique(labels)) <= {1, 2, 3, 4}


def test_every_command_of_the_manifest_is_there() -> None:
    from importlib import import_module

    from npe2 import PluginManifest

    manifest = PluginManifest.from_distribution("napari-ctcl")
    for command in manifest.contributions.commands or []:
        module, name = str(command.python_name).split(":")
        assert callable(getattr(import_module(module), name))
