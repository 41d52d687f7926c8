"""Fixtures of the trainer's tests."""

import shutil

import pytest
import torch
from training_ground import TINY, drain, import_photos, order

from napari_ctcl.store import Study
from training import recipe
from training.crossval import crossval


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


@pytest.fixture(scope="session")
def trained(drawn, tmp_path_factory):
    """A study with one trained model in use."""
    path = tmp_path_factory.mktemp("trained") / "study"
    shutil.copytree(drawn, path)
    with Study.open(path) as study:
        drain(crossval(study, order("first")))
    return path


@pytest.fixture
def veteran(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "veteran")
    with Study.open(tmp_path / "veteran") as study:
        yield study
