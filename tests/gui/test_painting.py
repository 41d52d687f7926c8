from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hands import double_click, drag, hover, native, painted, place_of, press, settle
from qtpy.QtCore import Qt

from napari_ctcl._layers import looks, rings
from napari_ctcl.lesion import Lesion
from napari_ctcl.raster import Capsule
from napari_ctcl.region import Region
from napari_ctcl.store.gesture import Draw


def human(window: Any) -> Any:
    labels = window.session.labels
    return labels.read(ys=(0, labels.shape[0]), xs=(0, labels.shape[1]))


def on_screen(window: Any) -> tuple[Any, Any]:
    """View codes of the tile on screen, and the same read anew."""
    layer = window.canvas.labels
    _, tile, raw = layer._tile()
    return raw, layer.shown.read(level=layer.data_level, ys=tile.ys, xs=tile.xs)


def look(window: Any, y: float, x: float, zoom: float) -> None:
    window.viewer.scene.camera.center = (y, x)
    window.viewer.scene.camera.zoom = zoom
    painted(window.viewer)


def line(window: Any, y: float, x0: float, x1: float, steps: int = 12) -> list[tuple[float, float]]:
    return [place_of(window.viewer, y, x) for x in np.linspace(x0, x1, steps)]


@pytest.mark.parametrize("zoom", [2.0, 0.9, 0.3])
def test_a_stroke_is_exact_at_every_zoom(window: Any, zoom: float) -> None:
    window.palette.brush.unit.setCurrentIndex(1)
    look(window, 600, 800, zoom)
    press(window.viewer, Qt.Key.Key_3)
    window.canvas.labels.brush_size = 41
    reach = 120 / max(zoom, 0.5)
    drag(window.viewer, line(window, 600, 800 - reach, 800 + reach))
    pixels = human(window)
    assert set(np.unique(pixels)) == {0, Lesion.PLAQUE}
    ys, xs = np.nonzero(pixels)
    assert ys.min() == pytest.approx(600 - 20.5, abs=1.5 / zoom)
    assert ys.max() == pytest.approx(600 + 20.5, abs=1.5 / zoom)
    assert xs.min() == pytest.approx(800 - reach - 20.5, abs=2 / zoom)
    raw, anew = on_screen(window)
    assert np.array_equal(raw, anew)


def test_a_wide_stroke_on_the_overview_equals_the_same_stroke_brush_by_brush(window: Any) -> None:

    window.palette.brush.unit.setCurrentIndex(1)
    look(window, 600, 800, 0.4)
    layer = window.canvas.labels
    layer.selected_label, layer.brush_size = Lesion.TUMOR, 520
    swept: list[Capsule] = []
    do = layer.do
    layer.do = lambda gesture: (swept.extend(gesture.capsules), do(gesture))
    drag(window.viewer, line(window, 600, 500, 1100, 8))
    whole = Region.whole(layer.shown.shape)
    truth = np.any([capsule.mask(whole) for capsule in swept], axis=0)
    assert truth.sum() > 250_000
    assert np.array_equal(human(window) == Lesion.TUMOR, truth)
    raw, anew = on_screen(window)
    assert np.array_equal(raw, anew)


def test_erasing_shows_the_models_pixels_again(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_4)
    drag(window.viewer, line(window, 400, 450, 550))
    assert human(window).any()
    press(window.viewer, Qt.Key.Key_E)
    window.palette.brush.size.setValue(window.palette.brush.size.maximum())
    drag(window.viewer, line(window, 400, 430, 570))
    assert not human(window).any()
    raw, anew = on_screen(window)
    assert np.array_equal(raw, anew)
    assert 6 in raw


def test_human_pixels_are_kept_when_asked(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_2)
    drag(window.viewer, line(window, 600, 700, 800))
    first = human(window) == Lesion.PATCH
    window.palette.brush.over.setCurrentIndex(1)
    press(window.viewer, Qt.Key.Key_4)
    drag(window.viewer, line(window, 605, 650, 900))
    assert np.array_equal(human(window) == Lesion.PATCH, first)
    assert (human(window) == Lesion.TUMOR).any()


