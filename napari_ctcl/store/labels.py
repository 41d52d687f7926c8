"""Opens the labels of a photo for painting, with whatever a crash left to be mended."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from napari_ctcl.errors import InputError, StudyError
from napari_ctcl.store import labelimage
from napari_ctcl.store.chunks import sweep
from napari_ctcl.store.gesture import Gesture, decode
from napari_ctcl.store.journal import Journal
from napari_ctcl.store.lock import Lock
from napari_ctcl.store.mending import require_journal
from napari_ctcl.store.painter import gestured
from napari_ctcl.store.painting import TiledPyramid
from napari_ctcl.store.shapes import Shape
from napari_ctcl.store.spare import Spare

__all__ = ["TiledPyramid", "open_labels"]


def open_labels(
    image_path: Path, name: str, *, shape: Shape, levels: int, journal: Path, lock: Path, user: str
) -> TiledPyramid:
    """Open a photo's labels for painting; makes them when absent and recovers what a crash left unwritten.

    Parameters
    ----------
    image_path : the photo's `image.ome.zarr`
    name : the label image, e.g. "annotation"
    shape, levels : (height, width) of level 0, px, and the number of levels, both the image's own
    journal, lock : their files
    user : who paints

    Raises
    ------
    StudyBusy
        If somebody else paints here.
    StudyError
        If there are labels whose journal is gone.
    """
    with ExitStack() as opened:
        held = opened.enter_context(Lock(lock).acquire(f"painting {name}", user=user))
        require_journal(image_path, name, journal)
        Spare(journal).free()
        strokes = opened.enter_context(closing(Journal(journal)))
        if not labelimage.exists(image_path, name):
            strokes.forget_marks()
        labelimage.create(image_path, name, shape, levels)
        image = labelimage.open_image(image_path, name)
        sweep(image.path)
        labels = TiledPyramid(image, strokes, held, user=user)
        opened.pop_all()  # they are the pyramid's now, which closes them
        with ExitStack() as failed:
            failed.callback(labels.close)
            _finish(labels)
            failed.pop_all()
        return labels


def _finish(labels: TiledPyramid) -> None:
    """Carry out the gestures that a crash left noted.

    What was painted of them is taken back first: what the rest is depends on how the photo was before.
    """
    noted = [(note, _decoded(labels, note, text), head) for note, text, head in labels.journal.noted()]
    for _, _, head in reversed(noted):
        if head is not None:
            labels.cancel(head)
    for note, gesture, _ in noted:
        try:
            for _ in gestured(labels, gesture, noted=note):
                pass
        except (OSError, StudyError):  # no room, or a chunk that cannot be read: it waits for the next opening
            raise
        except InputError:  # what it meant is not there, as its maker would have been told
            pass
        labels.journal.settle(note)


def _decoded(labels: TiledPyramid, note: int, text: str) -> Gesture:
    try:
        return decode(text)
    except ValueError as error:
        raise StudyError(
            f"{labels.journal.path}: gesture {note} cannot be read ({error})",
            do="open the study with a newer napari-ctcl",
        ) from None
