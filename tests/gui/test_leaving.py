from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import drag, drop, place_of, press, settle, until
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_ctcl._widgets import menu, sample
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import Study


@pytest.fixture
def other(predicted: Path, tmp_path: Path) -> Path:
    """A second study."""
    return Path(shutil.copytree(predicted, tmp_path / "other"))


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


def click(button: Any) -> None:
    assert button.isEnabled(), button.text()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def answer(window: Any, words: str) -> None:
    until(lambda: window.leaving.question is not None, what="the question")
    click(next(button for button in window.leaving.question.buttons() if words in button.text()))
    settle(0.1)


def test_a_study_that_is_dropped_on_the_window_is_opened_in_it(window: Any, other: Path) -> None:
    drop(window.viewer, other)
    until(lambda: window.session.study.root == other, what="the other study")
    assert [layer.name for layer in window.viewer.layers] == ["photo", "lesions"]


def test_a_study_that_napari_itself_opens_is_opened_in_the_window_too(window: Any, other: Path) -> None:
    window.viewer.open(str(other), plugin="napari-ctcl")
    until(lambda: window.session.study.root == other, what="the other study")
    assert [layer.name for layer in window.viewer.layers] == ["photo", "lesions"]


def test_another_study_is_opened_from_the_dock_and_from_the_menu(
    window: Any, study: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [str(study), str(other)]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: chosen.pop())
    assert window.photos.another.isVisible()
    click(window.photos.another)
    assert window.session.study.root == other
    menu.open_study(window.viewer)
    assert window.session.study.root == study


def test_an_image_without_a_study_is_shown_and_it_is_said_how_to_paint(window: Any, tmp_path: Path) -> None:
    image = shutil.copytree(window.session.photo.image_path, tmp_path / "arm.ome.zarr")
    drop(window.viewer, image)
    until(lambda: "ctcl import" in window.header.message, what="the sentence")
    assert len(window.viewer.layers) == 3
    window.show_photo(window.session.photo.id)
    assert [layer.name for layer in window.viewer.layers] == ["photo", "lesions"]
    assert window.viewer.layers.selection.active is window.canvas.labels


def test_closing_the_window_asks_before_it_stops_what_runs(window: Any) -> None:
    main, session = window.window(), window.session
    main.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)  # it is looked at below
    click(window.segmenting.button)
    main.close()
    answer(window, "Keep")
    assert main.isVisible()
    assert session.work == "segment"
    main.close()
    answer(window, "Stop")
    until(lambda: not main.isVisible(), what="the window to close")
    assert session.work is None
    assert window.session is None


def test_switching_the_study_asks_too_and_says_how_to_go_on(window: Any, other: Path) -> None:
    session = window.session
    click(window.segmenting.button)
    window.open(other)
    assert window.session is session
    answer(window, "Stop")
    until(lambda: window.session is not session, what="the other study")
    assert window.session.study.root == other
    assert "Open that study again" in window.header.message


def test_a_window_that_a_program_closes_does_not_wait_for_the_job(window: Any) -> None:
    session = window.session
    click(window.segmenting.button)
    job = session._running._job
    began = time.monotonic()
    window.close_study()
    assert time.monotonic() - began < 1
    until(lambda: not job.running, what="the end of the job")


def test_a_photo_is_signed_off_and_reopened(window: Any) -> None:
    header, photo = window.header, window.session.photo
    until(header.sign.isVisible, what="the photo's state")
    assert not header.sign.isEnabled()
    window.segmenting.accept_all_asked.emit()
    until(header.sign.isEnabled, what="the count")
    click(header.sign)
    until(lambda: header.sign.text() == "Reopen", what="the signature")
    assert photo.state == "verified"
    assert "signed" in window.photos._items[photo.id].toolTip(0)
    click(header.sign)
    until(lambda: header.sign.text() == "Sign off", what="the photo in work again")
    assert photo.state == "in work"


def test_the_whole_proposal_is_accepted_beside_the_window_while_painting_goes_on(window: Any) -> None:
    window.segmenting.accept_all_asked.emit()
    assert "Accepting" in window.header.message
    press(window.viewer, Qt.Key.Key_3)
    drag(window.viewer, [place_of(window.viewer, 600, x) for x in (700, 760, 820)])
    until(lambda: "accepted" in window.header.message, what="the end")
    pixels = window.session.labels.read(ys=(0, 1200), xs=(0, 1600))
    assert (pixels == Lesion.TUMOR).any()
    assert pixels[600, 760] == Lesion.PLAQUE
    assert (pixels != 0).all()
    assert window.palette.undo.isEnabled()


def test_another_photo_waits_for_the_strokes_of_the_last_one(window: Any) -> None:
    first, second = window.photos.listed
    window.segmenting.accept_all_asked.emit()
    window.photos.chosen.emit(second)
    until(lambda: window.session.photo.id == second, what="the other photo")
    assert (window.session.study.photo(first).read_labels(ys=(0, 1200), xs=(0, 1600)) != 0).all()


def test_the_sample_is_kept_where_it_says_and_comes_back_with_its_strokes(window: Any, data_home: Path) -> None:
    window.sample.make()
    until(lambda: window.session.study.root.is_relative_to(data_home), 60, what="the sample")
    folder = window.session.study.root
    assert str(folder) in window.header.message
    session = window.session
    session.labels.begin("brush")
    session.labels.edit(0, 0, np.ones((9, 9), bool), Lesion.PATCH)
    session.labels.commit()
    window.close_study()
    assert sample.sample_study(folder) == folder
    with Study.open(folder) as again:
        assert again.photos()[0].label_pixels()[Lesion.PATCH] == 81
    assert [path.name for path in folder.parent.iterdir()] == ["sample-study"]
