"""One tree of errors that say what was found, what was expected and what to do.

Each class carries the exit code of a command that ends with it, and is also the builtin exception it resembles.
"""

from __future__ import annotations

from typing import ClassVar


class CtclError(Exception):
    """An error that a person can act on.

    Parameters
    ----------
    what : what was found, with the file, photo or value it was found in
    expected : what would have been right
    do : the next step for the person who reads it
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, expected: str = "", do: str = "") -> None:
        self.what, self.expected, self.do = what, expected, do
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.what}, expected {self.expected}" if self.expected else self.what
        return " ".join((f"{text}; {self.do}" if self.do else text).split())

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.expected, self.do)

    def as_json(self) -> dict[str, dict[str, str]]:
        """The object that `--json` prints on stderr."""
        return {"error": {"what": self.what, "expected": self.expected, "do": self.do}}


def _rebuild(kind: type[CtclError], what: str, expected: str, do: str) -> CtclError:
    return kind(what, expected=expected, do=do)


class InputError(CtclError, ValueError):
    """The input or the usage is wrong."""

    exit_code: ClassVar[int] = 2


class NotFound(InputError, LookupError):
    """Something that was asked for by name is not there."""


class ImageError(InputError):
    """A file is not an image that can be read whole."""


class MaskError(InputError):
    """A mask does not fit its photo or the class table."""


class StudyError(InputError):
    """A folder is not a study this version can open."""


class StudyBusy(InputError, BlockingIOError):
    """Another process is writing what this one wanted to write."""


class ContractMismatch(InputError):
    """Labels or weights speak of other classes than this version does."""


class FoldError(InputError):
    """The patients cannot be split, or a split would leak."""


class NoLabels(InputError):
    """There is nothing to learn from or to score against."""


class DiskFull(InputError, OSError):
    """The disk has no room for what has to be written."""


class WorkFailed(CtclError, RuntimeError):
    """Work that was rightly asked for did not succeed."""


class Cancelled(CtclError):
    """The work was stopped on request and can be resumed."""

    exit_code: ClassVar[int] = 130
