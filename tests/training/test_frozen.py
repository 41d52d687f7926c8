"""A run learns from, and is scored against, the labels as they were when it began."""

import numpy as np
import pytest
from training_ground import drain, finished, order, runs, stop_when

from napari_ctcl.errors import InputError
from napari_ctcl.events import Epoch, FoldDone
from napari_ctcl.lesion import Lesion
from napari_ctcl.mkln.weights import read_card
from napari_ctcl.store.frozen import freeze
from training.crossval import crossval
from training.evaluate import evaluate
from training.runs import FROZEN, RunFolder


def paint(photo, value=Lesion.TUMOR, size=96):
    with photo.labels(user="ann") as labels:
        labels.begin("brush")
        labels.edit(0, 0, np.ones((size, size), bool), int(value))
        labels.commit()


def whole(photo):
    return {"ys": (0, photo.height), "xs": (0, photo.width)}


def test_painting_leaves_the_frozen_labels_as_they_were(study, tmp_path):
    photo = study.photos()[0]
    before = photo.read_labels(**whole(photo))
    frozen = freeze(photo, tmp_path / "frozen")
    digest = frozen.digest
    paint(photo)
    assert (photo.read_labels(**whole(photo)) == Lesion.TUMOR).all()
    assert (frozen.read(**whole(photo)) == before).all()
    assert frozen.digest == digest
    paint(photo, Lesion.UNLABELLED)
    assert (frozen.read(**whole(photo)) == before).all()


def test_freezing_copies_nothing_where_links_work(study, tmp_path):
    photo = study.photos()[0]
    freeze(photo, tmp_path / "frozen")
    chunk = photo.image_path / "labels" / "annotation" / "0" / "c" / "0" / "0"
    assert (tmp_path / "frozen" / "c" / "0" / "0").samefile(chunk)


def test_where_links_fail_the_labels_are_copied(study, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "links are not permitted here")

    monkeypatch.setattr("os.link", refuse)
    photo = study.photos()[0]
    frozen = freeze(photo, tmp_path / "frozen")
    assert (frozen.read(**whole(photo)) == photo.read_labels(**whole(photo))).all()


def test_a_run_that_was_stopped_painted_under_and_resumed_comes_to_the_weights_of_one_left_alone(study, veteran):
    straight = {entry.fold: (entry.digest, entry.scores) for entry in veteran.models.named("first")}
    stop_when(crossval(study, order("first")), lambda event: isinstance(event, Epoch) and event.fold == 1)
    for photo in study.photos():
        paint(photo)
    run, wanted = RunFolder.open(study, runs(study)[0].name)
    finished(crossval(study, wanted, resume=run))
    assert {entry.fold: (entry.digest, entry.scores) for entry in study.models.named("first")} == straight


def test_painting_while_a_run_works_changes_neither_weights_nor_scores(study, veteran):
    straight = {entry.fold: (entry.digest, entry.scores) for entry in veteran.models.named("first")}
    for event in crossval(study, order("first")):
        if isinstance(event, FoldDone):
            paint(study.photos()[event.fold])
    assert {entry.fold: (entry.digest, entry.scores) for entry in study.models.named("first")} == straight
    pixels = finished(evaluate(study))[0]["per_class"]["tumor"]["pixels"]
    assert pixels > finished(evaluate(veteran))[0]["per_class"]["tumor"]["pixels"]


def test_results_and_cards_say_which_labels_they_speak_of_and_a_finished_run_keeps_no_copy(study):
    result, _ = finished(crossval(study, order(folds=(0, 1))))
    run = runs(study)[0]
    digests = {read_card(study.models.weights_folder(fold["weights"])).labels_digest for fold in result["folds"]}
    kept = RunFolder(run, champion=None, labels="").kept(0)
    assert digests == {kept.labels}
    assert len(kept.labels) == 64
    assert not (run / FROZEN).exists()


def test_a_run_whose_labels_were_tampered_with_is_not_taken_up(study):
    stop_when(crossval(study, order()), lambda event: isinstance(event, Epoch))
    run, wanted = RunFolder.open(study, runs(study)[0].name)
    next((run.path / FROZEN).rglob("c/0/0")).unlink()
    with pytest.raises(InputError, match="not those the run began with"):
        drain(crossval(study, wanted, resume=run))
