"""What the model takes for one lesion, as the smart brush paints it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ctcl.lesion import Lesion
from napari_ctcl.proposals import REACH_PX, Proposals
from napari_ctcl.region import Region, grid
from napari_ctcl.shown import Shown
from napari_ctcl.store import Photo, Study

SHAPE = (900, 1200)
PLAQUE = Region(300, 420, 500, 560)


def predict(photo: Photo, labels: np.ndarray) -> None:
    with photo.prediction() as writer:
        writer.start("a" * 64)
        for cell in grid((photo.height, photo.width), 512):
            doubt = np.zeros(cell.at_level(2).shape, np.uint8)
            writer.write(cell, np.ascontiguousarray(labels[cell.slices]), doubt)


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    """A patch with a plaque on it and a tumor apart, as a model sees them."""
    labels = np.ones(SHAPE, np.uint8)
    labels[250:500, 400:700] = Lesion.PATCH
    labels[PLAQUE.slices] = Lesion.PLAQUE
    labels[700:720, 100:130] = Lesion.TUMOR
    Image.fromarray(np.full((*SHAPE, 3), 180, np.uint8)).save(tmp_path / "photo.png")
    with Study.create(tmp_path / "study") as study:
        study.import_photo(tmp_path / "photo.png", patient="P01", visit="2026-03-01", region="legs", side="L")
        photo = study.photos()[0]
        predict(photo, labels)
        with photo.labels(user="Eve") as human:
            yield Shown(photo, human)


def test_a_segment_is_all_that_is_joined_and_of_one_class(shown: Shown) -> None:
    found = Proposals(shown).find((310.0, 520.0))
    assert found is not None
    assert (found.level, found.region) == (0, PLAQUE)
    assert found.mask.all()
    around = Proposals(shown).find((260.0, 410.0))
    assert around is not None
    assert around.region == Region(250, 500, 400, 700)
    assert around.mask.sum() == 250 * 300 - PLAQUE.area


def test_where_the_model_proposes_no_lesion_there_is_no_segment(shown: Shown) -> None:
    proposals = Proposals(shown)
    for at in ((10.0, 10.0), (-3.0, 5.0), (5.0, 5000.0)):
        assert not proposals.lesion(at)
        assert proposals.find(at) is None
        assert proposals.known(at) is None


def test_what_was_found_is_known_wherever_the_pen_goes_on_it(shown: Shown) -> None:
    proposals = Proposals(shown)
    assert proposals.known((310.0, 520.0)) is None
    found = proposals.find((310.0, 520.0))
    assert proposals.known((419.0, 559.0)) is found
    assert proposals.find((400.0, 501.0)) is found
    assert proposals.known((420.0, 559.0)) is None


def test_a_new_prediction_is_looked_at_anew(shown: Shown) -> None:
    proposals = Proposals(shown)
    proposals.find((310.0, 520.0))
    predict(shown.photo, np.full(SHAPE, Lesion.PATCH, np.uint8))
    shown.refresh()
    proposals.forget()
    found = proposals.find((310.0, 520.0))
    assert found is not None
    assert found.region == Region.whole(SHAPE)


def test_nothing_is_searched_beyond_the_reach(shown: Shown) -> None:
    asked: list[Region] = []
    model = shown.model

    class Tally(Shown):
        def model(self, *, level: int, ys: tuple[int, int], xs: tuple[int, int]) -> np.ndarray:
            asked.append(Region(*ys, *xs))
            return model(level=level, ys=ys, xs=xs)

    tally = Tally(shown.photo, shown.labels)
    assert Proposals(tally).find((260.0, 410.0)) is not None
    assert max(max(region.shape) for region in asked) <= REACH_PX + 1
