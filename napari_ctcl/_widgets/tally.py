"""How much is labelled: of the photo in hand in the palette, or of the whole study where training is about to learn."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_ctcl._widgets.counting import Counter
from napari_ctcl._widgets.header import Header
from napari_ctcl._widgets.judging import Judging
from napari_ctcl._widgets.palette import Palette
from napari_ctcl._widgets.training import TrainPanel
from napari_ctcl.learnable import Learnable
from napari_ctcl.lesion import Lesion
from napari_ctcl.session import Session


class Tally(QObject):
    """Has it counted and shows it; with every count the photo's state is looked at again.

    Parameters
    ----------
    palette, header, training : where the counts are shown
    judging : looks at the states of photos
    """

    failed = Signal(str)

    def __init__(self, palette: Palette, header: Header, training: TrainPanel, judging: Judging) -> None:
        super().__init__()
        self._palette, self._header, self._training, self._judging = palette, header, training, judging
        self._session: Session | None = None
        self._whole_study = False
        self._counter = Counter()
        self._counter.counted.connect(self._show_photo)
        self._counter.learnt.connect(self._show_study)
        self._counter.failed.connect(self.failed)

    def begin(self, session: Session) -> None:
        """Count the photo that has come into hand."""
        self._session = session
        self.ask()

    def stop(self) -> None:
        """No photo is in hand."""
        self._session = None
        self._counter.stop()

    def look_at(self, *, whole_study: bool) -> None:
        """Count the whole study from now on, or the photo in hand alone."""
        self._whole_study = whole_study
        self.ask()

    def ask(self, soon_ms: int = 0) -> None:
        """Count anew, after waiting so long for further strokes."""
        if self._session is not None and self._session.photo is not None:
            self._counter.ask(self._session, whole_study=self._whole_study, soon_ms=soon_ms)

    def _show_photo(self, ident: str, pixels: dict[Lesion, int], total: int) -> None:
        session = self._session
        if session is not None and session.photo is not None and session.photo.id == ident:
            self._palette.show_amounts(pixels, total)
            self._header.show_judged(sum(count for lesion, count in pixels.items() if lesion), total)
            self._judging.look_at([session.photo])

    def _show_study(self, learnable: Learnable) -> None:
        self._training.show_learnable(learnable)
        if self._session is not None and self._session.photo is not None:
            self._judging.look_at([self._session.photo])
