"""The scale of each photo, as people have measured it: entries are appended, and the last one counts.

Studies of before it was kept have no such table; it is made with the first entry.
"""

from __future__ import annotations

from sqlalchemy import func, inspect, select

from napari_ctcl.errors import InputError
from napari_ctcl.scale import checked_scale
from napari_ctcl.store.catalogue import Catalogue, ScaleRow, now


def scale_of(catalogue: Catalogue, photo: str) -> float | None:
    """Millimetres per level-0 pixel of a photo, as last measured; None where nobody has."""
    with catalogue.reading() as session:
        if not inspect(session.connection()).has_table(ScaleRow.__tablename__):
            return None
        latest = select(ScaleRow.mm_per_px).where(ScaleRow.photo == photo).order_by(ScaleRow.seq.desc()).limit(1)
        return session.scalar(latest)


def enter_scale(catalogue: Catalogue, photo: str, mm_per_px: float, user: str) -> None:
    """Enter what a person has measured.

    Raises
    ------
    InputError
        If no photo can have that scale, or nobody is named.
    """
    scale = checked_scale(mm_per_px)
    if not user.strip():
        raise InputError("no reader's name", expected="who has measured it", do="say who is measuring")
    catalogue.create()
    with catalogue.writing() as session:
        last = session.scalar(select(func.max(ScaleRow.seq))) or 0
        session.add(ScaleRow(seq=last + 1, photo=photo, mm_per_px=scale, by=user.strip(), on=now()))
