"""A process that says what it does in events: started, followed, stopped, and never left behind.

The process stops by SIGTERM, which it answers by keeping what it has finished; it is sent when somebody cancels, when
whoever follows the events stops listening, and when the program that started it dies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

from napari_ctcl.errors import Cancelled
from napari_ctcl.events import Event, Failed, Finished, Note, decode

PATIENCE_S: Final = 5.0
"""Seconds from asking a process to stop to killing it."""

TRAINER_PATIENCE_S: Final = 30.0
"""The same for the trainer, which finishes a forward or backward pass before it looks whether to stop."""

_TAIL: Final = 2000

# Only Linux has this tie. The process makes it itself, after a look whether its parent still lives: a `preexec_fn`
# would run Python between fork and exec, which may deadlock in a program with threads.
_TIED: Final = """
import ctypes, os, signal, sys
parent, program = int(sys.argv[1]), sys.argv[2:]
if hasattr(os, "nice"):
    os.nice(10)  # whoever paints beside it must not wait for it; on an idle machine it costs nothing
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(143)
os.execvp(program[0], program)
"""

_STARTER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job-starter")
"""Starts all processes, since the kernel sees the end of the thread that started one as the death of its parent."""


def trainer(verb: str, *arguments: str) -> list[str]:
    """Command line of the trainer's process, which prints events; e.g. `trainer("finetune", "my-study")`."""
    return [sys.executable, "-P", "-m", "training", verb, *arguments, "--events"]


class Job:
    """A running process.

    Parameters
    ----------
    argv : program and arguments; it prints one event per line on stdout
    log : file for its stderr, made anew; a temporary one by default
    patience_s : seconds that it has to keep its work, once asked to stop, before it is killed
    """

    def __init__(self, argv: Sequence[str], *, log: Path | None = None, patience_s: float = PATIENCE_S) -> None:
        self._log, self.patience_s = log, patience_s
        self._errors: IO[bytes] = tempfile.TemporaryFile() if log is None else log.open("w+b")  # noqa: SIM115 - closed at the end of the events
        self._cancelled = False
        tied = [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid())]
        self._process: subprocess.Popen[str] = _STARTER.submit(
            subprocess.Popen,
            [*tied, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ).result()

    @property
    def pid(self) -> int:
        """Id of the process, and of its process group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """Exit code, the negative signal number that ended it, or None while it lives."""
        return self._process.poll()

    def events(self) -> Iterator[Event]:
        """What the process says, until it ends; waits for each.

        The last event is Finished or Failed: a process that ends without a word gets a Failed with the last line that
        it wrote to stderr. A line that is no event comes as a Note. Closing the generator cancels the job.
        """
        assert self._process.stdout is not None
        ended = False
        try:
            for line in self._process.stdout:
                event = _read(line)
                if event is not None and not ended:
                    ended = isinstance(event, Finished | Failed)
                    yield event
            code = self._process.wait()
            if not ended:
                yield self._epitaph(code)
        finally:
            self.cancel()
            self._process.stdout.close()
            self._errors.close()

    def cancel(self) -> None:
        """Stop the process if it runs: SIGTERM, then, once patience is over, SIGKILL to it and all that it started."""
        if not self.running:
            return
        self._cancelled = True
        self._process.terminate()
        try:
            self._process.wait(self.patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def _epitaph(self, code: int) -> Failed:
        if self._cancelled:
            return Failed(what="stopped on request", do="start it again to go on", exit_code=Cancelled.exit_code)
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _TAIL))
        last_words = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        what = ": ".join([f"the process {how} before it was done", *last_words])
        hints = ["free some memory, then start it again"] if code == -signal.SIGKILL else []
        hints += [f"{self._log} says more"] if self._log and last_words else []
        return Failed(what=what, do="; ".join(hints), exit_code=code if code > 0 else 1)


def _read(line: str) -> Event | None:
    if not line.strip():
        return None
    try:
        return decode(line)
    except ValueError:
        return Note(text=line.rstrip())
