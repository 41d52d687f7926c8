"""A real window on a real study."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import predict, settle, until
from PIL import Image

from napari_ctcl.store import Study


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.gui)
            if os.environ.get("CTCL_NO_GUI") == "1":
                item.add_marker(pytest.mark.skip(reason="CTCL_NO_GUI is 1"))


@pytest.fixture(autouse=True)
def display() -> None:
    """A display with OpenGL; a machine without one says so, lest the window go untested in silence."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        pytest.fail("there is no display: run `make test`, or set CTCL_NO_GUI=1 to leave the window untested")


@pytest.fixture(autouse=True)
def tidy(display: None) -> None:
    """The last test's window is really gone: napari refuses the next viewer while one lives, even in a cycle."""
    gc.collect()
    gc.freeze()  # modules, and what a binding never lets go of, need not be looked through again after every test


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys that a test chooses are kept in its own folder, and forgotten with it."""
    from napari import settings

    settings._clear_plugin_settings_cache()
    monkeypatch.setattr(settings, "_CFG_PATH", str(tmp_path / "settings.yaml"))
    yield
    settings._clear_plugin_settings_cache()


@pytest.fixture(scope="session")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two photos, the first with a patch and a tumor that a model proposes; copy it before writing to it."""
    root = tmp_path_factory.mktemp("predicted")
    rows, columns = np.mgrid[:1200, :1600]
    labels = np.ones((1200, 1600), np.uint8)
    labels[(rows - 400) ** 2 + (columns - 500) ** 2 < 120**2] = 2
    labels[(rows - 800) ** 2 + (columns - 1100) ** 2 < 150**2] = 4
    with Study.create(root / "study") as study:
        for number, region in enumerate(("forearms", "legs")):
            skin = np.array([205, 160, 140]) + np.random.default_rng(number).integers(-9, 9, (1200, 1600, 1))
            Image.fromarray(skin.astype(np.uint8)).save(root / "photo.png")
            facts = {"patient": f"P0{number + 1}", "visit": "2026-03-01", "region": region, "side": "L"}
            study.import_photo(root / "photo.png", **facts)
        predict(study.photos()[0], labels)
    return root / "study"


@pytest.fixture
def study(predicted: Path, tmp_path: Path) -> Path:
    """A copy of the predicted study that a test may write to."""
    return Path(shutil.copytree(predicted, tmp_path / "study"))


@pytest.fixture
def window(make_napari_viewer: Any, study: Path) -> Iterator[Any]:
    """The annotator on the study, in a window of 1366 x 768."""
    from napari_ctcl._widgets import open_annotator

    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1366, 768)
    annotator = open_annotator(viewer, study)
    until(lambda: annotator.docks and all(layer.loaded for layer in viewer.layers), what="the window")
    settle(0.1)
    yield annotator
    annotator.close_study()
    settle(0.1)
