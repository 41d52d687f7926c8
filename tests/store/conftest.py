"""The empty study that store tests begin with."""

import pytest

from napari_ctcl.store import Study


@pytest.fixture
def study(tmp_path):
    with Study.create(tmp_path / "study") as study:
        yield study
