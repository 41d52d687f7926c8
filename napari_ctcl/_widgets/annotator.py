"""The annotator: photos on the left, the photo in the middle, palette and training on the right, over one session.

The widget that napari docks is the right-hand one; it brings its companions with it and lets them go with the window.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from qtpy.QtCore import QCoreApplication, QEvent, QObject, QTimer
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QDockWidget, QFileDialog, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from napari_ctcl._widgets.canvas import Canvas
from napari_ctcl._widgets.docking import Column, above, column_of, dock_above, dock_beside, in_two, tell_research
from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.incoming import Incoming
from napari_ctcl._widgets.jobs import Jobs
from napari_ctcl._widgets.judging import Judging
from napari_ctcl._widgets.leaving import Leaving
from napari_ctcl._widgets.lesionlist import LesionList
from napari_ctcl._widgets.palette import Palette
from napari_ctcl._widgets.photos import PhotoList
from napari_ctcl._widgets.resting import Resting
from napari_ctcl._widgets.rounds import Rounds
from napari_ctcl._widgets.sample import SampleMaker
from napari_ctcl._widgets.segmenting import SegmentBox
from napari_ctcl._widgets.slicing import Slicing
from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl._widgets.strokes import Strokes
from napari_ctcl._widgets.style import sheet
from napari_ctcl._widgets.tally import Tally
from napari_ctcl._widgets.training import TrainPanel
from napari_ctcl._widgets.watching import Watching
from napari_ctcl._widgets.workplace import Workplace
from napari_ctcl.lesion import Lesion
from napari_ctcl.region import Region
from napari_ctcl.session import STARTER, Session

T = TypeVar("T")
_COUNT_MS = 700


class Annotator(QWidget):
    """The whole window around napari's canvas.

    Parameters
    ----------
    napari_viewer : the viewer; napari fills this name in when the widget is opened from its menu
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        # a plugin's viewer is a proxy, and so are the docks it gives; Qt takes only what is behind it
        self.viewer = viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.session: Session | None = None
        self.palette, self.segmenting, self.training = Palette(), SegmentBox(), TrainPanel()
        self.photos, self.header = PhotoList(), Header()
        self.canvas, self.lesions = Canvas(viewer, self.palette), LesionList()
        self.rounds = Rounds(self.lesions, self.canvas, self.palette)
        self.jobs = Jobs(self.segmenting, self.training, self.header, self.canvas.visible)
        self.sample, self.leaving = SampleMaker(self.photos.sample_button, self.header), Leaving(self, self.header)
        self.resting = Resting(self.canvas, self.header)
        self.judging = Judging(self.photos, self.header, self.resting)
        self.strokes = Strokes(self.canvas, self.header, self.palette)
        self.tally = Tally(self.palette, self.header, self.training, self.judging)
        self.incoming, self.watching = Incoming(viewer, self.header), Watching()
        self.docks: list[QDockWidget] = []
        self._surface: QWidget | None = None
        self.workplace: Workplace | None = None
        self._slicing = Slicing(viewer)
        self._lay_out()
        self._join()
        self._reflect()

    # Building

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        controls = column_of(self.palette)
        controls.layout().addStretch(1)
        halves = in_two(Column(controls), column_of(self.lesions))
        self.tabs.addTab(above(halves, column_of(self.segmenting)), "Annotate")
        self.tabs.addTab(Column(self.training), "Train")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.tabs)
        self._dress()

    def _dress(self, *_: Any) -> None:
        """Put on looks that fit napari's theme."""
        for widget in (self, self.photos, self.header):
            widget.setStyleSheet(sheet(light=self.viewer.theme == "light"))

    def _join(self) -> None:
        self.photos.open_asked.connect(self.ask_for_study)
        self.photos.sample_asked.connect(self.sample.make)
        self.photos.chosen.connect(self.show_photo)
        self.segmenting.accept_all_asked.connect(self.strokes.accept_all)
        self.tabs.currentChanged.connect(lambda tab: self.tally.look_at(whole_study=tab == 1))
        self.palette.looks.changed.connect(lambda: self.training.show_colours(self.palette.looks.colours))
        self.strokes.painted.connect(lambda: self.tally.ask(_COUNT_MS))
        self.canvas.in_hand.connect(self._show_hand)
        self.tally.failed.connect(self._warn)
        self.rounds.failed.connect(self._warn)
        self.sample.made.connect(self.open)
        self.incoming.study_came.connect(self.open)
        self.watching.changed.connect(self.canvas.redraw)
        self.watching.freed.connect(self._freed)
        self.watching.failed.connect(self._warn)
        self.viewer.events.theme.connect(self._dress)
        self.jobs.began.connect(self._reflect)
        self.jobs.ended.connect(self._job_ended)

    def showEvent(self, event: QEvent) -> None:  # noqa: N802
        """Bring the companions the first time the widget is on screen."""
        super().showEvent(event)
        for column in self.findChildren(Column):
            column.fit()
        if not self.docks and isinstance(self.window(), QMainWindow):
            QTimer.singleShot(0, self.arrange)

    def arrange(self) -> None:
        """Dock photos and header, put napari's own layer docks away, and say that it is research."""
        main = self.window()
        if self.docks or not isinstance(main, QMainWindow):
            return
        self._slicing.begin()
        self.docks = [dock_beside(self.viewer, main, self.photos, self)]
        dock_above(main, self.header)
        tell_research(main)
        main.installEventFilter(self)
        QCoreApplication.instance().aboutToQuit.connect(self.close_study)
        self._surface = main.findChild(QOpenGLWidget)
        if self._surface is not None:
            self.canvas.watch(self._surface)
            self._furnish(self._surface)
        self.incoming.watch(self._surface)

    def _furnish(self, surface: QWidget) -> None:
        """Lay out what needs the canvas itself, now that there is one."""
        place = self.workplace = Workplace(self.canvas, surface, self.photos, self.header, self.tabs)
        self.strokes.saved.connect(place.furniture.badge.show_saved)
        place.failed.connect(lambda text: self.header.tell(text, kind="bad"))
        place.scaled.connect(self.rounds.show_scale)
        place.scaled.connect(self.canvas.show_scale)
        self.rounds.watch(place.furniture.sight)
        if self.session is not None and self.session.photo is not None:
            place.begin(self.session)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Close the study with the window; a close waits for what runs, and a refused one leaves it open."""
        if event.type() == QEvent.Type.Close and self._put_off("close the window", self.window().close):
            event.ignore()
            return True
        if event.type() == QEvent.Type.Hide and not event.spontaneous() and not watched.isMinimized():
            self.close_study()
            self._slicing.end()
        return bool(super().eventFilter(watched, event))

    def _put_off(self, what: str, then: Callable[[], object]) -> bool:
        """Whether something runs that must end before the study is left; `then` is done after that, if it may be."""
        if self._surface is not None and not self._surface.isVisible() and self.window().isVisible():
            return False  # a program takes the window down, and there is nobody to ask
        if self.session is None:
            return False
        if self.resting.first(self.session, what, then):
            return True
        if self.session.work is None:
            return False
        self.leaving.ask(self.session, what, then)
        return True

    # The study

    def open(self, study: Path | str, photo: str | None = None) -> None:
        """Open a study and one of its photos, the first by default; a message says why when it cannot be."""
        if self.session is not None and Path(study).absolute() == self.session.study.root:
            self._open_again(photo)
            return
        session = self._try(lambda: Session.open(study))
        if session is None:
            return
        if self._put_off("open the other study", lambda: self._switch(study, photo)):
            self._try(session.close)
            return
        self.close_study()
        self.header.hush()
        self.session = session
        self.judging.watch(session)
        session.photo_changed.connect(self._photo_changed)
        session.region_predicted.connect(self._region_predicted)
        self.jobs.watch(session)
        self._list_photos()
        found = session.photos()
        if photo is not None or found:
            self.show_photo(photo or found[0].id)
        else:
            self.canvas.clear()
            self.header.show_place(None)
            self.header.show_state(None)
            self.header.tell("This study has no photos yet. Import some with: ctcl import", kind="info")
        self._reflect()

    def _open_again(self, photo: str | None) -> None:
        """The study is open already: list what was imported meanwhile."""
        self._list_photos()
        found = self.photos.listed
        if photo is not None or (found and self.session is not None and self.session.photo is None):
            self.show_photo(photo or found[0])
        self.header.tell("This study is open.")

    def _switch(self, study: Path | str, photo: str | None) -> None:
        left = self.session.study.root.name if self.session is not None else ""
        self.open(study, photo)
        self.header.tell(f"The work in {left} was stopped. Open that study again to go on with it.")

    def close_study(self) -> None:
        """Flush and give back everything; what is painted is on disk, and what runs is asked to stop."""
        session, self.session = self.session, None
        self.jobs.stop()
        self.strokes.stop()
        self.tally.stop()
        self.rounds.stop()
        self.judging.stop()
        self.watching.stop()
        if self.workplace is not None:
            self.workplace.stop()
        if session is not None:
            self._try(lambda: session.close(wait=False))

    def ask_for_study(self) -> None:
        """Let the person choose a study folder."""
        chosen = QFileDialog.getExistingDirectory(self, "Open a study", str(Path.home()))
        if chosen:
            self.open(chosen)

    # The photo

    def show_photo(self, ident: str) -> None:
        """Take a photo in hand."""
        session = self.session
        if session is not None and not self.resting.first(
            session, "show the other photo", lambda: self.show_photo(ident)
        ):
            self.canvas.put_away_looked_at()
            self._try(lambda: session.show(ident))
            if session.photo is not None:
                self.photos.show_current(session.photo.id)

    def _photo_changed(self, _: str) -> None:
        if self.session is not None and self.session.photo is not None:
            self.header.hush()
            self.canvas.show(self.session)
            self.rounds.begin(self.session)
            self.header.show_state(None)
            if self.workplace is not None:
                self.workplace.begin(self.session)
            self.photos.show_current(self.session.photo.id)
            self.judging.look_at([self.session.photo])
            if why := self.watching.begin(self.session):
                self._warn(why)
            self._reflect()
            self.strokes.begin(self.session)
            self.tally.begin(self.session)

    def _warn(self, text: str) -> None:
        self.header.tell(text, kind="warn")

    def _show_hand(self) -> None:
        layer = self.canvas.labels
        if layer is not None:
            lesion, tool = Lesion(layer.selected_label), layer.tool
            self.palette.show_class(lesion)
            self.palette.show_tool(tool)

    def _freed(self) -> None:
        self.canvas.use("paint")
        self.header.tell("The photo is free again: paint on.", kind="good")

    def _region_predicted(self, photo: str, region: Region) -> None:
        if self.session is not None and self.session.photo is not None and self.session.photo.id == photo:
            self.canvas.redraw(region)

    def _job_ended(self) -> None:
        if self.session is not None:
            self.judging.look_at(self.session.photos())
        self._reflect()
        self.tally.ask()
        self.leaving.go_on()

    # Reflecting

    def _list_photos(self) -> None:
        if self.session is not None:
            current = self.session.photo.id if self.session.photo else None
            photos = self.session.photos()
            self.photos.show_photos(photos, current)
            self.judging.look_at(photos, anew=True)

    def _reflect(self) -> None:
        session = self.session
        photo = session.photo if session is not None else None
        idle = session is not None and session.work is None
        self.palette.setEnabled(photo is not None and session is not None and session.only_look is None)
        self.segmenting.setEnabled(photo is not None)
        self.training.setEnabled(session is not None)
        self.segmenting.button.setEnabled(photo is not None and idle)
        self.training.button.setEnabled(idle)
        predicted = photo is not None and photo.predicted_by() is not None
        champion, models = (session.champion, session.models()) if session else (None, [STARTER])
        self.segmenting.show_models(models, champion, shown=predicted)

    def _try(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except TROUBLE as error:
            self.header.tell(in_words(error), kind="bad")
            return None
