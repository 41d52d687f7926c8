"""The reader's place at the photo: what lies on it, the keys that work on it, and the sheet that lists them."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from napari_ctcl._widgets.actions import Desk
from napari_ctcl._widgets.canvas import Canvas
from napari_ctcl._widgets.furniture import Furniture
from napari_ctcl._widgets.guidance import Guidance
from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.keychoice import KeyChoice
from napari_ctcl._widgets.keys import Keys
from napari_ctcl._widgets.keysheet import KeySheet
from napari_ctcl._widgets.lesionlist import LesionView
from napari_ctcl._widgets.panes import leave_keys, next_pane
from napari_ctcl._widgets.photos import PhotoList
from napari_ctcl._widgets.speaking import TROUBLE, in_words
from napari_ctcl.lesion import Lesion
from napari_ctcl.session import Session


class Workplace(QObject):
    """Joins furniture, guidance and keys to the photo in hand.

    `scaled` says that the photo has another scale, `failed` gives a sentence about what could not be done.

    Parameters
    ----------
    canvas : the photo, and the palette that goes with it
    surface : what the photo is drawn in
    photos, header, panel : the parts of the window around it, in which keys are heard too
    """

    scaled = Signal(float)
    failed = Signal(str)

    def __init__(self, canvas: Canvas, surface: QWidget, photos: PhotoList, header: Header, panel: QWidget) -> None:
        super().__init__(surface)
        self._canvas, self._photos, self._header = canvas, photos, header
        self._session: Session | None = None
        self.furniture = Furniture(canvas.viewer, surface, canvas.palette)
        self.guidance = Guidance(canvas)
        self.guidance.watch(self.furniture.sight, self.furniture.glass)
        self.sheet = KeySheet(surface.window())
        desk = Desk(
            canvas=canvas,
            furniture=self.furniture,
            turn=self.turn,
            look_on=self.guidance.look_on,
            show_keys=self.show_keys,
            change_pane=lambda: next_pane((surface, header, photos, panel, *panel.findChildren(LesionView))),
        )
        self.keys, self.choice = Keys(desk, self._ready), KeyChoice(self)
        for heard in (surface, header, photos, panel, surface.window()):  # docks give napari what panels leave
            self.keys.watch(heard)
        for pane in (header, photos, panel):
            leave_keys(pane)
        photos.tree.itemClicked.connect(lambda *_: surface.setFocus())
        self.choice.changed.connect(self._choose)
        self._choose(self.choice.keys)
        self._join()

    def _join(self) -> None:
        self._canvas.in_hand.connect(self._show_hand)
        self._canvas.painted.connect(lambda _: self.furniture.overview.ask())
        self._canvas.changed.connect(lambda _: self.furniture.overview.ask())
        self._header.turn_asked.connect(self.turn)
        self._header.keys_asked.connect(self.show_keys)
        self.furniture.told.connect(lambda text: self._header.tell(text, kind="warn"))
        self.furniture.measured.connect(self._scale)
        self.guidance.told.connect(self._header.tell)
        self.guidance.failed.connect(self.failed)

    def begin(self, session: Session) -> None:
        """Another photo has come into hand and onto the canvas."""
        self._session = session
        if self._canvas.labels is not None:
            self.furniture.join(self._canvas.labels)
        self.furniture.begin(session)
        self.guidance.begin(session)
        self._show_hand()
        listed = self._photos.listed
        if session.photo is not None and session.photo.id in listed:
            self._header.show_place(listed.index(session.photo.id) + 1, len(listed))

    def stop(self) -> None:
        """No photo is in hand."""
        self._session = None
        self.keys.let_go()
        self.furniture.begin(None)
        self.guidance.stop()

    def turn(self, step: int) -> None:
        """Take the next photo of the list in hand, or the previous one for -1."""
        listed = self._photos.listed
        if self._session is None or self._session.photo is None or self._session.photo.id not in listed:
            return
        place = listed.index(self._session.photo.id) + step
        if 0 <= place < len(listed):
            self._photos.chosen.emit(listed[place])
        else:
            self._header.tell("This is the last photo." if step > 0 else "This is the first photo.")

    def show_keys(self) -> None:
        """Open the sheet of keys, or put it away."""
        self.sheet.show_keys(self.keys.bindings.keys, light=self._canvas.viewer.theme == "light")
        self.sheet.appear()

    def _ready(self) -> bool:
        layer, viewer = self._canvas.labels, self._canvas.viewer
        return layer is not None and viewer.layers.selection.active is layer

    def _choose(self, chosen: Mapping[str, str]) -> None:
        complaints = self.keys.choose(chosen)
        self._canvas.palette.show_keys(self.keys.bindings.keys)
        if complaints:
            self._header.tell(" ".join(complaints), kind="warn")

    def _show_hand(self) -> None:
        layer = self._canvas.labels
        if layer is not None:
            lesion = Lesion(layer.selected_label)
            self.furniture.badge.show_class(lesion, self._canvas.palette.looks.colours[lesion], layer.tool)

    def _scale(self, mm_per_px: float) -> None:
        session = self._session
        if session is None or session.photo is None:
            return
        try:
            session.photo.set_scale(mm_per_px, session.user)
        except TROUBLE as error:
            self.failed.emit(in_words(error))
            return
        self.furniture.show_scale(mm_per_px)
        self.scaled.emit(mm_per_px)
