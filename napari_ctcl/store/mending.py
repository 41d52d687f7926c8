"""Labels and their journal held against each other when a photo is opened: what one has lost, the other gives back.

Which chunks must exist follows from the journal and from the names of files; no chunk is decoded to find out. Labels
without a journal are never painted on: a new journal would begin with a lie.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_ctcl.errors import StudyError
from napari_ctcl.store import labelimage
from napari_ctcl.store.chronicle import Chronicle
from napari_ctcl.store.chunks import Key, LabelImage, Labels
from napari_ctcl.store.record import Record
from napari_ctcl.store.stroke import Place

ADOPT = "if it is lost for good, ctcl journal STUDY PHOTO --adopt NAME begins a new one with the labels as they are"


def lost_chunks(journal: Record, image: LabelImage) -> dict[Key, Place]:
    """Chunks of any level that the disk should have and has not.

    Parameters
    ----------
    journal : tells which tiles hold labels; those that wait to be written are left out
    image : the label image

    Returns
    -------
    For each of them a level-0 tile that brings it back when it is written again.
    """
    there, waiting = image.chunks(), set(journal.waiting())
    holding: list[Place] = []
    lost: dict[Key, Place] = {}
    for place in journal.touched():
        key = (0, *place)
        if place in waiting:
            continue
        if key not in there:
            if not journal.tile(place, image.region(key).shape).any():
                continue  # all of it was erased again
            lost[key] = place
        holding.append(place)
    for level in range(1, len(image.shapes)):
        above = {(level, row >> level, column >> level): (row, column) for row, column in holding}
        lost.update({key: place for key, place in above.items() if key not in there})
    return lost


def replaying(journal: Record, image: LabelImage) -> Callable[[Key], Labels | None]:
    """What gives a level-0 tile as the strokes leave it; None where no stroke ever came."""

    def replay(key: Key) -> Labels | None:
        place = key[1:]
        return journal.tile(place, image.region(key).shape) if journal.knows(place) else None

    return replay


def require_journal(image_path: Path, name: str, journal: Path) -> None:
    """Refuse labels whose journal is gone.

    Raises
    ------
    StudyError
        If there are labels, and no journal that knows of any stroke.
    """
    if journal.is_file():
        with Chronicle(journal) as strokes:
            if strokes.last():
                return
    if not labelimage.exists(image_path, name) or not labelimage.open_image(image_path, name).chunks():
        return
    raise StudyError(
        f"{image_path.parent.name}: there are labels ({name}), but {journal.name} "
        f"{'has no stroke' if journal.is_file() else 'is missing'}",
        expected="the journal of every stroke",
        do=f"restore {journal.name} from a backup; {ADOPT}",
    )
