"""The catalogue: who was photographed when, and which models and promotions there are.

Every table is plain SQL that SQLite and PostgreSQL both speak. Writers queue: a writing transaction takes the
database's write lock before it reads, so what it decides is still true when it commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    Connection,
    Engine,
    ForeignKey,
    MetaData,
    String,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import NullPool

from napari_ctcl.errors import StudyBusy, StudyError
from napari_ctcl.store.disk import room_on
from napari_ctcl.store.readonly import may_write, open_reading, require_writing

APPEND_ONLY = ("folds", "promotions", "scales")


class Base(DeclarativeBase):
    """Root of the tables; named constraints, so that a later migration can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class PatientRow(Base):
    """A patient, known by a pseudonym alone."""

    __tablename__ = "patients"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)


class VisitRow(Base):
    """One day on which one patient was photographed."""

    __tablename__ = "visits"
    __table_args__ = (UniqueConstraint("patient", "date"),)
    number: Mapped[int] = mapped_column(primary_key=True)
    patient: Mapped[str] = mapped_column(ForeignKey("patients.id"))
    date: Mapped[str] = mapped_column(String(10))


class PhotoRow(Base):
    """One photo; `digest` is of its decoded pixels, `source` of the file it came from."""

    __tablename__ = "photos"
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    visit_number: Mapped[int] = mapped_column(ForeignKey("visits.number"))
    visit: Mapped[VisitRow] = relationship(lazy="joined", innerjoin=True)
    region: Mapped[str] = mapped_column(String(32))
    side: Mapped[str | None] = mapped_column(String(1))
    aspect: Mapped[str | None] = mapped_column(String(64))
    height: Mapped[int]
    width: Mapped[int]
    levels: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(64), index=True)
    added: Mapped[str] = mapped_column(String(32))
    verified_by: Mapped[str | None] = mapped_column(String(64))
    verified_on: Mapped[str | None] = mapped_column(String(32))


class ScaleRow(Base):
    """One measurement of a photo's scale; the last one of a photo counts."""

    __tablename__ = "scales"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    photo: Mapped[str] = mapped_column(ForeignKey("photos.id"), index=True)
    mm_per_px: Mapped[float]
    by: Mapped[str] = mapped_column(String(64))
    on: Mapped[str] = mapped_column(String(32))


class FoldRow(Base):
    """One entry of the fold ledger; `fold` is a number in text, or "test"."""

    __tablename__ = "folds"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    patient: Mapped[str] = mapped_column(String(64), unique=True)
    fold: Mapped[str] = mapped_column(String(8))
    stratum: Mapped[int]
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class ModelRow(Base):
    """The weights of one fold of one model; `fold` is null for weights that saw every patient."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("name", "digest"),)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    digest: Mapped[str] = mapped_column(String(64))
    fold: Mapped[int | None]
    parent: Mapped[str | None] = mapped_column(String(128))
    run: Mapped[str | None] = mapped_column(String(128))
    created: Mapped[str] = mapped_column(String(32))
    scores: Mapped[dict[str, Any]] = mapped_column(JSON)


class PromotionRow(Base):
    """One change of champion; `name` is the champion from then on, null for none."""

    __tablename__ = "promotions"
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str | None] = mapped_column(String(128))
    on: Mapped[str] = mapped_column(String(32))


def _forbid_changes() -> None:
    for table in APPEND_ONLY:
        for action in ("UPDATE", "DELETE"):
            trigger = DDL(  # type: ignore[no-untyped-call]  # untyped upstream
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            event.listen(Base.metadata.tables[table], "after_create", trigger.execute_if(dialect="sqlite"))


_forbid_changes()


def now() -> str:
    """The present moment in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Catalogue:
    """Transactions on the study's database.

    Parameters
    ----------
    url : SQLAlchemy URL
    only_reading : the SQLite file behind it, where that may not be written
    """

    def __init__(self, url: str, *, only_reading: Path | None = None) -> None:
        self._only_reading = only_reading
        if only_reading is None:
            self._engine = create_engine(url)
        else:
            self._engine = create_engine(url, creator=partial(open_reading, only_reading), poolclass=NullPool)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _make_durable if only_reading is None else _make_strict)
            event.listen(self._engine, "begin", _begin)
        self._writing_engine = self._engine.execution_options(writing=True)

    @classmethod
    def at(cls, path: Path) -> Catalogue:
        """The catalogue kept in a SQLite file; only to be read where nothing may be written."""
        return cls(f"sqlite:///{path}", only_reading=None if may_write(path) else path)

    @property
    def read_only(self) -> bool:
        """Whether it lies where nothing may be written."""
        return self._only_reading is not None

    def create(self) -> None:
        """Make the tables that are not there yet."""
        with _explained(self._engine), self._writing_engine.begin() as connection:
            Base.metadata.create_all(connection)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot to read from."""
        with _explained(self._engine), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that commits at the end, or leaves nothing behind if anything in it fails.

        Raises
        ------
        StudyBusy
            If another process held the write lock for half a minute.
        DiskFull
            If there is no room for it.
        StudyError
            If it may only be read.
        """
        if self._only_reading is not None:
            require_writing(self._only_reading, "the study")
        with _explained(self._engine), Session(self._writing_engine) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _make_durable(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the begin hook below opens transactions itself
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _make_strict(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    try:
        with room_on("the study's disk"):
            yield
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise StudyBusy(
                "the study's catalogue is being written by another process", do="try again later"
            ) from error
        raise StudyError(
            f"{engine.url.database}: {error.orig}", do="check the study's folder and its rights"
        ) from error
    except DatabaseError as error:
        raise StudyError(f"{engine.url.database}: {error.orig}", do="restore the catalogue from a backup") from error
