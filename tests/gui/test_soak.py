"""Thousands of random deeds on the real layer in a real window, held against plain arrays that were told the same.

`CTCL_SOAK_SEED` repeats a run that failed, `CTCL_SOAK_DEEDS` makes it shorter or longer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hands import drag, painted, place_of, predict, settle, until
from PIL import Image
from plain_labels import EVERY_CLASS, Labels, PlainLabels, inside_outline, near_lines, near_path
from qtpy.QtWidgets import QApplication
from scipy import ndimage as ndi

from napari_ctcl.region import Region
from napari_ctcl.store import Study
from napari_ctcl.store.gesture import ANYWHERE, Draw, Rule

SHAPE = (700, 1100)  # six tiles, the outer ones cut, on three levels
DEEDS = int(os.environ.get("CTCL_SOAK_DEEDS", "5000"))
SEED = int(os.environ.get("CTCL_SOAK_SEED", "0")) or int(np.random.SeedSequence().entropy % 10**9)
CHECKED_EVERY, DRAWN_EVERY = 100, 5
WAITING = 8
"""How many gestures may wait for the painter: enough to have it lag behind the hand all the time."""

SHARES = {
    "paint": 30,
    "erase": 10,
    "polygon": 9,
    "fill": 5,
    "undo": 14,
    "redo": 8,
    "zoom": 9,
    "judge": 9,
    "judge_region": 2,
    "accept_view": 0.5,
    "drag": 1,
    "lasso": 1,
    "switch": 1.4,
    "reopen": 0.1,
}


def proposal(seed: int) -> Labels:
    """What a model might say: skin with ragged lesions of every class on it, and a strip it was not asked about."""
    noise = ndi.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 18)
    labels = (1 + np.digitize(noise, np.quantile(noise, [0.7, 0.82, 0.92]))).astype(np.uint8)
    labels[-60:] = 0
    return labels


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two photos, each with a proposal."""
    with Study.create(tmp_path / "study") as study:
        for number, region in enumerate(("forearms", "legs")):
            skin = np.array([205, 160, 140]) + np.random.default_rng(number).integers(-9, 9, (*SHAPE, 1))
            Image.fromarray(skin.astype(np.uint8)).save(tmp_path / "photo.png")
            facts = {"patient": f"P0{number + 1}", "visit": "2026-03-01", "region": region, "side": "L"}
            photo = study.photo(study.import_photo(tmp_path / "photo.png", **facts))
            predict(photo, proposal(number))
    return tmp_path / "study"


@dataclass
class Deed:
    """What was done, on which photo, and the pixels that it should have changed; None where it is not of that kind."""

    words: str
    photo: str
    changed: npt.NDArray[np.bool_] | None

    def meets(self, box: Region) -> bool:
        return self.changed is None or not self.changed.any() or bool(self.changed[box.slices].any())


