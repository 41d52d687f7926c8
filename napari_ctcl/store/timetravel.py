"""The labels of a photo as they were at some moment, out of its journal, tile by tile.

The journal alone is read, never the label image, so what comes out is what was painted by then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.events import Event, Finished, Note, Progress, Started
from napari_ctcl.lesion import Lesion, contract, contract_hash
from napari_ctcl.region import Region, grid
from napari_ctcl.store.chronicle import Chronicle
from napari_ctcl.store.chunks import TILE, Labels
from napari_ctcl.store.labelfile import new_label_file
from napari_ctcl.store.photo import Photo, journal_path
from napari_ctcl.store.shapes import Shape

NOTICE: Final = "Research use only. Not a medical device."


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in the life of a label image.

    Parameters
    ----------
    time : in UTC
    upto : number of the last entry of the journal that had been made by then; 0 where there was none
    notes : what a person should know about how it was understood, sentences
    """

    time: datetime
    upto: int
    notes: tuple[str, ...] = ()


def chronicle(photo: Photo, name: str = "annotation") -> Chronicle:
    """The journal of a label image, to be read; close it afterwards.

    Raises
    ------
    NotFound
        If nobody has ever painted on it.
    """
    path = journal_path(photo.root, name)
    if not path.is_file():
        raise NotFound(f"{photo.id} has no journal of {name!r}", do="only what was painted or imported has one")
    return Chronicle(path)


def moment(strokes: Chronicle, text: str) -> Moment:
    """The moment that a person names: a time in ISO 8601, or a stroke such as "#12".

    Parameters
    ----------
    text : a time without a zone is one of this computer's; a stroke of many parts is meant with all of them

    Raises
    ------
    InputError
        If it is neither, or there is no such stroke.
    """
    return _after_stroke(strokes, text) if text.startswith("#") else _at_time(strokes, text)


def labels_at(strokes: Chronicle, shape: Shape, upto: int) -> Iterator[tuple[Region, Labels]]:
    """Every level-0 tile as the entries up to that number left it, row by row.

    Parameters
    ----------
    shape : (height, width) of the photo, px
    upto : number of an entry; 0 for none

    Yields
    ------
    The tile's place, level-0 px, and its (h, w) uint8 labels.
    """
    touched = set(strokes.touched(upto))
    for cell in grid(shape, TILE):
        place = cell.y0 // TILE, cell.x0 // TILE
        painted = place in touched
        yield cell, strokes.tile(place, cell.shape, upto) if painted else np.zeros(cell.shape, np.uint8)


def export_at(photo: Photo, when: str, out: Path, *, name: str = "annotation") -> Iterator[Event]:
    """Write the labels as they were at a moment to a new file; ends with `Finished` and the facts of it.

    Parameters
    ----------
    when : see `moment`
    out : .png, .tif or .tiff
    name : the label image

    Raises
    ------
    InputError
        If the moment or the file is wrong.
    DiskFull
        If there is no room; nothing of the file stays.
    """
    shape = (photo.height, photo.width)
    with chronicle(photo, name) as strokes:
        then = moment(strokes, when)
        yield from (Note(text=note) for note in then.notes)
        rows = -(-shape[0] // TILE)
        yield Started(work=f"write {out.name}", total=rows, unit="rows of tiles")
        counts = np.zeros(len(Lesion), np.int64)
        with new_label_file(out, shape, _words(photo, then)) as file:
            for cell, tile in labels_at(strokes, shape, then.upto):
                file.add(cell, tile)
                counts += np.bincount(tile.ravel(), minlength=len(Lesion))
                if cell.x1 == shape[1]:
                    yield Progress(done=-(-cell.y1 // TILE), total=rows, unit="rows of tiles", note=out.name)
    yield Finished(result=_facts(photo, name, then, out, counts.tolist()))


def _facts(photo: Photo, name: str, then: Moment, out: Path, counts: list[int]) -> dict[str, object]:
    return {
        "photo": photo.id,
        "label": name,
        "time": _text(then.time),
        "upto": then.upto,
        "out": str(out),
        "px": {lesion.title: counts[lesion] for lesion in Lesion},
    }


def _words(photo: Photo, then: Moment) -> str:
    """What the file says of itself: no word of who painted."""
    return json.dumps(
        {
            "photo": photo.id,
            "time": _text(then.time),
            "classes": contract(),
            "contract": contract_hash(),
            "notice": NOTICE,
        }
    )


def _after_stroke(strokes: Chronicle, text: str) -> Moment:
    acts = strokes.acts()
    number = int(text[1:]) if text[1:].isdecimal() else 0
    for act in acts:
        if act.number <= number <= act.last:
            part = () if number == act.number else (f"#{number} is a part of #{act.number}, which is taken whole",)
            return Moment(time=act.time, upto=act.last, notes=part)
    known = f"#1 to #{acts[-1].number}" if acts else "a stroke, but there is none yet"
    raise NotFound(f"no stroke {text}", expected=known, do="list the strokes with ctcl journal")


def _at_time(strokes: Chronicle, text: str) -> Moment:
    try:
        said = datetime.fromisoformat(text)
        time = said.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(
            f"time {text!r}", expected="ISO 8601, such as 2026-03-01T14:30, or a stroke such as #12", do="correct it"
        ) from None
    notes = [] if said.tzinfo else [f"{text} has no zone and was taken as local time, {said.astimezone().isoformat()}"]
    now = datetime.now(UTC)
    if time > now:
        notes.append(f"{text} is yet to come; these are the labels of now")
        time = now
    upto = strokes.last_at(time)
    if not upto:
        notes.append("that is before the first stroke: everything is unlabelled")
    return Moment(time=time, upto=upto, notes=tuple(notes))


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
