"""One writer at a time: a lock of the operating system, with a note in the file that says who holds it.

The system gives the lock back when its process dies, however it dies; the note is only for people and never decides.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from napari_ctcl.errors import CtclError, StudyBusy
from napari_ctcl.store.disk import room_on

_TRIES: Final = 6
_BETWEEN_TRIES_S: Final = 0.01
"""A look at who holds a lock shares it for an instant, which whoever takes it waits out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock.

    Parameters
    ----------
    since : UTC, ISO 8601 to the second
    what : what the holder does with it, in a few words
    """

    pid: int
    host: str
    user: str
    since: str
    what: str

    def __str__(self) -> str:
        return f"{self.user} (process {self.pid} on {self.host}, since {self.since})" if self.pid else self.user


_NAMELESS: Final = Holder(pid=0, host="", user="another process", since="", what="writing")
"""Holds the lock, but has not yet written who he is."""


class Lock:
    """Exclusive right to write what a lock file stands for.

    Parameters
    ----------
    path : the lock file; made when absent, and never removed, since removing it would let two writers in
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, what: str, *, user: str = "") -> Self:
        """Take the lock, or fail within a twentieth of a second.

        Parameters
        ----------
        what : what it is taken for, for whoever is refused
        user : the person's name; the login name by default

        Raises
        ------
        StudyBusy
            If anybody holds it: another process, or another part of this one.
        DiskFull
            If there is no room to say who holds it.
        StudyError
            If nothing may be written there.
        """
        with room_on(str(self.path)):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _seized(descriptor):
            os.close(descriptor)
            raise busy(self.path, _noted(self.path))
        holder = Holder(
            pid=os.getpid(),
            host=socket.gethostname(),
            user=user or login_name(),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            what=what,
        )
        try:
            with room_on(str(self.path)):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        except (CtclError, OSError):
            os.close(descriptor)  # or nobody could take the lock before this process ends
            raise
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Give the lock back; does nothing where it is not held."""
        if self._descriptor is None:
            return
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def login_name() -> str:
    """Name of whoever runs this program; of the account's number where the account has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock of that file right now; None where it is free, or was never taken.

    It looks without standing in the way of whoever takes the lock meanwhile.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _noted(path)
    finally:
        os.close(descriptor)
    return None


def busy(path: Path, holder: Holder) -> StudyBusy:
    """The refusal of whoever wants the lock that somebody holds."""
    place = path.parent.name
    if holder is _NAMELESS:
        return StudyBusy(f"{place}: {holder} is writing here", do="try again in a moment")
    if holder.pid == os.getpid() and holder.host == socket.gethostname():
        return StudyBusy(
            f"{place}: already open for writing in this program ({holder.what})", do="close it there first"
        )
    return StudyBusy(
        f"{place}: {holder} holds it for {holder.what}", do="close it there, or wait until that process has ended"
    )


def _seized(descriptor: int) -> bool:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_BETWEEN_TRIES_S)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False


def _noted(path: Path) -> Holder:
    try:
        return Holder(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        return _NAMELESS
