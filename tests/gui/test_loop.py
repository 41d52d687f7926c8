"""The whole loop in one window: propose, correct, retrain, propose again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import drag, place_of, press, settle, shoot, until
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ctcl.lesion import Lesion
from napari_ctcl.phantom import Phantom, plan_study
from napari_ctcl.region import Region
from napari_ctcl.session import STARTER
from napari_ctcl.store import Study

SIZE, SMALL = (600, 700), (192, 256)
RECIPE = """title = "tiny"
[architecture]
base = 4
depth = 3
global_side = 32
[views]
long_side_px = 96
crop_side = 32
[optimiser]
name = "adamw"
lr = 2e-3
[course]
batch = 2
epochs = 2
iterations = 4
eval_every = 2
precision = "fp32"
[finetune]
share = 1.0
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Six patients; five are labelled, the last is for the reader. No model is its own yet."""
    with Study.create(tmp_path / "study") as study:
        patients: dict[str, Any] = {}
        for plan in plan_study(18, size=SMALL, seed=3):
            patients.setdefault(plan.patient, plan)
        plans = [*list(patients.values())[:5], plan_study(18, size=SIZE, seed=3)[-1]]
        for number, plan in enumerate(plans):
            pixels, labels = Phantom(plan).render(Region.whole((plan.height, plan.width)))
            Image.fromarray(pixels).save(tmp_path / "photo.png")
            facts = {"patient": plan.patient, "visit": plan.visit, "region": plan.region}
            photo = study.photo(study.import_photo(tmp_path / "photo.png", **facts))
            if number < 5:
                drawn = photo.labels(user="teacher")
                drawn.begin("brush")
                drawn.paste(0, 0, labels)
                drawn.commit()
                drawn.close()
    (tmp_path / "tiny.toml").write_text(RECIPE)
    return tmp_path / "study"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures of the window go; a variable of the environment keeps them."""
    return Path(os.environ.get("CTCL_PICTURES", tmp_path / "pictures"))


@pytest.fixture
def looked_at(window: Any) -> Any:
    """The window with the unlabelled photo in hand."""
    window.show_photo(window.session.photos()[-1].id)
    settle(0.4)
    return window


def click(button: Any) -> None:
    assert button.isEnabled(), button.text()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_loop_goes_round_in_one_window(looked_at: Any, tmp_path: Path, pictures: Path) -> None:
    window, viewer = looked_at, looked_at.viewer
    session = window.session
    chunks: list[Region] = []
    session.region_predicted.connect(lambda _, region: chunks.append(region))

    assert session.champion is None
    assert window.segmenting.model.value == STARTER
    click(window.segmenting.button)
    until(lambda: len(chunks) >= 1, 180, what="the first chunk")
    seen = chunks[0]
    assert (session.shown.model(level=0, ys=seen.ys, xs=seen.xs) > 4).all()
    until(lambda: session.work is None, 180, what="the proposal")
    assert sum(region.area for region in chunks) == SIZE[0] * SIZE[1]
    first = session.photo.predicted_by()
    shoot(viewer, pictures / "loop-1-proposed.png")

    press(viewer, Qt.Key.Key_3)
    drag(viewer, [place_of(viewer, 300 + 60 * np.sin(t), 350 + 80 * np.cos(t)) for t in np.linspace(0, 6, 24)])
    painted = session.labels.read(ys=(0, SIZE[0]), xs=(0, SIZE[1]))
    assert (painted == Lesion.PLAQUE).any()
    shoot(viewer, pictures / "loop-2-painted.png")

    window.tabs.setCurrentIndex(1)
    settle(0.3)
    window.training.recipe.choices = [("tiny", str(tmp_path / "tiny.toml"))]
    click(window.training.button)
    until(lambda: bool(window.training.curves.folds), 180, what="the first epoch")
    shoot(viewer, pictures / "loop-3-training.png")
    click(window.training.work.cancel)
    until(lambda: session.work is None, 60, what="the end of the training")
    assert "stopped" in window.training.verdict.text()
    assert session.champion is None
    assert window.training.resume.isVisible()
    assert "Resume" in window.training.verdict.text()

    click(window.training.resume)
    until(lambda: session.work is None, 600, what="five folds")
    assert len(window.training.bars.scores) == 5, window.training.verdict.text()
    shoot(viewer, pictures / "loop-4-trained.png")
    names = {entry.name for entry in session.study.models.entries()}
    assert len(names) == 1
    assert len(list(session.study.runs_dir.glob("*/run.json"))) == 1
    assert window.training.resume.isHidden()
    assert set(window.segmenting.model.choices) == {*names, STARTER}

    window.tabs.setCurrentIndex(0)
    window.segmenting.model.value = names.pop()
    chunks.clear()
    click(window.segmenting.button)
    until(lambda: session.work is None, 180, what="the second proposal")
    assert chunks
    assert session.photo.predicted_by() != first
    assert np.array_equal(session.labels.read(ys=(0, SIZE[0]), xs=(0, SIZE[1])), painted)
    shoot(viewer, pictures / "loop-5-again.png")
