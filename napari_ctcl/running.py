"""The one process that a session may have at work for it, and what it says, kept until somebody asks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

from napari_ctcl.errors import InputError
from napari_ctcl.events import Event
from napari_ctcl.jobs import PATIENCE_S, Job


class Running:
    """Starts it, hears it on a thread of its own, stops it."""

    def __init__(self) -> None:
        self._job: Job | None = None
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

    @property
    def busy(self) -> bool:
        """Whether a process is at work, or its end has not been told yet."""
        return self._job is not None

    def start(self, name: str, argv: list[str], *, log: Path, patience_s: float = PATIENCE_S) -> None:
        """Start a process.

        Parameters
        ----------
        name : of what it does, in a word
        log : file for what it says beside its events
        patience_s : how long it may take to stop when asked

        Raises
        ------
        InputError
            If another one is still at work.
        """
        if self._job is not None:
            raise InputError("another job is still running", do="wait for it, or cancel it")
        log.parent.mkdir(parents=True, exist_ok=True)
        self._job = job = Job(argv, log=log, patience_s=patience_s)
        threading.Thread(target=self._hear, args=(job,), name=f"follow-{name}", daemon=True).start()

    def cancel(self, *, wait: bool = False) -> None:
        """Ask the process to stop; what it finished is kept.

        Parameters
        ----------
        wait : until it has ended
        """
        job = self._job
        if job is None:
            return
        if wait:
            job.cancel()
        else:  # a program that ends meanwhile waits for this thread, and so for the job's checkpoint
            threading.Thread(target=job.cancel, name="cancel", daemon=False).start()

    def said(self) -> Iterator[Event | None]:
        """What the process has said since the last call; None is its end, after which another may be started."""
        while self._job is not None:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                return
            if event is None:
                self._job = None
            yield event

    def _hear(self, job: Job) -> None:
        for event in job.events():
            self._events.put(event)
        self._events.put(None)
