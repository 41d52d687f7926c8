"""The whole loop, as the demo walks it, small."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ctcl.demo import run
from napari_ctcl.errors import InputError
from napari_ctcl.events import Finished, FoldDone
from napari_ctcl.store import Study

RECIPE = """
title = "tiny"
[views]
long_side_px = 128
crop_side = 64
[course]
batch = 1
epochs = 4
iterations = 2
precision = "fp32"
[finetune]
share = 0.5
"""


def test_the_demo_goes_round_the_loop_and_says_what_it_was_worth(tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(RECIPE)
    out = tmp_path / "demo"
    events = list(run(out, photos=6, size=(96, 128), recipe=str(recipe)))
    finished = events[-1]
    assert isinstance(finished, Finished)
    facts = finished.result
    assert facts["photos"] == 6
    assert facts["strokes"] >= 6
    assert 0 <= facts["dice_before"] <= 1
    assert 0 <= facts["dice_after"] <= 1
    assert sum(isinstance(event, FoldDone) for event in events) == 5
    with Study.open(facts["study"]) as study:
        weights = {entry.fold: entry.digest for entry in study.models.entries()}
        assert all(photo.predicted_by() == weights[photo.fold] for photo in study.photos())
        assert all(photo.state == "in work" for photo in study.photos())
    page = Path(facts["report"]).read_text()
    assert page.count("data:image/jpeg;base64,") == 4 * 6
    assert "Research use only" in page
    assert "http" not in page.replace("http-equiv", "")
    next(run(out, photos=6, size=(96, 128)))  # a second demo takes the place of the first
    assert not Path(facts["report"]).exists()


def test_the_demo_takes_no_folder_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="no demo made"):
        next(run(tmp_path))
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
