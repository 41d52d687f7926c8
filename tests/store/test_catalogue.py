"""The catalogue's transactions are whole, durable and portable."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from napari_ctcl.store.catalogue import Base, Catalogue, PatientRow


@pytest.fixture
def catalogue(tmp_path):
    catalogue = Catalogue.at(tmp_path / "catalogue.sqlite")
    catalogue.create()
    yield catalogue
    catalogue.close()


def test_a_transaction_that_fails_leaves_nothing(catalogue):
    def fail():
        with catalogue.writing() as session:
            session.add(PatientRow(id="P1"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with catalogue.reading() as session:
        assert session.scalars(select(PatientRow.id)).all() == []


def test_a_reader_is_not_held_up_by_a_writer_and_sees_only_what_is_committed(catalogue):
    with catalogue.writing() as writing:
        writing.add(PatientRow(id="P1"))
        writing.flush()
        with catalogue.reading() as reading:
            assert reading.scalars(select(PatientRow.id)).all() == []
    with catalogue.reading() as reading:
        assert reading.scalars(select(PatientRow.id)).all() == ["P1"]


def test_every_commit_reaches_the_disk(catalogue):
    with catalogue.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_every_table_can_be_made_on_postgresql():
    for table in Base.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))
