"""The brush: how wide it is and in which unit, what it may paint over and where."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QSlider, QVBoxLayout, QWidget

from napari_ctcl._widgets.style import beside, key, titled
from napari_ctcl.lesion import CLASSES, Lesion
from napari_ctcl.store.gesture import ANYWHERE, UNJUDGED, Outline, Rule

_STEPS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of the brush's diameter, and the span that the slider has in it."""

    name: str
    short: str
    least: float
    most: float
    begin: float


SCREEN, PHOTO, SKIN = UNITS = (
    Unit(name="pixels on screen", short="px on screen", least=3, most=600, begin=40),
    Unit(name="pixels of the photo", short="px in the photo", least=1, most=4000, begin=40),
    Unit(name="millimetres", short="mm", least=0.3, most=100, begin=5),
)

OVER: Final = (
    ("everything", ANYWHERE),
    ("not what people labelled", UNJUDGED),
    ("only what is unlabelled", Rule(human=frozenset(), model=frozenset({0, int(Lesion.NORMAL)}))),
    *(
        (f"only {lesion.title}", Rule(human=frozenset({int(lesion)}), model=frozenset({int(lesion)})))
        for lesion in CLASSES
    ),
)
"""What may be painted over, in words; skin that a model calls normal counts as unlabelled until a person says so."""

WHERE: Final = ("anywhere", "in the drawn region", "in the skin mask")


class BrushBox(QWidget):
    """Size, unit and rule of the brush; the rule holds for every tool that paints."""

    size_changed = Signal()
    rule_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        self.size, self.size_text, self.smaller, self.larger = (
            QSlider(Qt.Orientation.Horizontal),
            QLabel(),
            key(""),
            key(""),
        )
        self.size.setRange(0, _STEPS)
        self.size.setAccessibleName("Brush size")
        self.unit = _choice("Brush size in", [unit.name for unit in UNITS])
        self.over = _choice("Paint over", [name for name, _ in OVER])
        self.where = _choice("Paint where", WHERE)
        self.unit.setToolTip("On screen: the same at every zoom. Millimetres need the photo's scale: use the ruler.")
        self.over.setToolTip("What the tools may change. Only unlabelled: neither a person's nor a model's lesion.")
        self.where.setToolTip("In the region that the region tool has drawn, or in the photo's skin mask.")
        layout.addWidget(titled("Brush", self.size_text, self.smaller, self.larger))
        layout.addWidget(self.size)
        for name, choice in (("Size in", self.unit), ("Paint over", self.over), ("Paint where", self.where)):
            layout.addWidget(beside(QLabel(name), choice))
        self._sizes = {unit: unit.begin for unit in UNITS}
        self._region: Outline | None = None
        self.show_scale(None)
        self.show_region(None)
        self.show_skin(exists=False)
        self.show_size(SCREEN.begin)
        self.size.valueChanged.connect(self._sized)
        self.unit.currentIndexChanged.connect(self._unit_chosen)
        for choice in (self.over, self.where):
            choice.currentIndexChanged.connect(lambda _: self.rule_changed.emit())

    # What it says

    @property
    def chosen(self) -> Unit:
        """The unit in use."""
        return UNITS[self.unit.currentIndex()]

    @property
    def diameter(self) -> float:
        """Of the brush, in the unit in use."""
        unit = self.chosen
        return float(unit.least * (unit.most / unit.least) ** (self.size.value() / _STEPS))

    @property
    def rule(self) -> Rule:
        """What may be painted over, and where."""
        rule: Rule = OVER[self.over.currentIndex()][1]
        where = self.where.currentIndex()
        return replace(rule, inside=self._region if where == 1 else None, skin=where == 2)

    def _sized(self, _: int) -> None:
        self._sizes[self.chosen] = self.diameter
        self._write()
        self.size_changed.emit()

    def _unit_chosen(self, _: int) -> None:
        self.show_size(self._sizes[self.chosen])
        self.size_changed.emit()

    # What it shows

    def show_size(self, diameter: float) -> None:
        """Show a size that was set elsewhere, in the unit in use, without saying it again."""
        unit = self.chosen
        clamped = min(max(diameter, unit.least), unit.most)
        self._sizes[unit] = clamped
        self.size.blockSignals(True)
        self.size.setValue(round(_STEPS * math.log(clamped / unit.least) / math.log(unit.most / unit.least)))
        self.size.blockSignals(False)
        self._write()

    def _write(self) -> None:
        digits = 1 if self.chosen is SKIN else 0
        self.size_text.setText(f"{self.diameter:.{digits}f} {self.chosen.short}")

    def show_scale(self, mm_per_px: float | None) -> None:
        """Offer millimetres where the photo's scale is known."""
        self._offer(self.unit, UNITS.index(SKIN), mm_per_px is not None)

    def show_region(self, outline: Outline | None) -> None:
        """Offer the drawn region while there is one."""
        self._region = outline
        self._offer(self.where, 1, outline is not None)
        self.rule_changed.emit()

    def show_skin(self, *, exists: bool) -> None:
        """Offer the skin mask where the photo has one."""
        self._offer(self.where, 2, exists)

    def show_keys(self, smaller: str, larger: str) -> None:
        """Name the keys that size the brush."""
        self.smaller.setText(smaller)
        self.larger.setText(larger)

    @staticmethod
    def _offer(choice: QComboBox, row: int, offered: bool) -> None:
        choice.model().item(row).setEnabled(offered)
        if not offered and choice.currentIndex() == row:
            choice.setCurrentIndex(0)


def _choice(name: str, words: list[str] | tuple[str, ...]) -> QComboBox:
    choice = QComboBox()
    choice.addItems(list(words))
    choice.setAccessibleName(name)
    return choice
