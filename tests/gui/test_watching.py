"""A photo that somebody else paints on is there to look at, and comes into hand when it is free."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hands import drag, place_of, press, settle, until
from qtpy.QtCore import Qt

from napari_ctcl.lesion import Lesion
from napari_ctcl.store import Study


def _painted_by_another(study: Path, photo: str) -> Any:
    other = Study.open(study)
    labels = other.photo(photo).labels(user="Dr. Berg")
    labels.begin("brush")
    labels.edit(500, 700, np.ones((200, 200), bool), int(Lesion.TUMOR))
    labels.commit()
    labels.flush()
    return other, labels


def test_a_photo_in_another_hand_is_shown_but_not_painted_until_it_is_free(window: Any, study: Path) -> None:
    second = window.photos.listed[1]
    other, labels = _painted_by_another(study, second)
    window.show_photo(second)
    settle(0.3)
    layer = window.canvas.labels
    assert not layer.editable
    assert "not paint" in window.header.message
    assert not window.palette.isEnabled()
    press(window.viewer, Qt.Key.Key_3)
    drag(window.viewer, [place_of(window.viewer, 600, x) for x in (300, 350, 400)])
    _, _, raw = layer._tile()
    assert set(np.unique(raw)) == {0, Lesion.TUMOR}
    labels.close()
    other.close()
    window.watching.look()
    settle(0.3)
    assert layer.editable
    assert window.palette.isEnabled()
    press(window.viewer, Qt.Key.Key_3)
    drag(window.viewer, [place_of(window.viewer, 600, x) for x in (300, 350, 400)])
    assert window.session.labels.read(ys=(600, 601), xs=(350, 351))[0, 0] == Lesion.PLAQUE


def test_what_another_paints_appears_while_one_looks_on(window: Any, study: Path) -> None:
    second = window.photos.listed[1]
    other, labels = _painted_by_another(study, second)
    window.show_photo(second)
    settle(0.3)
    labels.begin("brush")
    labels.edit(100, 100, np.ones((200, 200), bool), int(Lesion.PATCH))
    labels.commit()
    labels.flush()

    def seen() -> bool:
        window.watching.look()
        return bool((window.canvas.labels._tile()[2] == Lesion.PATCH).any())

    until(seen, what="the other's stroke")
    labels.close()
    other.close()
