"""A new journal for labels whose own is lost: it begins with one entry that holds the labels as they are.

Who painted them is lost with the old journal, so a person who has looked at them puts a name to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Final

import numpy as np

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.events import Event, Finished, Progress, Started
from napari_ctcl.region import Region
from napari_ctcl.store import labelimage
from napari_ctcl.store.chronicle import Chronicle
from napari_ctcl.store.chunks import Key, LabelImage, Labels
from napari_ctcl.store.disk import room_on, sync_folder
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.lock import Lock
from napari_ctcl.store.photo import Photo, journal_path
from napari_ctcl.store.stroke import Change, Made, pack

AT_ONCE: Final = 64
"""How many tiles make one part of the entry."""


def adopt(photo: Photo, name: str = "annotation", *, user: str) -> Iterator[Event]:
    """Begin a new journal with the labels as they are; ends with `Finished(result={"px": ...})`.

    What is left of the old journal is set aside, not removed.

    Parameters
    ----------
    name : the label image
    user : who vouches for them

    Raises
    ------
    InputError
        If the labels have a journal, or nobody is named.
    NotFound
        If there are no labels.
    StudyBusy
        If somebody paints here.
    DiskFull
        If there is no room; nothing has changed.
    """
    if not user.strip():
        raise InputError("no reader's name", expected="who vouches for the labels", do="say who has looked at them")
    journal = journal_path(photo.root, name)
    with Lock(photo.root / ".lock").acquire(f"adopting {name}", user=user):
        _require_lost(journal)
        image = labelimage.open_image(photo.image_path, name)
        keys = sorted(key for key in image.chunks() if not key[0])
        if not keys:
            raise NotFound(f"{photo.id}: no labels ({name}) to begin a journal with", do="paint: it begins by itself")
        yield Started(work=f"adopt the labels of {photo.id}", total=len(keys), unit="tiles")
        fresh, pixels = journal.with_name(f"{journal.name}.partial"), 0
        try:
            with room_on(str(journal)), closing(Journal(fresh)) as strokes:
                for done, count in _entered(strokes, image, keys, user):
                    pixels += count
                    yield Progress(done=done, total=len(keys), unit="tiles", note=photo.id)
                strokes.mark_applied(strokes.last())
            _put_in_place(fresh, journal)
        finally:
            for litter in _files(fresh):
                litter.unlink(missing_ok=True)
    yield Finished(result={"photo": photo.id, "label": name, "px": pixels})


def _require_lost(journal: Path) -> None:
    if journal.is_file():
        with Chronicle(journal) as strokes:
            if strokes.last():
                raise InputError(f"{journal.parent.name}: {journal.name} is there", do="list it with ctcl journal")


def _entered(strokes: Journal, image: LabelImage, keys: list[Key], user: str) -> Iterator[tuple[int, int]]:
    """Enter tile after tile as parts of one stroke: how many tiles are in, and the pixels of the latest."""
    head: int | None = None
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        tiles = [image.read(key) for key in some]
        pixels = sum(int(np.count_nonzero(tile)) for tile in tiles)
        classes = np.unique(np.concatenate([np.unique(tile) for tile in tiles]))
        painted = classes[classes > 0]
        made = Made(
            user=user,
            tool="adopt",
            value=int(painted[0]) if painted.size == 1 else None,
            region=reduce(or_, (image.region(key) for key in some)),
            pixels=pixels,
        )
        changes = [_change(key, tile) for key, tile in zip(some, tiles, strict=True)]
        entry = strokes.add(changes, made, head=head)
        head = head or entry.seq
        yield start + len(some), pixels


def _change(key: Key, tile: Labels) -> Change:
    box = Region.whole((tile.shape[0], tile.shape[1]))
    return Change(place=key[1:], box=box, before=pack(np.zeros_like(tile)), after=pack(tile))


def _put_in_place(fresh: Path, journal: Path) -> None:
    for old in _files(journal):
        if old.exists():  # a write-ahead log must never meet a journal that is not its own
            old.rename(_unused(old))
    fresh.rename(journal)
    sync_folder(journal.parent)


def _files(journal: Path) -> list[Path]:
    return [journal.with_name(journal.name + ending) for ending in ("", "-wal", "-shm")]


def _unused(old: Path) -> Path:
    names = (old.with_name(f"{old.name}.lost-{number}") for number in range(1, 1000))
    return next(name for name in names if not name.exists())
