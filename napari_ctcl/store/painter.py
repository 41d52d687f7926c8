"""Carries out gestures in the order in which they were made, beside the window that they were made in.

A gesture that cannot be done at once, or that waits behind such a one, is noted in the journal before a pixel of it is
painted; so a hand may go on, and a crash loses none of what it has done.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from napari_ctcl.errors import Cancelled, CtclError, InputError, WorkFailed
from napari_ctcl.region import Region
from napari_ctcl.store.areas import painting
from napari_ctcl.store.covering import parts
from napari_ctcl.store.gesture import Draw, Gesture, Step, encode, is_finite
from napari_ctcl.store.painting import TiledPyramid

BRIEF_PX: Final = 4_000_000
"""Level-0 pixels of a stroke's box up to which it is painted in less time than a note of it would take to explain."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What has come of a gesture so far.

    Parameters
    ----------
    gesture : that it is about
    region : level-0 pixels that have changed since the last news; None where none did
    pixels : how many have changed in all
    ended : whether this is the last of it
    error : why it was refused; what it had painted is taken back
    """

    gesture: Gesture
    region: Region | None = None
    pixels: int = 0
    ended: bool = False
    error: CtclError | OSError | None = None


class _Task:
    """A gesture on its way; `lock` is held while it is being noted, and while it is decided whether it need be."""

    def __init__(self, gesture: Gesture) -> None:
        self.gesture = gesture
        self.lock = threading.Lock()
        self.begun = False
        self.note: int | None = None
        self.error: CtclError | OSError | None = None


class Painter:
    """Paints on the labels of one photo, one gesture after the other.

    Every method but `wait` and `close` returns at once; all may be called from any thread. While it lives, nobody else
    draws strokes on the labels.

    Parameters
    ----------
    labels : what is painted on
    """

    def __init__(self, labels: TiledPyramid) -> None:
        self.labels = labels
        self.view: Region | None = None
        self.level = 0
        self._tasks: deque[_Task] = deque()
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._unsettled: list[int] = []
        self._unseen: Region | None = None
        self._moved = threading.Condition()
        self._closing = self._stopping = False
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._paint, "painter"), (self._note_down, "painter-notes"))
        ]
        for thread in self._threads:
            thread.start()

    def see(self, view: Region, level: int) -> None:
        """Tell which level-0 region is on screen and at which level; it is changed first."""
        self.view, self.level = view, level

    def do(self, gesture: Gesture) -> None:
        """Have a gesture carried out after all those before it.

        Raises
        ------
        InputError
            If it lies at no place: a coordinate is not a number, or infinite.
        """
        if not is_finite(gesture):
            raise InputError(f"a {gesture.tool} at no place", expected="finite coordinates", do="do it again")
        with self._moved:
            if self._closing:
                raise RuntimeError("the painter is closed")
            self._tasks.append(_Task(gesture))
            self._moved.notify_all()

    def cancel(self) -> bool:
        """Have the gesture taken back that is being carried out; whether there is one that can be.

        An undo or a redo is in the journal as a whole before it is seen, and goes on to its end.
        """
        with self._moved:
            under_way = self._tasks[0] if self._tasks else None
        self._stopping = under_way is not None and under_way.begun and not isinstance(under_way.gesture, Step)
        return self._stopping

    @property
    def waiting(self) -> list[Gesture]:
        """Gestures whose pixels are not all in the labels yet, the first made first."""
        with self._moved:
            return [task.gesture for task in self._tasks]

    @property
    def busy(self) -> bool:
        """Whether any gesture is on its way, or news of one has not been fetched."""
        return bool(self._tasks) or self._unseen is not None or not self._news.empty()

    @property
    def unsafe(self) -> int:
        """Gestures that a crash would lose: made so shortly ago that they are neither noted nor painted."""
        with self._moved:
            return sum(task.note is None for task in self._tasks)

    @property
    def can_undo(self) -> bool:
        """Whether there is, or will be, something to take back."""
        return self.labels.can_undo or any(not isinstance(gesture, Step) for gesture in self.waiting)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return self.labels.can_redo

    def news(self) -> Iterator[News]:
        """What has happened since the last call, oldest first."""
        while True:
            try:
                yield self._news.get_nowait()
            except queue.Empty:
                return

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until all gestures are carried out; whether they are."""
        with self._moved:
            return self._moved.wait_for(lambda: not self._tasks, timeout_s)

    def close(self) -> None:
        """Carry out what is left, then stop."""
        with self._moved:
            self._closing = True
            self._moved.notify_all()
        for thread in self._threads:
            thread.join()

    # Painting

    def _paint(self) -> None:
        while (task := self._next()) is not None:
            with _outlived(task.gesture) as faults:
                self._begin(task)
                self._carry_out(task)
            for fault in faults:
                with _outlived(task.gesture):
                    self._refuse(task, fault)
            with self._moved:
                self._tasks.popleft()
                idle = not self._tasks
                self._moved.notify_all()
            if idle:
                with _outlived(task.gesture):
                    self._bring_up_to_date(task)

    def _next(self) -> _Task | None:
        with self._moved:
            self._moved.wait_for(lambda: self._tasks or self._closing)
            return self._tasks[0] if self._tasks else None

    def _begin(self, task: _Task) -> None:
        with task.lock:
            self._stopping = False  # from here on it can be cancelled
            task.begun = True
            if task.error is not None:
                raise task.error
            if task.note is None and not _brief(task.gesture):
                self._note(task)
        while self._unsettled:
            self.labels.journal.settle(self._unsettled[-1])
            self._unsettled.pop()

    def _carry_out(self, task: _Task) -> None:
        pixels = 0
        with closing(gestured(self.labels, task.gesture, first=self.view, noted=task.note)) as doing:
            for region, changed in doing:
                pixels += changed
                self.labels.propagate(self.level)
                self._unseen = region if self._unseen is None else self._unseen | region
                self._news.put(News(gesture=task.gesture, region=region, pixels=pixels))
                if self._stopping:
                    raise Cancelled(f"{task.gesture.tool}: stopped, and what it had painted is taken back")
        if task.note is not None:
            self.labels.journal.settle(task.note)
        self._news.put(News(gesture=task.gesture, pixels=pixels, ended=True))

    def _refuse(self, task: _Task, error: CtclError | OSError) -> None:
        if task.note is not None:
            try:
                self.labels.journal.settle(task.note)
            except (CtclError, OSError):
                self._unsettled.append(task.note)  # a full disk: said again before the next gesture
        whole = Region.whole(self.labels.shape)
        self._news.put(News(gesture=task.gesture, region=whole, ended=True, error=error))
        self.labels.propagate(self.level)

    def _bring_up_to_date(self, task: _Task) -> None:
        """Have the levels that are not on screen follow, and those too whose level was another when it began."""
        try:
            self.labels.propagate()
        finally:
            if self._unseen is not None:
                self._news.put(News(gesture=task.gesture, region=self._unseen))
                self._unseen = None  # only now, lest a window that asks in between believes that nothing more comes

    # Noting

    def _note_down(self) -> None:
        """Note what waits behind a gesture that is being carried out."""
        while (task := self._next_to_note()) is not None:
            with task.lock:
                if not task.begun and task.note is None:
                    with _outlived(task.gesture) as faults:
                        self._note(task)
                    task.error = faults[0] if faults else None

    def _next_to_note(self) -> _Task | None:
        def unnoted() -> list[_Task]:
            if not self._tasks or self._tasks[0].note is None:
                return []  # a note that is kept while what came before it is lost would be carried out on another photo
            behind = list(self._tasks)[1:]
            return [task for task in behind if not task.begun and task.note is None and task.error is None]

        with self._moved:
            self._moved.wait_for(lambda: unnoted() or (self._closing and not self._tasks))
            found = unnoted()
            return found[0] if found else None

    def _note(self, task: _Task) -> None:
        note = self.labels.journal.note(encode(task.gesture), user=self.labels.user)
        with self._moved:
            task.note = note
            self._moved.notify_all()


