from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hands import hover, native, place_of, settle
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from superqt.utils import qimage_to_array

from napari_ctcl._widgets.badge import NOT_SAVED, SAVED, Badge
from napari_ctcl._widgets.glass import Glass
from napari_ctcl._widgets.navigator import Navigator
from napari_ctcl._widgets.overview import Overview
from napari_ctcl._widgets.ruler import Ruler, ScaleBar, round_length, spoken_mm
from napari_ctcl._widgets.sight import Sight
from napari_ctcl.lesion import SCREEN_COLOURS, Lesion
from napari_ctcl.region import Region


@pytest.fixture
def sight(window: Any) -> Sight:
    return Sight(window.viewer, native(window.viewer))


def look(sight: Sight, y: float, x: float, zoom: float) -> None:
    sight._camera.zoom = zoom
    sight.look_at((y, x))
    settle(0.2)


def on_screen(sight: Sight) -> Any:
    """What the screen shows of the canvas: (h, w, 3), in pixels of the screen."""
    settle(0.3)
    surface = sight.surface
    corner = surface.mapToGlobal(surface.rect().topLeft())
    shot = QApplication.primaryScreen().grabWindow(0, corner.x(), corner.y(), surface.width(), surface.height())
    return qimage_to_array(shot.toImage())[..., :3]


def colours_near(picture: Any, place: QPointF, reach: int = 4) -> Any:
    y, x = round(place.y()), round(place.x())
    return picture[max(y - reach, 0) : y + reach, max(x - reach, 0) : x + reach].reshape(-1, 3).astype(int)


# Sight


def test_places_on_the_canvas_and_points_of_the_photo_turn_into_one_another(sight: Sight, window: Any) -> None:
    look(sight, 400, 900, 1.7)
    place = sight.place((300, 1000))
    assert (place.x(), place.y()) == pytest.approx(place_of(window.viewer, 300, 1000))
    assert sight.point(place) == pytest.approx((300, 1000))
    hover(window.viewer, (place.x(), place.y()))
    assert window.viewer.cursor.position[-2:] == pytest.approx((300, 1000), abs=1)


def test_a_region_that_is_fitted_is_whole_on_screen_with_a_margin(sight: Sight) -> None:
    region = Region(100, 300, 700, 1500)
    sight.fit(region)
    settle(0.2)
    y0, y1, x0, x1 = sight.seen()
    assert y0 < 100
    assert y1 > 300
    assert x0 < 700
    assert x1 > 1500
    assert (x1 - x0) < 1.4 * 800


# Glass


def test_the_glass_is_away_while_nothing_is_on_it(sight: Sight) -> None:
    glass = Glass(sight)
    assert glass.isHidden()
    glass.show_region([(100, 100), (100, 500), (400, 500)])
    assert glass.isVisible()
    glass.show_region(None)
    glass.show_trail([], (255, 0, 0))
    assert glass.isHidden()


def test_what_is_drawn_on_the_glass_shows_over_the_photo_where_it_belongs(sight: Sight) -> None:
    look(sight, 600, 800, 0.8)
    glass = Glass(sight)
    plain = on_screen(sight)
    corners = [(450, 500), (450, 1100), (750, 1100), (750, 500)]
    glass.show_region(corners)
    drawn = on_screen(sight)
    middle = sight.place((600, 800))
    assert np.array_equal(colours_near(drawn, middle), colours_near(plain, middle))
    edge = np.concatenate([colours_near(drawn, sight.place((450, x))) for x in range(600, 1000, 20)])
    assert edge.min() < 60  # a black dash and a white one: either shows on any skin
    assert edge.max() > 230


def test_the_glass_follows_the_photo(sight: Sight) -> None:
    look(sight, 600, 800, 0.8)
    glass = Glass(sight)
    glass.show_ruler((600, 700), (600, 900), "200 px")
    before = sight.place((600, 900))
    look(sight, 500, 800, 0.8)
    after = sight.place((600, 900))
    assert after.y() > before.y() + 50
    drawn = on_screen(sight)
    assert colours_near(drawn, after).max() > 240
    assert colours_near(drawn, after + QPointF(60, 60)).max() < 240


def test_the_mouse_goes_through_the_glass(sight: Sight, window: Any) -> None:
    glass = Glass(sight)
    glass.show_trail([(100, 100), (700, 700), (100, 1300)], SCREEN_COLOURS[Lesion.TUMOR])
    settle(0.1)
    place = sight.place((600, 800)).toPoint()
    assert sight.surface.childAt(place) is None


def test_a_glass_that_is_away_never_draws(sight: Sight) -> None:
    glass = Glass(sight)
    drawn: list[int] = []
    glass.paintEvent = lambda _: drawn.append(1)
    for step in range(5):
        look(sight, 500 + step * 20, 800, 1.0)
    assert not drawn


