"""A journal read as a witness: who did what when, and the labels as they were after any of it.

It takes no lock and writes nothing, so it works while somebody paints, and where nothing may be written.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from napari_ctcl.errors import NotFound, StudyError
from napari_ctcl.store.closing import Closing
from napari_ctcl.store.readonly import open_reading
from napari_ctcl.store.record import Record, explained
from napari_ctcl.store.schema import SCHEMA
from napari_ctcl.store.stroke import Kind

_FIRST_WITH_HEADS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a hand did at once: one entry of the journal, or all parts of a large one.

    Parameters
    ----------
    number : of its first entry
    last : number of its last entry; the same where it has one part
    time : of its first entry
    value : the class painted; None where there were several
    pixels : how many changed
    undoes : number of the act that an undo takes back, or a redo does again; None for a stroke
    """

    number: int
    last: int
    time: datetime
    user: str
    tool: str
    kind: Kind
    value: int | None
    pixels: int
    parts: int
    undoes: int | None


class Chronicle(Record, Closing):
    """The entries of a journal up to the moment it is asked; a context manager.

    Parameters
    ----------
    path : the journal's file

    Raises
    ------
    NotFound
        If there is no such file.
    StudyError
        If the file is no journal, or one of a later version.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotFound(f"{path.parent.name}: no journal ({path.name})", do="paint something first")
        try:
            super().__init__(path, open_reading(path))
        except sqlite3.DatabaseError as error:
            raise explained(error, path) from error
        try:
            self._version = self._require_known()
        except StudyError:
            self.close()
            raise

    def acts(self) -> list[Act]:
        """All that was done, oldest first."""
        head = "coalesce(head, seq)" if self._version >= _FIRST_WITH_HEADS else "seq"
        columns = f"{head} AS act, seq, time, user, tool, kind, value, pixels, compensates"
        rows = self._rows(f"SELECT {columns} FROM entries ORDER BY act, seq")
        act_of = {row[1]: row[0] for row in rows}
        return [_act(list(parts), act_of) for _, parts in groupby(rows, key=lambda row: row[0])]

    def last_at(self, moment: datetime) -> int:
        """Number of the newest entry that was made at that moment or before; 0 when there was none."""
        times = self._rows("SELECT seq, time FROM entries ORDER BY seq DESC")
        return next((seq for seq, time in times if datetime.fromisoformat(time) <= moment), 0)

    def _require_known(self) -> int:
        found = int(self._rows("PRAGMA user_version")[0][0])
        if not 0 < found <= SCHEMA:
            raise StudyError(
                f"{self.path}: journal of version {found}",
                expected=f"1 to {SCHEMA}",
                do="open the study with a newer napari-ctcl" if found else "restore the photo's folder from a copy",
            )
        return found


def _act(parts: list[tuple[Any, ...]], act_of: dict[int, int]) -> Act:
    """One act of its entries: (act, seq, time, user, tool, kind, value, pixels, compensates) each."""
    number, _, time, user, tool, kind, value, _, answered = parts[0]
    return Act(
        number=number,
        last=parts[-1][1],
        time=datetime.fromisoformat(time),
        user=user,
        tool=tool,
        kind=kind,
        value=value if all(part[6] == value for part in parts) else None,
        pixels=sum(part[7] for part in parts),
        parts=len(parts),
        undoes=None if answered is None else act_of[answered],
    )
