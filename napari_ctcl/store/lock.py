"""One writer at a time: a lock of the operating system, with a note in the file that says who holds it.

The system gives the lock back when its process dies, however it dies; the note is only for people and never decides.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from napari_ctcl.errors import CtclError, StudyBusy
from napari_ctcl.store.disk import room_on


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
        """Take the lock, or fail at once.

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
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise _busy(self.path, _holder(self.path)) from None
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


def _holder(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text()))
    except (ValueError, TypeError):  # the holder has the lock, but has not yet written who he is
        return None


def _busy(path: Path, holder: Holder | None) -> StudyBusy:
    place = path.parent.name
    if holder is None:
        return StudyBusy(f"{place}: another process is writing here", do="try again in a moment")
    who = f"{holder.user} (process {holder.pid} on {holder.host}, since {holder.since})"
    if holder.pid == os.getpid() and holder.host == socket.gethostname():
        return StudyBusy(
            f"{place}: already open for writing in this program ({holder.what})", do="close it there first"
        )
    return StudyBusy(
        f"{place}: {who} holds it for {holder.what}", do="close it there, or wait until that process has ended"
    )
