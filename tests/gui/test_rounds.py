"""The list of lesions and the photo say the same, whichever of them is worked on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hands import drag, place_of, predict, settle, until
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region


def rows(window: Any) -> list[str]:
    model = window.lesions.rows
    return [model.index(row).data() for row in range(model.rowCount())]


def listed(window: Any, *expected: str) -> None:
    until(
        lambda: (
            [row.replace(",", "").split()[:1] + row.split()[-1:] for row in rows(window)]
            == [words.split() for words in expected]
        ),
        what=f"{expected}, not {rows(window)}",
    )


def take(window: Any, row: int) -> None:
    window.lesions.view.setFocus()
    window.lesions.view.setCurrentIndex(window.lesions.rows.index(row))


def key(window: Any, which: Any) -> None:
    QTest.keyClick(window.lesions.view, which)


def labels_at(window: Any, y: int, x: int) -> int:
    window.session.painter.wait()
    return int(window.session.labels.read(level=0, ys=(y, y + 1), xs=(x, x + 1))[0, 0])


def test_what_the_model_proposes_is_listed_when_the_photo_opens(window: Any) -> None:
    listed(window, "tumor proposed", "patch proposed")
    assert window.lesions.title.text() == "LESIONS (2)"


def test_enter_brings_the_lesion_into_the_middle_as_large_as_it_fits(window: Any) -> None:
    listed(window, "tumor proposed", "patch proposed")
    take(window, 0)
    key(window, Qt.Key.Key_Return)
    camera = window.viewer.scene.camera
    assert np.allclose(camera.center[-2:], (800, 1100), atol=2)
    surface = window._surface
    assert 0.6 < 300 * camera.zoom / min(surface.width(), surface.height()) < 1


@pytest.mark.parametrize(
    ("pressed", "value", "after"),
    [
        (Qt.Key.Key_A, Lesion.TUMOR, ["tumor confirmed", "patch proposed"]),
        (Qt.Key.Key_R, Lesion.NORMAL, ["patch proposed"]),
        (Qt.Key.Key_3, Lesion.PLAQUE, ["plaque confirmed", "patch proposed"]),
    ],
)
def test_a_lesion_is_judged_from_its_row(window: Any, pressed: Any, value: Lesion, after: list[str]) -> None:
    listed(window, "tumor proposed", "patch proposed")
    take(window, 0)
    key(window, pressed)
    listed(window, *after)
    assert labels_at(window, 800, 1100) == value
    window.canvas.labels.undo()
    listed(window, "tumor proposed", "patch proposed")


def test_a_stroke_changes_the_list(window: Any) -> None:
    listed(window, "tumor proposed", "patch proposed")
    window.canvas.labels.selected_label = int(Lesion.PLAQUE)
    drag(window.viewer, [place_of(window.viewer, 150, x) for x in (900, 1000, 1100)])
    listed(window, "tumor proposed", "plaque confirmed", "patch proposed")


def test_the_other_photo_has_lesions_of_its_own(window: Any) -> None:
    listed(window, "tumor proposed", "patch proposed")
    first, second = (photo.id for photo in window.session.photos())
    window.show_photo(second)
    until(lambda: "No lesion" in window.lesions.view.empty_text)
    listed(window)
    window.show_photo(first)
    listed(window, "tumor proposed", "patch proposed")


def test_areas_are_told_in_cm2_for_a_photo_whose_scale_is_known(window: Any) -> None:
    first, second = (photo.id for photo in window.session.photos())
    window.session.study.photo(first).set_scale(0.1, "reader-1")
    window.show_photo(second)
    window.show_photo(first)
    listed(window, "tumor proposed", "patch proposed")
    until(lambda: rows(window)[0] == "tumor, 7.1 cm², proposed")


def test_a_closed_study_leaves_an_empty_list(window: Any) -> None:
    listed(window, "tumor proposed", "patch proposed")
    window.close_study()
    settle(0.1)
    assert rows(window) == []


def test_what_a_model_says_anew_is_listed(window: Any) -> None:
    listed(window, "tumor proposed", "patch proposed")
    photo = window.session.photo
    predict(photo, np.full((photo.height, photo.width), Lesion.PLAQUE, np.uint8), model="b" * 64)
    window.session.shown.refresh()
    window.session.region_predicted.emit(photo.id, Region.whole(photo.shape()))
    listed(window, "plaque proposed")
