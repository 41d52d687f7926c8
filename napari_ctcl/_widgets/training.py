"""The Train tab: what there is to learn from, one button, live curves, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_ctcl._widgets.curves import Curves, FoldBars
from napari_ctcl._widgets.speaking import in_words
from napari_ctcl._widgets.style import Swatch, beside, box, counted, heading, quiet, refresh_style
from napari_ctcl._widgets.work import WorkRow, spoken
from napari_ctcl.events import Epoch, Event, Failed, Finished, FoldDone, Note
from napari_ctcl.learnable import Learnable
from napari_ctcl.lesion import CLASSES, RGB, SCREEN_COLOURS, Lesion
from napari_ctcl.store.folds import FOLDS


class TrainPanel(QWidget):
    """Asks for training and shows how it goes."""

    asked = Signal(str)
    resume_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(7)
        self.summary, self.curves, self.bars, self.work = quiet(), Curves(), FoldBars(), WorkRow()
        self.button = QPushButton("Retrain")
        self.button.setProperty("role", "main")
        self.resume = QPushButton("Resume")
        self.resume.setProperty("role", "main")
        self.resume.setToolTip("Go on where the training was stopped; finished folds are kept.")
        self.resume.hide()
        self.recipe = ComboBox(
            choices=[("quick, minutes on two cores", "quick"), ("strong, wants a GPU", "strong"), ("paper", "paper")]
        )
        self.verdict_box, verdict = box()
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        verdict.addWidget(self.verdict)
        self.verdict_box.hide()
        layout.addWidget(heading("TO LEARN FROM"))
        layout.addWidget(self.summary)
        layout.addWidget(self._amounts())
        layout.addWidget(heading("TRAINING, FIVE FOLDS BY PATIENT"))
        layout.addWidget(beside(QLabel("Recipe"), self.recipe.native))
        for widget in (beside(self.resume, self.button), self.work, self.curves, self.bars, self.verdict_box):
            layout.addWidget(widget)
        self.resume.clicked.connect(lambda _=False: self.resume_asked.emit())
        hint = "Each fold learns without the patients it is scored on. Painting goes on while it runs."
        layout.addWidget(quiet(hint))
        layout.addStretch(1)
        self.button.clicked.connect(lambda _=False: self.asked.emit(str(self.recipe.value)))

    def _amounts(self) -> QWidget:
        grid, self._pixels, self._swatches = QWidget(), {}, {}
        layout = QGridLayout(grid)
        layout.setContentsMargins(0, 0, 0, 0)
        for row, lesion in enumerate(CLASSES):
            colour, amount = Swatch(12), QLabel()
            self._pixels[lesion], self._swatches[lesion] = amount, colour
            layout.addWidget(colour, row, 0)
            layout.addWidget(QLabel(lesion.title), row, 1)
            layout.addWidget(amount, row, 2)
        layout.setColumnStretch(1, 1)
        self.show_colours(SCREEN_COLOURS)
        return grid

    def show_colours(self, colours: Mapping[Lesion, RGB]) -> None:
        """Draw the classes in the colours in use."""
        for lesion, label in self._swatches.items():
            label.show_colour(colours[lesion])

    def show_learnable(self, learnable: Learnable) -> None:
        """Say what people have labelled."""
        if not learnable.photos:
            self.summary.setText("Nothing is labelled yet. Paint, or accept what the model proposes; then retrain.")
        else:
            photos, patients = counted(learnable.photos, "labelled photo"), counted(learnable.patients, "patient")
            self.summary.setText(f"{photos} of {patients}{_wanting(learnable.patients)}")
        total = max(sum(learnable.pixels.values()), 1)
        for lesion, label in self._pixels.items():
            count = learnable.pixels.get(lesion, 0)
            label.setText(f"{_area(count)}, {100 * count / total:.0f} %" if count else "none")

    def begin(self) -> None:
        """A run has started."""
        self.curves.clear()
        self.bars.clear()
        self.verdict_box.hide()
        self.offer(resumable=False)
        self.work.begin("Reading the labels")
        self.button.setEnabled(False)

    def follow(self, event: Event) -> None:
        """Show what the run says."""
        match event:
            case Epoch():
                self.curves.add(event)
                self.bars.advance(event.fold, event.epoch / max(event.epochs, 1))
                left = f", {spoken(event.seconds_left)} left in this fold" if event.seconds_left else ""
                self.work.bar.setRange(0, max(event.epochs, 1))
                self.work.bar.setValue(event.epoch)
                self.work.words.setText(f"Fold {event.fold}, epoch {event.epoch} of {event.epochs}{left}")
            case FoldDone(fold=fold, scores=scores):
                self.bars.score(fold, _macro(scores))
            case _:
                self.work.follow(event)
        if isinstance(event, Note):
            self._say(event.text)

    def end(self, event: Finished | Failed, *, resumable: bool = False) -> None:
        """The run is over; say what came of it, and offer to go on where it was stopped."""
        self.work.end()
        self.button.setEnabled(True)
        self.offer(resumable=resumable)
        self._say(verdict(event, resumable=resumable))

    def clear(self, *, resumable: bool) -> None:
        """Forget the run of another study; say whether this one has a run that was stopped."""
        self.curves.clear()
        self.bars.clear()
        self.verdict_box.hide()
        self.offer(resumable=resumable)
        if resumable:
            self._say("The last training of this study was stopped. Resume goes on where it stopped.")

    def offer(self, *, resumable: bool) -> None:
        """Offer to go on with a run that was stopped, or not."""
        self.resume.setVisible(resumable)
        self.button.setText("Start anew" if resumable else "Retrain")
        self.button.setProperty("role", "plain" if resumable else "main")
        refresh_style(self.button)

    def _say(self, text: str) -> None:
        self.verdict.setText(text)
        self.verdict_box.show()


def verdict(event: Finished | Failed, *, resumable: bool = False) -> str:
    """What came of a training run, in a sentence or two."""
    if isinstance(event, Failed):
        if event.exit_code == 130:
            on = "Resume goes on where it stopped." if resumable else "Retrain whenever you like."
            return f"Training was stopped. The model in use has not changed. {on}"
        return in_words(event)
    name, why = event.result.get("name", "the new model"), str(event.result.get("why") or "")
    words = f"<b>{name}</b> {'is now in use' if event.result.get('promoted') else 'was not put into use'}."
    return f"{words} {why[:1].upper()}{why[1:]}".strip()


def _macro(scores: Mapping[str, Any]) -> float | None:
    value = scores.get("macro_lesion")
    return None if value is None else float(value)


def _wanting(patients: int) -> str:
    return "" if patients >= FOLDS else f"; five folds want photos of {FOLDS} patients"


def _area(pixels: int) -> str:
    return f"{pixels / 1e6:.2f} Mpx" if pixels >= 100_000 else f"{pixels:,} px"
