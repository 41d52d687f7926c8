"""Lesions are found beside the window: the newest request wins, and the window never waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hands import settle, until

from napari_ctcl._widgets.finding import Finding
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region, Span


class Shown:
    """View codes in memory; reading can be held up, and is counted."""

    def __init__(self, value: int, *, side: int = 1500) -> None:
        self.codes = np.zeros((side, side), np.uint8)
        self.codes[10:20, 10:20] = value
        self.shape: tuple[int, int] = self.codes.shape
        self.open, self.reads = threading.Event(), 0
        self.trouble: OSError | None = None
        self.open.set()

    def read(self, *, level: int, ys: Span, xs: Span) -> Any:
        assert level == 0
        assert self.open.wait(20)
        if self.trouble is not None:
            raise self.trouble
        self.reads += 1
        return self.codes[slice(*ys), slice(*xs)].copy()


@pytest.fixture
def finding(display: None, qapp: Any) -> Iterator[Finding]:
    finding = Finding()
    yield finding
    finding.stop()


def lists(finding: Finding) -> list[list[Lesion]]:
    told: list[list[Lesion]] = []
    finding.found.connect(lambda lesions: told.append([found.lesion for found in lesions]))
    return told


def test_the_window_goes_on_while_a_slow_photo_is_read(finding: Finding) -> None:
    told, slow = lists(finding), Shown(2)
    slow.open.clear()
    finding.look(slow)
    settle(0.1)
    assert told == []
    slow.open.set()
    until(lambda: told == [[Lesion.PATCH]])


def test_the_lesions_of_the_photo_taken_in_hand_last_are_told_alone(finding: Finding) -> None:
    told, slow, quick = lists(finding), Shown(2), Shown(8)
    slow.open.clear()
    finding.look(slow)
    finding.look(quick)
    until(lambda: bool(told))
    slow.open.set()
    settle(0.2)
    assert told == [[Lesion.TUMOR]]
    assert slow.reads <= 1


def test_a_stroke_has_its_own_tiles_read_again_and_no_others(finding: Finding) -> None:
    told, shown = lists(finding), Shown(2)
    finding.look(shown)
    until(lambda: bool(told))
    assert shown.reads == 9
    shown.codes[600:700, 600:700] = 3
    finding.look_again(Region(600, 700, 600, 700))
    until(lambda: len(told) == 2)
    assert told[1] == [Lesion.PLAQUE, Lesion.PATCH]
    assert shown.reads == 10


def test_changes_while_a_photo_is_looked_at_are_not_forgotten(finding: Finding) -> None:
    told, shown = lists(finding), Shown(2)
    shown.open.clear()
    finding.look(shown)
    settle(0.05)
    shown.codes[1400:1410, 1400:1410] = 4
    finding.look_again(Region(1400, 1410, 1400, 1410))
    shown.open.set()
    until(lambda: bool(told))
    assert told == [[Lesion.TUMOR, Lesion.PATCH]]


def test_nothing_is_told_after_the_photo_was_put_away(finding: Finding) -> None:
    told, shown = lists(finding), Shown(2)
    shown.open.clear()
    finding.look(shown)
    finding.stop()
    shown.open.set()
    settle(0.2)
    assert told == []


def test_a_photo_that_cannot_be_read_says_so_in_a_sentence(finding: Finding) -> None:
    words: list[str] = []
    finding.failed.connect(words.append)
    shown = Shown(2)
    shown.trouble = OSError(5, "Input/output error", "0.0")
    finding.look(shown)
    until(lambda: bool(words))
    assert words[0].startswith("The lesions could not be listed.")
