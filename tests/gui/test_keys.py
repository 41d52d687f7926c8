from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hands import hover, native, place_of, press, settle, until
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_ctcl._widgets.actions import ACTIONS
from napari_ctcl._widgets.keys import bindings, keys_of, spelt
from napari_ctcl.lesion import Lesion

SHIFTED = '?+{}|:"<>~!@#$%^&*()_'


@dataclass(frozen=True, slots=True)
class Bench:
    """A window on a photo of which nothing is labelled yet, and one key to try on it."""

    window: Any
    key: str

    def down(self) -> None:
        QTest.keyPress(native(self.window.viewer), *self._event())
        settle(0.05)

    def up(self) -> None:
        QTest.keyRelease(native(self.window.viewer), *self._event())
        settle(0.05)

    def hit(self) -> None:
        native(self.window.viewer).setFocus()
        self.down()
        self.up()

    def _event(self) -> tuple[Any, Any]:
        pair = QKeySequence(self.key)[0]
        shift = Qt.KeyboardModifier.ShiftModifier if self.key[-1] in SHIFTED else Qt.KeyboardModifier.NoModifier
        return pair.key(), pair.keyboardModifiers() | shift

    @property
    def layer(self) -> Any:
        return self.window.canvas.labels

    @property
    def sight(self) -> Any:
        return self.window.workplace.furniture.sight

    @property
    def camera(self) -> Any:
        return self.window.viewer.scene.camera

    def human(self) -> Any:
        until(lambda: self.window.session.finished, what="the painter")
        labels = self.window.session.labels
        return labels.read(ys=(0, labels.shape[0]), xs=(0, labels.shape[1]))

    def point(self, y: float, x: float) -> None:
        hover(self.window.viewer, place_of(self.window.viewer, y, x))


