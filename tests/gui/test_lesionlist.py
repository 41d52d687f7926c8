"""The list of lesions shows what was found, and says what a click or a key on a row asks for."""

from __future__ import annotations

from itertools import combinations
from typing import Any, get_args

import numpy as np
import pytest
from napari.qt import get_stylesheet
from qtpy.QtCore import QEvent, QPoint, QRectF, Qt
from qtpy.QtGui import QColor, QHelpEvent, QImage, QPainter, qGray
from qtpy.QtWidgets import QApplication, QStyleOptionViewItem, QToolTip

from napari_ctcl._widgets.lesionlist import LesionList
from napari_ctcl._widgets.lesionrow import FOUND, draw_mark
from napari_ctcl._widgets.style import sheet
from napari_ctcl.lesion import SCREEN_COLOURS, Lesion
from napari_ctcl.lesions import Found, State
from napari_ctcl.region import Region


def found(lesion: Lesion, pixels: int, human: int, place: int) -> Found:
    return Found(
        lesion=lesion,
        pixels=pixels,
        human_pixels=human,
        box=Region(place, place + 9, 0, 9),
        seed=(place + 1, 4),
    )


TUMOR = found(Lesion.TUMOR, 82_000, 0, 10)
PLAQUE = found(Lesion.PLAQUE, 1_204_000, 400_000, 20)
PATCH = found(Lesion.PATCH, 12_480, 12_480, 30)
THREE = [TUMOR, PLAQUE, PATCH]


@pytest.fixture
def lesions(qtbot: Any) -> LesionList:
    widget = LesionList()
    qtbot.addWidget(widget)
    widget.setStyleSheet(get_stylesheet("dark") + sheet(light=False))
    widget.resize(290, 320)
    widget.show()
    qtbot.waitExposed(widget)
    widget.show_lesions(THREE, 0.0512, SCREEN_COLOURS)
    return widget


def said(widget: LesionList) -> list[str]:
    return [widget.rows.index(row).data() for row in range(widget.rows.rowCount())]


def heard(widget: LesionList) -> list[tuple[Any, ...]]:
    words: list[tuple[Any, ...]] = []
    widget.chosen.connect(lambda lesion: words.append(("go", lesion)))
    widget.accept_asked.connect(lambda lesion: words.append(("accept", lesion)))
    widget.reject_asked.connect(lambda lesion: words.append(("reject", lesion)))
    widget.reclassify_asked.connect(lambda lesion, value: words.append((value, lesion)))
    return words


def button(widget: LesionList, row: int, letter: str) -> QPoint:
    option = QStyleOptionViewItem()
    widget.view.initViewItemOption(option)
    option.rect = widget.view.visualRect(widget.rows.index(row))
    return widget.row._places(option)[letter].center()


def test_a_row_says_class_area_and_how_far_it_is_judged(lesions: LesionList) -> None:
    assert said(lesions) == [
        "tumor, 2.1 cm², proposed",
        "plaque, 31.6 cm², partly",
        "patch, 0.3 cm², confirmed",
    ]
    assert lesions.title.text() == "LESIONS (3)"
    assert "0.0512 mm" in lesions.note.text()


def test_areas_are_in_pixels_until_the_scale_is_known(lesions: LesionList) -> None:
    lesions.show_lesions(THREE, None, SCREEN_COLOURS)
    assert said(lesions)[2] == "patch, 12,480 px, confirmed"
    lesions.show_lesions([found(Lesion.PATCH, 1_687_384, 0, 1)], None, SCREEN_COLOURS)
    assert said(lesions) == ["patch, 1.69 Mpx, proposed"]
    assert "no scale" in lesions.note.text()


def test_the_list_can_be_kept_to_a_class_and_to_what_is_not_judged_yet(lesions: LesionList) -> None:
    lesions.only_proposed.setChecked(True)
    assert [words.split(",")[0] for words in said(lesions)] == ["tumor", "plaque"]
    assert lesions.title.text() == "LESIONS (2 of 3)"
    lesions.only_class.setCurrentIndex(lesions.only_class.findData(int(Lesion.PATCH)))
    assert said(lesions) == []
    lesions.only_proposed.setChecked(False)
    assert said(lesions) == ["patch, 0.3 cm², confirmed"]