# Badge


def test_the_badge_says_what_is_in_hand(sight: Sight, window: Any) -> None:
    badge = Badge(sight.surface)
    assert badge.isHidden()
    badge.show_photo(window.session.photo)
    badge.show_class(Lesion.PLAQUE, SCREEN_COLOURS[Lesion.PLAQUE], "lasso")
    badge.show_reader("r.one")
    badge.show_saved(SAVED)
    settle(0.1)
    assert badge.isVisible()
    said = [label.text() for label in (badge.title, badge.facts, badge.hand, badge.tool, badge.saved, badge.reader)]
    assert said == ["Left forearm", "P01  ·  2026-03-01", "plaque", "lasso", "● saved", "r.one"]
    badge.show_saved(NOT_SAVED)
    assert "not saved" in badge.saved.text()
    badge.show_class(Lesion.PLAQUE, SCREEN_COLOURS[Lesion.PLAQUE], "erase")
    assert badge.hand.text() == "erase"
    badge.show_photo(None)
    assert badge.isHidden()


def test_the_badge_stands_out_from_dark_and_light_skin(sight: Sight, window: Any) -> None:
    badge = Badge(sight.surface)
    badge.show_photo(window.session.photo)
    settle(0.1)
    picture = on_screen(sight)
    card = badge.geometry()
    inside = picture[card.top() + 2 : card.bottom() - 2, card.left() + 2 : card.right() - 2].reshape(-1, 3)
    assert np.percentile(inside.max(1), 50) < 110
    assert inside.min(1).max() > 200


# Navigator


@pytest.fixture
def navigator(sight: Sight, window: Any) -> Navigator:
    shown = Navigator(sight)
    photo = window.session.photo
    shown.show_picture(photo.thumbnail(), photo.shape(0))
    return shown


def test_the_navigator_is_away_while_the_whole_photo_is_on_screen(sight: Sight, navigator: Navigator) -> None:
    sight.whole()
    settle(0.2)
    assert navigator.isHidden()
    look(sight, 600, 800, 2.0)
    assert navigator.isVisible()
    corner = navigator.geometry().bottomRight()
    assert sight.surface.width() - corner.x() < 30
    assert sight.surface.height() - corner.y() < 30


def test_a_press_on_the_map_moves_the_view_there_and_a_drag_takes_it_along(sight: Sight, navigator: Navigator) -> None:
    look(sight, 600, 800, 3.0)
    small = navigator.map
    QTest.mousePress(small, Qt.MouseButton.LeftButton, pos=small.rect().center())
    assert sight.centre == pytest.approx((600, 800), abs=12)
    QTest.mouseRelease(small, Qt.MouseButton.LeftButton, pos=small.rect().center())
    quarter = small.rect().center() / 2
    QTest.mousePress(small, Qt.MouseButton.LeftButton, pos=quarter)
    assert sight.centre == pytest.approx((300, 400), abs=18)
    assert small.frame().center().x() == pytest.approx(quarter.x(), abs=3)


def test_the_map_folds_up_and_opens_again(sight: Sight, navigator: Navigator) -> None:
    look(sight, 600, 800, 3.0)
    QTest.mouseClick(navigator.fold, Qt.MouseButton.LeftButton)
    settle(0.1)
    assert navigator.map.isHidden()
    assert navigator.isVisible()
    assert "map" in navigator.fold.text()
    QTest.mouseClick(navigator.fold, Qt.MouseButton.LeftButton)
    assert navigator.map.isVisible()


def test_the_map_shows_a_persons_labels_over_a_models(sight: Sight, navigator: Navigator, window: Any) -> None:
    look(sight, 600, 800, 3.0)
    codes = np.zeros((150, 200), np.uint8)
    codes[20:60, 20:60], codes[80:140, 120:180] = Lesion.TUMOR, Lesion.PATCH + 4
    navigator.show_labels(codes)
    settle(0.1)
    image = navigator.map.grab().toImage()
    down, across = image.height() / 150, image.width() / 200
    human = image.pixelColor(round(40 * across), round(40 * down))
    model = image.pixelColor(round(165 * across), round(130 * down))
    skin = QColor(205, 160, 140)
    assert human.red() > 2 * human.green()
    assert model.red() - model.blue() > skin.red() - skin.blue() + 40


