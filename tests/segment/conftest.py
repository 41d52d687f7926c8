"""A small study."""

from __future__ import annotations

import pytest
from small_models import photograph

from napari_ctcl.store import Study


@pytest.fixture
def study(tmp_path):
    """Two photos of two patients, 700 x 1100 and 300 x 200 px, and no model."""
    with Study.create(tmp_path / "study") as study:
        for number, (height, width) in enumerate([(700, 1100), (300, 200)]):
            path = photograph(tmp_path / f"{number}.png", height, width, number)
            study.import_photo(path, patient=f"P{number}", visit="2026-01-05", region="forearms")
        yield study
