"""napari's reader of study folders and of OME-Zarr images, and the synthetic photo of *Open Sample*.

It gives plain layer data and knows no napari. What cannot be read is refused with what was found and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import zarr

from napari_ctcl.errors import ImageError, StudyError
from napari_ctcl.lesion import LESIONS, SCREEN_COLOURS, Lesion
from napari_ctcl.phantom import Phantom, plan_study
from napari_ctcl.region import Region
from napari_ctcl.shown import photo_levels
from napari_ctcl.store import Study

LayerData = tuple[Any, dict[str, Any], str]
Reader = Callable[[str | Sequence[str]], list[LayerData]]


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """The reader of a path; None for what is neither a study nor a Zarr folder."""
    if not isinstance(path, str):
        return None
    folder = Path(path)
    if (folder / "study.toml").is_file():
        return lambda _: read_study(folder)
    if folder.suffix == ".zarr":
        return lambda _: read_image(folder)
    return None


def read_study(folder: Path) -> list[LayerData]:
    """First photo of a study; the annotator takes it over, with its labels, when it is opened.

    Raises
    ------
    StudyError
        If it is not a study this version can open, or has no photos yet.
    """
    with Study.open(folder) as study:
        photos = study.photos()
        if not photos:
            raise StudyError(f"{folder} has no photos yet", do=f"import some: ctcl import {folder} FILES...")
        photo = photos[0]
        name = f"{photo.region} {photo.side or ''} - {photo.patient} (Plugins > CTCL: Annotator, to paint)"
        about = {"ctcl": {"study": str(folder), "photo": photo.id}}
        options = {"name": " ".join(name.split()), "rgb": True, "multiscale": True, "metadata": about}
        return [(photo_levels(photo), options, "image")]


def read_image(folder: Path) -> list[LayerData]:
    """An OME-Zarr image (OME-NGFF 0.4 or 0.5) as one multiscale layer, channels last.

    Raises
    ------
    ImageError
        If it is no OME-Zarr image, a level of it is missing, or it has more than rows, columns and channels.
    """
    try:
        about = _multiscale(folder, zarr.open_group(folder, mode="r").attrs.asdict())
        levels = [zarr.open_array(folder / str(dataset["path"]), mode="r") for dataset in about["datasets"]]
        axes = [str(axis["name"] if isinstance(axis, Mapping) else axis) for axis in about["axes"]]
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ImageError(
            f"{folder.name} cannot be read as OME-Zarr ({error})",
            expected="an OME-NGFF 0.4 or 0.5 image with all of its levels",
            do="write it again with the program that made it, or import the original photo",
        ) from error
    arrays = [_upright(folder, _lazy(level), axes) for level in levels]
    title = folder.name.removesuffix(".zarr").removesuffix(".ome")
    options = {
        "name": f"{title} (to look at; to paint, import the photo: ctcl import)",
        "rgb": arrays[0].ndim == 3,
        "multiscale": True,
        "metadata": {"ctcl": {"looked_at": title}},
    }
    return [(arrays, options, "image")]


def _multiscale(folder: Path, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    found = attributes.get("ome", attributes).get("multiscales")
    if not found:
        raise ImageError(
            f"{folder.name} holds no OME-Zarr image",
            expected="'multiscales' in its metadata",
            do="open the image in it",
        )
    return dict(found[0])


def _lazy(level: Any) -> Any:
    return da.from_array(level, chunks=level.chunks)  # type: ignore[no-untyped-call]


def _upright(folder: Path, array: Any, axes: Sequence[str]) -> Any:
    if len(axes) != array.ndim or not {"y", "x"} <= set(axes):
        raise ImageError(
            f"{folder.name} has the axes {', '.join(axes)} and {array.ndim} dimensions",
            expected="y, x and at most c with one size each",
            do="export it as a flat colour image",
        )
    order = [axes.index(name) for name in ("y", "x", "c") if name in axes]
    others = [axis for axis in range(array.ndim) if axis not in order]
    if any(array.shape[axis] != 1 for axis in others):
        raise ImageError(f"{folder.name} is a stack", expected="one photo", do="export the plane you want to label")
    flat = da.transpose(array, others + order)[(0,) * len(others)]
    if flat.ndim == 3 and flat.shape[2] in (3, 4):
        return flat[..., :3]
    return flat[..., 0] if flat.ndim == 3 else flat


def sample_photo() -> list[LayerData]:
    """A synthetic photo of skin with lesions and its exact labels, painted on the spot."""
    phantom = Phantom(plan_study(1, size=(768, 1024), seed=11)[0])
    pixels, labels = phantom.render(Region.whole(phantom.shape))
    clear = np.zeros(4)
    table: dict[int | None, Any] = {None: clear, int(Lesion.UNLABELLED): clear, int(Lesion.NORMAL): clear}
    table |= {int(lesion): np.array([*SCREEN_COLOURS[lesion], 255]) / 255 for lesion in LESIONS}
    return [
        (pixels, {"name": "synthetic skin", "rgb": True}, "image"),
        (labels, {"name": "lesions (exact)", "opacity": 0.5, "colormap": table}, "labels"),
    ]