@contextmanager
def _outlived(gesture: Gesture) -> Iterator[list[CtclError | OSError]]:
    """Collect what goes wrong inside: a thread that died of it would keep every later stroke waiting."""
    faults: list[CtclError | OSError] = []
    try:
        yield faults
    except (CtclError, OSError) as error:
        faults.append(error)
    except Exception as error:
        _log.exception("a gesture failed")
        faults.append(WorkFailed(f"the {gesture.tool} failed: {error}", do="tell the developers"))


def gestured(
    labels: TiledPyramid,
    gesture: Gesture,
    *,
    first: Region | None = None,
    noted: int | None = None,
) -> Generator[tuple[Region, int]]:
    """Carry out one gesture.

    Parameters
    ----------
    first : level-0 pixels that are seen, and are changed before others where that can be chosen
    noted : its note in the journal

    Yields
    ------
    Level-0 pixels that have changed since the last time, and how many of them.
    """
    if isinstance(gesture, Step):
        for region in labels.stepping(gesture.tool, first=first, noted=noted):
            yield region, 0
        return
    told = encode(gesture) if noted is None else noted
    for stroke in painting(labels, gesture.tool, parts(gesture, labels), noted=told):
        yield stroke.region, stroke.pixels


def _brief(gesture: Gesture) -> bool:
    """Whether it is safe in the journal as soon as a note of it would be."""
    if isinstance(gesture, Step):
        return True
    if not isinstance(gesture, Draw) or gesture.outlines or gesture.stamps:
        return False
    return gesture.box.area <= BRIEF_PX
