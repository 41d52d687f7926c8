"""Commands that show: the window, and the whole loop on sample data."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from napari_ctcl.cli.answers import Json, answer, as_json
from napari_ctcl.errors import InputError

_BINDINGS: Final = ("PyQt6", "PySide6", "PyQt5", "PySide2")


def annotate(study: Path | None = None, photo: str | None = None, /) -> None:
    """Open napari on a study."""
    from napari_ctcl.store import Study

    if study is not None:
        with Study.open(study) as opened:
            if photo is not None:
                opened.photo(photo)
    _require_screen()
    os.execv(sys.executable, _window(study, photo))


def _require_screen() -> None:
    """Refuse to open a window where none can be shown."""
    missing = [name for name in ("napari", "magicgui", "qtpy") if importlib.util.find_spec(name) is None]
    if not any(importlib.util.find_spec(binding) for binding in _BINDINGS):
        missing.append(f"one of {', '.join(_BINDINGS)}")
    if missing:
        raise InputError(f"the window needs {missing[0]}", do='pip install "napari-ctcl[all]"')
    if sys.platform == "linux" and not _display() and "QT_QPA_PLATFORM" not in os.environ:
        raise InputError(
            "the window needs a display",
            expected="DISPLAY or WAYLAND_DISPLAY to be set",
            do="run this at a desk, or with ssh -X",
        )


def _display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def demo(
    out: Path = Path("demo"),
    /,
    *,
    window: Annotated[bool, Parameter(help="Open napari on the result where there is a display.")] = True,
    json: Json = False,
) -> None:
    """Run the whole loop on sample data, start to end, and write a page about it."""
    from napari_ctcl.console import table
    from napari_ctcl.demo import run

    found = answer(run(out), json)
    if not json:
        rows = [
            (name, before, after, None if None in (before, after) else after - before)
            for name, (before, after) in found["per_class"].items()
        ]
        table("Dice on photos of patients the model never saw", ("class", "before", "after", "gain"), rows)
        print(f"{found['photos']} photos, {found['strokes']} strokes, {found['seconds']:.0f} s; see {found['report']}")
    if window and _display():
        _open_beside(Path(found["study"]))
    if json:
        keys = ("photos", "strokes", "dice_before", "dice_after", "seconds", "study")
        print(as_json({key: found[key] for key in keys}))


def _open_beside(study: Path) -> None:
    print(f"napari opens on {study}; the same again: ctcl annotate {study}", file=sys.stderr)
    quiet = subprocess.DEVNULL
    subprocess.Popen(_window(study, None), start_new_session=True, stdout=quiet, stderr=quiet)


def _window(study: Path | None, photo: str | None) -> list[str]:
    """Command line of the window, a process of its own: this one never loads Qt."""
    given = [str(word) for word in (study, photo) if word is not None]
    return [sys.executable, "-P", "-m", "napari_ctcl._widgets.app", *given]
