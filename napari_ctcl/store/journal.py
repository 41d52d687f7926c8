"""The journal of a label image: every stroke with the pixels before and after it, kept for good.

It serves recovery after a crash, undo across sessions and the question who painted what. Nothing is ever erased: an
undo is an entry of its own that compensates an earlier one, whose tiles it shares; so it needs hardly any room.
"""
# Plain sqlite3, not SQLAlchemy: the file belongs to one photo and one writer, holds little but blobs, never moves to a
# server, and a pen that lifts waits for its insert.

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from napari_ctcl.errors import StudyError, WorkFailed
from napari_ctcl.region import Region
from napari_ctcl.store.record import ACTED, AFTER, BEFORE, Record, explained
from napari_ctcl.store.schema import SCHEMA, STEPS
from napari_ctcl.store.stroke import Change, Kind, Made, Stroke


class Journal(Record):
    """The strokes of one label image, in the order they were drawn, to be added to.

    Parameters
    ----------
    path : the SQLite file; made when absent

    Raises
    ------
    StudyError
        If the file is no journal, or one of a later version.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, sqlite3.connect(path, isolation_level=None, check_same_thread=False))
        try:
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._base.close()
            raise explained(error, path) from error
        except StudyError:
            self._base.close()
            raise

    def add(
        self,
        changes: Iterable[Change],
        made: Made,
        *,
        head: int | None = None,
        noted: int | str | None = None,
        more: bool = False,
    ) -> Stroke:
        """Write a stroke to the disk; it is safe once this returns.

        Parameters
        ----------
        head : the stroke that it is a part of, and is undone with
        noted : the gesture that it belongs to: its note's number, or its own words where it was not noted before
        more : whether more of that gesture is to come; it is settled with this stroke otherwise

        Raises
        ------
        DiskFull
            If there is no room; the journal stays as it was.
        """
        with self._transaction() as base:
            seq = self._entry(base, made, "stroke", None, head)
            base.executemany(
                "INSERT INTO tiles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(seq, *change.place, *_box(change.box), change.before, change.after) for change in changes],
            )
            if isinstance(noted, str):
                query = "INSERT INTO gestures (time, user, gesture, head, settled) VALUES (?, ?, ?, ?, 1)"
                base.execute(query, (_now(), made.user, noted, seq))
            else:
                settling = "UPDATE gestures SET head = coalesce(head, ?), settled = ? WHERE seq = ?"
                base.execute(settling, (seq, int(not more), noted))
        return self.stroke(seq)

    def compensate(
        self, seq: int, kind: Literal["undo", "redo"], *, user: str, noted: int | None = None
    ) -> list[Stroke]:
        """Write that a stroke is taken back, or done again, with all that was made together with it.

        Parameters
        ----------
        seq : the stroke that was drawn, for an undo and for a redo; the first of those made together
        noted : the gesture that asked for it, if that was noted before; it is settled with this

        Returns
        -------
        The new entries, in the order their changes are to be made.

        Raises
        ------
        DiskFull
            If there is no room; the journal stays as it was.
        """
        strokes = self.together(seq)
        entries: list[int] = []
        with self._transaction() as base:
            for old in strokes if kind == "redo" else reversed(strokes):
                made = Made(user=user, tool=old.tool, value=old.value, region=old.region, pixels=old.pixels)
                entries.append(self._entry(base, made, kind, old.seq, entries[0] if entries else None))
            self._answered(base, seq, noted)
        return [self.stroke(entry) for entry in entries]

    def cancel(self, seq: int, *, user: str, noted: int | None = None) -> None:
        """Write that a stroke, with all that was made together with it, is to be as if it had never been made.

        Parameters
        ----------
        seq : the first of those made together
        noted : the gesture that they are of, if nothing more is to come of it; it is settled with this

        Raises
        ------
        DiskFull
            If there is no room; the journal stays as it was.
        """
        strokes = self.together(seq)
        head = None
        with self._transaction() as base:
            for old in reversed(strokes):
                made = Made(user=user, tool=old.tool, value=old.value, region=old.region, pixels=old.pixels)
                new = self._entry(base, made, "undo", old.seq, head, cancels=True)
                head = head or new
            self._answered(base, seq, noted)

    def together(self, seq: int) -> list[Stroke]:
        """A stroke and all that were made together with it, of which it is the first."""
        rows = self._rows("SELECT * FROM entries WHERE seq = ?1 OR head = ?1 AND kind = 'stroke' ORDER BY seq", (seq,))
        return [_stroke(row) for row in rows]

    def note(self, gesture: str, *, user: str) -> int:
        """Write down what a hand has done before any pixel of it is painted; it is safe once this returns.

        Returns
        -------
        The note's number.

        Raises
        ------
        DiskFull
            If there is no room; the journal stays as it was.
        """
        with self._transaction() as base:
            query = "INSERT INTO gestures (time, user, gesture) VALUES (?, ?, ?)"
            return _number(base.execute(query, (_now(), user, gesture)))

    def noted(self) -> list[tuple[int, str, int | None]]:
        """Gestures that are not painted to their end, oldest first: number, gesture, first entry painted of it."""
        return self._rows("SELECT seq, gesture, head FROM gestures WHERE settled = 0 ORDER BY seq")

    def settle(self, note: int) -> None:
        """Say that nothing more is to come of a gesture: it is painted, or was refused."""
        with self._transaction() as base:
            base.execute("UPDATE gestures SET settled = 1 WHERE seq = ?", (note,))

    def stroke(self, seq: int) -> Stroke:
        """The entry of that number."""
        return _stroke(self._rows("SELECT * FROM entries WHERE seq = ?", (seq,))[0])

    def strokes(self) -> list[Stroke]:
        """Every entry, oldest first."""
        return [_stroke(row) for row in self._rows("SELECT * FROM entries ORDER BY seq")]

    def changes(self, seq: int) -> list[Change]:
        """What an entry did, tile by tile."""
        box = "tiles.y0, tiles.y1, tiles.x0, tiles.x1"
        rows = self._rows(f"SELECT ty, tx, {box}, {BEFORE}, {AFTER} FROM {ACTED} WHERE entries.seq = ?", (seq,))
        return [Change(place=row[:2], box=Region(*row[2:6]), before=row[6], after=row[7]) for row in rows]

    def stacks(self, without: Collection[int] = ()) -> tuple[list[int], list[int]]:
        """Strokes that can be undone, and those that can be done again; each list's last comes first.

        Of strokes that were made together, the first stands for all. What was cancelled is as if it had never been.

        Parameters
        ----------
        without : strokes that are to be cancelled
        """
        never = {seq for (seq,) in self._rows("SELECT compensates FROM entries WHERE cancels")}.union(without)
        done: list[int] = []
        undone: list[int] = []
        query = "SELECT seq, kind FROM entries WHERE head IS NULL AND NOT cancels ORDER BY seq"
        for seq, kind in self._rows(query):
            if seq in never:
                continue
            if kind == "stroke":
                done.append(seq)
                undone.clear()
            elif kind == "undo":
                undone.append(done.pop())
            else:
                done.append(undone.pop())
        return done, undone

    def mark_applied(self, upto: int) -> None:
        """Note that the pixels of all entries up to this one are in the label image, and safe there."""
        with self._transaction() as base:
            base.execute("UPDATE entries SET applied = 1 WHERE applied = 0 AND seq <= ?", (upto,))

    def forget_marks(self) -> None:
        """Have every entry wait again: the label image is gone, and is to be made anew from the journal."""
        with self._transaction() as base:
            base.execute("UPDATE entries SET applied = 0 WHERE applied = 1")

    def _prepare(self) -> None:
        found = int(self._base.execute("PRAGMA user_version").fetchone()[0])
        if found > SCHEMA:
            raise StudyError(
                f"{self.path}: journal of version {found}",
                expected=f"at most {SCHEMA}",
                do="open the study with a newer napari-ctcl",
            )
        if found < SCHEMA:
            self._base.executescript(f"BEGIN IMMEDIATE; {STEPS[found]} PRAGMA user_version = {SCHEMA}; COMMIT;")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._one_at_a_time:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                yield self._base
                self._base.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                raise explained(error, self.path) from error
            finally:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")

    @staticmethod
    def _answered(base: sqlite3.Connection, seq: int, noted: int | None) -> None:
        base.execute("UPDATE gestures SET settled = 1 WHERE seq = ?", (noted,))
        base.execute("UPDATE gestures SET head = NULL WHERE head = ? AND settled = 0", (seq,))

    @staticmethod
    def _entry(
        base: sqlite3.Connection,
        made: Made,
        kind: Kind,
        compensates: int | None,
        head: int | None,
        *,
        cancels: bool = False,
    ) -> int:
        columns = "time, user, tool, value, y0, y1, x0, x1, pixels, kind, compensates, head, cancels"
        words = (_now(), made.user, made.tool, made.value)
        values = (*words, *_box(made.region), made.pixels, kind, compensates, head, int(cancels))
        marks = ", ".join("?" * len(values))
        return _number(base.execute(f"INSERT INTO entries ({columns}) VALUES ({marks})", values))


def _number(inserted: sqlite3.Cursor) -> int:
    if inserted.lastrowid is None:
        raise WorkFailed("the journal gave a new entry no number")
    return inserted.lastrowid


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _box(region: Region) -> tuple[int, int, int, int]:
    return region.y0, region.y1, region.x0, region.x1


def _stroke(row: tuple[Any, ...]) -> Stroke:
    return Stroke(
        seq=row[0],
        time=row[1],
        user=row[2],
        tool=row[3],
        value=row[4],
        region=Region(*row[5:9]),
        pixels=row[9],
        kind=row[10],
        compensates=row[11],
        applied=bool(row[12]),
        head=row[13],
    )