def test_undo_and_redo_by_key_give_the_pixels_back(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_3)
    drag(window.viewer, line(window, 300, 900, 1100))
    after = human(window)
    press(window.viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not human(window).any()
    press(window.viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert np.array_equal(human(window), after)
    raw, anew = on_screen(window)
    assert np.array_equal(raw, anew)


def test_accept_takes_over_the_lesion_under_the_cursor_and_reject_makes_it_normal(window: Any) -> None:
    hover(window.viewer, place_of(window.viewer, 400, 500))
    press(window.viewer, Qt.Key.Key_A)
    accepted = human(window) == Lesion.PATCH
    assert accepted.sum() == pytest.approx(np.pi * 120**2, rel=0.01)
    hover(window.viewer, place_of(window.viewer, 800, 1100))
    press(window.viewer, Qt.Key.Key_R)
    assert (human(window) == Lesion.NORMAL).sum() == pytest.approx(np.pi * 150**2, rel=0.01)
    assert not (human(window) == Lesion.TUMOR).any()


def test_fill_paints_the_inside_of_an_outline_and_nothing_beyond_it(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_3)
    turn = np.linspace(0, 2 * np.pi, 40)
    ring = [place_of(window.viewer, 850 + 90 * np.sin(t), 400 + 90 * np.cos(t)) for t in turn]
    drag(window.viewer, ring)
    outline = int((human(window) == Lesion.PLAQUE).sum())
    press(window.viewer, Qt.Key.Key_F)
    drag(window.viewer, [place_of(window.viewer, 850, 400)] * 2)
    filled = human(window) == Lesion.PLAQUE
    assert filled.sum() > outline
    assert filled[850, 400]
    assert filled.sum() < np.pi * 140**2


def test_a_polygon_is_painted_on_double_click(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_2)
    press(window.viewer, Qt.Key.Key_G)
    for y, x in ((200, 1200), (200, 1400), (400, 1400)):
        drag(window.viewer, [place_of(window.viewer, y, x)] * 2)
    double_click(window.viewer, place_of(window.viewer, 400, 1200))
    settle(0.2)
    painted = human(window) == Lesion.PATCH
    assert painted[300, 1300]
    assert painted.sum() == pytest.approx(200 * 200, rel=0.1)


def test_a_polygon_is_in_sight_while_it_is_begun_whatever_its_corners(window: Any) -> None:
    viewer, glass = window.viewer, window.workplace.furniture.glass
    press(viewer, Qt.Key.Key_G)
    corners = [(200, 1200), (200, 1400), (400, 1400), (200, 1200), (200, 1400), (400, 1400)]  # over itself
    for number, (y, x) in enumerate(corners):
        drag(viewer, [place_of(viewer, y, x)] * 2)
        assert glass.isVisible(), number
    double_click(viewer, place_of(viewer, 400, 1200))
    assert glass.isHidden()


def test_nothing_of_a_polygon_is_on_the_photo_while_none_is_begun(window: Any) -> None:
    viewer = window.viewer
    window.palette.looks.outline.setValue(0)
    for _ in range(2):
        settle(0.2)
        x, y = (round(c) for c in place_of(viewer, 0, 0))
        corner = viewer.screenshot(canvas_only=True, flash=False)[y - 6 : y + 7, x - 6 : x + 7, :3]
        assert corner.min(axis=2).max() < 200
        press(viewer, Qt.Key.Key_G)


def test_a_polygon_lies_where_its_corners_were_clicked(window: Any) -> None:
    viewer = window.viewer
    viewer.scene.camera.center, viewer.scene.camera.zoom = (820, 420), 8.0
    settle(0.3)
    press(viewer, Qt.Key.Key_2)
    press(viewer, Qt.Key.Key_G)
    for y, x in ((810, 410), (810, 430), (830, 430), (830, 410)):
        drag(viewer, [place_of(viewer, y, x)] * 2)
    window.canvas.labels._overlays["polygon"].add_polygon_to_labels(window.canvas.labels)
    settle(0.2)
    ys, xs = np.nonzero(human(window) == Lesion.PATCH)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (810, 830, 410, 430)


def test_a_right_click_and_a_way_round_and_back_fill_what_is_inside(window: Any) -> None:
    viewer, layer = window.viewer, window.canvas.labels
    press(viewer, Qt.Key.Key_3)
    corner = (800, 300)
    way = [corner, (800, 500), (1000, 500), (1000, 300), corner]
    drag(viewer, [place_of(viewer, *corner)] * 2, button=Qt.MouseButton.RightButton)
    for (y0, x0), (y1, x1) in pairwise(way):
        for part in np.linspace(0, 1, 12):
            hover(viewer, place_of(viewer, y0 + part * (y1 - y0), x0 + part * (x1 - x0)))
    settle(0.3)
    assert not layer._overlays["brush_stroke"].active
    assert human(window)[900, 400] == Lesion.PLAQUE


@pytest.mark.parametrize(("key", "value"), [("1", 1), ("2", 2), ("3", 3), ("4", 4)])
def test_number_keys_take_a_class_in_hand(window: Any, key: str, value: int) -> None:
    press(window.viewer, key)
    assert window.canvas.labels.selected_label == value
    assert window.palette.rows[Lesion(value)].property("chosen") == "true"
    assert Lesion(value).title in window.workplace.furniture.badge.hand.text()


def test_the_cursor_ring_has_the_colour_of_the_class_in_hand(window: Any) -> None:
    (ring,) = rings(window.viewer)
    for key, lesion in (("3", Lesion.PLAQUE), ("4", Lesion.TUMOR), ("2", Lesion.PATCH)):
        press(window.viewer, key)
        drawn = ring._black_circle.border_color.rgb
        assert np.allclose(drawn, np.array(window.palette.looks.colours[lesion]) / 255, atol=0.01)
    press(window.viewer, Qt.Key.Key_E)
    assert np.allclose(ring._black_circle.border_color.rgb, 0)


def test_a_human_outline_is_solid_and_a_models_is_dashed_and_neither_hides_the_skin(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_3)
    drag(window.viewer, line(window, 850, 350, 450))
    layer = window.canvas.labels
    raw = layer._slice.image.raw
    drawn = layer._slice.image.view
    assert set(np.unique(drawn[raw == Lesion.PLAQUE])) <= {3, 3 + looks.SOLID, looks.HEM}
    model = set(np.unique(drawn[raw == 6]))
    assert model == {6, 2 + looks.DASH, 2 + looks.GAP}
    inside = [layer.colormap.color_dict[code][3] for code in (3, 6)]
    assert 0 < inside[1] < inside[0] < 0.2
    assert np.array_equal(layer._raw_to_displayed(raw), drawn)


def test_tool_keys_choose_the_tool(window: Any) -> None:
    for key, mode in (
        (Qt.Key.Key_0, "erase"),
        (Qt.Key.Key_F, "fill"),
        (Qt.Key.Key_G, "polygon"),
        (Qt.Key.Key_B, "paint"),
    ):
        press(window.viewer, key)
        assert str(window.canvas.labels.mode) == mode
        assert window.palette.tools[mode].isChecked()


def test_bracket_keys_size_the_brush(window: Any) -> None:
    before = window.canvas.labels.brush_size
    press(window.viewer, Qt.Key.Key_BracketRight)
    larger = window.canvas.labels.brush_size
    press(window.viewer, Qt.Key.Key_BracketLeft)
    assert before < larger
    assert window.canvas.labels.brush_size == pytest.approx(before, abs=1)


def test_holding_tab_hides_the_labels_and_holding_space_moves_the_photo(window: Any) -> None:
    from qtpy.QtTest import QTest

    layer, canvas = window.canvas.labels, native(window.viewer)
    shown = layer.opacity
    canvas.setFocus()
    QTest.keyPress(canvas, Qt.Key.Key_Tab)
    assert layer.opacity == 0
    QTest.keyRelease(canvas, Qt.Key.Key_Tab)
    settle(0.1)
    assert layer.opacity == shown
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    assert str(layer.mode) == "pan_zoom"
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    settle(0.1)
    assert str(layer.mode) == "paint"


def test_a_polygon_that_is_begun_is_never_closed_on_another_photo(window: Any) -> None:
    first, second = window.photos.listed
    press(window.viewer, Qt.Key.Key_4)
    press(window.viewer, Qt.Key.Key_G)
    for y, x in ((500, 700), (500, 900), (650, 800)):
        drag(window.viewer, [place_of(window.viewer, y, x)] * 2)
    window.show_photo(second)
    painted(window.viewer)
    double_click(window.viewer, place_of(window.viewer, 700, 750))
    assert not human(window).any()
    window.show_photo(first)
    painted(window.viewer)
    assert not human(window).any()


def test_escape_drops_the_stroke_under_the_pen_and_undo_leaves_it_alone(window: Any) -> None:
    press(window.viewer, Qt.Key.Key_3)
    drag(window.viewer, line(window, 300, 900, 1100))
    kept = human(window)
    layer = window.canvas.labels
    layer._begin_stroke()
    layer.paint((800, 400), 4)
    press(window.viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(human(window), kept)
    press(window.viewer, Qt.Key.Key_Escape)
    layer._commit_stroke()
    painted(window.viewer)
    assert np.array_equal(human(window), kept)
    raw, anew = on_screen(window)
    assert np.array_equal(raw, anew)


def test_the_class_in_hand_never_leaves_the_class_table(window: Any) -> None:
    layer = window.canvas.labels
    layer.selected_label = 9
    assert layer.selected_label == Lesion.TUMOR
    for key in (Qt.Key.Key_M, Qt.Key.Key_X, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
        press(window.viewer, key)
    assert layer.selected_label == Lesion.TUMOR


def test_a_stroke_painted_while_tiles_are_still_being_read_stays_on_screen(window: Any) -> None:
    from napari.settings import get_settings

    assert get_settings().experimental.async_
    look(window, 600, 800, 0.3)
    window.viewer.scene.camera.center, window.viewer.scene.camera.zoom = (400, 500), 2.0
    drag(window.viewer, line(window, 400, 420, 580, 8))
    painted(window.viewer)
    raw, anew = on_screen(window)
    assert np.array_equal(raw, anew)
    assert (raw == Lesion.PATCH).any()


def test_what_is_taken_back_on_request_is_not_told_as_a_failure(window: Any) -> None:
    layer, told, failed = window.canvas.labels, [], []
    window.canvas.refused.connect(told.append)
    window.canvas.failed.connect(failed.append)
    layer.do(Draw(tool="paint", value=2, capsules=(Capsule(start=(600, 800), end=(600, 800), radius=1200),)))
    while not layer.stop():
        assert not window.session.finished
    painted(window.viewer)
    assert not failed
    assert "taken back" in told[0]
    assert not human(window).any()
