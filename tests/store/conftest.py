"""The empty study that store tests begin with, and a disk that is full."""

import resource
from contextlib import contextmanager

import pytest

from napari_ctcl.store import Study


@pytest.fixture
def study(tmp_path):
    with Study.create(tmp_path / "study") as study:
        yield study


@pytest.fixture
def file_size_limit():
    """Within it no file may grow beyond some bytes, as on a disk that is full."""

    @contextmanager
    def limit(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit
