"""Verification finds every way in which a study can rot, says where, and repairs nothing."""

import json
import shutil
import sqlite3

import numpy as np
import pytest
import zarr
from sqlalchemy import update
from study_ground import FACTS, look, noise, save

from napari_ctcl.events import Finished, Note
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import ModelEntry
from napari_ctcl.store.catalogue import PhotoRow


@pytest.fixture
def photo(study, tmp_path):
    """A photo of three levels with a mask."""
    mask = save(tmp_path / "m.png", np.random.default_rng(6).integers(1, 5, (1100, 700), dtype=np.uint8))
    names = {1: "normal", 2: "patch", 3: "plaque", 4: "tumor"}
    path = save(tmp_path / "a.png", noise(shape=(1100, 700)))
    return study.photo(study.import_photo(path, mask=mask, mask_map=names, **FACTS))


def faults(study):
    *_, last = study.verify()
    assert isinstance(last, Finished)
    assert last.result["ok"] == (not last.result["faults"])
    assert all(fault.keys() == {"where", "what", "do"} and all(fault.values()) for fault in last.result["faults"])
    json.dumps(last.result)
    return last.result["faults"]


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def shard(photo, level=0, row=0, column=0):
    return photo.image_path / str(level) / "c" / "0" / str(row) / str(column)


def test_a_sound_study_has_no_fault_and_is_not_touched(study, photo):
    before = look(study)
    assert faults(study) == []
    assert look(study) == before


def test_a_black_photo_is_sound(study, tmp_path):
    study.import_photo(save(tmp_path / "a.png", np.zeros((2100, 600, 3), np.uint8)), **FACTS)
    assert faults(study) == []


@pytest.mark.parametrize("level", [0, 2])
def test_a_flipped_bit_in_the_image_is_found(study, photo, level):
    flip(shard(photo, level))
    (fault,) = faults(study)
    assert fault["where"] == f"{photo.id}, level {level}"
    assert "cannot be decoded" in fault["what"]


def test_a_missing_shard_is_found(study, photo):
    shard(photo, 1).unlink()
    (fault,) = faults(study)
    assert (fault["where"], fault["what"]) == (f"{photo.id}, level 1", "shard 0/0 of the image is missing")


def test_pixels_that_were_swapped_for_others_are_found(study, photo):
    array = zarr.open_array(photo.image_path / "0", mode="r+")
    array[0, 5, 5] = int(array[0, 5, 5]) ^ 1
    (fault,) = faults(study)
    assert fault["what"] == "its pixels are not those that were imported"


def test_a_flipped_bit_in_the_labels_is_found(study, photo):
    flip(photo.image_path / "labels" / "annotation" / "0" / "c" / "1" / "1")
    (fault,) = faults(study)
    assert fault["where"] == f"{photo.id}, annotation, tile 1/1"
    assert "cannot be decoded" in fault["what"]
    assert "journal brings them back" in fault["do"]


def test_a_value_that_is_no_class_is_found(study, photo):
    zarr.open_array(photo.image_path / "labels" / "annotation" / "0", mode="r+")[600, 3] = 9
    assert any("[9]" in fault["what"] for fault in faults(study))


def test_labels_that_no_stroke_painted_are_found_by_their_tile(study, photo):
    array = zarr.open_array(photo.image_path / "labels" / "annotation" / "0", mode="r+")
    array[1030, 600] = Lesion.PATCH if array[1030, 600] != Lesion.PATCH else Lesion.TUMOR
    (fault,) = faults(study)
    assert fault["where"] == f"{photo.id}, annotation, tile 2/1"
    assert "journal" in fault["what"]


def test_a_lost_label_chunk_is_found(study, photo):
    (photo.image_path / "labels" / "annotation" / "0" / "c" / "2" / "0").unlink()
    (fault,) = faults(study)
    assert fault["where"] == f"{photo.id}, annotation, tile 2/0"


def test_a_photo_that_is_being_painted_is_said_and_not_compared(study, photo):
    with photo.labels(user="reader"):
        events = list(study.verify())
    notes = [event.text for event in events if isinstance(event, Note)]
    assert len(notes) == 1
    assert "not compared" in notes[0]
    assert events[-1].result["ok"]


def test_a_lost_and_a_foreign_folder_are_found(study, photo):
    photo.root.rename(photo.root.with_name("p-elsewhere"))
    assert {(fault["where"], fault["what"]) for fault in faults(study)} == {
        (photo.id, "the photo's image is missing"),
        ("p-elsewhere", "a folder that the catalogue does not know"),
    }


def test_changed_and_missing_weights_are_found(study):
    import hashlib

    for name in ("good", "changed", "lost", "nameless"):
        digest = hashlib.sha256(name.encode()).hexdigest()
        study.models.weights_folder(digest).mkdir()
        weights = study.models.weights_folder(digest) / "weights.safetensors"
        weights.write_bytes(name.encode())
        if name != "nameless":
            (weights.parent / "card.json").write_text("{}")
        study.models.add(ModelEntry(name=name, digest=digest))
        if name == "changed":
            flip(weights)
        if name == "lost":
            weights.unlink()
    found = {fault["where"].split(",")[0]: fault["what"] for fault in faults(study)}
    assert found == {
        "model changed": "the weights were changed",
        "model lost": "the weights are missing",
        "model nameless": "the card is missing",
    }


def test_a_patient_without_a_fold_and_a_rewritten_chain_are_found(study, photo):
    study.folds.assign("P02", Lesion.PATCH)
    with sqlite3.connect(study.root / "catalogue.sqlite") as base:
        base.execute("INSERT INTO patients VALUES ('P03')")
        base.execute("DROP TRIGGER folds_no_update")
        base.execute("UPDATE folds SET stratum = 0 WHERE seq = 0")
    assert [fault["what"] for fault in faults(study)] == [
        "entry 0 (P01) was changed after it was written",
        "patient P03 has no fold",
    ]


def test_a_picture_that_two_patients_have_is_found(study, photo, tmp_path):
    study.import_photo(save(tmp_path / "other.png", noise(9, (200, 200))), **{**FACTS, "patient": "P02"})
    with study.catalogue.writing() as session:
        session.execute(update(PhotoRow).values(digest=photo.digest))
    assert f"the same picture as {photo.id} of patient P01" in [fault["what"] for fault in faults(study)]


def test_labels_that_are_gone_while_their_journal_is_there_are_found_and_rebuilt_on_opening(study, photo):
    before = photo.read_labels(ys=(0, 1100), xs=(0, 700))
    shutil.rmtree(photo.image_path / "labels" / "annotation")
    (fault,) = faults(study)
    assert "lost" in fault["what"]
    photo.labels(user="Anna").close()
    assert np.array_equal(study.photo(photo.id).read_labels(ys=(0, 1100), xs=(0, 700)), before)
    assert faults(study) == []