class Reader:
    """Does random things to a window and tells the plain labels of each."""

    def __init__(self, window: Any, seed: int) -> None:
        self.window, self.seed = window, seed
        self.chance = np.random.default_rng(seed)
        self.root = window.session.study.root
        self.idents = [photo.id for photo in window.session.photos()]
        self.plain = {ident: PlainLabels(proposal(number)) for number, ident in enumerate(self.idents)}
        self.log: list[Deed] = []
        self.acted = 0

    @property
    def layer(self) -> Any:
        return self.window.canvas.labels

    @property
    def photo(self) -> str:
        return str(self.window.session.photo.id)

    @property
    def labels(self) -> PlainLabels:
        return self.plain[self.photo]

    def act(self, deed: str) -> None:
        """Do one thing, and remember which pixels it should have changed."""
        before, photo = self.labels.human.copy(), self.photo
        getattr(self, deed)()
        if self.log:
            after = self.plain[photo].human
            self.log[-1] = Deed(self.log[-1].words, photo, before != after)
        self.acted += 1
        if self.acted % DRAWN_EVERY == 0:
            QApplication.processEvents()
        painter = self.window.session.painter
        until(lambda: len(painter.waiting) <= WAITING, what="the painter")

    def note(self, *words: object) -> None:
        self.log.append(Deed(" ".join(map(str, words)), self.photo, None))

    # What chance decides; coordinates are never whole or half, so that no pixel lies on a border by chance

    def point(self, margin: float = 30) -> tuple[float, float]:
        height, width = SHAPE
        y, x = self.chance.uniform((-margin, -margin), (height + margin, width + margin)).tolist()
        return round(y, 3) + 0.0001, round(x, 3) + 0.0001

    def around(self, centre: tuple[float, float], reach: float) -> tuple[float, float]:
        dy, dx = self.chance.normal(0, reach, 2).round(3).tolist()
        return centre[0] + dy, centre[1] + dx

    def outline(self) -> list[tuple[float, float]]:
        """Any polygon: some cross themselves, some have corners beside the photo."""
        centre, reach = self.point(), float(self.chance.uniform(4, 90))
        return [self.around(centre, reach) for _ in range(self.chance.integers(3, 12))]

    def take(self, value: int, tool: str = "paint") -> tuple[int, ...]:
        """Take a tool, a class and a rule in hand; gives the classes that may be painted over."""
        over = EVERY_CLASS if self.chance.random() < 0.7 else ((), (2,), (1, 3))[self.chance.integers(3)]
        self.layer.tool = tool
        self.layer.selected_label = value
        self.layer.rule = ANYWHERE if over == EVERY_CLASS else Rule(human=frozenset(over))
        return over if value or over else EVERY_CLASS  # erasing is about human pixels and no others

    # Deeds

    def stroke(self, value: int) -> None:
        over = self.take(value, "paint" if value else "erase")
        self.layer.brush_size = int(np.exp(self.chance.uniform(0, 5)))
        path = [self.point()]
        for _ in range(self.chance.integers(0, 5)):
            path.append(self.around(path[-1], 60))
        self.note("stroke", value, path, "brush", self.layer.brush_size, "over", over)
        with self.layer.block_history():
            for last, here in zip([None, *path], path, strict=False):
                self.layer._draw(value, last, here)
        self.labels.draw(near_path(SHAPE, path, self.layer.brush_size / 2), value, over=over)

    def paint(self) -> None:
        self.stroke(int(self.chance.integers(1, 5)))

    def erase(self) -> None:
        self.stroke(0)

    def polygon(self) -> None:
        value, outline = int(self.chance.integers(0, 5)), self.outline()
        over = self.take(value, "polygon")
        self.note("polygon", value, outline, "over", over)
        self.layer.paint_polygon(outline, value)
        self.labels.draw(inside_outline(SHAPE, outline), value, over=over)

    def fill(self) -> None:
        value, at = int(self.chance.integers(0, 5)), self.point(margin=5)
        over = self.take(value, "fill")
        self.note("fill", value, at, "over", over)
        self.layer.fill(at, value)
        self.labels.fill(at, value, over=over)

    def undo(self) -> None:
        for _ in range(self.chance.integers(1, 4)):
            self.note("undo")
            self.layer.undo()
            self.labels.undo()

    def redo(self) -> None:
        for _ in range(self.chance.integers(1, 4)):
            self.note("redo")
            self.layer.redo()
            self.labels.redo()

    def judge(self) -> None:
        at, (verdict, value) = self.point(margin=5), self.verdict()
        self.note(verdict, at, value)
        self.layer.point_at(at)
        self.pronounce(verdict, value)
        self.labels.judge_lesion(at, verdict, value)

    def judge_region(self) -> None:
        outline, (verdict, value) = self.outline(), self.verdict()
        self.note(verdict, "inside", outline, value)
        self.layer.region = tuple(outline)
        self.pronounce(verdict, value)
        self.layer.region = None
        self.labels.judge(inside_outline(SHAPE, outline), verdict, value)

    def verdict(self) -> tuple[str, int]:
        return str(self.chance.choice(["accept", "reject", "reclassify"])), int(self.chance.integers(1, 5))

    def pronounce(self, verdict: str, value: int) -> None:
        if verdict == "reclassify":
            self.layer.reclassify(value)
        else:
            self.layer.judge(accept=verdict == "accept")

    def accept_view(self) -> None:
        area = np.zeros(SHAPE, bool)
        area[self.layer.in_view.slices] = True
        self.note("accept view", self.layer.in_view)
        self.layer.accept_view()
        self.labels.judge(area, "accept")

    def drag(self) -> None:
        """A real hand: what it means comes from the layer, what that covers does not."""
        self.by_hand("paint", int(self.chance.integers(1, 5)))

    def lasso(self) -> None:
        self.by_hand("lasso", int(self.chance.integers(0, 5)))

    def by_hand(self, tool: str, value: int) -> None:
        over, begun = self.take(value, tool), self.in_window()
        given: list[Draw] = []
        do = type(self.layer).do
        self.layer.do = lambda gesture: (given.append(gesture), do(self.layer, gesture))
        drag(self.window.viewer, [begun, *(self.in_window() for _ in range(4))])
        del self.layer.do
        for stroke in given:
            self.note("by hand", tool, value, stroke, "over", over)
            covered = near_lines(SHAPE, [(c.start, c.end, c.radius) for c in stroke.capsules])
            for outline in stroke.outlines:
                covered |= inside_outline(SHAPE, outline)
            self.labels.draw(covered, stroke.value, over=over)
        assert given, f"a {tool} was dragged, and nothing came of it"

    def in_window(self) -> tuple[float, float]:
        """A place on the canvas where the photo is, clear of what lies over its corners."""
        seen = self.layer.in_view
        y, x = self.chance.uniform((seen.y0, seen.x0), (seen.y1, seen.x1)).tolist()
        centre = self.window.viewer.scene.camera.center[-2:]
        return place_of(self.window.viewer, (y + centre[0]) / 2, (x + centre[1]) / 2)

    def zoom(self) -> None:
        camera = self.window.viewer.scene.camera
        camera.center, camera.zoom = self.point(margin=0), float(2 ** self.chance.uniform(-2.2, 3))
        self.note("zoom", camera.zoom, camera.center)

    def switch(self) -> None:
        other = next(ident for ident in self.idents if ident != self.photo)
        self.note("switch")
        self.window.show_photo(other)
        until(lambda: self.photo == other, what="the other photo")

    def reopen(self) -> None:
        ident = self.photo
        self.note("reopen")
        self.window.close_study()
        self.window.open(self.root, ident)
        until(lambda: self.photo == ident, what="the study")

    # Checks

    def compare(self) -> None:
        """The labels and the tile on screen are what the plain arrays say."""
        painted(self.window.viewer)
        height, width = SHAPE
        stored = self.window.session.labels.read(ys=(0, height), xs=(0, width))
        self.require(stored, self.labels.human, "the labels", Region.whole(SHAPE))
        tile = self.layer._tile()
        assert tile is not None, "the tile never came"
        level, window, raw = tile
        self.require(raw, self.labels.codes(level)[window.slices], f"level {level} on screen", window, level)
        self.log.clear()

    def require(self, found: Any, expected: Any, what: str, window: Region, level: int = 0) -> None:
        wrong = found != expected
        if wrong.any():
            (y0, x0), (y1, x1) = (edge(np.argwhere(wrong), axis=0).tolist() for edge in (np.min, np.max))
            box = Region(y0, y1 + 1, x0, x1 + 1).moved(window.y0, window.x0).from_level(level) & Region.whole(SHAPE)
            deeds = [deed for deed in self.log if deed.photo == self.photo and deed.meets(box)]
            pytest.fail(
                f"seed {self.seed}: {what} differ in {wrong.sum()} pixels of {box}: "
                f"{np.unique(found[wrong])} instead of {np.unique(expected[wrong])}; there, since the last check:\n"
                + "\n".join(deed.words for deed in deeds)
            )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SEED])
def test_random_deeds_by_the_thousand_leave_what_plain_arrays_say(window: Any, seed: int) -> None:
    reader = Reader(window, seed)
    names, shares = list(SHARES), np.array(list(SHARES.values()))
    for number in range(1, DEEDS + 1):
        reader.act(str(reader.chance.choice(names, p=shares / shares.sum())))
        if number % CHECKED_EVERY == 0:
            reader.compare()
    window.close_study()
    settle(0.1)
    with Study.open(reader.root) as study:
        for ident, plain in reader.plain.items():
            photo = study.photo(ident)
            for level in range(photo.levels):
                height, width = photo.shape(level)
                on_disk = photo.read_labels("annotation", level=level, ys=(0, height), xs=(0, width))
                assert np.array_equal(on_disk, plain.human_at(level)), f"level {level} of {ident}"
