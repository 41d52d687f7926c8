"""Commands that look back: who painted what, and the labels as they once were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ctcl.cli.answers import Json, answer, as_json, looked_at, tell
from napari_ctcl.errors import InputError
from napari_ctcl.lesion import Lesion

if TYPE_CHECKING:
    from napari_ctcl.store import Photo
    from napari_ctcl.store.chronicle import Act


def journal(
    study: Path,
    photo: str,
    /,
    *,
    at: str | None = None,
    out: Path | None = None,
    label: str = "annotation",
    adopt: str | None = None,
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
    adopt
        Name of a reader. Begins a new journal with the labels as they are, where the old one is lost for good.
    """
    from napari_ctcl.store.timetravel import chronicle

    if adopt is not None and (at is not None or out is not None):
        raise InputError("--adopt beside --at", expected="--adopt alone", do="leave the others out")
    if (at is None) != (out is None):
        given, missing = ("--out", "--at") if at is None else ("--at", "--out")
        raise InputError(f"{given} without {missing}", expected="both, or neither", do=f"add {missing}")
    with looked_at(study) as opened:
        found = opened.photo(photo)
        if adopt is not None:
            _adopt(found, label, adopt, json)
        elif at is not None and out is not None:
            _export(found, label, at, out, json)
        else:
            with chronicle(found, label) as strokes:
                _list(strokes.acts(), json)


def _adopt(photo: Photo, label: str, user: str, json: bool) -> None:
    from napari_ctcl.store.adopting import adopt

    facts = answer(adopt(photo, label, user=user), json)
    tell(dict(facts), f"{photo.id} has a new journal: {user} vouches for {facts['px']} labelled pixels", json)


def _export(photo: Photo, label: str, at: str, out: Path, json: bool) -> None:
    from napari_ctcl.store.timetravel import export_at

    facts = answer(export_at(photo, at, out, name=label), json)
    tell(dict(facts), f"{out}: the labels of {photo.id} as they were at {facts['time']}", json)


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
        act.time.astimezone().isoformat(sep=" ", timespec="milliseconds"),
        act.user,
        act.kind,
        act.tool,
        "several" if act.value is None else Lesion(act.value).title,
        act.pixels,
        act.parts,
        "" if act.undoes is None else f"#{act.undoes}",
    )
