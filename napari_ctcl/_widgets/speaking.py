"""What went wrong, as sentences for the reader: what happened, what was expected, what to do."""

from __future__ import annotations

from typing import Final

from napari_ctcl.errors import CtclError
from napari_ctcl.events import Failed

TROUBLE: Final = (CtclError, OSError)
"""What may go wrong with files while a window is open, through nobody's mistake in the program."""

_TRACE: Final = ' File "'
"""In every line of a traceback, of which a crash may leave the end alone."""


def in_words(trouble: Failed | CtclError | OSError) -> str:
    """Sentences for a failure of any kind; none of them needs a traceback."""
    if isinstance(trouble, OSError) and not isinstance(trouble, CtclError):
        where = f"{trouble.filename}: " if trouble.filename else ""
        return _sentence(f"{where}{(trouble.strerror or str(trouble)).lower()}")
    what = trouble.what.partition(": ")[0] if _TRACE in trouble.what else trouble.what  # the log has the rest
    expected = f", expected {trouble.expected}" if trouble.expected else ""
    return f"{_sentence(what + expected)} {_sentence(trouble.do)}".strip()


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        return ""
    begins = text[:1].upper() if text.split(" ")[0].strip(",:;'").isalpha() else text[:1]  # a path keeps its letters
    return f"{begins}{text[1:]}" + ("" if text[-1] in ".!?" else ".")
