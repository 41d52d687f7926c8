"""What a photo comes with: whose it is, when it was taken and what it shows.

A table of photos is checked row by row before anything of it is imported.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, NotRequired, Self, TypedDict

from napari_ctcl.anatomy import BodyRegion, Side
from napari_ctcl.errors import CtclError, InputError, NotFound

NEEDED: Final = ("file", "patient", "visit", "region")
OPTIONAL: Final = ("side", "aspect", "mask")
_LONGEST_WORD: Final = 64


class Words(TypedDict):
    """A photo's facts as a person gives them: any spelling of a region or a side, blanks around a word."""

    patient: str
    visit: str
    region: str | BodyRegion
    side: NotRequired[str | Side | None]
    aspect: NotRequired[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Whose photo it is, when it was taken and what it shows.

    Parameters
    ----------
    patient : pseudonym
    visit : day, "YYYY-MM-DD"
    aspect : from where the region is seen, in the clinic's own words
    """

    patient: str
    visit: str
    region: BodyRegion
    side: Side | None
    aspect: str | None

    @classmethod
    def of(
        cls,
        *,
        patient: str,
        visit: str,
        region: str | BodyRegion,
        side: str | Side | None = None,
        aspect: str | None = None,
        where: str = "",
    ) -> Self:
        """Facts that can be right.

        Parameters
        ----------
        where : the row of a table that they stand in, for messages

        Raises
        ------
        InputError
            If one of them cannot be; the message names it.
        """
        with _column(where, "patient"):
            patient = _word("patient", patient)
        with _column(where, "visit"):
            visit = _day(visit)
        with _column(where, "region"):
            region = BodyRegion.named(region)
        with _column(where, "side"):
            side = Side.named(side)
        with _column(where, "aspect"):
            aspect = _word("aspect", aspect) if aspect and aspect.strip() else None
        return cls(patient=patient, visit=visit, region=region, side=side, aspect=aspect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A photo file to import, with its facts; `where` names its row in a table."""

    path: Path
    facts: Facts
    mask: Path | None = None
    where: str = ""


def checked(path: Path | str, words: Words, mask: Path | str | None = None) -> Intake:
    """A photo to import, as a person names it.

    Raises
    ------
    InputError
        If one of its facts cannot be right; the message names it.
    NotFound
        If the photo or the mask is no file.
    """
    for what, place in (("photo", path), ("mask", mask)):
        if place is not None and not Path(place).is_file():
            raise NotFound(f"{what} {place}: no such file", do="check the path")
    return Intake(path=Path(path), facts=Facts.of(**words), mask=None if mask is None else Path(mask))


def read_table(table: Path) -> list[Intake]:
    """Photos of a CSV table; `file` and `mask` are paths relative to the table.

    Raises
    ------
    NotFound
        If there is no such table.
    InputError
        If a column is unknown or missing, or a row is wrong; the message names row and column.
    """
    if not table.is_file():
        raise NotFound(f"{table}: no such table", do="check the path")
    try:
        rows = list(_rows(table))
    except UnicodeDecodeError:
        raise InputError(f"{table.name}: not UTF-8 text", do="save the table as CSV in UTF-8") from None
    if not rows:
        raise InputError(f"{table.name}: no photo in it", expected="one row per photo", do="fill the table")
    return [_intake(table, line, row) for line, row in rows]


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of every row that is not empty."""
    with table.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, strict=True)
        _require_columns(table.name, [name.strip() for name in reader.fieldnames or []])
        try:
            for row in reader:
                values = [value for value in row.values() if isinstance(value, str)]
                if None in row or len(values) < len(row):
                    raise InputError(
                        f"{table.name}: row {reader.line_num} has another number of fields than the header",
                        do="correct the row; quote fields that hold a comma",
                    )
                if any(value.strip() for value in values):
                    yield reader.line_num, {str(name).strip(): value.strip() for name, value in row.items()}
        except csv.Error as error:
            raise InputError(f"{table.name}: row {reader.line_num}: {error}", do="correct the row") from None


def _require_columns(name: str, found: list[str]) -> None:
    expected = ", ".join(NEEDED) + " and maybe " + ", ".join(OPTIONAL)
    doubled = sorted({column for column in found if found.count(column) > 1})
    unknown = [column for column in found if column not in NEEDED + OPTIONAL]
    missing = [column for column in NEEDED if column not in found]
    for what, columns in (("twice the", doubled), ("unknown", unknown), ("no", missing)):
        if columns:
            raise InputError(
                f"{name}: {what} column {', '.join(map(repr, columns))}", expected=expected, do="correct the header"
            )


def _intake(table: Path, line: int, row: dict[str, str]) -> Intake:
    where = f"{table.name}: row {line}"
    for column in NEEDED:
        if not row[column]:
            raise InputError(f"{where}, column {column}: nothing in it", do="fill it in")
    for column in ("file", "mask"):
        if row.get(column) and not (table.parent / row[column]).is_file():
            raise NotFound(f"{where}, column {column}: no file {row[column]!r}", do="paths are relative to the table")
    facts = Facts.of(
        patient=row["patient"],
        visit=row["visit"],
        region=row["region"],
        side=row.get("side"),
        aspect=row.get("aspect"),
        where=where,
    )
    mask = table.parent / row["mask"] if row.get("mask") else None
    return Intake(path=table.parent / row["file"], facts=facts, mask=mask, where=where)


@contextmanager
def _column(where: str, column: str) -> Iterator[None]:
    """Say which column of which row an error is about, where there are rows."""
    try:
        yield
    except CtclError as error:
        if not where:
            raise
        raise type(error)(f"{where}, column {column}: {error.what}", expected=error.expected, do=error.do) from None


def _word(what: str, text: str) -> str:
    word = text.strip()
    if not word or len(word) > _LONGEST_WORD or not word.isprintable():
        raise InputError(
            f"{what} {text!r}",
            expected=f"a name of 1 to {_LONGEST_WORD} printable characters",
            do=f"correct the {what}",
        )
    return word


def _day(text: str) -> str:
    wrong = InputError(f"visit {text!r}", expected="a day written YYYY-MM-DD", do="correct the visit")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
        raise wrong
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise wrong from None
    if day > datetime.now(UTC).date() + timedelta(days=1):  # east of here it is tomorrow already
        raise InputError(f"visit {text!r} lies ahead", expected="a day that has been", do="correct the visit")
    return day.isoformat()
