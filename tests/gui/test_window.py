from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import drag, place_of, settle, until
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QLabel, QPushButton

from napari_ctcl._widgets import open_annotator
from napari_ctcl._widgets.style import RESEARCH
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import Study


def test_without_a_study_the_window_says_how_to_open_one(make_napari_viewer: Any) -> None:
    viewer = make_napari_viewer(show=True)
    annotator = open_annotator(viewer)
    settle(0.3)
    assert annotator.photos.open_button.isVisible()
    assert annotator.photos.sample_button.isVisible()
    assert not annotator.segmenting.isEnabled()


def test_it_is_always_said_that_this_is_research(window: Any) -> None:
    said = [label for label in window.window().findChildren(QLabel) if label.text() == RESEARCH]
    assert said
    assert said[0].isVisible()


def test_naparis_own_layer_docks_start_out_of_the_way(window: Any) -> None:
    docks = {dock.objectName(): dock for dock in window.window().findChildren(QDockWidget)}
    assert not docks["layer list"].isVisible()
    assert not docks["layer controls"].isVisible()


def test_a_panel_that_was_put_away_comes_back_from_the_window_menu(window: Any) -> None:
    for name in ("Photos", "CTCL"):
        dock = next(dock for dock in window.window().findChildren(QDockWidget) if dock.windowTitle() == name)
        assert not any(button.isVisible() for button in dock.findChildren(QPushButton, "QTitleBarCloseButton"))
        dock.close()
        settle(0.1)
        assert not dock.isVisible()
        (action,) = (action for action in window.viewer.window.window_menu.actions() if action.text() == name)
        action.trigger()
        settle(0.1)
        assert dock.isVisible()


def test_a_folder_that_is_no_study_is_explained_in_a_sentence(window: Any, tmp_path: Path) -> None:
    before = window.session
    window.open(tmp_path)
    assert str(tmp_path.name) in window.header.message
    assert "Traceback" not in window.header.message
    assert window.session is before