@pytest.fixture(scope="module")
def kept(qapp: Any, predicted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One window for all keys of this file: opening one takes longer than all of them together."""
    import napari

    from napari_ctcl._widgets import open_annotator

    study = shutil.copytree(predicted, tmp_path_factory.mktemp("keys") / "study")
    viewer = napari.Viewer()
    viewer.window.resize(1366, 768)
    annotator = open_annotator(viewer, study)
    settle(0.5)
    yield annotator
    annotator.close_study()
    viewer.close()
    del annotator, viewer
    settle(0.1)
    gc.collect()


@pytest.fixture
def bench(kept: Any, request: pytest.FixtureRequest) -> Bench:
    session = kept.session
    if session.photo.id != session.photos()[0].id:
        kept.show_photo(session.photos()[0].id)
    layer = kept.canvas.labels
    while session.labels.can_undo:
        layer.undo()
        until(lambda: session.finished, what="the painter")
    layer.tool, layer.selected_label, layer.region, layer.opacity = "paint", int(Lesion.PATCH), None, 1.0
    kept.workplace.sheet.close()
    kept.window().activateWindow()
    kept.viewer.scene.camera.center, kept.viewer.scene.camera.zoom = (600, 800), 0.8
    settle(0.15)
    native(kept.viewer).setFocus()
    return Bench(kept, getattr(request, "param", ""))


def takes(lesion: Lesion) -> Callable[[Bench], None]:
    def check(bench: Bench) -> None:
        bench.layer.selected_label, bench.layer.tool = int(Lesion.UNLABELLED), "erase"
        bench.hit()
        assert bench.layer.selected_label == lesion
        assert bench.layer.tool == "paint"

    return check


def uses(tool: str) -> Callable[[Bench], None]:
    def check(bench: Bench) -> None:
        bench.layer.tool = "pan_zoom"
        bench.hit()
        assert bench.layer.tool == tool
        assert bench.window.palette.tools[tool].isChecked()

    return check


def sizes(factor: float) -> Callable[[Bench], None]:
    def check(bench: Bench) -> None:
        before = bench.layer.brush_size
        bench.hit()
        assert bench.layer.brush_size == pytest.approx(before * factor, rel=0.05)

    return check


def judges(value: Lesion) -> Callable[[Bench], None]:
    def check(bench: Bench) -> None:
        bench.point(400, 500)
        bench.hit()
        painted = bench.human()
        assert painted[400, 500] == value
        assert (painted > 0).sum() == pytest.approx(np.pi * 120**2, rel=0.02)

    return check


def zooms(factor: float) -> Callable[[Bench], None]:
    def check(bench: Bench) -> None:
        before = bench.camera.zoom
        bench.hit()
        assert bench.camera.zoom == pytest.approx(before * factor)

    return check


def pans(down: int, across: int) -> Callable[[Bench], None]:
    def check(bench: Bench) -> None:
        y, x = bench.sight.centre
        bench.hit()
        assert [np.sign(round(now - was)) for now, was in zip(bench.sight.centre, (y, x), strict=True)] == [
            down,
            across,
        ]

    return check


def turns(first: int, then: int) -> Callable[[Bench], None]:
    def check(bench: Bench) -> None:
        photos = [photo.id for photo in bench.window.session.photos()]
        bench.window.show_photo(photos[first])
        bench.hit()
        assert bench.window.session.photo.id == photos[then]
        bench.hit()
        assert "photo" in bench.window.header.message

    return check


def smart(bench: Bench) -> None:
    bench.hit()
    assert bench.layer.tool == "smart"
    bench.hit()
    assert bench.layer.tool == "paint"


def undo(bench: Bench) -> None:
    bench.layer.paint((300, 900), int(Lesion.TUMOR))
    assert bench.human().any()
    bench.hit()
    assert not bench.human().any()


def redo(bench: Bench) -> None:
    bench.layer.paint((300, 900), int(Lesion.TUMOR))
    after = bench.human()
    bench.layer.undo()
    assert not bench.human().any()
    bench.hit()
    assert np.array_equal(bench.human(), after)


def accept_view(bench: Bench) -> None:
    bench.camera.center, bench.camera.zoom = (400, 500), 2.0
    settle(0.2)
    bench.hit()
    painted = bench.human()
    assert painted[400, 500] == Lesion.PATCH
    assert not painted[800, 1100]


def look_on(bench: Bench) -> None:
    bench.window.header.hush()
    bench.hit()
    until(lambda: bool(bench.window.header.message), what="a word about what is left")


def peek(bench: Bench) -> None:
    bench.down()
    assert bench.layer.opacity == 0
    bench.up()
    assert bench.layer.opacity == 1


def move(bench: Bench) -> None:
    bench.layer.tool = "lasso"
    bench.down()
    assert bench.layer.tool == "pan_zoom"
    bench.up()
    assert bench.layer.tool == "lasso"


def outlines(bench: Bench) -> None:
    width = bench.layer.outline_px
    bench.hit()
    assert bench.layer.outline_px == 0 < width
    bench.hit()
    assert bench.layer.outline_px == width


def whole(bench: Bench) -> None:
    bench.camera.zoom = 5.0
    bench.hit()
    y0, y1, x0, x1 = bench.sight.seen()
    assert y0 <= 0
    assert x0 <= 0
    assert y1 >= 1199
    assert x1 >= 1599


def put_down(bench: Bench) -> None:
    bench.layer.region = ((100, 100), (100, 400), (400, 400))
    settle(0.1)
    assert bench.window.workplace.furniture.glass.isVisible()
    bench.hit()
    assert bench.layer.region is None
    assert not bench.window.workplace.furniture.glass.isVisible()


def pane(bench: Bench) -> None:
    surface, window = native(bench.window.viewer), bench.window
    seen = []
    bench.down()
    while (focus := QApplication.focusWidget()) is not surface and len(seen) < 5:
        seen.append(next(name for name in ("header", "photos", "tabs") if getattr(window, name).isAncestorOf(focus)))
        last = focus
        QTest.keyClick(focus, Qt.Key.Key_F6)
    assert seen == ["header", "photos", "tabs", "tabs"]
    assert last is window.lesions.view
    window.tabs.setFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is surface


def sheet(bench: Bench) -> None:
    bench.hit()
    assert bench.window.workplace.sheet.isVisible()
    QTest.keyClick(bench.window.workplace.sheet, Qt.Key.Key_Escape)
    assert not bench.window.workplace.sheet.isVisible()


CHECKS: dict[str, Callable[[Bench], None]] = {
    "normal": takes(Lesion.NORMAL),
    "patch": takes(Lesion.PATCH),
    "plaque": takes(Lesion.PLAQUE),
    "tumor": takes(Lesion.TUMOR),
    **{tool: uses(tool) for tool in ("erase", "paint", "lasso", "polygon", "fill", "pick", "region", "ruler")},
    "smart": smart,
    "smaller": sizes(0.8),
    "larger": sizes(1.25),
    "undo": undo,
    "redo": redo,
    "accept": judges(Lesion.PATCH),
    "reject": judges(Lesion.NORMAL),
    "as_normal": judges(Lesion.NORMAL),
    "as_patch": judges(Lesion.PATCH),
    "as_plaque": judges(Lesion.PLAQUE),
    "as_tumor": judges(Lesion.TUMOR),
    "accept_view": accept_view,
    "look_on": look_on,
    "peek": peek,
    "outlines": outlines,
    "pan_zoom": move,
    "closer": zooms(1.25),
    "away": zooms(0.8),
    "up": pans(-1, 0),
    "down": pans(1, 0),
    "left": pans(0, -1),
    "right": pans(0, 1),
    "whole": whole,
    "previous": turns(1, 0),
    "next": turns(0, 1),
    "put_down": put_down,
    "pane": pane,
    "sheet": sheet,
}
EVERY_KEY = [(action.name, key) for action in ACTIONS for key in keys_of(action.keys)]


@pytest.mark.parametrize(("name", "bench"), EVERY_KEY, indirect=["bench"], ids=[f"{n} {k}" for n, k in EVERY_KEY])
def test_pressing_a_key_does_what_the_sheet_says(name: str, bench: Bench) -> None:
    CHECKS[name](bench)


def test_keys_reach_the_photo_from_the_panels_around_it(bench: Bench) -> None:
    button = bench.window.palette.tools["paint"]
    button.setFocus()
    QTest.keyClick(button, "4")
    assert bench.layer.selected_label == Lesion.TUMOR


def test_a_click_beside_the_photo_leaves_it_the_keys(bench: Bench) -> None:
    tree, looks = bench.window.photos.tree, bench.window.palette.looks
    photo = tree.visualItemRect(next(iter(bench.window.photos._items.values()))).center()
    choice = bench.window.segmenting.device.native
    for control, place in (
        (choice, None),
        (bench.window.palette.undo, None),
        (looks.tint, None),
        (tree.viewport(), photo),
    ):
        bench.layer.selected_label = int(Lesion.PATCH)
        QTest.mouseClick(control, Qt.MouseButton.LeftButton, pos=place or control.rect().center())
        if QApplication.activePopupWidget() is not None:
            QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Escape)
        settle(0.05)
        QTest.keyClick(QApplication.focusWidget(), "4")
        assert bench.layer.selected_label == Lesion.TUMOR
    looks.tint.setChecked(False)


def test_letters_that_are_typed_into_a_box_stay_there(bench: Bench) -> None:
    search = bench.window.photos.search
    search.setFocus()
    QTest.keyClicks(search, "p024")
    assert search.text() == "p024"
    assert bench.layer.selected_label == Lesion.PATCH
    search.clear()


def test_a_key_that_is_held_when_the_window_is_left_is_let_go(bench: Bench) -> None:
    tab = Bench(bench.window, "Tab")
    tab.down()
    assert bench.layer.opacity == 0
    bench.window.photos.search.setFocus()
    settle(0.05)
    assert bench.layer.opacity == 1


def test_the_arrow_keys_point_at_the_middle_of_the_view_so_that_judging_needs_no_mouse(bench: Bench) -> None:
    bench.camera.center, bench.camera.zoom = (400, 500 - 0.2 * native(bench.window.viewer).width() / 0.8), 0.8
    settle(0.1)
    Bench(bench.window, "Right").hit()
    assert bench.window.workplace.furniture.glass.isVisible()
    Bench(bench.window, "A").hit()
    assert bench.human()[400, 500] == Lesion.PATCH
    bench.point(300, 300)
    assert not bench.window.workplace.furniture.glass.isVisible()


def test_the_keys_go_to_napari_while_another_layer_is_chosen(bench: Bench) -> None:
    bench.window.viewer.layers.selection.active = bench.window.canvas.image
    press(bench.window.viewer, Qt.Key.Key_4)
    assert bench.layer.selected_label == Lesion.PATCH
    bench.window.viewer.layers.selection.active = bench.layer


def test_a_reader_who_never_touches_the_mouse_chooses_a_class_with_the_arrows(bench: Bench) -> None:
    row = bench.window.palette.rows[Lesion.PATCH]
    row.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(row, Qt.Key.Key_Down)
    settle(0.05)
    assert bench.layer.selected_label == Lesion.PLAQUE
    assert QApplication.focusWidget() is bench.window.palette.rows[Lesion.PLAQUE]


def test_every_control_says_what_it_is_to_those_who_cannot_see_it(bench: Bench) -> None:
    palette = bench.window.palette
    said = [button.accessibleName() for button in (*palette.rows.values(), *palette.tools.values())]
    assert all(said)
    assert palette.rows[Lesion.TUMOR].accessibleName() == "tumor, key 4"


# What a reader chooses


def test_the_settings_are_the_actions_with_the_same_keys() -> None:
    manifest = yaml.safe_load((Path(__file__).parents[2] / "napari.yaml").read_text())
    settings = manifest["contributions"]["configurations"]["keys"]["properties"]
    assert {name: (said["default"], said["title"]) for name, said in settings.items()} == {
        action.name: (action.keys, action.what) for action in ACTIONS
    }


def test_no_two_actions_have_the_same_key() -> None:
    assert not bindings().complaints
    assert len(bindings().actions) == len(EVERY_KEY)


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("q", "Q"),
        ("ctrl+shift+z", "Ctrl+Shift+Z"),
        ("PageUp", "PgUp"),
        ("Ctrl+PageDown", "Ctrl+PgDown"),
        ("Shift+?", "?"),
        ("Ctrl++", "Ctrl++"),
        ("Escape", "Esc"),
        ("F12", "F12"),
        ("Bogus", ""),
        ("Shift", ""),
        ("Shift+1", ""),
        ("Ctrl+A, B", ""),
        ("", ""),
    ],
)
def test_keys_are_spelt_in_one_way(word: str, key: str) -> None:
    assert spelt(word) == key


def test_two_actions_may_swap_their_keys() -> None:
    swapped = bindings({"accept": "R", "reject": "A"})
    assert not swapped.complaints
    assert swapped.actions["R"].name == "accept"


def test_a_key_that_is_taken_is_said_and_the_action_keeps_its_own() -> None:
    found = bindings({"accept": "B or Q"})
    assert found.keys["accept"] == "A"
    assert found.actions["B"].name == "paint"
    (said,) = found.complaints
    assert "B is the key of both" in said


def test_a_word_that_is_no_key_is_said_and_the_action_keeps_its_own() -> None:
    found = bindings({"accept": "Bogus"})
    assert found.keys["accept"] == "A"
    assert "'Bogus' is no key" in found.complaints[0]


def test_an_action_may_have_no_key() -> None:
    found = bindings({"look_on": ""})
    assert not found.complaints
    assert "N" not in found.actions
