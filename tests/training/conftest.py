"""Fixtures of the trainer's tests."""

import shutil

import pytest
import torch
from training_ground import TINY, import_photos

from napari_ctcl.store import Study
from training import recipe


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def tiny():
    return recipe.read("quick").with_fields(TINY)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    with Study.create(folder / "study") as study:
        import_photos(study, folder, [f"P{n}" for n in range(6)])
    return folder / "study"


@pytest.fixture
def study_path(drawn, tmp_path):
    shutil.copytree(drawn, tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture
def study(study_path):
    with Study.open(study_path) as opened:
        yield opened
