from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hands import drag, hover, place_of, press, settle, until
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ctcl.lesion import Lesion


def places(window: Any, *points: tuple[float, float]) -> list[tuple[float, float]]:
    return [place_of(window.viewer, y, x) for y, x in points]


def human(window: Any) -> Any:
    until(lambda: window.session.finished, what="the painter")
    labels = window.session.labels
    return labels.read(ys=(0, labels.shape[0]), xs=(0, labels.shape[1]))


def test_two_clicks_with_the_ruler_and_a_length_give_the_photo_its_scale(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_M)
    furniture = window.workplace.furniture
    for point in ((600, 700), (600, 900)):
        drag(window.viewer, places(window, point, point))
        hover(window.viewer, place_of(window.viewer, 600, 900))
        assert furniture.glass.isVisible()
    assert furniture.ruler.card.isVisible()
    assert furniture.bar.isHidden()
    furniture.ruler.card.length.setValue(50)
    QTest.keyClick(furniture.ruler.card.length, Qt.Key.Key_Return)
    settle(0.1)
    assert window.session.photo.mm_per_px == pytest.approx(0.25, rel=0.02)
    assert furniture.bar.isVisible()
    assert furniture.glass.isHidden()
    first, second = (photo.id for photo in window.session.photos())
    window.show_photo(second)
    assert furniture.bar.isHidden()
    window.show_photo(first)
    assert furniture.bar.isVisible()


def test_a_scale_that_no_photo_can_have_is_refused_in_a_sentence(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_M)
    ruler = window.workplace.furniture.ruler
    ruler.measure((600, 700), (600, 750))
    ruler.card.length.setValue(9000)
    QTest.keyClick(ruler.card.length, Qt.Key.Key_Return)
    assert window.header.message
    assert window.session.photo.mm_per_px is None
    assert window.workplace.furniture.bar.isHidden()


def test_another_tool_takes_the_ruler_away(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_M)
    window.workplace.furniture.ruler.measure((600, 700), (600, 900))
    press(window.viewer, Qt.Key.Key_B)
    assert window.workplace.furniture.ruler.card.isHidden()
    assert window.workplace.furniture.glass.isHidden()


def test_the_trail_of_a_lasso_is_drawn_until_the_pen_lifts(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_3)
    press(window.viewer, Qt.Key.Key_L)
    shown: list[bool] = []
    glass = window.workplace.furniture.glass
    window.canvas.labels.events.trail.connect(lambda _: shown.append(glass.isVisible()))
    turn = np.linspace(0, 2 * np.pi, 24)
    ring = [(300 + 90 * np.sin(t), 1100 + 90 * np.cos(t)) for t in turn]
    drag(window.viewer, places(window, *ring))
    assert True in shown
    assert glass.isHidden()
    assert human(window)[300, 1100] == Lesion.PLAQUE


def test_a_drawn_region_stays_in_sight_is_what_accepting_means_and_goes_at_escape(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_S)
    corners = ((200, 300), (200, 700), (600, 700), (600, 300), (200, 300))
    drag(window.viewer, places(window, *corners))
    glass = window.workplace.furniture.glass
    assert glass.isVisible()
    press(window.viewer, Qt.Key.Key_A)
    painted = human(window)
    assert painted[400, 500] == Lesion.PATCH
    assert not painted[800, 1100]
    press(window.viewer, Qt.Key.Key_Escape)
    assert window.canvas.labels.region is None
    assert glass.isHidden()


def test_the_badge_and_the_map_follow_the_photo_in_hand(window: Any) -> None:
    furniture = window.workplace.furniture
    assert furniture.badge.title.text() == "Left forearm"
    assert furniture.badge.reader.text() == window.session.user
    assert window.header.place.text() == "Photo 1 of 2"
    QTest.mouseClick(window.header.on, Qt.MouseButton.LeftButton)
    settle(0.2)
    assert furniture.badge.title.text() == "Left leg"
    assert window.header.place.text() == "Photo 2 of 2"
    assert not window.header.on.isEnabled()
    window.viewer.scene.camera.zoom = 4.0
    until(furniture.navigator.isVisible, what="the map")


def test_without_a_photo_nothing_lies_on_the_canvas(make_napari_viewer: Any) -> None:
    from napari_ctcl._widgets import open_annotator

    annotator = open_annotator(make_napari_viewer(show=True))
    settle(0.3)
    furniture = annotator.workplace.furniture
    for thing in (furniture.badge, furniture.navigator, furniture.bar, furniture.glass, furniture.ruler.card):
        assert thing.isHidden()
    assert annotator.header.place.text() == "No photo is open"
