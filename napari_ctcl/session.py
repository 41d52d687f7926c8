"""What an annotator is doing: which study and photo are open, what is being worked on and what came of it.

The session owns the open study, the labels of the photo on screen and at most one process of segmentation or training.
It knows no screen: a window listens to its signals, and calls `poll` on its own thread to have a running job's events
handed on there.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, Self

from psygnal import Signal

from napari_ctcl.errors import CtclError, InputError, StudyError
from napari_ctcl.events import Event, Failed, Finished, RegionDone
from napari_ctcl.inhand import InHand
from napari_ctcl.jobs import PATIENCE_S, TRAINER_PATIENCE_S, trainer
from napari_ctcl.learnable import Learnable, learnable
from napari_ctcl.region import Region
from napari_ctcl.running import Running
from napari_ctcl.segment.protocol import Request, command
from napari_ctcl.shown import Shown
from napari_ctcl.store import Photo, Study, TiledPyramid
from napari_ctcl.store.gesture import Judge
from napari_ctcl.store.lock import login_name
from napari_ctcl.store.painter import Painter
from napari_ctcl.store.reading import LabelReader
from napari_ctcl.store.registry import STARTER as STARTER  # noqa: PLC0414 - the window speaks of it too
from napari_ctcl.unfinished import newest_unfinished, unfinished

Work = Literal["segment", "retrain"]


class Session:
    """An open study and one photo of it in hand; a context manager.

    Parameters
    ----------
    study : open; closed with the session
    user : the name under which strokes are kept; the account's by default
    """

    photo_changed = Signal(str)
    photos_changed = Signal()
    labels_changed = Signal()
    region_predicted = Signal(str, object)
    job_started = Signal(str)
    job_event = Signal(str, object)
    job_ended = Signal(str, object)

    def __init__(self, study: Study, *, user: str | None = None) -> None:
        self.study = study
        self.user = user or login_name()
        self.work: Work | None = None
        self.stopped_run = newest_unfinished(study.runs_dir)
        self._hand: InHand | None = None
        self._running = Running()
        self._end: Finished | Failed | None = None
        self._runs: set[str] = set()

    @classmethod
    def open(cls, path: Path | str, *, user: str | None = None) -> Self:
        """Session on the study in a folder.

        Raises
        ------
        StudyError
            If the folder is not a study that this version can open.
        """
        study = Study.open(Path(path))
        try:
            study.photos()  # a catalogue that cannot be read is refused here, before anything else is let go
        except CtclError:
            study.close()
            raise
        return cls(study, user=user)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self, *, wait: bool = True) -> None:
        """Stop what is running, keep what is painted, close the study.

        Parameters
        ----------
        wait : until the running job has kept its work and ended; otherwise it is asked to, and does so by itself

        Raises
        ------
        DiskFull
            If the last strokes had no room in the labels; the study is closed, and the journal keeps them.
        """
        with ExitStack() as last:
            last.callback(self.study.close)
            last.callback(self._put_away)
            self._running.cancel(wait=wait)

    # The photo in hand

    def photos(self) -> list[Photo]:
        """All photos, in the catalogue's order."""
        return self.study.photos()

    @property
    def hand(self) -> InHand | None:
        """The photo in hand with its labels and painter."""
        return self._hand

    @property
    def photo(self) -> Photo | None:
        """The photo in hand."""
        return self._hand.photo if self._hand else None

    @property
    def shown(self) -> Shown | None:
        """What is seen of the photo in hand."""
        return self._hand.shown if self._hand else None

    @property
    def only_look(self) -> CtclError | None:
        """Why the photo in hand may not be painted on."""
        return self._hand.only_look if self._hand else None

    @property
    def labels(self) -> TiledPyramid | LabelReader:
        """Human labels of the photo in hand; only to be read where `only_look` says why."""
        if self._hand is None:
            raise InputError("no photo is open", do="choose a photo")
        return self._hand.labels

    @property
    def painter(self) -> Painter:
        """Carries out gestures on the photo in hand."""
        if self._hand is None or self._hand.painter is None:
            raise InputError("no photo is open for painting", do="choose a photo")
        return self._hand.painter

    @property
    def finished(self) -> bool:
        """Whether every gesture so far is in the labels, so that the photo can be left without a wait."""
        return self._hand is None or self._hand.finished

    def show(self, photo_id: str) -> None:
        """Take another photo in hand; the labels of the last one are flushed and given back.

        Where somebody else is painting on it, or nothing can be written, it is there to look at; `only_look` says why.

        Raises
        ------
        NotFound
            If the study has no such photo.
        DiskFull
            If there is no room for the last strokes; the photo in hand stays. A stroke that was still being drawn is
            lost where it has no room, and the other photo is in hand.
        """
        if self.photo is not None and self.photo.id == photo_id:
            return
        photo = self.study.photo(photo_id)
        if self._hand is not None:
            self._hand.settle()
        hand = InHand.take(photo, user=self.user)
        try:
            self._put_away()
        finally:  # the last photo is given back even where that failed, so the new one's lock must have an owner
            self._hand = hand
            self.photo_changed.emit(photo_id)

    def look_again(self) -> bool:
        """Whether labels that somebody else paints have changed; where that has ended, they are taken in hand."""
        hand = self._hand
        if hand is None or not hand.free:
            return hand is not None and hand.refresh()
        self._hand = None
        self.show(hand.photo.id)
        return False

    def _put_away(self) -> None:
        hand, self._hand = self._hand, None
        if hand is not None:
            hand.close()

    def painted(self) -> TiledPyramid | LabelReader:
        """Say that the labels of the photo in hand have changed.

        Returns
        -------
        The labels.

        Raises
        ------
        StudyError
            If the photo's folder has been taken away meanwhile: a stroke would be kept nowhere.
        """
        if self.photo is not None and not self.photo.image_path.exists():
            raise StudyError(
                f"{self.photo.root} is gone; what you paint now cannot be kept",
                do="put the folder back, then open the study again",
            )
        self.labels_changed.emit()
        return self.labels

    def sign_off(self) -> None:
        """Have the user's name stand for the labels of the photo in hand.

        Raises
        ------
        InputError
            If no photo is in hand, or nothing on it is labelled by a person.
        """
        self.painter.wait()
        self.labels.flush()
        if self.photo is None or self.photo.state not in ("in work", "verified"):
            raise InputError("nothing on this photo is labelled yet", do="paint, or accept the proposal, then sign off")
        self.photo.verify(self.user)
        self.photos_changed.emit()

    def reopen(self) -> None:
        """Take the signature back from the photo in hand."""
        if self.photo is not None:
            self.photo.reopen()
            self.photos_changed.emit()

    def accept_all(self) -> None:
        """Have all of the model's pixels in the photo in hand taken over, as one stroke; human pixels stay."""
        height, width = self.labels.shape
        corners = ((0, 0), (0, width - 1), (height - 1, width - 1), (height - 1, 0))
        self.painter.do(Judge(tool="accept", inside=corners))

    def learnable(self) -> Learnable:
        """What a human has labelled so far, over all photos."""
        if self._hand is not None:
            self._hand.labels.flush()
        return learnable(self.photos())

    # Work in other processes

    @property
    def champion(self) -> str | None:
        """Name of the model that segments this study; None while it has none of its own."""
        return self.study.models.champion()

    def models(self) -> list[str]:
        """Names of the models that may segment: the one in use first, then the study's newest, the starter last."""
        names = [entry.name for entry in reversed(self.study.models.entries())]
        champion = self.champion
        return list(dict.fromkeys([*([champion] if champion else []), *names, STARTER]))

    def segment(
        self,
        device: str = "auto",
        *,
        model: str | None = None,
        photos: Iterable[str] = (),
        first: Region | None = None,
    ) -> None:
        """Start pre-segmenting photos, or the one in hand; chunks arrive as `region_predicted`.

        Parameters
        ----------
        device : auto, cpu or cuda
        model : one of `models`; None for the one in use
        first : level-0 region to begin with, of the first photo
        """
        chosen = tuple(photos) or ((self.photo.id,) if self.photo else ())
        if not chosen:
            raise InputError("no photo is open", do="choose a photo, then pre-segment it")
        request = Request(study=self.study.root, photos=chosen, model=model, device=device, first=first)
        self._start("segment", command(request))

    def retrain(self, recipe: str = "quick", *, resume: str | None = None) -> None:
        """Start fine-tuning the study's champion, or the starter model where there is none, on all human labels.

        Parameters
        ----------
        recipe : name of a recipe, or path of a recipe file
        resume : a run that was stopped, such as `stopped_run`, to be taken up with its own recipe
        """
        if self._hand is not None:
            self._hand.labels.flush()
        how = ("--recipe", recipe) if resume is None else ("--resume", resume)
        self._runs = unfinished(self.study.runs_dir) - {resume or ""}
        self._start("retrain", trainer("finetune", str(self.study.root), *how), patience_s=TRAINER_PATIENCE_S)

    def log(self, work: Work) -> Path:
        """File with what the last job of that kind said beside its events."""
        return self.study.root / "logs" / f"{work}.log"

    def _start(self, work: Work, argv: list[str], *, patience_s: float = PATIENCE_S) -> None:
        self._running.start(work, argv, log=self.log(work), patience_s=patience_s)
        self.work = work
        self.job_started.emit(work)

    def cancel(self) -> None:
        """Ask the running job to stop, without waiting for it; what it finished is kept."""
        self._running.cancel()

    def poll(self) -> None:
        """Hand on what the running job has said since the last call, on the caller's thread."""
        for event in self._running.said():
            self._hand_on(event)

    def _hand_on(self, event: Event | None) -> None:
        work = self.work
        if event is None:
            self.work = None
            if work == "retrain":
                self.stopped_run = max(unfinished(self.study.runs_dir) - self._runs, default=None)
            self.photos_changed.emit()
            self.job_ended.emit(work, self._end)
            return
        if isinstance(event, RegionDone):
            region = Region(event.y0, event.y1, event.x0, event.x1)
            if self.shown is not None and self.photo is not None and self.photo.id == event.photo:
                self.shown.refresh(region)
            self.region_predicted.emit(event.photo, region)
        if isinstance(event, Finished | Failed):
            self._end = event
        self.job_event.emit(work, event)
