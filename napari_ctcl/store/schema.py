"""The tables of a journal, and the steps from each earlier version of them."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = 4

TABLES: Final = """
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL, user TEXT NOT NULL, tool TEXT NOT NULL, value INTEGER,
    y0 INTEGER NOT NULL, y1 INTEGER NOT NULL, x0 INTEGER NOT NULL, x1 INTEGER NOT NULL, pixels INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('stroke', 'undo', 'redo')),
    compensates INTEGER REFERENCES entries (seq),
    applied INTEGER NOT NULL DEFAULT 0,
    head INTEGER REFERENCES entries (seq),
    cancels INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX entries_waiting ON entries (seq) WHERE applied = 0;
CREATE TABLE tiles (
    seq INTEGER NOT NULL REFERENCES entries (seq), ty INTEGER NOT NULL, tx INTEGER NOT NULL,
    y0 INTEGER NOT NULL, y1 INTEGER NOT NULL, x0 INTEGER NOT NULL, x1 INTEGER NOT NULL,
    before BLOB NOT NULL, after BLOB NOT NULL,
    PRIMARY KEY (seq, ty, tx)
);
CREATE INDEX tiles_by_place ON tiles (ty, tx, seq);
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER tiles_stay BEFORE DELETE ON tiles BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER tiles_hold BEFORE UPDATE ON tiles BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
"""

_HEADS: Final = "ALTER TABLE entries ADD COLUMN head INTEGER REFERENCES entries (seq);"

GESTURES: Final = """
CREATE TABLE gestures (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL, user TEXT NOT NULL, gesture TEXT NOT NULL,
    head INTEGER REFERENCES entries (seq),
    settled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX gestures_waiting ON gestures (seq) WHERE settled = 0;
CREATE TRIGGER gestures_stay BEFORE DELETE ON gestures BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
"""

_CANCELS: Final = "ALTER TABLE entries ADD COLUMN cancels INTEGER NOT NULL DEFAULT 0;"

_ANSWERS: Final = "CREATE INDEX entries_answering ON entries (compensates) WHERE compensates IS NOT NULL;"

STEPS: Final = (
    TABLES + GESTURES + _ANSWERS,
    _HEADS + GESTURES + _CANCELS + _ANSWERS,
    GESTURES + _CANCELS + _ANSWERS,
    _CANCELS + _ANSWERS,
)
"""What leads to the present version from none, from the first, from the second and from the third."""