def test_the_overview_is_read_beside_the_window_and_again_after_a_stroke(window: Any) -> None:
    overview = Overview()
    pictures: list[Any] = []
    codes: list[Any] = []
    overview.pictured.connect(lambda _, pixels: pictures.append(pixels))
    overview.labelled.connect(lambda _, found: codes.append(found))
    overview.watch(window.session.shown)
    settle(1.0)
    assert len(pictures) == 1
    assert len(codes) == 1
    for _ in range(30):
        overview.ask()
    settle(1.2)
    assert len(codes) == 1  # nothing was painted
    window.canvas.labels.paint((300, 300), int(Lesion.TUMOR))
    for _ in range(30):
        overview.ask()
        settle(0.02)
    settle(0.8)
    assert 2 <= len(codes) <= 3
    assert (codes[-1] == Lesion.TUMOR).any()


# Ruler


@pytest.fixture
def ruler(sight: Sight) -> Any:
    found = Ruler(sight, Glass(sight))
    found.measures, found.words = [], []
    found.measured.connect(found.measures.append)
    found.told.connect(found.words.append)
    return found


def test_two_clicks_and_a_length_give_the_scale(ruler: Any) -> None:
    ruler.draw([(600, 700)])
    ruler.hover((600, 800))
    assert ruler._glass.isVisible()
    ruler.measure((600, 700), (600, 900))
    assert ruler.card.isVisible()
    ruler.card.length.setFocus()
    ruler.card.length.selectAll()
    QTest.keyClicks(ruler.card.length, "5")
    ruler.card.unit.setCurrentText("cm")
    QTest.keyClick(ruler.card.length, Qt.Key.Key_Return)
    assert ruler.measures == pytest.approx([50 / 200])
    assert ruler.card.isHidden()
    assert ruler._glass.isHidden()


def test_escape_leaves_the_scale_as_it_was(ruler: Any) -> None:
    ruler.measure((600, 700), (600, 900))
    QTest.keyClick(ruler.card.length, Qt.Key.Key_Escape)
    assert ruler.card.isHidden()
    assert not ruler.measures


def test_points_too_close_to_be_exact_are_refused(ruler: Any) -> None:
    ruler.measure((600, 700), (600, 712))
    assert "12 px apart" in ruler.words[0]
    assert ruler.card.isHidden()
    assert ruler._glass.isHidden()


def test_a_photo_of_known_scale_is_measured_and_a_length_that_stays_sets_nothing(ruler: Any) -> None:
    ruler.show_scale(0.1)
    ruler.measure((600, 700), (600, 900))
    assert "20 mm" in ruler.card.words.text()
    QTest.keyClick(ruler.card.length, Qt.Key.Key_Return)
    assert not ruler.measures
    ruler.measure((600, 700), (600, 900))
    ruler.card.length.setValue(40)
    QTest.keyClick(ruler.card.length, Qt.Key.Key_Return)
    assert ruler.measures == pytest.approx([0.2])


def test_the_scale_bar_keeps_a_round_length_at_every_zoom(sight: Sight) -> None:
    bar = ScaleBar(sight)
    assert bar.isHidden()
    bar.show_scale(0.05)
    for zoom in (0.1, 0.35, 1.0, 4.0):
        look(sight, 600, 800, zoom)
        length, words = bar.bar()
        assert 50 <= length <= 131
        assert float(words.split()[0]) * (10 if "cm" in words else 1) == pytest.approx(length * 0.05 / sight.zoom)
    bar.show_scale(None)
    assert bar.isHidden()


@pytest.mark.parametrize(("most", "least"), [(130, 100), (99, 50), (49, 20), (19, 10), (0.5, 0.5), (0.049, 0.02)])
def test_round_lengths_are_one_two_and_five(most: float, least: float) -> None:
    assert round_length(most) == pytest.approx(least)


def test_lengths_are_said_in_the_unit_a_person_would_use() -> None:
    assert [spoken_mm(mm) for mm in (0.5, 8.44, 31.2, 250)] == ["0.5 mm", "8.44 mm", "31.2 mm", "25 cm"]


def test_on_a_narrow_canvas_the_badge_keeps_photo_class_and_safety_and_stays_inside(sight: Sight, window: Any) -> None:
    badge = window.workplace.furniture.badge
    window.canvas.labels.tool = "ruler"
    window.viewer.window.resize(900, 600)
    settle(0.4)
    assert badge.geometry().right() < sight.surface.width()
    assert not any(label.isHidden() for label in (badge.title, badge.hand, badge.saved))
    window.viewer.window.resize(1366, 768)
    settle(0.4)
    assert not badge.facts.isHidden()


def test_what_is_in_view_is_what_the_window_shows(sight: Sight, window: Any) -> None:
    look(sight, 600, 800, 3.0)
    y0, y1, x0, x1 = sight.seen()
    seen = window.canvas.labels.in_view
    assert (seen.y0, seen.y1, seen.x0, seen.x1) == pytest.approx((y0, y1, x0, x1), abs=2)
