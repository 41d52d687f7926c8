"""Commands that look back: who painted what, and the labels as they once were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ctcl.cli.answers import Json, answer, as_json, looked_at, tell
from napari_ctcl.errors import InputError
from napari_ctcl.lesion import Lesion

if TYPE_CHECKING:
    from napari_ctcl.store.chronicle import Act


def journal(
    study: Path,
    photo: str,
    /,
    *,
    at: str | None = None,
    out: Path | None = None,
    label: str = "annotation",
    json: Json = False,
) -> None:
    """List the strokes of a photo, or write its labels as they were at a moment to a file.

    Parameters
    ----------
    at
        A time such as 2026-03-01T14:30, local unless it names a zone, or a stroke such as #12.
    out
        New file for the labels of then: .png, or .tif for any size. Its values are 0 unlabelled, 1 normal, 2 patch,
        3 plaque, 4 tumor.
    label
        annotation, or a second reader's label image, reader-NAME.
    """
    from napari_ctcl.store.timetravel import chronicle, export_at

    if (at is None) != (out is None):
        given, missing = ("--out", "--at") if at is None else ("--at", "--out")
        raise InputError(f"{given} without {missing}", expected="both, or neither", do=f"add {missing}")
    with looked_at(study) as opened:
        found = opened.photo(photo)
        if at is not None and out is not None:
            facts = answer(export_at(found, at, out, name=label), json)
            tell(dict(facts), f"{out}: the labels of {found.id} as they were at {facts['time']}", json)
            return
        with chronicle(found, label) as strokes:
            acts = strokes.acts()
    _list(acts, json)


def _list(acts: list[Act], json: bool) -> None:
    from napari_ctcl.console import table

    rows = [_facts(act) for act in acts]
    if json:
        for row in rows:
            print(as_json(row))
        return
    columns = ("stroke", "time", "user", "kind", "tool", "class", "pixels", "parts", "of")
    table("", columns, [_line(act) for act in acts])


def _facts(act: Act) -> dict[str, Any]:
    return {
        "stroke": act.number,
        "time": act.time.isoformat(timespec="milliseconds"),
        "user": act.user,
        "tool": act.tool,
        "class": None if act.value is None else Lesion(act.value).title,
        "pixels": act.pixels,
        "kind": act.kind,
        "parts": act.parts,
        "of": act.undoes,
    }


def _line(act: Act) -> tuple[object, ...]:
    return (
        f"#{act.number}",
        act.time.astimezone().isoformat(sep=" ", timespec="seconds"),
        act.user,
        act.kind,
        act.tool,
        "several" if act.value is None else Lesion(act.value).title,
        act.pixels,
        act.parts,
        "" if act.undoes is None else f"#{act.undoes}",
    )
