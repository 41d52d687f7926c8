"""Models are entered once, promotions are only ever added, and a rollback brings the one before back."""

import hashlib
import sqlite3

import pytest

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.store import ModelEntry


def enter(study, name, fold=None, **facts):
    weights = f"{name} {fold}".encode()
    digest = hashlib.sha256(weights).hexdigest()
    folder = study.models.weights_folder(digest)
    folder.mkdir(exist_ok=True)
    (folder / "weights.safetensors").write_bytes(weights)
    (folder / "card.json").write_text("{}")
    entry = ModelEntry(name=name, digest=digest, fold=fold, **facts)
    study.models.add(entry)
    return entry


def test_a_model_comes_back_as_it_was_entered(study):
    scores = {"macro_lesion": 0.5, "per_class": {"tumor": {"dice": None}}}
    entries = [enter(study, "a", fold, parent="starter", run="r1", scores=scores) for fold in (1, 0)]
    assert study.models.entries() == entries
    assert study.models.named("a") == entries[::-1]


def test_one_name_has_one_set_of_weights_per_fold(study):
    enter(study, "a", 0)
    with pytest.raises(InputError, match="'a' has weights for fold 0 already"):
        enter(study, "a", 0)
    with pytest.raises(InputError, match="'a' has weights for all folds already"):
        enter(study, "a", None)
    assert len(study.models.entries()) == 1


def test_weights_that_are_not_there_cannot_be_entered(study):
    with pytest.raises(NotFound, match="no weights"):
        study.models.add(ModelEntry(name="a", digest="0" * 64))


def test_an_unknown_model_is_refused_with_those_that_exist(study):
    with pytest.raises(NotFound, match="none yet"):
        study.models.named("b")
    enter(study, "a")
    with pytest.raises(NotFound, match="expected one of: a;"):
        study.models.promote("b")
    assert study.models.champion() is None


def test_promotions_and_rollbacks_tell_who_was_in_use(study):
    for name in "abc":
        enter(study, name)
        study.models.promote(name)
        assert study.models.champion() == name
    study.models.promote("c")
    assert study.models.rollback() == "b" == study.models.champion()
    study.models.promote("c")
    assert study.models.rollback() == "b"
    assert study.models.rollback() == "a"
    assert study.models.rollback() is None is study.models.champion()
    with pytest.raises(InputError, match="no model is in use"):
        study.models.rollback()


def test_promotions_cannot_be_rewritten(study):
    enter(study, "a")
    study.models.promote("a")
    with (
        sqlite3.connect(study.root / "catalogue.sqlite") as base,
        pytest.raises(sqlite3.IntegrityError, match="promotions is append-only"),
    ):
        base.execute("DELETE FROM promotions")


def test_a_model_whose_files_are_gone_is_not_put_into_use(study):
    entry = enter(study, "a")
    (study.models.weights_folder(entry.digest) / "card.json").unlink()
    with pytest.raises(NotFound, match=r"card\.json"):
        study.models.promote("a")
    assert study.models.champion() is None