def test_a_catalogue_of_rubbish_is_explained_and_the_open_study_stays(window: Any, study: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(study, tmp_path / "broken")
    for file in broken.glob("catalogue.sqlite*"):
        file.write_bytes(b"rubbish" * 999)
    before = window.session
    window.open(broken)
    assert "catalogue.sqlite" in window.header.message
    assert window.session is before


def test_a_study_without_photos_leaves_none_of_the_last_one_on_the_canvas(window: Any, tmp_path: Path) -> None:
    Study.create(tmp_path / "empty").close()
    window.open(tmp_path / "empty")
    assert not list(window.viewer.layers)
    assert "no photos yet" in window.header.message
    assert not window.palette.isEnabled()


def test_a_stroke_on_a_photo_whose_folder_is_gone_is_not_called_saved(window: Any) -> None:
    root = window.session.photo.root
    root.rename(root.with_name("elsewhere"))
    drag(window.viewer, [place_of(window.viewer, 300, x) for x in np.linspace(900, 1100, 8)])
    assert "not saved" in window.workplace.furniture.badge.saved.text()
    assert "put the folder back" in window.header.message.lower()
    root.with_name("elsewhere").rename(root)


def test_the_box_asks_for_the_model_that_was_chosen(window: Any) -> None:
    asked: list[tuple[str, str]] = []
    window.segmenting.asked.disconnect()
    window.segmenting.asked.connect(lambda *what: asked.append(what))
    window.segmenting.show_models(["tuned-2", "tuned-1", "starter"], "tuned-2", shown=False)
    assert window.segmenting.model.value == "tuned-2"
    window.segmenting.model.value = "starter"
    window.segmenting.show_models(["tuned-2", "tuned-1", "starter"], "tuned-2", shown=True)
    QTest.mouseClick(window.segmenting.button, Qt.MouseButton.LeftButton)
    assert asked == [("auto", "starter")]


def test_the_classes_keep_their_colours_while_no_study_is_open(make_napari_viewer: Any) -> None:
    annotator = open_annotator(make_napari_viewer(show=True))
    settle(0.3)
    picture = annotator.palette.rows[Lesion.TUMOR].picture
    assert not picture.isEnabled()
    middle = picture.grab().toImage().pixelColor(9, 9)
    assert middle.red() > 2 * middle.green()


def test_choosing_another_photo_keeps_one_layer_of_each_kind(window: Any) -> None:
    first, second = (photo.id for photo in window.session.photos())
    layers = list(window.viewer.layers)
    for ident in (second, first, second):
        window.show_photo(ident)
        settle(0.2)
    assert list(window.viewer.layers) == layers
    assert "leg" in window.workplace.furniture.badge.title.text()
    assert window.session.photo.id == second


def test_painting_shows_in_the_palette_and_in_the_list(window: Any) -> None:
    drag(window.viewer, [place_of(window.viewer, 300, x) for x in np.linspace(900, 1100, 8)])
    until(lambda: window.palette.rows[Lesion.PATCH].amount.text().endswith("%"), what="the count")
    photo = window.session.photo
    assert photo.state == "in work"
    assert window.palette.undo.isEnabled()


def test_clicking_a_class_takes_it_in_hand(window: Any) -> None:
    QTest.mouseClick(window.palette.rows[Lesion.TUMOR], Qt.MouseButton.LeftButton)
    assert window.canvas.labels.selected_label == Lesion.TUMOR
    assert window.workplace.furniture.badge.hand.text() == "tumor"


def test_colour_blind_colours_reach_the_layer(window: Any) -> None:
    plain = window.canvas.labels.colormap.color_dict[2].copy()
    window.palette.looks.blind.setChecked(True)
    assert not np.allclose(window.canvas.labels.colormap.color_dict[2], plain)


def test_verified_skin_is_tinted_only_on_request(window: Any) -> None:
    assert window.canvas.labels.colormap.color_dict[1][3] == 0
    window.palette.looks.tint.setChecked(True)
    assert window.canvas.labels.colormap.color_dict[1][3] > 0.3


def test_the_brush_keeps_its_size_on_screen_when_asked(window: Any) -> None:
    window.viewer.scene.camera.zoom = 1.0
    one = window.canvas.labels.brush_size
    window.viewer.scene.camera.zoom = 0.5
    assert window.canvas.labels.brush_size == pytest.approx(2 * one, abs=1)
    window.palette.brush.unit.setCurrentIndex(1)
    kept = window.canvas.labels.brush_size
    window.viewer.scene.camera.zoom = 0.25
    assert window.canvas.labels.brush_size == kept


def test_searching_hides_what_does_not_fit(window: Any) -> None:
    window.photos.search.setText("P02")
    hidden = [item.isHidden() for item in window.photos._items.values()]
    assert hidden == [True, False]


def test_closing_the_window_keeps_the_strokes_and_gives_the_photo_back(window: Any, study: Path) -> None:
    drag(window.viewer, [place_of(window.viewer, 300, x) for x in np.linspace(900, 1100, 8)])
    ident = window.session.photo.id
    window.window().hide()
    settle(0.2)
    assert window.session is None
    with Study.open(study) as again:
        assert again.photo(ident).label_pixels()[Lesion.PATCH] > 0
        again.photo(ident).labels(user="somebody").close()


def test_the_annotator_takes_over_what_the_reader_opened(
    make_napari_viewer: Any, predicted: Path, tmp_path: Path
) -> None:
    study = shutil.copytree(predicted, tmp_path / "study")
    viewer = make_napari_viewer(show=True)
    viewer.open(str(study), plugin="napari-ctcl")
    assert len(viewer.layers) == 1
    _, annotator = viewer.window.add_plugin_dock_widget("napari-ctcl", "Annotator")
    until(lambda: annotator.session is not None, what="the study")
    assert [layer.name for layer in viewer.layers] == ["photo", "lesions"]
    annotator.close_study()


def test_the_sample_opens_from_naparis_menu(make_napari_viewer: Any) -> None:
    viewer = make_napari_viewer()
    viewer.open_sample("napari-ctcl", "skin")
    assert [type(layer).__name__ for layer in viewer.layers] == ["Image", "Labels"]