def test_a_click_goes_to_the_lesion_and_its_buttons_judge_it_where_it_lies(lesions: LesionList, qtbot: Any) -> None:
    words, view = heard(lesions), lesions.view
    left = Qt.MouseButton.LeftButton
    qtbot.mouseClick(view.viewport(), left, pos=view.visualRect(lesions.rows.index(1)).center() - QPoint(40, 0))
    qtbot.mouseClick(view.viewport(), left, pos=button(lesions, 0, "A"))
    qtbot.mouseClick(view.viewport(), left, pos=button(lesions, 1, "R"))
    assert words == [("go", PLAQUE), ("accept", TUMOR), ("reject", PLAQUE)]


def test_a_confirmed_lesion_has_no_buttons(lesions: LesionList, qtbot: Any) -> None:
    words = heard(lesions)
    qtbot.mouseClick(lesions.view.viewport(), Qt.MouseButton.LeftButton, pos=button(lesions, 2, "R"))
    assert words == [("go", PATCH)]


def test_a_button_says_what_it_does(lesions: LesionList) -> None:
    at = button(lesions, 0, "R")
    view = lesions.view.viewport()
    QApplication.sendEvent(view, QHelpEvent(QEvent.Type.ToolTip, at, view.mapToGlobal(at)))
    assert "Reject" in QToolTip.text()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_Return, "go"),
        (Qt.Key.Key_Enter, "go"),
        (Qt.Key.Key_A, "accept"),
        (Qt.Key.Key_R, "reject"),
        (Qt.Key.Key_1, 1),
        (Qt.Key.Key_2, 2),
        (Qt.Key.Key_3, 3),
        (Qt.Key.Key_4, 4),
    ],
)
def test_every_key_of_the_list_acts_on_the_row_in_hand(
    lesions: LesionList, qtbot: Any, key: Any, expected: object
) -> None:
    words = heard(lesions)
    lesions.view.setFocus()
    qtbot.keyClick(lesions.view, Qt.Key.Key_Down)
    qtbot.keyClick(lesions.view, Qt.Key.Key_Down)
    assert lesions.view.currentIndex().data(FOUND) == PLAQUE
    assert words == []
    qtbot.keyClick(lesions.view, key)
    assert words == [(expected, PLAQUE)]


def test_a_lesion_stays_in_hand_when_the_list_is_found_anew(lesions: LesionList) -> None:
    lesions.view.setCurrentIndex(lesions.rows.index(1))
    more = found(Lesion.TUMOR, 99_000, 0, 50)
    lesions.show_lesions([more, *THREE], 0.0512, SCREEN_COLOURS)
    assert lesions.view.currentIndex().data(FOUND) == PLAQUE


def test_when_the_lesion_in_hand_is_gone_the_next_one_takes_its_row(lesions: LesionList) -> None:
    lesions.view.setCurrentIndex(lesions.rows.index(0))
    lesions.show_lesions(THREE[1:], 0.0512, SCREEN_COLOURS)
    assert lesions.view.currentIndex().data(FOUND) == PLAQUE


def test_ten_thousand_lesions_cost_no_widget_each(lesions: LesionList) -> None:
    before = len(lesions.findChildren(object))
    many = [found(Lesion.PATCH, 9, 0, place) for place in range(10_000)]
    lesions.show_lesions(many, None, SCREEN_COLOURS)
    QApplication.processEvents()
    assert lesions.rows.rowCount() == 10_000
    assert len(lesions.findChildren(object)) == before


@pytest.mark.parametrize(("skin", "ink"), [("#262930", "#f0f1f2"), ("#efebe9", "#3b3a39")], ids=["dark", "light"])
@pytest.mark.parametrize("lesion", [Lesion.PATCH, Lesion.PLAQUE, Lesion.TUMOR])
def test_the_marks_of_the_three_states_differ_by_more_than_hue(lesion: Lesion, skin: str, ink: str) -> None:
    greys = [_grey(lesion, state, skin, ink) for state in get_args(State)]
    for one, other in combinations(greys, 2):
        assert (abs(one - other) > 12).sum() > 30


def _grey(lesion: Lesion, state: State, skin: str, ink: str) -> Any:
    image = QImage(16, 16, QImage.Format.Format_RGB32)
    image.fill(QColor(skin))
    painter = QPainter(image)
    draw_mark(painter, QRectF(0, 0, 16, 16), QColor(*SCREEN_COLOURS[lesion]), state, QColor(ink))
    painter.end()
    return np.array([[qGray(image.pixel(x, y)) for x in range(16)] for y in range(16)])
