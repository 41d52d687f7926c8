"""Patients sit in one fold for ever, spread by severity, and nobody can change that unseen."""

import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_ctcl.errors import FoldError, NotFound, StudyError
from napari_ctcl.lesion import Lesion
from napari_ctcl.store.catalogue import Catalogue
from napari_ctcl.store.folds import BEGINNING, FoldLedger


@pytest.fixture
def ledger(tmp_path):
    catalogue = Catalogue.at(tmp_path / "catalogue.sqlite")
    catalogue.create()
    yield FoldLedger(catalogue)
    catalogue.close()


def test_a_patient_keeps_its_fold_whatever_comes_later(ledger):
    first = ledger.assign("P1", Lesion.PATCH)
    for number in range(2, 12):
        ledger.assign(f"P{number}", Lesion.TUMOR)
    assert ledger.assign("P1", Lesion.TUMOR) == first == ledger.fold_of("P1")


def test_five_patients_fill_five_folds_whatever_they_have(ledger):
    severities = [Lesion.TUMOR, Lesion.PATCH, Lesion.PATCH, Lesion.PLAQUE, Lesion.UNLABELLED]
    assert {ledger.assign(f"P{i}", severity) for i, severity in enumerate(severities)} == set(range(5))


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(list(Lesion)), min_size=1, max_size=30), st.integers(0, 1000))
def test_every_stratum_is_spread_evenly(tmp_path_factory, severities, salt):
    catalogue = Catalogue.at(tmp_path_factory.mktemp("folds") / "catalogue.sqlite")
    catalogue.create()
    ledger = FoldLedger(catalogue)
    placed = [(severity, ledger.assign(f"{salt}-{i}", severity)) for i, severity in enumerate(severities)]
    for stratum in Lesion:
        loads = Counter(fold for severity, fold in placed if severity is stratum)
        counts = [loads[fold] for fold in range(5)]
        assert max(counts) - min(counts) <= 1
    assert ledger.verify() == []
    catalogue.close()


def test_the_same_patients_in_the_same_order_get_the_same_folds(tmp_path):
    def folds(name):
        catalogue = Catalogue.at(tmp_path / name)
        catalogue.create()
        ledger = FoldLedger(catalogue)
        placed = [ledger.assign(f"P{i}", Lesion(i % 5)) for i in range(20)]
        head = ledger.head
        catalogue.close()
        return placed, head

    assert folds("a.sqlite") == folds("b.sqlite")


def test_an_unknown_patient_has_no_fold(ledger):
    with pytest.raises(NotFound, match="'P9' has no fold"):
        ledger.fold_of("P9")


@pytest.mark.parametrize("spelling", ["p1", " P1", "P1 "])
def test_a_known_patient_gets_no_second_fold_by_another_spelling(ledger, spelling):
    ledger.assign("P1", Lesion.PATCH)
    head = ledger.head
    with pytest.raises(FoldError, match="is in the study as 'P1'"):
        ledger.assign(spelling, Lesion.PATCH)
    with pytest.raises(FoldError, match="is in the study as 'P1'"):
        ledger.reserve(spelling)
    assert ledger.head == head


def test_the_head_changes_with_every_entry(ledger):
    heads = {ledger.head}
    assert heads == {BEGINNING}
    for i in range(6):
        ledger.assign(f"P{i}", Lesion.PATCH)
        heads.add(ledger.head)
    assert len(heads) == 7


def test_patients_come_back_by_fold_in_the_order_they_came(ledger):
    placed = {f"P{i}": ledger.assign(f"P{i}", Lesion.PLAQUE) for i in range(12)}
    for fold in range(5):
        assert ledger.patients(fold) == [patient for patient, where in placed.items() if where == fold]


def test_a_reserved_patient_sits_in_no_fold(ledger):
    ledger.reserve("T1")
    assert ledger.assign("T1", Lesion.TUMOR) == "test" == ledger.fold_of("T1")
    assert ledger.patients("test") == ["T1"]
    ledger.reserve("T1")
    ledger.assign("P1", Lesion.PATCH)
    with pytest.raises(FoldError, match=r"'P1' sits in fold \d already"):
        ledger.reserve("P1")


def test_the_ledger_cannot_be_rewritten_through_its_own_database(ledger, tmp_path):
    ledger.assign("P1", Lesion.PATCH)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as base:
        for change in ("UPDATE folds SET fold = '3'", "DELETE FROM folds"):
            with pytest.raises(sqlite3.IntegrityError, match="folds is append-only"):
                base.execute(change)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("UPDATE folds SET fold = CASE fold WHEN '0' THEN '1' ELSE '0' END WHERE seq = 2", "was changed"),
        ("UPDATE folds SET patient = 'PX' WHERE seq = 0", "was changed"),
        ("DELETE FROM folds WHERE seq = 1", "is missing"),
    ],
)
def test_a_rewritten_ledger_is_found_out(ledger, tmp_path, change, word):
    for i in range(4):
        ledger.assign(f"P{i}", Lesion.PATCH)
    assert ledger.verify() == []
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as base:
        base.execute("DROP TRIGGER folds_no_update")
        base.execute("DROP TRIGGER folds_no_delete")
        base.execute(change)
    assert any(word in fault for fault in ledger.verify())


def test_many_writers_at_once_make_one_unbroken_chain(tmp_path, ledger):
    def enter(worker):
        catalogue = Catalogue.at(tmp_path / "catalogue.sqlite")
        for i in range(6):
            FoldLedger(catalogue).assign(f"P{worker}-{i}", Lesion.PATCH)
        catalogue.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enter, range(4)))
    assert ledger.verify() == []
    assert sorted(len(ledger.patients(fold)) for fold in range(5)) == [4, 5, 5, 5, 5]


def test_a_broken_catalogue_is_named(tmp_path):
    (tmp_path / "catalogue.sqlite").write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(StudyError, match=r"catalogue\.sqlite.*backup"):
        Catalogue.at(tmp_path / "catalogue.sqlite").create()
